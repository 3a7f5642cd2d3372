"""Fluency: how expected a text is, letter by letter, to a small model of the user's own clean text.

A model is made by `fluency_training.train_fluency`. It is a character n-gram model with interpolated Kneser-Ney
smoothing, kept as two tables of hashed n-grams: log-probabilities of sequences, and the log-weights with which a
context passes on to the shorter one. Its probabilities sum to one after every context. The file holds arrays only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mothertongue.corpus.arrays import read_arrays, write_arrays
from mothertongue.corpus.kernels.characters import code_points

KIND: Final = "mothertongue.fluency"
MOST_CHARACTERS: Final = 200_000
"""The opening of a text that is looked at."""

Keys = NDArray[np.uint64]
Bits = NDArray[np.float64]
Table = tuple[Keys, NDArray[np.float32]]
START: Final = "\n"
"""What stands before the first character of every text, and nowhere else."""
PRIME: Final = 0x9E3779B97F4A7C15
_COLUMNS = ("keys", "log_probabilities", "contexts", "log_weights")
_DIGITS = re.compile(r"\d")


@dataclass(frozen=True)
class FluencyModel:
    """Sequences of up to `order` characters, by key, with log2 of their probability and of the weight behind contexts.

    `unknown` is log2 of the probability of a character that training never saw, where nothing is known before it.
    """

    language: str
    order: int
    unknown: float
    keys: Keys
    log_probabilities: NDArray[np.float32]
    contexts: Keys
    log_weights: NDArray[np.float32]

    def bits(self, text: str) -> Bits:
        """Return the surprise of each character of the simplified opening of a text, in bits."""
        points = code_points(START + simplified(text[:MOST_CHARACTERS])).copy()
        found: Bits = _bits(points, self.order, self.unknown, *self._sequences, *self._weights)
        return found

    @cached_property
    def _sequences(self) -> Table:
        return _table(self.keys, self.log_probabilities)

    @cached_property
    def _weights(self) -> Table:
        return _table(self.contexts, self.log_weights)

    def write(self, path: Path) -> None:
        """Write the model as one file; equal models give equal bytes."""
        facts = {"language": self.language, "order": self.order, "unknown": self.unknown}
        write_arrays(path, KIND, facts, {name: getattr(self, name) for name in _COLUMNS})


def read_fluency(path: Path) -> FluencyModel:
    """Return the model of a file; raises InputError MT276 when it is none."""
    facts, arrays = read_arrays(path, KIND)
    columns = (arrays[name] for name in _COLUMNS)
    return FluencyModel(str(facts["language"]), int(facts["order"]), float(facts["unknown"]), *columns)


def simplified(text: str) -> str:
    """Return a text as the model sees it: case folded, one space for any white space, 0 for any digit."""
    return _DIGITS.sub("0", " ".join(text.casefold().split()))


def mean_and_worst(bits: Bits, window: int) -> tuple[float, float]:
    """Return the mean of some bits, and the highest mean of `window` neighbours (of all where there are fewer)."""
    sums = np.concatenate(([0.0], np.cumsum(bits)))
    size = min(window, len(bits))
    return float(sums[-1] / len(bits)), float((sums[size:] - sums[:-size]).max() / size)


def _table(keys: Keys, values: NDArray[np.float32]) -> Table:
    """Return an open-addressing table, at most half full; key 0 marks an empty place."""
    size = 2 << max(len(keys), 1).bit_length()
    table = np.zeros(size, np.uint64), np.zeros(size, np.float32)
    _fill(*table, keys, values)
    return table


@njit("void(uint64[::1], float32[::1], uint64[::1], float32[::1])", cache=True, nogil=True)
def _fill(places: Any, numbers: Any, keys: Any, values: Any) -> None:
    mask = np.uint64(len(places) - 1)
    for index in range(len(keys)):
        place = (keys[index] ^ (keys[index] >> np.uint64(32))) & mask
        while places[place]:
            place = (place + np.uint64(1)) & mask
        places[place] = keys[index]
        numbers[place] = values[index]


@njit(
    "float64[::1](uint32[::1], int64, float64, uint64[::1], float32[::1], uint64[::1], float32[::1])",
    cache=True,
    nogil=True,
)
def _bits(points: Any, order: Any, unknown: Any, keys: Any, probabilities: Any, contexts: Any, weights: Any) -> Any:
    mask, context_mask = np.uint64(len(keys) - 1), np.uint64(len(contexts) - 1)
    bits = np.empty(len(points) - 1)
    before = np.zeros(order + 1, np.uint64)
    here = np.zeros(order + 1, np.uint64)
    before[1] = np.uint64(points[0]) + np.uint64(1)
    for index in range(1, len(points)):
        for length in range(1, order + 1):
            here[length] = before[length - 1] * np.uint64(PRIME) + np.uint64(points[index]) + np.uint64(1)
        total = unknown
        passed = 0.0
        for length in range(min(order, index + 1), 0, -1):
            key = here[length]
            place = (key ^ (key >> np.uint64(32))) & mask
            while keys[place] and keys[place] != key:
                place = (place + np.uint64(1)) & mask
            if keys[place]:
                total = probabilities[place]
                break
            if length > 1:
                key = before[length - 1]
                place = (key ^ (key >> np.uint64(32))) & context_mask
                while contexts[place] and contexts[place] != key:
                    place = (place + np.uint64(1)) & context_mask
                if contexts[place]:
                    passed += weights[place]
        bits[index - 1] = -(total + passed)
        before, here = here, before
        before[0] = np.uint64(0)
    return bits
