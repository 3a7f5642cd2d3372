"""Kernels that cut texts: UTF-8 into code points, texts into words, lines and paragraphs; and the hashes of parts.

Texts of a slice lie end to end in `points`; `starts` has one entry more than there are texts. A kind of part comes as
three arrays: first code point, code point after the last, and the number of parts before each text.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit, types

from mothertongue.corpus.kernels.characters import ALONE_LETTER, MARK, SPACE

_PARTS = "Tuple((i4[::1], i4[::1], i8[::1]))"
_TEXTS = "u4[::1], i8[::1]"
# Arrow's buffers may not be written to.
_BYTES = types.Array(types.uint8, 1, "C", readonly=True)
_STARTS = types.int64[::1]
_NEWLINE: Final = 10
_RETURN: Final = 13
# The line ends of str.splitlines() below U+0020, one bit each; the others are U+0085, U+2028 and U+2029.
_BREAKS: Final = 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 28 | 1 << 29 | 1 << 30
_FEW_BREAKS: Final = 32
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_SEED = np.uint64(0xC2B2AE3D27D4EB4F)
_SHIFT = np.uint64(32)


@njit([(_BYTES, _STARTS)], cache=True, nogil=True)
def decode(data: Any, offsets: Any) -> Any:
    """Return the code points of texts in UTF-8 (byte offsets, one more than texts), where each starts; line ends."""
    points = np.empty(offsets[-1] - offsets[0], np.uint32)
    breaks = np.empty(len(points), np.int32)
    starts = np.empty(len(offsets), np.int64)
    number = found = 0
    for text in range(len(offsets) - 1):
        starts[text] = number
        place, end = offsets[text], offsets[text + 1]
        while place < end:
            byte = np.uint32(data[place])
            if byte < 0x80:
                points[number] = byte
                if byte < _FEW_BREAKS and _BREAKS >> byte & 1:
                    breaks[found] = number
                    found += 1
                number, place = number + 1, place + 1
                continue
            second = np.uint32(data[place + 1]) & np.uint32(0x3F)
            if byte < 0xE0:
                size, point = 2, (byte & np.uint32(0x1F)) << np.uint32(6) | second
            else:
                third = np.uint32(data[place + 2]) & np.uint32(0x3F)
                size, point = 3, (byte & np.uint32(0x0F)) << np.uint32(12) | second << np.uint32(6) | third
                if byte >= 0xF0:
                    point = (point << np.uint32(6) | np.uint32(data[place + 3]) & np.uint32(0x3F)) & np.uint32(0x1FFFFF)
                    size = 4
            points[number] = point
            if point == 0x85 or point == 0x2028 or point == 0x2029:
                breaks[found] = number
                found += 1
            number += 1
            place += size
    starts[-1] = number
    return points[:number].copy(), starts, breaks[:found].copy()


@njit("u4[::1](u4[::1], u4[::1])", cache=True, nogil=True)
def mapped(points: Any, table: Any) -> Any:
    """Return what a table says of each code point."""
    out = np.empty(len(points), np.uint32)
    for place in range(len(points)):
        out[place] = table[points[place]]
    return out


@njit(f"{_PARTS}({_TEXTS}, u4[::1], b1)", cache=True, nogil=True)
def cut_words(points: Any, starts: Any, classes: Any, alone: Any) -> Any:
    """Return what stands between white space; with `alone`, letters of unsegmented scripts with their marks apart."""
    begin = np.empty(len(points) if alone else len(points) // 2 + len(starts), np.int32)
    end = np.empty(len(begin), np.int32)
    first = np.empty(len(starts), np.int64)
    number = 0
    for text in range(len(starts) - 1):
        first[text] = number
        open_, single = False, False
        for place in range(starts[text], starts[text + 1]):
            kind = classes[points[place]]
            if kind & SPACE:
                if open_:
                    end[number] = place
                    number += 1
                open_ = False
                continue
            cut = alone and (kind & ALONE_LETTER != 0 or (single and kind & MARK == 0))
            if open_ and cut:
                end[number] = place
                number += 1
            if not open_ or cut:
                begin[number] = place
                open_ = True
                single = alone and kind & ALONE_LETTER != 0
        if open_:
            end[number] = starts[text + 1]
            number += 1
    first[-1] = number
    return begin[:number].copy(), end[:number].copy(), first


@njit(f"{_PARTS}({_TEXTS}, i4[::1], b1)", cache=True, nogil=True)
def cut_lines(points: Any, starts: Any, breaks: Any, every: Any) -> Any:
    """Return what stands between newlines; with `every`, the lines of `str.splitlines()`.

    These are ended by any line end of Unicode, and no empty line comes last.
    """
    begin = np.empty(len(breaks) + len(starts), np.int32)
    end = np.empty(len(begin), np.int32)
    first = np.empty(len(starts), np.int64)
    number = at = 0
    for text in range(len(starts) - 1):
        first[text] = number
        start = starts[text]
        while at < len(breaks) and breaks[at] < starts[text + 1]:
            place = np.int64(breaks[at])
            at += 1
            newline = points[place] == _NEWLINE
            if every and newline and place > starts[text] and points[place - 1] == _RETURN:
                start = place + 1
            elif every or newline:
                begin[number], end[number] = start, place
                number += 1
                start = place + 1
        if not every or start < starts[text + 1]:
            begin[number], end[number] = start, starts[text + 1]
            number += 1
    first[-1] = number
    return begin[:number].copy(), end[:number].copy(), first


@njit(f"{_PARTS}({_TEXTS}, i4[::1], u4[::1])", cache=True, nogil=True)
def cut_paragraphs(points: Any, starts: Any, breaks: Any, classes: Any) -> Any:
    """Return what stands between two or more newlines in the text without the white space around it."""
    begin = np.empty(len(breaks) + len(starts), np.int32)
    end = np.empty(len(begin), np.int32)
    first = np.empty(len(starts), np.int64)
    number = at = 0
    for text in range(len(starts) - 1):
        first[text] = number
        start, stop = starts[text], starts[text + 1]
        while start < stop and classes[points[start]] & SPACE:
            start += 1
        while start < stop and classes[points[stop - 1]] & SPACE:
            stop -= 1
        begin[number] = start
        while at < len(breaks) and breaks[at] < starts[text + 1]:
            place = np.int64(breaks[at])
            at += 1
            if place < start or place >= stop or points[place] != _NEWLINE:
                continue
            after = place + 1
            while at < len(breaks) and breaks[at] == after and points[after] == _NEWLINE:
                after, at = after + 1, at + 1
            if after > place + 1:
                end[number] = place
                number += 1
                begin[number] = after
        end[number] = stop
        number += 1
    first[-1] = number
    return begin[:number].copy(), end[:number].copy(), first


@njit("u8[::1](u4[::1], i4[::1], i4[::1])", cache=True, nogil=True)
def hash_parts(points: Any, begin: Any, end: Any) -> Any:
    """Return a 64-bit hash of each part; equal parts have equal hashes in every process."""
    hashes = np.empty(len(begin), np.uint64)
    for part in range(len(begin)):
        value, place = _SEED, begin[part]
        while place + 1 < end[part]:
            value = (value ^ (np.uint64(points[place]) | np.uint64(points[place + 1]) << _SHIFT)) * _MULTIPLIER
            value ^= value >> _SHIFT
            place += 2
        if place < end[part]:
            value = (value ^ np.uint64(points[place])) * _MULTIPLIER
        value = (value ^ (value >> _SHIFT) ^ np.uint64(end[part] - begin[part])) * _MIX
        hashes[part] = value ^ (value >> _SHIFT)
    return hashes


@njit("void(u4[::1], i4[::1], i4[::1], u4[::1])", cache=True, nogil=True)
def strip_parts(points: Any, begin: Any, end: Any, classes: Any) -> None:
    """Move the borders of parts inwards, in place, over white space."""
    for part in range(len(begin)):
        while begin[part] < end[part] and classes[points[begin[part]]] & SPACE:
            begin[part] += 1
        while begin[part] < end[part] and classes[points[end[part] - 1]] & SPACE:
            end[part] -= 1
