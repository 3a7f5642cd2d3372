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
        running = np.zeros(len(values) + 1, np.int64 if values.dtype == np.bool_ else values.dtype)
        np.cumsum(values, out=running[1:])
        borders = running[self.first]
        return borders[1:] - borders[:-1]

    def where(self, kept: NDArray[np.bool_]) -> Parts:
        """Return the chosen parts of each text, with the hashes that are known."""
        first = np.concatenate(([0], np.cumsum(self.sums(kept))))
        chosen = Parts(self.points, self.begin[kept], self.end[kept], first)
        if "hashes" in self.__dict__:
            chosen.__dict__["hashes"] = self.hashes[kept]
        return chosen

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
    breaks: Places
    """All line ends of Unicode."""
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
            ("marks", alone, rules),
            lambda: marks.cut_marks(self.points, self.starts, rules.classes, alone, *rules.arrays),
        )

    def lines(self) -> Parts:
        """Return what stands between newlines; a text without any is one line."""
        return self._once("lines", lambda: cutting.cut_lines(self.points, self.starts, self.breaks, False))

    def solid_lines(self) -> Parts:
        """Return what stands between runs of newlines: all lines but the empty ones inside a text."""
        lines = self.lines()
        solid = lines.end > lines.begin
        solid[lines.first[:-1]] = solid[lines.first[1:] - 1] = True
        # Hashed before they are chosen, so that all who look at lines share the work.
        return lines.where(solid) if len(lines.hashes) else lines

    def any_lines(self) -> Parts:
        """Return the lines of `str.splitlines()`."""
        return self._once("any_lines", lambda: cutting.cut_lines(self.points, self.starts, self.breaks, True))

    def paragraphs(self) -> Parts:
        """Return what stands between two or more newlines."""
        return self._once(
            "paragraphs", lambda: cutting.cut_paragraphs(self.points, self.starts, self.breaks, classes())
        )

    def _once(self, key: object, cut: Callable[[], Any]) -> Parts:
        """Return parts that were cut before, or cut them: taggers ask for the same ones."""
        if key not in self._cut:
            self._cut[key] = Parts(self.points, *cut())
        return self._cut[key]


def sentences(lines: Parts, end: Places, rules: WordRules, alone: bool) -> Numbers:
    """Return the number of sentences in each line, from where it begins to before `end`."""
    places = [column.astype(np.int64) for column in (lines.begin, end)]
    count: Callable[..., Numbers] = marks.count_sentences
    return count(lines.points, *places, rules.classes, alone, *rules.arrays)


@dataclass
class _Last:
    """The slices of the batch that was cut last: several taggers measure each batch in turn."""

    cut: tuple[Callable[[], Any], tuple[Texts, ...]] | None = None
    """A weak reference to the batch, and its slices; replaced as a whole, so that threads see one or the other."""


_LAST = _Last()


def slices(batch: pa.RecordBatch) -> Iterable[Texts]:
    """Return the texts of a batch in their order, in slices of bounded size.

    The slices of a batch of at most 16 MiB are kept until the next batch, so that all taggers share one cut.
    """
    last = _LAST.cut
    if last is not None and last[0]() is batch:
        return last[1]
    _LAST.cut = None
    column = batch.column("text").cast(pa.large_string())
    if column.nbytes > KEPT_BYTES:
        return _slices(column)
    kept = tuple(_slices(column))
    _LAST.cut = weakref.ref(batch), kept
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
