"""The kernel that cuts texts into words and marks, as tools for one language do that count a comma as a word.

What stands between white space loses marks at its front and end one by one, then is divided inside at hyphens, links
and full stops between sentences. Addresses, known abbreviations and single letters with a full stop stay whole.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit

from mothertongue.corpus.kernels.characters import (
    ALONE_LETTER,
    DIGIT,
    FREE_BIT,
    LETTER,
    LOWER,
    MARK,
    PUNCTUATION,
    SENTENCE_END,
    SPACE,
    UPPER,
)

FRONT: Final = 1 << FREE_BIT
END: Final = 1 << FREE_BIT + 1
BEHIND_DIGITS: Final = 1 << FREE_BIT + 2
BEFORE_STOP: Final = 1 << FREE_BIT + 3
AROUND_STOP: Final = 1 << FREE_BIT + 4
HYPHEN: Final = 1 << FREE_BIT + 5
LINK: Final = 1 << FREE_BIT + 6
OPERATOR: Final = 1 << FREE_BIT + 7
ICON: Final = 1 << FREE_BIT + 8
"""Marks that divide a word wherever they stand."""
EXCEPTION_FIRST: Final = 1 << FREE_BIT + 9
EXCEPTION_LAST: Final = 1 << FREE_BIT + 10
ENDING_LAST: Final = 1 << FREE_BIT + 11
ENDING_BEFORE: Final = 1 << FREE_BIT + 12
"""Last and last but one characters of endings; like those of exceptions they keep searches few."""

INNER: Final = 1 << FREE_BIT + 13
"""All that may divide a word inside: icons, operators, links, hyphens, full stop and comma."""

ACTIVE: Final = FRONT | END | BEHIND_DIGITS | HYPHEN | LINK | OPERATOR | ICON
PLAIN: Final = 1 << FREE_BIT + 14
"""Letters and combining marks that are nothing of that."""

_WORD: Final = LETTER | MARK
_RULES = "u8[::1], i4[:, ::1], i4[::1], u4[:, ::1], i8[::1], u4[:, ::1], i8[::1]"
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_SEED = np.uint64(0xC2B2AE3D27D4EB4F)
_SHIFT = np.uint64(32)
_STOP: Final = ord(".")
_PLUS: Final = ord("+")
_AT: Final = ord("@")
_COLON: Final = ord(":")
_SLASH: Final = ord("/")
LONGEST_EXCEPTION: Final = 24
"""Code points of the longest word of which the cuts can be given."""


@njit("i8(u4[::1], i8, i8, u4[::1], u8[::1], i4[::1])", cache=True, nogil=True)
def _find_exception(points: Any, begin: Any, end: Any, classes: Any, keys: Any, numbers: Any) -> Any:
    """Return the slot of a word in the table of exceptions, -1 when it is none; hashes are those of `hash_parts`."""
    if end - begin > LONGEST_EXCEPTION or end <= begin:
        return -1
    # Few words both begin and end like an exception.
    if not classes[points[begin]] & EXCEPTION_FIRST or not classes[points[end - 1]] & EXCEPTION_LAST:
        return -1
    value, place = _SEED, begin
    while place + 1 < end:
        value = (value ^ (np.uint64(points[place]) | np.uint64(points[place + 1]) << _SHIFT)) * _MULTIPLIER
        value ^= value >> _SHIFT
        place += 2
    if place < end:
        value = (value ^ np.uint64(points[place])) * _MULTIPLIER
    value = (value ^ (value >> _SHIFT) ^ np.uint64(end - begin)) * _MIX
    value ^= value >> _SHIFT
    mask = len(keys) - 1
    slot = np.int64(value >> _SHIFT) & mask
    while numbers[slot] >= 0:
        if keys[slot] == value:
            return slot
        slot = (slot + 1) & mask
    return -1


@njit("i8(u4[::1], i8, i8, u4[::1])", cache=True, nogil=True)
def _front(points: Any, begin: Any, end: Any, classes: Any) -> Any:
    """Return how many code points come off the front."""
    point = points[begin]
    if classes[point] & (FRONT | ICON):
        return 1
    if point == _PLUS:
        return 0 if begin + 1 < end and classes[points[begin + 1]] & DIGIT else 1
    if point == _STOP:
        run = 1
        while begin + run < end and points[begin + run] == _STOP:
            run += 1
        return run if run > 1 else 0
    return 0


@njit("i8(u4[::1], i8, i8, u4[:, ::1], i8[::1])", cache=True, nogil=True)
def _ending(points: Any, begin: Any, end: Any, strings: Any, sizes: Any) -> Any:
    """Return the length of the first of `strings` that ends the word, 0 without any."""
    for row in range(len(strings)):
        size, same = sizes[row], 0
        if size > end - begin:
            continue
        while same < size and points[end - 1 - same] == strings[row, size - 1 - same]:
            same += 1
        if same == size:
            return size
    return 0


@njit("i8(u4[::1], i8, i8, u4[::1], u4[:, ::1], i8[::1], u4[:, ::1], i8[::1])", cache=True, nogil=True)
def _end(
    points: Any,
    begin: Any,
    end: Any,
    classes: Any,
    units: Any,
    unit_sizes: Any,
    endings: Any,
    ending_sizes: Any,
) -> Any:
    """Return how many code points come off the end."""
    if end <= begin:
        return 0
    point = points[end - 1]
    kind = classes[point]
    if point == _STOP:
        run = 1
        while end - run > begin and points[end - run - 1] == _STOP:
            run += 1
        if run > 1:
            return run
        if end - begin < 2:
            return 0
        before = classes[points[end - 2]]
        if before & (LOWER | MARK | DIGIT | BEFORE_STOP):
            return 1
        two_upper = before & UPPER and end - begin > 2 and classes[points[end - 3]] & UPPER
        return 1 if two_upper else 0
    if kind & ENDING_LAST and end - begin > 1 and classes[points[end - 2]] & ENDING_BEFORE:
        found = _ending(points, begin, end, endings, ending_sizes)
        if found:
            return found
    if kind & (END | ICON):
        return 1
    if end - begin > 1 and classes[points[end - 2]] & DIGIT and (point == _PLUS or kind & BEHIND_DIGITS):
        return 1
    # A unit is all that stands behind the last digit.
    for size in range(1, min(units.shape[1], end - begin - 1) + 1):
        if classes[points[end - size - 1]] & DIGIT:
            return size if _ending(points, end - size, end, units, unit_sizes) == size else 0
    return 0


@njit("b1(u4)", cache=True, nogil=True)
def _host_character(point: Any) -> Any:
    small = point | 0x20
    return (0x61 <= small <= 0x7A) or (0x30 <= point <= 0x39) or (0xA1 <= point <= 0xFFFF)


@njit("b1(u4[::1], i8, i8, u4[::1])", cache=True, nogil=True)
def _is_host(points: Any, begin: Any, end: Any, classes: Any) -> Any:
    """Return whether labels with full stops stand here, the last of lower-case letters, then the end, port or path."""
    place, labels, label = begin, 0, begin
    while place < end:
        point = points[place]
        if point == _STOP:
            if place == label or not _host_character(points[place - 1]) or place - label > 64:
                return False
            labels, label = labels + 1, place + 1
        elif not (_host_character(point) or (place > label and (point == 0x5F or point == 0x2D))):
            break
        place += 1
    if not labels or place - label < 2 or place - label > 63:
        return False
    for inside in range(label, place):
        if not classes[points[inside]] & LOWER:
            return False
    if place < end and points[place] == _COLON:
        port = place + 1
        while port < end and 0x30 <= points[port] <= 0x39:
            port += 1
        if 2 <= port - place - 1 <= 5:
            place = port
    return place == end or points[place] == _SLASH or points[place] == 0x3F or points[place] == 0x23


@njit("b1(u4[::1], i8, i8, u4[::1])", cache=True, nogil=True)
def _is_address(points: Any, begin: Any, end: Any, classes: Any) -> Any:
    """Return whether a word is an address of the web or of mail; looks at 256 code points before the host at most."""
    start, last = begin, min(end, begin + 256)
    for place in range(begin + 2, last - 2):
        if points[place] == _COLON and points[place + 1] == _SLASH and points[place + 2] == _SLASH:
            start = place + 3
            break
    if _is_host(points, start, end, classes):
        return True
    tries = 0
    for place in range(start + 1, last - 1):
        if points[place] == _AT and tries < 4:
            tries += 1
            if _is_host(points, place + 1, end, classes):
                return True
    return False


@njit("i8(u4[::1], i8, i8, i8, u4[::1])", cache=True, nogil=True)
def _inside(points: Any, begin: Any, end: Any, place: Any, classes: Any) -> Any:
    """Return the length of a mark that divides the word begin..end at `place`, 0 without one."""
    point, kind = points[place], classes[points[place]]
    if kind & ICON:
        return 1
    if point == _STOP:
        run = 1
        while place + run < end and points[place + run] == _STOP:
            run += 1
        if run > 1:
            return run
    if place == begin or place + 1 >= end:
        return 0
    before, after = classes[points[place - 1]], classes[points[place + 1]]
    if point == _STOP:
        return 1 if before & (LOWER | MARK | AROUND_STOP) and after & (UPPER | AROUND_STOP) else 0
    if kind & OPERATOR and before & DIGIT and (after & DIGIT or points[place + 1] == 0x2D):
        return 1
    if point == 0x2C:
        return 1 if before & _WORD and after & _WORD else 0
    if not before & (_WORD | DIGIT):
        return 0
    if kind & LINK:
        return 1 if after & _WORD else 0
    if kind & HYPHEN:
        run = 1
        while run < 3 and place + run + 1 < end and points[place + run] == point:
            run += 1
        return run if classes[points[place + run]] & _WORD else 0
    return 0


@njit("i8(u4[::1], i8, i8, b1, u4[::1], i4[::1], i4[::1], i8)", cache=True, nogil=True)
def _divide(points: Any, left: Any, right: Any, dotted: Any, classes: Any, begin: Any, end: Any, number: Any) -> Any:
    """Write the parts of a word without marks around it, and return the number of parts so far."""
    head, at = left, left
    whole = right - left == 1 or (dotted and _is_address(points, left, right, classes))
    while not whole and at < right:
        size = _inside(points, left, right, at, classes) if classes[points[at]] & INNER else 0
        if size == 0 or at == left:
            at += max(size, 1)
            continue
        if at > head:
            begin[number], end[number] = head, at
            number += 1
        begin[number], end[number] = at, at + size
        number += 1
        at += size
        head = at
    if head < right:
        begin[number], end[number] = head, right
        number += 1
    return number


@njit("Tuple((i8, i8))(u4[::1], i8, i8, u4[::1])", cache=True, nogil=True)
def _odd_and_stops(points: Any, begin: Any, end: Any, classes: Any) -> Any:
    """Return how many characters are no plain letters, and how many are full dots."""
    odd = dots = 0
    for place in range(begin, end):
        kind = classes[points[place]]
        if not kind & PLAIN:
            odd += 1
            dots += points[place] == _STOP
    return odd, dots


@njit(
    f"i8(u4[::1], i8, i8, i8, u4, u4, u4[::1], {_RULES}, i4[::1], i4[::1], i4[::1], i8)",
    cache=True,
    nogil=True,
    # Its arrays would cost more to hand over than most words cost to cut.
    inline="always",
)
def _cut_word(  # noqa: PLR0913 - compiled code has no objects
    points: Any,
    left: Any,
    right: Any,
    slot: Any,
    inner: Any,
    last: Any,
    classes: Any,
    keys: Any,
    cuts: Any,
    numbers: Any,
    units: Any,
    unit_sizes: Any,
    endings: Any,
    ending_sizes: Any,
    begin: Any,
    end: Any,
    ends: Any,
    number: Any,
) -> Any:
    """Write the parts of one word and return the number of parts so far.

    The word is an exception if `slot` is not negative; `last` are the classes of its last character, `inner` those
    that all others share.
    """
    if slot < 0 and inner & PLAIN and right - left > 1 and not last & PLAIN:
        before = classes[points[right - 2]]
        stop = points[right - 1] == _STOP and before & (LOWER | MARK)
        known = classes[points[left]] & EXCEPTION_FIRST and before & EXCEPTION_LAST
        # Most words with a mark are letters and one mark behind them.
        if not known and (stop or (last & END and points[right - 1] != _STOP)):
            begin[number], end[number] = left, right - 1
            begin[number + 1], end[number + 1] = right - 1, right
            return number + 2
    taken = 0
    odd, dots = _odd_and_stops(points, left, right, classes)
    # Letters alone need no further look.
    while slot < 0 and odd and left < right:
        front, size = _front(points, left, right, classes), 0
        if front:
            slot = _find_exception(points, left + front, right, classes, keys, numbers)
        if slot < 0:
            size = _end(points, left + front, right, classes, units, unit_sizes, endings, ending_sizes)
            if size:
                slot = _find_exception(points, left, right - size, classes, keys, numbers)
                front = 0 if slot >= 0 else front
        if not front and not size:
            break
        for head, tail in ((left, left + front), (right - size, right)):
            fewer, fewer_dots = _odd_and_stops(points, head, tail, classes)
            odd, dots = odd - fewer, dots - fewer_dots
        if front:
            begin[number], end[number] = left, left + front
            number, left = number + 1, left + front
        if size:
            ends[taken] = right
            taken, right = taken + 1, right - size
    for cut in range(cuts.shape[1]):
        if slot >= 0 and cuts[slot, cut]:
            begin[number], end[number] = left, left + cuts[slot, cut]
            number, left = number + 1, left + cuts[slot, cut]
    if left < right and (slot >= 0 or not odd):
        begin[number], end[number] = left, right
        number += 1
    elif left < right:
        number = _divide(points, left, right, dots > 0, classes, begin, end, number)
    while taken:
        taken -= 1
        begin[number], end[number] = right, ends[taken]
        number, right = number + 1, ends[taken]
    return number


@njit("Tuple((i8, u4, u4, u4))(u4[::1], i8, i8, u4[::1], b1)", cache=True, nogil=True, inline="always")
def _scan(points: Any, left: Any, stop: Any, classes: Any, alone: Any) -> Any:
    """Return where the word ends, the classes that all characters but the last share, those of the last, and any."""
    kind = classes[points[left]]
    inner, shared, last, seen = np.uint32(0xFFFFFFFF), kind, kind, kind
    single = alone and kind & ALONE_LETTER != 0
    # Unsigned places need no look for negative ones.
    place, limit = np.uint64(left) + np.uint64(1), np.uint64(stop)
    while place < limit:
        kind = classes[points[place]]
        if kind & SPACE:
            break
        if alone and (kind & ALONE_LETTER or (single and not kind & MARK)):
            break
        inner, shared, last, seen = shared, shared & kind, kind, seen | kind
        place += np.uint64(1)
    return np.int64(place), inner, last, seen


@njit(f"Tuple((i4[::1], i4[::1], i8[::1]))(u4[::1], i8[::1], u4[::1], b1, {_RULES})", cache=True, nogil=True)
def cut_marks(  # noqa: PLR0913 - compiled code has no objects
    points: Any,
    starts: Any,
    classes: Any,
    alone: Any,
    keys: Any,
    cuts: Any,
    numbers: Any,
    units: Any,
    unit_sizes: Any,
    endings: Any,
    ending_sizes: Any,
) -> Any:
    """Return words and marks: first code point, code point after the last, and their number before each text."""
    begin = np.empty(len(points), np.int32)
    end = np.empty(len(points), np.int32)
    ends = np.empty(len(points), np.int32)
    first = np.empty(len(starts), np.int64)
    number = 0
    for text in range(len(starts) - 1):
        first[text] = number
        place, stop = starts[text], starts[text + 1]
        while place < stop:
            if classes[points[place]] & SPACE:
                place += 1
                continue
            left, slot = place, -1
            place, inner, last, _ = _scan(points, left, stop, classes, alone)
            if last & EXCEPTION_LAST and classes[points[left]] & EXCEPTION_FIRST:
                slot = _find_exception(points, left, place, classes, keys, numbers)
            if slot < 0 and inner & last & PLAIN:
                begin[number], end[number] = left, place
                number += 1
                continue
            number = _cut_word(
                points, left, place, slot, inner, last, classes, keys, cuts, numbers, units, unit_sizes, endings,
                ending_sizes, begin, end, ends, number,
            )  # fmt: skip
    first[-1] = number
    return begin[:number].copy(), end[:number].copy(), first


@njit(f"i8[::1](u4[::1], i8[::1], i8[::1], u4[::1], b1, {_RULES})", cache=True, nogil=True)
def count_sentences(  # noqa: PLR0913 - compiled code has no objects
    points: Any,
    starts: Any,
    stops: Any,
    classes: Any,
    alone: Any,
    keys: Any,
    cuts: Any,
    numbers: Any,
    units: Any,
    unit_sizes: Any,
    endings: Any,
    ending_sizes: Any,
) -> Any:
    """Return the number of sentences in each line: a mark that ends one, then any marks, then a word.

    Lines stand from `starts` to before `stops`. Only words with a mark that may end a sentence need to be cut.
    """
    longest = 1
    for line in range(len(starts)):
        longest = max(longest, stops[line] - starts[line])
    begin, end, ends = np.empty(longest, np.int32), np.empty(longest, np.int32), np.empty(longest, np.int32)
    out = np.ones(len(starts), np.int64)
    for line in range(len(starts)):
        place, stop, ended = starts[line], stops[line], False
        while place < stop:
            if not (ended or alone):
                # Only the next mark that may end the sentence counts, and the word around it.
                before = place
                while place < stop and not classes[points[place]] & SENTENCE_END:
                    place += 1
                if place == stop:
                    break
                while place > before and not classes[points[place - 1]] & SPACE:
                    place -= 1
            elif classes[points[place]] & SPACE:
                place += 1
                continue
            left, slot, number = place, -1, 1
            place, inner, last, seen = _scan(points, left, stop, classes, alone)
            begin[0], end[0] = left, place
            if seen & SENTENCE_END:
                slot = _find_exception(points, left, place, classes, keys, numbers)
                number = _cut_word(
                    points, left, place, slot, inner, last, classes, keys, cuts, numbers, units, unit_sizes, endings,
                    ending_sizes, begin, end, ends, 0,
                )  # fmt: skip
            elif not ended:
                continue
            for part in range(number):
                marks = True
                for inside in range(begin[part], end[part]):
                    marks = marks and classes[points[inside]] & PUNCTUATION
                if end[part] - begin[part] == 1 and classes[points[begin[part]]] & SENTENCE_END:
                    ended = True
                elif ended and not marks:
                    out[line] += 1
                    ended = False
    return out
