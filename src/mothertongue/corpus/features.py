"""Hashed features of texts: words, pairs of words, and sequences of three and four characters.

A text enters, feature numbers leave; a whole collection becomes rows of a sparse matrix. Words are those of
`tokens`, so that scripts without spaces work by characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mothertongue.corpus.token_hashes import hashed_tokens

BITS: Final = 18
DIMENSION: Final = 1 << BITS
MOST_CHARACTERS: Final = 10_000
"""The opening of a text that is looked at."""

Numbers = NDArray[np.uint32]
_MIX = 0x9E3779B97F4A7C15
_STEP = 0xD6E8FEB86659FD93


@njit("uint32[::1](uint64[::1], uint32[::1])", cache=True, nogil=True)
def _hashed(words: Any, points: Any) -> Any:
    pairs = max(len(words) - 1, 0)
    triples, fours = max(len(points) - 2, 0), max(len(points) - 3, 0)
    found = np.empty(len(words) + pairs + triples + fours, np.uint32)
    shift, mix, step = np.uint64(64 - BITS), np.uint64(_MIX), np.uint64(_STEP)
    place = 0
    for number in range(len(words)):
        found[place] = (words[number] * mix) >> shift
        place += 1
    for number in range(pairs):
        both = (words[number] * step) ^ words[number + 1]
        found[place] = ((both ^ (both >> np.uint64(31))) * mix) >> shift
        place += 1
    for number in range(triples):
        value = (np.uint64(points[number]) * step + points[number + 1]) * step + points[number + 2]
        found[place] = ((value ^ (value >> np.uint64(31))) * mix) >> shift
        place += 1
        if number < fours:
            value = value * step + points[number + 3]
            found[place] = ((value ^ (value >> np.uint64(31))) * mix) >> shift
            place += 1
    return found


def features(text: str) -> Numbers:
    """Return the numbers (below 2^18) of all features in the opening of a text, one for each occurrence."""
    numbers: Numbers = _hashed(*hashed_tokens(text[:MOST_CHARACTERS]))
    return numbers


@dataclass(frozen=True)
class Matrix:
    """Sparse rows: the columns and values of row i stand from `starts[i]` to before `starts[i + 1]`."""

    starts: NDArray[np.int64]
    columns: Numbers
    values: NDArray[np.float32]
    width: int = DIMENSION

    def times(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the product with a vector over columns."""
        product: NDArray[np.float64] = _times(self.starts, self.columns, self.values, weights)
        return product

    def transposed_times(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the product of the transposed matrix with a vector over rows."""
        product: NDArray[np.float64] = _transposed_times(self.starts, self.columns, self.values, weights, self.width)
        return product

    def compact(self) -> tuple[Matrix, NDArray[np.int64]]:
        """Return the matrix of only the columns that hold something, and the numbers of those."""
        used, columns = np.unique(self.columns, return_inverse=True)
        return Matrix(self.starts, columns.astype(np.uint32), self.values, len(used)), used.astype(np.int64)


def matrix(texts: Sequence[str], scale: NDArray[np.float32] | None = None) -> Matrix:
    """Return one row of length 1 per text: roots of counts, times `scale` of the column where given."""
    rows = [np.unique(features(text), return_counts=True) for text in texts]
    starts = np.cumsum([0, *(len(columns) for columns, _ in rows)])
    values = []
    for columns, counts in rows:
        row = np.sqrt(counts) * (1.0 if scale is None else scale[columns])
        values.append((row / max(float(np.sqrt((row * row).sum())), 1e-12)).astype(np.float32))
    empty = [np.empty(0, np.uint32)], [np.empty(0, np.float32)]
    columns = np.concatenate([columns for columns, _ in rows] or empty[0])
    return Matrix(starts.astype(np.int64), columns.astype(np.uint32), np.concatenate(values or empty[1]))


def rarity(rows: Matrix) -> NDArray[np.float32]:
    """Return the weight of each column by the number of rows that have it: 1 + ln((1 + rows) / (1 + with it))."""
    having = np.bincount(rows.columns, minlength=DIMENSION)
    return (1 + np.log(len(rows.starts) / (1 + having))).astype(np.float32)


@njit("float64(uint32[::1], int32[::1], float32[::1], float32[::1])", cache=True, nogil=True)
def _margin(found: Any, counts: Any, scale: Any, weights: Any) -> Any:
    for place in range(len(found)):
        counts[found[place]] += 1
    product = 0.0
    size = 0.0
    for place in range(len(found)):
        column = found[place]
        if counts[column]:
            value = np.sqrt(counts[column]) * scale[column]
            product += value * weights[column]
            size += value * value
            counts[column] = 0
    return product / np.sqrt(size) if size else 0.0


def margins(texts: Sequence[str], scale: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the product of each row of `matrix` with `weights`, without making the rows."""
    counts = np.zeros(DIMENSION, np.int32)
    return np.array([_margin(features(text), counts, scale, weights) for text in texts], np.float64)


@njit("float64[::1](int64[::1], uint32[::1], float32[::1], float64[::1])", cache=True, nogil=True)
def _times(starts: Any, columns: Any, values: Any, weights: Any) -> Any:
    product = np.zeros(len(starts) - 1)
    for row in range(len(starts) - 1):
        total = 0.0
        for place in range(starts[row], starts[row + 1]):
            total += values[place] * weights[columns[place]]
        product[row] = total
    return product


@njit("float64[::1](int64[::1], uint32[::1], float32[::1], float64[::1], int64)", cache=True, nogil=True)
def _transposed_times(starts: Any, columns: Any, values: Any, weights: Any, dimension: Any) -> Any:
    product = np.zeros(dimension)
    for row in range(len(starts) - 1):
        for place in range(starts[row], starts[row + 1]):
            product[columns[place]] += values[place] * weights[row]
    return product
