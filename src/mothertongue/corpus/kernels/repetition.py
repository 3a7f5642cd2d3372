"""Kernels that find what repeats inside a text: lines and paragraphs, and sequences of words (card 49, step 3).

Parts are compared by their 64-bit hashes, and so are pairs of words. A sequence of n words can only repeat where both
sequences of n - 1 words in it do, and is known by their numbers: nearly all of the work ends with pairs. Tables
are open-addressed, twice as large as the longest text needs, and never cleared: entries carry the round they are of.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit

TOP: Final = (2, 3, 4)
"""Lengths of sequences of which the most common one counts."""
DUPLICATE: Final = (5, 6, 7, 8, 9, 10)
"""Lengths of sequences of which all repeated ones count."""
_LONGEST: Final = 10
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_32 = np.uint64(32)


@njit("i8(i8)", cache=True, nogil=True)
def _table_size(entries: Any) -> Any:
    """Return the least power of two that is at least twice as large."""
    size = 2
    while size < 2 * entries:
        size *= 2
    return size


@njit("i4(u8, i8, i8, u8[::1], i8[::1], i4)", cache=True, nogil=True)
def _number(key: Any, turn: Any, mask: Any, keys: Any, values: Any, fresh: Any) -> Any:
    """Return the number of `key` in this round's table; a new key gets the number `fresh`.

    A value holds the round in its upper half and the number in its lower half.
    """
    slot = np.int64((key * _SPREAD) >> _32) & mask
    while values[slot] >> 32 == turn:
        if keys[slot] == key:
            return np.int32(values[slot] & 0x7FFFFFFF)
        slot = (slot + 1) & mask
    keys[slot], values[slot] = key, turn << 32 | np.int64(fresh)
    return fresh


@njit("i8[:, ::1](u8[::1], i4[::1], i4[::1], i8[::1])", cache=True, nogil=True)
def repeated_parts(hashes: Any, begin: Any, end: Any, first: Any) -> Any:
    """Return per text: parts that occur more than once, their code points, parts seen before, their code points."""
    longest = 1
    for text in range(len(first) - 1):
        longest = max(longest, first[text + 1] - first[text])
    size = _table_size(longest)
    keys, values = np.empty(size, np.uint64), np.full(size, -1, np.int64)
    known, counts = np.empty(longest, np.int32), np.zeros(longest, np.int32)
    out = np.zeros((len(first) - 1, 4), np.int64)
    for text in range(len(first) - 1):
        base, total, fresh = first[text], first[text + 1] - first[text], np.int32(0)
        # Short texts use the front of the table only, which stays in the cache.
        mask = _table_size(total) - 1
        for part in range(total):
            known[part] = _number(hashes[base + part], text, mask, keys, values, fresh)
            if known[part] == fresh:
                counts[fresh] = 1
                fresh += np.int32(1)
            else:
                counts[known[part]] += 1
                out[text, 2] += 1
                out[text, 3] += end[base + part] - begin[base + part]
        for part in range(total):
            if counts[known[part]] > 1:
                out[text, 0] += 1
                out[text, 1] += end[base + part] - begin[base + part]
    return out


@njit("i8(i4[::1], i8, i4[::1], i4[::1])", cache=True, nogil=True)
def _repeated(places: Any, kept: Any, known: Any, counts: Any) -> Any:
    """Leave the places whose sequence occurs more than once, and return their number."""
    repeated = 0
    for at in range(kept):
        if counts[known[places[at]]] > 1:
            places[repeated] = places[at]
            repeated += 1
    return repeated


@njit("Tuple((i8, i4))(i4[::1], i8, i8, i4[::1], i4[::1], i4[::1], i8, i8, u8[::1], i8[::1])", cache=True, nogil=True)
def _extend(  # noqa: PLR0913 - compiled code has no objects
    places: Any,
    kept: Any,
    last: Any,
    known: Any,
    counts: Any,
    seen: Any,
    turn: Any,
    mask: Any,
    keys: Any,
    values: Any,
) -> Any:
    """Go from repeated sequences of n - 1 words to those of n; return how many places repeat and how many kinds are.

    `places` are the places where a repeated sequence begins, in rising order, `last` the last place where one of n
    words may; `known` holds the number of the sequence there. Two sequences of n words are equal where both of n - 1
    words in them are.
    """
    fresh, candidates = np.int32(0), 0
    for at in range(kept - 1):
        place = places[at]
        if places[at + 1] != place + 1 or place > last:
            continue
        key = np.uint64(known[place]) << _32 | np.uint64(known[place + 1])
        number = _number(key, turn, mask, keys, values, fresh)
        if number == fresh:
            counts[fresh], seen[fresh] = 0, place
            fresh += np.int32(1)
        counts[number] += 1
        known[place] = number
        places[candidates] = place
        candidates += 1
    return _repeated(places, candidates, known, counts), fresh


@njit(
    "Tuple((i8, i4))(u8[::1], i8, i8, i4[::1], i4[::1], i4[::1], i4[::1], i8, i8, u8[::1], i8[::1])",
    cache=True,
    nogil=True,
)
def _pairs(  # noqa: PLR0913 - compiled code has no objects
    hashes: Any,
    base: Any,
    total: Any,
    places: Any,
    known: Any,
    counts: Any,
    seen: Any,
    turn: Any,
    mask: Any,
    keys: Any,
    values: Any,
) -> Any:
    """Return the same as `_extend` for pairs of words."""
    fresh = np.int32(0)
    for place in range(total - 1):
        left = hashes[base + place] * _SPREAD
        key = (left << _32 | left >> _32) ^ hashes[base + place + 1]
        number = _number(key, turn, mask, keys, values, fresh)
        if number == fresh:
            counts[fresh], seen[fresh] = 0, place
            fresh += np.int32(1)
        counts[number] += 1
        known[place], places[place] = number, place
    return _repeated(places, max(total - 1, 0), known, counts), fresh


@njit("Tuple((i8[:, ::1], i8[:, ::1]))(u8[::1], i4[::1], i4[::1], i8[::1])", cache=True, nogil=True)
def repeated_sequences(hashes: Any, begin: Any, end: Any, first: Any) -> Any:
    """Return two tables of counts about sequences of words, one row per text.

    First, two columns for each n of `TOP`: how often the most common sequence occurs (0 without any; the earliest of
    several) and its code points. Second, three columns for each n of `DUPLICATE`: code points
    in sequences that occur more than once; in all sequences; and in sequences met again when a reader goes on behind
    each repeated one, so that none is counted twice.
    """
    longest = 1
    for text in range(len(first) - 1):
        longest = max(longest, first[text + 1] - first[text])
    size = _table_size(longest)
    keys, values = np.empty(size, np.uint64), np.full(size, -1, np.int64)
    known = np.empty(longest, np.int32)
    counts, seen = np.zeros(longest, np.int32), np.zeros(longest, np.int32)
    places, before = np.empty(longest, np.int32), np.zeros(longest + 1, np.int64)
    # Sums of `before`, from which the sizes of all sequences of one length follow at once.
    sums = np.zeros(longest + 2, np.int64)
    top = np.zeros((len(first) - 1, 2 * 3), np.int64)
    duplicate = np.zeros((len(first) - 1, 3 * 6), np.int64)
    turn = 0
    for text in range(len(first) - 1):
        base, total = first[text], first[text + 1] - first[text]
        # Short texts use the front of the table only, which stays in the cache.
        mask = _table_size(total) - 1
        for word in range(total):
            before[word + 1] = before[word] + end[base + word] - begin[base + word]
            sums[word + 1] = sums[word] + before[word]
        sums[total + 1] = sums[total] + before[total]
        kept, fresh = _pairs(hashes, base, total, places, known, counts, seen, turn, mask, keys, values)
        turn += 1
        for n in range(2, min(_LONGEST, total) + 1):
            if n > 2:
                kept, fresh = _extend(places, kept, total - n, known, counts, seen, turn, mask, keys, values)
                turn += 1
            if n <= 4:
                best, where = 1, 0
                for sequence in range(fresh):
                    if counts[sequence] > best:
                        best, where = counts[sequence], seen[sequence]
                top[text, 2 * (n - 2)] = best
                top[text, 2 * (n - 2) + 1] = before[where + n] - before[where]
            else:
                column, free = 3 * (n - 5), 0
                duplicate[text, column + 1] = sums[total + 1] - sums[n] - sums[total - n + 1]
                for at in range(kept):
                    place = places[at]
                    duplicate[text, column] += before[place + n] - before[place]
                    if place >= free and seen[known[place]] < 0:
                        duplicate[text, column + 2] += before[place + n] - before[place]
                        free = place + n
                    elif place >= free:
                        seen[known[place]] = -1
    return top, duplicate
