"""A Bloom filter: which keys were seen before, in memory that the wanted rate of errors decides (card 49, step 10)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mothertongue import durability
from mothertongue.corpus.deduplication import kernel
from mothertongue.corpus.deduplication.letters import Hashes
from mothertongue.errors import InputError, Problem

MOST_HASHES: Final = 32
"""Cap of hash functions: beyond it a wrong answer is rarer than one in four billion, and time is all that grows."""
_MAGIC: Final = 0x424C4F4F4D303031  # "BLOOM001"
_LEAST_BITS: Final = 1 << 10


@dataclass(frozen=True)
class Bloom:
    """A filter of `bits` bits and `hashes` hash functions; `expected` and `rate` are what it was made for."""

    expected: int
    rate: float
    hashes: int
    words: NDArray[np.uint64]
    inserted: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))

    @classmethod
    def sized(cls, expected: int, rate: float) -> Bloom:
        """Return an empty filter for so many keys with at most this rate of false positives.

        Bits m = -n ln p / (ln 2)^2 rounded up to a power of two, k = m/n ln 2 (card 49, step 10), at most
        `MOST_HASHES`; where the cap takes accuracy away, bits are doubled until the rate is kept.
        """
        number = max(expected, 1)
        bits = _LEAST_BITS
        while bits < -number * math.log(rate) / math.log(2) ** 2:
            bits *= 2
        while _rate(number, bits, _hashes(number, bits)) > rate:
            bits *= 2
        return cls(number, rate, _hashes(number, bits), np.zeros(bits // 64, np.uint64))

    @property
    def bits(self) -> int:
        """The size of the filter."""
        return 64 * len(self.words)

    def add(self, high: Hashes, low: Hashes) -> NDArray[np.bool_]:
        """Insert 128-bit keys one after another and return which were there already, or seem to have been."""
        seen = np.empty(len(high), np.bool_)
        kernel.bloom(self.words, self.hashes, high, low, True, seen)
        self.inserted[0] += int(len(seen) - seen.sum())
        return seen

    def contains(self, high: Hashes, low: Hashes) -> NDArray[np.bool_]:
        """Return which 128-bit keys are in the filter, or seem to be; nothing is inserted."""
        seen = np.empty(len(high), np.bool_)
        kernel.bloom(self.words, self.hashes, high, low, False, seen)
        return seen

    def actual_rate(self) -> float:
        """Return the chance that a new key seems known now: the share of set bits to the power of hash functions."""
        return float((int(np.bitwise_count(self.words).sum()) / self.bits) ** self.hashes)

    def save(self, path: Path) -> None:
        """Write the filter; equal filters give equal bytes."""
        head = np.array([_MAGIC, self.expected, self.hashes, int(self.inserted[0])], np.uint64)
        rate = np.array([self.rate], np.float64)
        with durability.writing(path) as temporary, temporary.open("wb") as stream:
            for values in (head, rate, self.words):
                values.tofile(stream)

    @classmethod
    def load(cls, path: Path) -> Bloom:
        """Return a saved filter; raises InputError MT234 when the file is damaged or none."""
        try:
            with path.open("rb") as stream:
                head = np.fromfile(stream, np.uint64, 4)
                rate = np.fromfile(stream, np.float64, 1)
                words = np.fromfile(stream, np.uint64)
        except OSError as error:
            raise _damaged(path, str(error)) from error
        if len(head) < 4 or int(head[0]) != _MAGIC or not len(words) or len(words) & (len(words) - 1):
            raise _damaged(path, f"{path.stat().st_size} bytes")
        return cls(int(head[1]), float(rate[0]), int(head[2]), words, np.array([head[3]], np.int64))


def _hashes(expected: int, bits: int) -> int:
    return min(MOST_HASHES, max(1, math.ceil(bits / expected * math.log(2))))


def _rate(expected: int, bits: int, hashes: int) -> float:
    """Return (1 - (1 - 1/m)^(kn))^k, computed without loss for large m."""
    return float((-math.expm1(hashes * expected * math.log1p(-1 / bits))) ** hashes)


def _damaged(path: Path, found: str) -> InputError:
    do = "delete the index and add its dumps again, or restore the file from a copy"
    return InputError(Problem("MT234", "is no Bloom filter", where=str(path), value=found, do=do))
