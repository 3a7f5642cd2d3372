"""Decontamination: what an evaluation asks does not stand in what is taught (law 5; card 49, step 11).

Enters: the texts of an evaluation with their ids. Leaves, for any text: which of them it contains, where, and how
similar the most similar one is. The tagger `contamination` serves shards; dialogues are asked one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mothertongue.corpus.deduplicate import KnownTexts
from mothertongue.corpus.deduplication.letters import Hashes
from mothertongue.corpus.deduplication.minhash import ordered_shingles, token_spans
from mothertongue.corpus.deduplication.spans import Span, merged
from mothertongue.corpus.document import Document
from mothertongue.errors import InputError, Problem

TOKENS: Final = 13
"""Length of a run that two texts do not share by chance."""
LEAST_TOKENS: Final = 5
"""Shorter texts say nothing by standing inside another one; they count when the whole texts are equal."""
THRESHOLD: Final = 0.7


@dataclass(frozen=True)
class Hits:
    """What a text shares with an evaluation."""

    ids: tuple[str, ...]
    """Items that it contains, or that it repeats with changes, in the order of the items."""
    spans: tuple[Span, ...]
    """Where the shared runs of tokens stand, in code points; score 1."""
    similarity: float
    """The largest similarity to an item: Jaccard of five-token shingles, or the share of the smaller text in the
    larger one."""

    def __bool__(self) -> bool:
        return bool(self.ids)


@dataclass(frozen=True)
class _Runs:
    """The runs of `size` tokens of some items, sorted: hash -> item."""

    size: int
    hashes: Hashes
    owners: NDArray[np.int64]

    def places(self, runs: Hashes) -> NDArray[np.int64]:
        """Return which of the runs of a text are among these."""
        at = np.minimum(np.searchsorted(self.hashes, runs), max(len(self.hashes) - 1, 0))
        return np.flatnonzero(self.hashes[at] == runs) if len(self.hashes) else np.empty(0, np.int64)

    def items(self, runs: Hashes) -> NDArray[np.int64]:
        """Return the items that hold each of the runs, an item as often as it shares one."""
        first, last = np.searchsorted(self.hashes, runs), np.searchsorted(self.hashes, runs, side="right")
        parts = [self.owners[start:end] for start, end in zip(first, last, strict=True)]
        return np.concatenate([np.empty(0, np.int64), *parts])


class Evaluation:
    """The texts of an evaluation as hashes, about 32 bytes for each of their tokens."""

    def __init__(
        self, items: Sequence[Document], *, tokens: int = TOKENS, threshold: float = THRESHOLD, characters: bool = False
    ) -> None:
        """Take items in their order; several texts may have one id. With `characters`, every letter is a token.

        A run of `tokens` tokens in common is a hit; an item of fewer counts as a whole. So does an edited copy: an
        item with similarity of at least `threshold` (`KnownTexts`). Raises InputError MT235 when no item holds a token.
        """
        self._items, self._tokens, self._threshold, self._characters = tuple(items), tokens, threshold, characters
        self._lengths = [len(token_spans(item.text, characters)) for item in items]
        if not any(self._lengths):
            do = "give the questions, prompts or texts of the evaluation, or switch decontamination off"
            raise InputError(Problem("MT235", "no text to keep out", value=f"{len(items)} texts without words", do=do))
        short = sorted({length for length in self._lengths if 0 < length < tokens})
        self._whole = [self._runs(size, size.__eq__) for size in short]
        self._long = self._runs(tokens, tokens.__le__)
        self._longer: dict[int, _Runs] = {}
        self._known = KnownTexts(items, threshold, characters=characters)

    def hits(self, text: str) -> Hits:
        """Return what a text shares with the evaluation; a short text counts when it stands in an item as a whole."""
        places = token_spans(text, self._characters)
        spans: list[Span] = []
        similarities = self._known.similarities(text)
        found = [np.flatnonzero(similarities >= self._threshold)]
        for known in self._asked(len(places)):
            runs = ordered_shingles(text, known.size, self._characters)
            shared = known.places(runs)
            found.append(known.items(np.unique(runs[shared])))
            last = shared + known.size - 1
            borders = zip(places[shared, 0].tolist(), places[last, 1].tolist(), strict=True)
            spans += [(start, end, 1.0) for start, end in borders]
        numbers = np.unique(np.concatenate(found)).tolist()
        ids = tuple(dict.fromkeys(self._items[number].id for number in numbers))
        return Hits(ids, tuple(merged(spans)), float(similarities.max(initial=0.0)))

    def _asked(self, length: int) -> Iterator[_Runs]:
        """Yield the runs that a text of so many tokens can share."""
        yield from (known for known in self._whole if known.size == length or LEAST_TOKENS <= known.size < length)
        if length >= self._tokens:
            yield self._long
        elif length >= LEAST_TOKENS:
            if length not in self._longer:
                self._longer[length] = self._runs(length, length.__lt__)
            yield self._longer[length]

    def _runs(self, size: int, wanted: Callable[[int], bool]) -> _Runs:
        """Return the runs of `size` tokens of the items whose number of tokens is wanted."""
        numbers = [number for number, length in enumerate(self._lengths) if wanted(length)]
        found = [np.unique(ordered_shingles(self._items[number].text, size, self._characters)) for number in numbers]
        hashes = np.concatenate([np.empty(0, np.uint64), *found])
        owners = np.repeat(np.array(numbers, np.int64), [len(runs) for runs in found])
        order = np.argsort(hashes, kind="stable")
        return _Runs(size, hashes[order], owners[order])
