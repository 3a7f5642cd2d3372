"""Kernels that look at single parts: characters in them, how they begin and end, which phrases stand in them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit

from mothertongue.corpus.kernels.characters import ALONE_LETTER, DIGIT, MARK, SPACE

_PARTS = "u4[::1], i4[::1], i4[::1]"
_STRINGS = "u4[:, ::1], i8[::1]"
_32 = np.uint64(32)
BUCKETS: Final = 1024
_OPEN: Final = ord("[")
_CLOSE: Final = ord("]")


@njit(f"i8[:, ::1]({_PARTS}, i8[::1], u4[::1], u4[::1])", cache=True, nogil=True)
def count_classes(points: Any, begin: Any, end: Any, first: Any, classes: Any, wanted: Any) -> Any:
    """Return two columns per wanted class and text: the parts with a character of it, and their code points."""
    out = np.zeros((len(first) - 1, 2 * len(wanted)), np.int64)
    for text in range(len(first) - 1):
        for part in range(first[text], first[text + 1]):
            found = np.uint32(0)
            for place in range(begin[part], end[part]):
                found |= classes[points[place]]
            for column in range(len(wanted)):
                if found & wanted[column]:
                    out[text, 2 * column] += 1
                    out[text, 2 * column + 1] += end[part] - begin[part]
    return out


@njit(f"b1[::1]({_PARTS}, {_STRINGS}, b1)", cache=True, nogil=True)
def parts_matching(points: Any, begin: Any, end: Any, strings: Any, sizes: Any, at_end: Any) -> Any:
    """Return for each part whether it begins, or ends, with one of the strings (one a row, filled up)."""
    out = np.zeros(len(begin), np.bool_)
    for part in range(len(begin)):
        length = end[part] - begin[part]
        for row in range(len(strings)):
            size, same = sizes[row], 0
            if size > length:
                continue
            start = end[part] - size if at_end else begin[part]
            while same < size and points[start + same] == strings[row, same]:
                same += 1
            if same == size:
                out[part] = True
                break
    return out


@njit(f"i8[::1](u4[::1], i8[::1], {_STRINGS})", cache=True, nogil=True)
def count_strings(points: Any, starts: Any, strings: Any, sizes: Any) -> Any:
    """Return how often the strings occur in each text, without overlaps."""
    out = np.zeros(len(starts) - 1, np.int64)
    for text in range(len(starts) - 1):
        for row in range(len(strings)):
            place, size, found = starts[text], sizes[row], 0
            if size == 1:
                wanted = strings[row, 0]
                for one in range(starts[text], starts[text + 1]):
                    found += points[one] == wanted
                out[text] += found
                continue
            while place + size <= starts[text + 1]:
                same = 0
                while same < size and points[place + same] == strings[row, same]:
                    same += 1
                out[text] += same == size
                place += size if same == size else 1
    return out


@njit("i4[::1](u8[::1], u8[::1], i4[::1])", cache=True, nogil=True)
def known_parts(hashes: Any, keys: Any, numbers: Any) -> Any:
    """Return the number of each hash in a table made by `strings.key_table`, -1 for those that are not in it."""
    out = np.full(len(hashes), -1, np.int32)
    mask = len(keys) - 1
    for part in range(len(hashes)):
        slot = np.int64(hashes[part] >> _32) & mask
        while numbers[slot] >= 0:
            if keys[slot] == hashes[part]:
                out[part] = numbers[slot]
                break
            slot = (slot + 1) & mask
    return out


@njit(f"u4[::1]({_PARTS}, {_STRINGS}, i4[::1], i4[::1])", cache=True, nogil=True)
def phrases_in(points: Any, begin: Any, end: Any, strings: Any, sizes: Any, heads: Any, following: Any) -> Any:
    """Return for each part a bit field; bit i says that a phrase of column 0 value i stands in it.

    Column 0 of `strings` holds the kind of the phrase, its characters follow. Phrases are chained by their first
    two characters, so that most places of a text need one look.
    """
    out = np.zeros(len(begin), np.uint32)
    for part in range(len(begin)):
        for place in range(begin[part], end[part] - 1):
            row = heads[(points[place] + np.uint32(31) * points[place + 1]) & np.uint32(BUCKETS - 1)]
            while row >= 0:
                size, same = sizes[row], 0
                if place + size <= end[part]:
                    while same < size and points[place + same] == strings[row, same + 1]:
                        same += 1
                    if same == size:
                        out[part] |= np.uint32(1) << strings[row, 0]
                row = following[row]
    return out


@njit("f8[::1](i4[::1], i4[::1], i8[::1])", cache=True, nogil=True)
def median_lengths(begin: Any, end: Any, first: Any) -> Any:
    """Return the median length of the parts of each text, NaN for a text without parts."""
    longest = 0
    for part in range(len(begin)):
        longest = max(longest, end[part] - begin[part])
    counts = np.zeros(longest + 2, np.int64)
    out = np.full(len(first) - 1, np.nan)
    for text in range(len(first) - 1):
        total, largest = first[text + 1] - first[text], 0
        for part in range(first[text], first[text + 1]):
            length = end[part] - begin[part]
            counts[length] += 1
            largest = max(largest, length)
        # The two middle parts, counted from 1; the same one when their number is odd.
        low, high, passed = (total + 1) // 2, total // 2 + 1, 0
        middle = 0
        for length in range(largest + 1):
            before, passed = passed, passed + counts[length]
            counts[length] = 0
            middle += length * (before < low <= passed) + length * (before < high <= passed)
        if total:
            out[text] = middle / 2
    return out


@njit(f"Tuple((i8[::1], i8[::1]))({_PARTS}, u4[::1], b1)", cache=True, nogil=True)
def words_in_parts(points: Any, begin: Any, end: Any, classes: Any, alone: Any) -> Any:
    """Return the number of words in each part and the length of its longest word; words are those of `cut_words`."""
    count = np.zeros(len(begin), np.int64)
    longest = np.zeros(len(begin), np.int64)
    for part in range(len(begin)):
        start: Any = np.int64(-1)
        words, single = 0, False
        most: Any = np.int64(0)
        for place in range(begin[part], end[part]):
            kind = classes[points[place]]
            if kind & SPACE:
                if start >= 0:
                    words, most = words + 1, max(most, place - start)
                start = -1
                continue
            cut = alone and (kind & ALONE_LETTER != 0 or (single and kind & MARK == 0))
            if start >= 0 and cut:
                words, most = words + 1, max(most, place - start)
            if start < 0 or cut:
                start, single = place, alone and kind & ALONE_LETTER != 0
        if start >= 0:
            words, most = words + 1, max(most, end[part] - start)
        count[part], longest[part] = words, most
    return count, longest


@njit(f"Tuple((i4[::1], i4[::1], i4[::1]))({_PARTS}, u4[::1], {_STRINGS})", cache=True, nogil=True)
def citations_in(points: Any, begin: Any, end: Any, classes: Any, strings: Any, sizes: Any) -> Any:
    """Return start and end of each citation ([], [12] or one of the strings), and where each part ends without them."""
    found, stop = np.empty(len(points), np.int32), np.empty(len(points), np.int32)
    shorter = end.copy()
    number = 0
    for part in range(len(begin)):
        place, before = begin[part], number
        while place < end[part]:
            size = 0
            if points[place] == _OPEN:
                digit = place + 1
                while digit < end[part] and classes[points[digit]] & DIGIT:
                    digit += 1
                if digit < end[part] and points[digit] == _CLOSE:
                    size = digit + 1 - place
                for row in range(len(strings)):
                    same = 0
                    while same < sizes[row] and place + same < end[part] and points[place + same] == strings[row, same]:
                        same += 1
                    size = max(size, same if same == sizes[row] else 0)
            if size:
                found[number], stop[number] = place, place + size
                number += 1
            place += max(size, 1)
        last = number - 1
        while last >= before and stop[last] == shorter[part]:
            shorter[part] = found[last]
            last -= 1
    return found[:number].copy(), stop[:number].copy(), shorter
