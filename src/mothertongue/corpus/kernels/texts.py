"""A slice of a batch as one array of code points, and its parts: words, marks, lines, paragraphs."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mothertongue.corpus.kernels import cutting, marks
from mothertongue.corpus.kernels.characters import Table, classes, lower_case
from mothertongue.corpus.kernels.strings import WordRules

SLICE_BYTES = 1 << 21
"""UTF-8 bytes worked on at a time, so that the arrays stay in the cache of a core; a longer text is one slice."""
KEPT_BYTES = 1 << 24
"""The largest batch whose slices are kept for the next tagger."""
EVERY_CLASS = 0xFFFFFFFF
Places = NDArray[np.int32]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Parts:
    """Parts of one kind: places in `points`, and the number of parts before each text (one more than texts)."""

    points: NDArray[np.uint32]
    begin: Places
    end: Places
    first: Numbers

    @cached_property
    def hashes(self) -> NDArray[np.uint64]:
        """The 64-bit hash of each part."""
        return cutting.hash_parts(self.points, self.begin, self.end)  # type: ignore[no-any-return]

    @property
    def places(self) -> tuple[NDArray[np.uint32], Places, Places]:
        """What kernels take first."""
        return self.points, self.begin, self.end

    @property
    def lengths(self) -> Numbers:
        """Code points in each part."""
        return (self.end - self.begin).astype(np.int64)

    @property
    def count(self) -> Numbers:
        """The number of parts of each text."""
        return np.diff(self.first)

    @cached_property
    def text(self) -> Numbers:
        """The text of each part, counted from 0."""
        return np.repeat(np.arange(len(self.first) - 1), self.count)

    def sums(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the sum of one value per part over the parts of each text."""
        running = np.concatenate(([0], np.cumsum(values)))
        return np.diff(running[self.first])

    def stripped(self, classes: Table) -> Parts:
        """Return the parts without the white space around them."""
        inner = Parts(self.points, self.begin.copy(), self.end.copy(), self.first)
        cutting.strip_parts(*inner.places, classes)
        return inner


@dataclass(frozen=True)
class Texts:
    """Texts end to end in `points`; text i stands from starts[i] to before starts[i + 1]."""

    points: NDArray[np.uint32]
    starts: Numbers
    _cut: dict[object, Parts] = field(default_factory=dict, repr=False)

    @property
    def lengths(self) -> Numbers:
        """Code points of each text."""
        return np.diff(self.starts)

    @cached_property
    def lowered(self) -> NDArray[np.uint32]:
        """The code points in lower case, at the same places."""
        return cutting.mapped(self.points, lower_case())  # type: ignore[no-any-return]

    def words(self, alone: bool) -> Parts:
        """Return what stands between white space; with `alone`, letters of unsegmented scripts one by one."""
        return self._once(("words", alone), lambda: cutting.cut_words(self.points, self.starts, classes(), alone))

    def marks(self, rules: WordRules, alone: bool) -> Parts:
        """Return words and marks apart."""
        return self._once(
            ("marks", alone, rules), lambda: cut_marks(self.points, self.starts[:-1], self.starts[1:], rules, alone)
        )

    def lines(self, runs: bool) -> Parts:
        """Return what stands between newlines, or with `runs` between runs of them."""
        return self._once(("lines", runs), lambda: cutting.cut_lines(self.points, self.starts, runs))

    def any_lines(self) -> Parts:
        """Return the lines of `str.splitlines()`."""
        return self._once("any_lines", lambda: cutting.cut_any_lines(self.points, self.starts, classes()))

    def paragraphs(self) -> Parts:
        """Return what stands between two or more newlines."""
        return self._once("paragraphs", lambda: cutting.cut_paragraphs(self.points, self.starts, classes()))

    def _once(self, key: object, cut: Callable[[], Any]) -> Parts:
        """Return parts that were cut before, or cut them: taggers ask for the same ones."""
        if key not in self._cut:
            self._cut[key] = Parts(self.points, *cut())
        return self._cut[key]


def cut_marks(
    points: NDArray[np.uint32], begin: NDArray[Any], end: NDArray[Any], rules: WordRules, alone: bool, wanted: int = -1
) -> tuple[Places, Places, Numbers]:
    """Return words and marks in some parts of `points`; words without a wanted class of characters stay whole."""
    borders = [np.ascontiguousarray(places, np.int64) for places in (begin, end)]
    cut: Callable[..., tuple[Places, Places, Numbers]] = marks.cut_marks
    return cut(points, *borders, rules.classes, alone, wanted & EVERY_CLASS, *rules.arrays)


_LAST: list[tuple[Any, tuple[Texts, ...]]] = []
"""The batch that was cut last, as a weak reference, with its slices: several taggers measure each batch in turn."""


def slices(batch: pa.RecordBatch) -> Iterable[Texts]:
    """Return the texts of a batch in their order, in slices of bounded size.

    The slices of a batch of at most 16 MiB are kept until the next batch, so that all taggers share one cut.
    """
    if _LAST and _LAST[0][0]() is batch:
        return _LAST[0][1]
    _LAST.clear()
    column = batch.column("text").cast(pa.large_string())
    if column.nbytes > KEPT_BYTES:
        return _slices(column)
    kept = tuple(_slices(column))
    _LAST.append((weakref.ref(batch), kept))
    return kept


def _slices(column: pa.Array) -> Iterator[Texts]:
    _, where, content = column.buffers()
    offsets = np.frombuffer(where, np.int64)[column.offset : column.offset + len(column) + 1]
    data = np.frombuffer(content, np.uint8) if content is not None else np.zeros(0, np.uint8)
    start = 0
    while start < len(column):
        stop = int(np.searchsorted(offsets, offsets[start] + SLICE_BYTES, side="right")) - 1
        stop = min(max(stop, start + 1), len(column))
        yield Texts(*cutting.decode(data, np.ascontiguousarray(offsets[start : stop + 1])))
        start = stop
