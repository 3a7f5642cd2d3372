"""The feature space of identification, and the languages that are known in it from the start.

The model inside py3langid (BSD) is read as what it is: an automaton that finds about 100,000 n-grams of 2 to 6 bytes,
borders of words included, and the probability of each n-gram in each of 138 languages. Characters of which no n-gram
is known (a writing system that the model has never met) are features of their own, hashed into 1,024 rows.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mothertongue.corpus.identify.identifier import NO_LANGUAGE

UNCOVERED_ROWS: Final = 1024
"""Rows for characters that no n-gram covers."""
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Automaton:
    """What finds the n-grams of a text: state x byte -> state, and the feature that ends in a state (-1: none)."""

    moves: NDArray[np.uint32]
    """Distinct rows of 256 next states, flat."""
    rows: NDArray[np.int32]
    """State -> number of its row."""
    outputs: NDArray[np.int32]
    features: int
    """Number of n-grams; rows for uncovered characters follow them."""

    @cached_property
    def digest(self) -> str:
        """The sha256 in hex of the automaton: features of one automaton mean nothing in another one."""
        state = hashlib.sha256()
        for part in (self.moves, self.rows, self.outputs):
            state.update(np.ascontiguousarray(part).tobytes())
        return state.hexdigest()

    @cached_property
    def depths(self) -> NDArray[np.int8]:
        """How many bytes a state remembers: the least number of them that leads to it from the first state."""
        depths = np.full(len(self.rows), -1, np.int8)
        depths[0], level = 0, np.zeros(1, np.int64)
        while len(level):
            reached = np.zeros(len(depths), bool)
            reached[self.moves.reshape(-1, 256)[self.rows[level]].ravel()] = True
            fresh = reached & (depths < 0)
            depths[fresh] = depths[level[0]] + 1
            level = np.flatnonzero(fresh)
        return depths

    @property
    def parts(self) -> tuple[Any, ...]:
        """What compiled code needs of it, in its order."""
        return self.moves, self.rows, self.outputs, self.depths, self.features

    @property
    def size(self) -> int:
        """Number of features with the rows for uncovered characters."""
        return self.features + UNCOVERED_ROWS


@dataclass(frozen=True, eq=False)
class Seed:
    """Languages that are known from the start: one column of log-probabilities each (or one per writing system)."""

    name: str
    automaton: Automaton
    tags: tuple[str, ...]
    """The tag of each column; one tag may own several."""
    table: Floats
    """[features, columns] log-probability of each feature."""

    @property
    def labels(self) -> frozenset[str]:
        """The tags of the languages."""
        return frozenset(self.tags) - {NO_LANGUAGE}

    def without(self, tags: Collection[str]) -> Seed:
        """Return the seed as if it had never seen these languages.

        Their columns go, and so do the n-grams that are most probable in one of them: a model that did not know the
        language would not have chosen those.
        """
        gone = np.array([tag in tags for tag in self.tags])
        if not gone.any():
            return self
        features = self.automaton.features
        theirs = gone[self.table[:features].argmax(1)]
        number = np.cumsum(~theirs) - 1
        number[theirs] = -1
        outputs = self.automaton.outputs
        outputs = np.where(outputs < 0, -1, number[outputs]).astype(np.int32)
        automaton = Automaton(self.automaton.moves, self.automaton.rows, outputs, int((~theirs).sum()))
        kept = np.concatenate([~theirs, np.ones(UNCOVERED_ROWS, bool)])
        left = tuple(tag for tag, leaves in zip(self.tags, gone, strict=True) if not leaves)
        table = np.ascontiguousarray(self.table[kept][:, ~gone])
        return Seed(f"{self.name}-without-{'-'.join(sorted(set(tags)))}", automaton, left, table)


@dataclass(frozen=True, eq=False)
class Bags:
    """The features of many texts, without their order: text `i` owns the entries `starts[i]` to `starts[i + 1]`."""

    features: NDArray[np.int32]
    """Sorted within a text, each once."""
    weights: Floats
    """log(1 + count): the second occurrence of an n-gram says less than the first."""
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    @cached_property
    def texts(self) -> NDArray[np.int64]:
        """The number of the text of each entry."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    @cached_property
    def mass(self) -> Floats:
        """The sum of weights of each text, at least a tiny number."""
        sums = np.bincount(self.texts, weights=self.weights, minlength=len(self))
        return np.maximum(sums, 1e-6).astype(np.float32)

    def counts(self, size: int) -> NDArray[np.float64]:
        """Return the sum of weights of each feature."""
        counts: NDArray[Any] = np.bincount(self.features, weights=self.weights, minlength=size)
        return counts

    def scores(self, table: Floats) -> NDArray[np.float32]:
        """Return [texts, columns]: the sum of weight times log-probability, as naive Bayes has it."""
        from mothertongue.corpus.identify.kernels import bag_scores

        scores: NDArray[np.float32] = bag_scores(self.features, self.weights, self.starts, table)
        return scores

    def take(self, chosen: NDArray[np.bool_]) -> Bags:
        """Return the bags of the chosen texts."""
        entries = chosen[self.texts]
        starts = np.concatenate([[0], np.cumsum(np.diff(self.starts)[chosen])]).astype(np.int64)
        return Bags(self.features[entries], self.weights[entries], starts)


