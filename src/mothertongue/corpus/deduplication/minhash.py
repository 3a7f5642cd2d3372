"""MinHash: shingles of texts as 64-bit hashes, signatures in bounded memory, bands for a threshold.

A signature depends on the set of shingles only: not on their order, their repetitions or the size of a block of work.
The compiled kernel is loaded when it is first used, which takes a moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from mothertongue.corpus.deduplication.letters import Hashes, Tables, letters

Signatures = NDArray[np.uint32]

SHINGLE_TOKENS: Final = 5
LANES: Final = 128


def shingles(text: str, size: int = SHINGLE_TOKENS, characters: bool = False) -> Hashes:
    """Return the distinct hashes of all runs of `size` tokens, sorted; a shorter text is one shingle, no text none.

    Tokens are those of `corpus.tokens`; with `characters`, every letter is one.
    """
    return np.unique(ordered_shingles(text, size, characters))


def ordered_shingles(text: str, size: int = SHINGLE_TOKENS, characters: bool = False) -> Hashes:
    """Return the hashes of all runs of `size` tokens in their order, repetitions included."""
    from mothertongue.corpus.deduplication import kernel

    data = np.frombuffer(text.encode("utf-8", "surrogatepass") or b" ", np.uint8)
    return kernel.collect(data, 0, len(data), tables(), characters, shingle_multipliers(size))


def token_spans(text: str, characters: bool = False) -> NDArray[np.int64]:
    """Return start and end of every token of `text` in code points, shape (tokens, 2)."""
    from mothertongue.corpus.deduplication import kernel

    encoded = text.encode("utf-8", "surrogatepass")
    data = np.frombuffer(encoded or b" ", np.uint8)
    places = kernel.token_places(data, tables(), characters, shingle_multipliers(1))
    # A code point begins at every byte that does not continue one.
    points = np.concatenate([[0], np.cumsum((data & 0xC0) != 0x80)])
    found: NDArray[np.int64] = points[np.minimum(places, len(encoded))]
    return found


def sign(
    texts: pa.Array, take: NDArray[np.bool_], *, lanes: int = LANES, seed: int = 0, characters: bool = False
) -> tuple[Signatures, NDArray[np.int64]]:
    """Return signatures of shape (texts, lanes) and the number of shingles of each text, repetitions included.

    `texts` is an Arrow array of large strings, read in place; texts that are not taken have no shingles.
    """
    from mothertongue.corpus.deduplication import kernel

    data, offsets = text_bytes(texts)
    signatures, counts = np.empty((len(texts), lanes), np.uint32), np.empty(len(texts), np.int64)
    hashing = (shingle_multipliers(SHINGLE_TOKENS), *lane_multipliers(lanes, seed))
    kernel.sign(data, offsets, take, tables(), characters, hashing, signatures, counts)
    return signatures, counts


def shingle_sets(texts: pa.Array, take: NDArray[np.bool_], *, characters: bool = False) -> Iterator[tuple[int, Hashes]]:
    """Yield the row and the `shingles` of each text that is taken, read in place like those of `sign`."""
    from mothertongue.corpus.deduplication import kernel

    data, offsets = text_bytes(texts)
    found, ends = kernel.collect_all(data, offsets, take, tables(), characters, shingle_multipliers(SHINGLE_TOKENS))
    for row in np.flatnonzero(take):
        own = np.sort(found[ends[row - 1] if row else 0 : ends[row]])
        yield int(row), own[np.append(True, own[1:] != own[:-1])] if len(own) else own


def text_bytes(texts: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the UTF-8 bytes of an array of large strings and the offsets of its texts, without copying."""
    _, offsets, data = texts.buffers()
    places = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(data if data is not None and data.size else b" ", np.uint8), places


def signature(hashes: Hashes, lanes: int = LANES, seed: int = 0, block: int = 1 << 16) -> Signatures:
    """Return the smallest value of each lane over all shingles, shape (lanes,)."""
    from mothertongue.corpus.deduplication import kernel

    smallest = np.full(lanes, 0xFFFFFFFF, np.uint32)
    for start in range(0, len(hashes), block):
        kernel.lower(smallest, hashes[start : start + block], *lane_multipliers(lanes, seed))
    return smallest


def bands_for(threshold: float, lanes: int = LANES, recall: float = 0.995) -> tuple[int, int]:
    """Return (bands, rows): the most rows per band that still find a pair at the threshold with this probability.

    A pair of Jaccard similarity s shares a band with probability 1 - (1 - s^rows)^bands.
    """
    for rows in range(lanes, 1, -1):
        bands = lanes // rows
        if 1 - (1 - threshold**rows) ** bands >= recall:
            return bands, rows
    return lanes, 1


def band_hashes(signatures: Signatures, rows: int, band: int) -> Hashes:
    """Return one 64-bit hash of band number `band` for each signature, shape (documents,)."""
    part = signatures[:, band * rows : (band + 1) * rows].astype(np.uint64)
    mixed = np.full(len(part), band + 1, dtype=np.uint64)
    for column, multiplier in enumerate(multipliers(rows, seed=band + 0xBA4D)):
        mixed = (mixed ^ part[:, column]) * multiplier
        mixed ^= mixed >> np.uint64(31)
    return mixed


def jaccard(first: Hashes, second: Hashes) -> float:
    """Return the exact Jaccard similarity of two sorted sets of shingles; two empty sets are not similar."""
    from mothertongue.corpus.deduplication import kernel

    return float(kernel.jaccard(first, second))


@lru_cache(maxsize=256)
def multipliers(number: int, seed: int) -> Hashes:
    """Return odd 64-bit multipliers drawn from a seeded hash, the same on every machine and version of NumPy."""
    drawn = [xxhash.xxh3_64_intdigest(index.to_bytes(8, "little"), seed=seed) for index in range(number)]
    return np.array(drawn, dtype=np.uint64) | np.uint64(1)


def lane_multipliers(lanes: int, seed: int) -> tuple[Hashes, Hashes]:
    """Return the factor and the offset of each lane."""
    return multipliers(lanes, seed), multipliers(lanes, seed + 0x5EED)


@lru_cache(maxsize=16)
def shingle_multipliers(size: int) -> Hashes:
    """Return, row by row, the multipliers of shingles of 1, 2 ... `size` tokens, shape (size, size)."""
    table = np.zeros((size, size), np.uint64)
    for number in range(1, size + 1):
        table[number - 1, :number] = multipliers(number, seed=number)
    return table


def tables() -> Tables:
    """Return the tables of letters in the order in which the kernel takes them."""
    known = letters()
    return known.folded, known.kinds, known.starts, known.several
