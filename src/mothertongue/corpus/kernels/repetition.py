"""Kernels that find what repeats inside a text: lines and paragraphs, and sequences of words (card 49, step 3).

Parts are compared by their 64-bit hashes. Sequences are compared by exact numbers built from those: a sequence of n
words can only repeat where both sequences of n - 1 words in it do, so nearly all of the work ends with pairs. Tables
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


@njit("i4(u8, i8, u8[::1], i8[::1], i4[::1], i4)", cache=True, nogil=True)
def _number(key: Any, turn: Any, keys: Any, turns: Any, numbers: Any, fresh: Any) -> Any:
    """Return the number of `key` in this round's table; a new key gets the number `fresh`."""
    mask = len(keys) - 1
    slot = np.int64((key * _SPREAD) >> _32) & mask
    while turns[slot] == turn:
        if keys[slot] == key:
            return numbers[slot]
        slot = (slot + 1) & mask
    turns[slot], keys[slot], numbers[slot] = turn, key, fresh
    return fresh


@njit("i8[:, ::1](u8[::1], i4[::1], i4[::1], i8[::1])", cache=True, nogil=True)
def repeated_parts(hashes: Any, begin: Any, end: Any, first: Any) -> Any:
    """Return per text: parts that occur more than once, their code points, parts seen before, their code points."""
    longest = 1
    for text in range(len(first) - 1):
        longest = max(longest, first[text + 1] - first[text])
    size = 2
    while size < 2 * longest:
        size *= 2
    keys, turns, numbers = np.empty(size, np.uint64), np.full(size, -1, np.int64), np.empty(size, np.int32)
    known, counts = np.empty(longest, np.int32), np.zeros(longest, np.int32)
    out = np.zeros((len(first) - 1, 4), np.int64)
    for text in range(len(first) - 1):
        base, total, fresh = first[text], first[text + 1] - first[text], np.int32(0)
        for part in range(total):
            known[part] = _number(hashes[base + part], text, keys, turns, numbers, fresh)
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


@njit("Tuple((i8[:, ::1], i8[:, ::1]))(u8[::1], i4[::1], i4[::1], i8[::1])", cache=True, nogil=True)
def repeated_sequences(hashes: Any, begin: Any, end: Any, first: Any) -> Any:
    """Return two tables of counts about sequences of words, one row per text.

    First, three columns for each n of `TOP`: how often the most common sequence occurs (0 without any; the earliest of
    several), its code points, and the words of the text. Second, three columns for each n of `DUPLICATE`: code points
    in sequences that occur more than once; in all sequences; and in sequences met again when a reader goes on behind
    each repeated one, so that none is counted twice.
    """
    longest = 1
    for text in range(len(first) - 1):
        longest = max(longest, first[text + 1] - first[text])
    size = 2
    while size < 2 * longest:
        size *= 2
    keys, turns, numbers = np.empty(size, np.uint64), np.full(size, -1, np.int64), np.empty(size, np.int32)
    words, known = np.empty(longest, np.int32), np.empty(longest, np.int32)
    counts, seen = np.zeros(longest, np.int32), np.zeros(longest, np.int32)
    before = np.zeros(longest + 1, np.int64)
    top = np.zeros((len(first) - 1, 9), np.int64)
    duplicate = np.zeros((len(first) - 1, 18), np.int64)
    turn = 0
    for text in range(len(first) - 1):
        base, total, fresh = first[text], first[text + 1] - first[text], np.int32(0)
        for word in range(total):
            before[word + 1] = before[word] + end[base + word] - begin[base + word]
            words[word] = _number(hashes[base + word], turn, keys, turns, numbers, fresh)
            if words[word] == fresh:
                counts[fresh] = 0
                fresh += np.int32(1)
            counts[words[word]] += 1
            known[word] = words[word]
        turn += 1
        for n in range(2, _LONGEST + 1):
            places = total - n + 1
            if places < 1:
                break
            # Numbers of sequences that occur once are -1; a longer sequence around one of them occurs once as well.
            for place in range(places + 1):
                if known[place] >= 0 and counts[known[place]] == 1:
                    known[place] = -1
            fresh, best, where = np.int32(0), 1, 0
            for place in range(places):
                if known[place] < 0 or known[place + 1] < 0:
                    known[place] = -1
                    continue
                key = np.uint64(known[place]) << _32 | np.uint64(words[place + n - 1])
                known[place] = _number(key, turn, keys, turns, numbers, fresh)
                if known[place] == fresh:
                    counts[fresh], seen[fresh] = 0, place
                    fresh += np.int32(1)
                counts[known[place]] += 1
            turn += 1
            if n <= 4:
                for sequence in range(fresh):
                    if counts[sequence] > best:
                        best, where = counts[sequence], seen[sequence]
                column = 3 * (n - 2)
                top[text, column] = best
                top[text, column + 1] = before[where + n] - before[where]
                top[text, column + 2] = total
                continue
            column = 3 * (n - 5)
            free = 0
            for place in range(places):
                size_here = before[place + n] - before[place]
                duplicate[text, column + 1] += size_here
                repeated = known[place] >= 0 and counts[known[place]] > 1
                if repeated:
                    duplicate[text, column] += size_here
                if place < free or not repeated:
                    continue
                if seen[known[place]] < 0:
                    duplicate[text, column + 2] += size_here
                    free = place + n
                seen[known[place]] = -1
    return top, duplicate