def bags_of(texts: Sequence[NDArray[np.int32]]) -> Bags:
    """Return the features of texts given as they follow each other; features are not negative."""
    sizes = [len(features) for features in texts]
    numbers = np.repeat(np.arange(len(texts), dtype=np.int64), sizes)
    given = np.concatenate([np.empty(0, np.int32), *texts])
    both, counts = np.unique(numbers << 32 | given, return_counts=True)
    starts = np.searchsorted(both, np.arange(len(texts) + 1, dtype=np.int64) << 32)
    return Bags((both & 0x7FFF_FFFF).astype(np.int32), np.log1p(counts).astype(np.float32), starts)


def joined(parts: Sequence[Bags]) -> Bags:
    """Return the bags of several collections as one, in their order."""
    starts = [np.zeros(1, np.int64)]
    for part in parts:
        starts.append(part.starts[1:] + starts[-1][-1])
    features = np.concatenate([part.features for part in parts])
    return Bags(features, np.concatenate([part.weights for part in parts]), np.concatenate(starts))


def encode(texts: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the UTF-8 bytes of texts in NFC, one behind the other, and where each starts; capitals-only is lowered."""
    parts = [
        unicodedata.normalize("NFC", text.lower() if text.isupper() else text).encode("utf-8", "surrogatepass")
        for text in texts
    ]
    starts = np.zeros(len(parts) + 1, np.int64)
    np.cumsum([len(part) for part in parts], out=starts[1:])
    return np.frombuffer(bytearray().join(parts), np.uint8), starts


def bags(texts: Sequence[str], automaton: Automaton) -> Bags:
    """Return the features of texts."""
    from mothertongue.corpus.identify.kernels import text_bags

    data, starts = encode(texts)
    features, counts, where = text_bags(data, starts, *automaton.parts)
    return Bags(features, np.log1p(counts).astype(np.float32), where)


def py3langid_seed() -> Seed:
    """Return the model of the installed py3langid as a seed: 138 languages, nothing is fetched."""
    from mothertongue.corpus.identify.py3langid import parts

    return parts().seed


def seed_of(source: Any, name: str) -> Seed:
    """Return a model of py3langid as a seed."""
    features = source.nb_ptc.shape[0]
    automaton = Automaton(
        _integers(source.tk_nextmove).astype(np.uint32),
        _integers(source.tk_row).astype(np.int32),
        np.array(source.tk_output, np.int32),
        features,
    )
    columns = source.nb_ptc.shape[1]
    # Nothing is known of characters without n-grams: each language gives them what an even model would.
    even = np.float16(-np.log(features))
    table = np.full((features + UNCOVERED_ROWS, columns), even, np.float32)
    table[:features] = source.nb_ptc
    return Seed(name, automaton, tuple(source.nb_classes), table)


def _integers(values: Any) -> NDArray[Any]:
    return np.frombuffer(values, dtype=f"u{values.itemsize}")
