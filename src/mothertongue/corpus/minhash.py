"""MinHash in NumPy: shingles of a text as 64-bit hashes, signatures in bounded memory, bands for a threshold.

Multiply-shift hashing over uint64: the wrap-around of the product is the algorithm, not an accident. Blocks of work
never exceed 8 MiB, whatever the length of a text.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import xxhash
from numpy.typing import NDArray

from mothertongue.corpus.tokens import tokens

Hashes = NDArray[np.uint64]
Signature = NDArray[np.uint32]

SHINGLE_TOKENS = 5
LANES = 128
BLOCK_BYTES = 8 * 1024 * 1024
WORD_CACHE = 1 << 18


@lru_cache(maxsize=WORD_CACHE)
def _word_hash(word: str) -> int:
    return xxhash.xxh3_64_intdigest(word.encode("utf-8", "surrogatepass"))


def shingles(text: str, size: int = SHINGLE_TOKENS) -> Hashes:
    """Return the distinct hashes of all runs of `size` tokens, sorted; a shorter text is one shingle, no text none."""
    words = np.fromiter((_word_hash(token) for token in tokens(text)), dtype=np.uint64)
    if not len(words):
        return words
    size = min(size, len(words))
    mixed = np.zeros(len(words) - size + 1, dtype=np.uint64)
    for place, multiplier in enumerate(_multipliers(size, seed=size)):
        mixed += words[place : place + len(mixed)] * multiplier
        mixed ^= mixed >> np.uint64(29)
    return np.unique(mixed)


@lru_cache(maxsize=64)
def _multipliers(number: int, seed: int) -> Hashes:
    """Return odd 64-bit multipliers drawn from a seeded hash, the same on every machine and version of NumPy."""
    drawn = [xxhash.xxh3_64_intdigest(index.to_bytes(8, "little"), seed=seed) for index in range(number)]
    return np.array(drawn, dtype=np.uint64) | np.uint64(1)


def signature(hashes: Hashes, lanes: int = LANES, seed: int = 0) -> Signature:
    """Return the smallest value of each lane over all shingles, shape (lanes,).

    The answer depends on the set of hashes only: not on their order, repetitions, or the size of a block.
    """
    multipliers = _multipliers(lanes, seed)[:, None]
    offsets = _multipliers(lanes, seed + 0x5EED)[:, None]
    step = max(1, BLOCK_BYTES // (8 * lanes))
    smallest = np.full(lanes, np.iinfo(np.uint32).max, dtype=np.uint32)
    for start in range(0, len(hashes), step):
        block = hashes[None, start : start + step] * multipliers
        block += offsets
        block >>= np.uint64(32)
        np.minimum(smallest, block.min(axis=1).astype(np.uint32), out=smallest)
    return smallest


def bands_for(threshold: float, lanes: int = LANES, recall: float = 0.995) -> tuple[int, int]:
    """Return (bands, rows): the most rows per band that still find a pair at the threshold with this probability.

    A pair of Jaccard similarity s shares a band with probability 1 - (1 - s^rows)^bands; every candidate is verified
    afterwards, so misses count and false alarms only cost time.
    """
    for rows in range(lanes, 1, -1):
        bands = lanes // rows
        if 1 - (1 - threshold**rows) ** bands >= recall:
            return bands, rows
    return lanes, 1


def band_hashes(signatures: NDArray[np.uint32], rows: int, band: int) -> Hashes:
    """Return one 64-bit hash of band number `band` for each signature, shape (documents,)."""
    part = signatures[:, band * rows : (band + 1) * rows].astype(np.uint64)
    mixed = np.full(len(part), band + 1, dtype=np.uint64)
    for column, multiplier in enumerate(_multipliers(rows, seed=band + 0xBA4D)):
        mixed = (mixed ^ part[:, column]) * multiplier
        mixed ^= mixed >> np.uint64(31)
    return mixed


def jaccard(first: Hashes, second: Hashes) -> float:
    """Return the exact Jaccard similarity of two sorted sets of shingles; two empty sets are not similar."""
    shared = len(np.intersect1d(first, second, assume_unique=True))
    union = len(first) + len(second) - shared
    return shared / union if union else 0.0
