"""The hot loops over UTF-8 bytes: tokens, shingles and signatures, without one Python object per text.

Arithmetic is modulo 2^64: the wrap-around of products is the algorithm (multiply-shift hashing).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from mothertongue.corpus.deduplication.letters import JOINER, MARK, OTHER, RUN, SEVERAL, SINGLE, Hashes, Tables

Function = TypeVar("Function", bound=Callable[..., Any])
Integer = Any
"""A signed 64-bit number of compiled code, which Python would call `int` and NumPy `int64`."""

BLOCK: Final = 1 << 16
"""Shingles hashed at a time: half a MiB, so that the block stays in the cache of a core."""
_SLACK: Final = 64
"""More than the tokens that the folded form of one code point can end."""
_LETTER: Final = np.uint64(0x9E3779B97F4A7C15)
_MARKS: Final = np.uint64(0xC2B2AE3D27D4EB4F)
_MIX_1: Final = np.uint64(0xFF51AFD7ED558CCD)
_MIX_2: Final = np.uint64(0xC4CEB9FE1A85EC53)
_33: Final = np.uint64(33)
_29: Final = np.uint64(29)
_32: Final = np.uint64(32)


def compiled(function: Function) -> Function:
    """Return `function` compiled once per machine, free of the interpreter's lock."""
    return cast(Function, numba.njit(cache=True, nogil=True)(function))


@compiled
def mix(value: np.uint64) -> np.uint64:
    """Return a bijective mix of 64 bits, in which every input bit moves half of the output bits."""
    value = (value ^ (value >> _33)) * _MIX_1
    value = (value ^ (value >> _33)) * _MIX_2
    return value ^ (value >> _33)


@compiled
def decode(data: NDArray[np.uint8], at: Integer, end: Integer) -> tuple[Integer, Integer]:
    """Return the code point at a byte of UTF-8 and the place of the next; broken bytes stand for themselves."""
    first = np.int64(data[at])
    if first < 0x80:
        return first, at + 1
    if first < 0xE0:
        if at + 1 < end:
            return (first & 0x1F) << 6 | np.int64(data[at + 1] & 0x3F), at + 2
    elif first < 0xF0:
        if at + 2 < end:
            high = (first & 0x0F) << 12 | np.int64(data[at + 1] & 0x3F) << 6
            return high | np.int64(data[at + 2] & 0x3F), at + 3
    elif first < 0xF5 and at + 3 < end:
        high = (first & 0x07) << 18 | np.int64(data[at + 1] & 0x3F) << 12
        point = high | np.int64(data[at + 2] & 0x3F) << 6 | np.int64(data[at + 3] & 0x3F)
        return min(point, 0x10FFFF), at + 4
    return first, at + 1


# The state of a text under way: hash of the open token, hash of its last marks, its kind, tokens so far, first byte of
# the open token; then the ring of the last tokens.
_TOKEN, _ACCENTS, _KIND, _TOKENS, _START, _RING = range(6)


@compiled
def fill(
    data: NDArray[np.uint8],
    span: NDArray[np.int64],
    tables: Tables,
    characters: bool,
    multipliers: Hashes,
    state: Hashes,
    out: Hashes,
    places: NDArray[np.int64],
) -> int:
    """Return the number of shingles written to `out`: hashes of the runs of `multipliers.shape[1]` tokens, in order.

    `span` holds the next byte and the end of the text, and moves on; past the end the text is finished. `state` is
    zero for a new text. A text of fewer tokens gives one shingle of them all; one without tokens none. `multipliers`
    has one row per number of tokens in a shingle, from 1. With `characters`, every letter is a token. `places` takes
    first byte and end of every token of the text, if it has rows.
    """
    kind: Integer
    tokens: Integer
    now: Integer
    folded, kinds, starts, several = tables
    size = multipliers.shape[1]
    at, end = span[0], span[1]
    token, accents = state[_TOKEN], state[_ACCENTS]
    kind, tokens = np.int64(state[_KIND]), np.int64(state[_TOKENS])
    began: Integer = np.int64(state[_START])
    written = 0
    while at <= end and written + _SLACK <= len(out):
        byte = at
        if at < end:
            point, at = decode(data, at, end)
        else:
            point, at = 32, end + 1  # a space closes the last token
        form = np.int64(folded[point])
        first: Integer = 0
        last: Integer = 1
        if form & SEVERAL:
            first, last = np.int64(starts[form ^ SEVERAL]), np.int64(starts[(form ^ SEVERAL) + 1])
        for place in range(first, last):
            letter: Integer = form if not form & SEVERAL else np.int64(several[place])
            now = np.int64(kinds[letter])
            if now == JOINER:
                now = MARK if characters and kind != OTHER else RUN
            if kind != OTHER and (now in (OTHER, SINGLE) or (now == RUN and (kind == SINGLE or characters))):
                state[_RING + tokens % size] = mix((token ^ accents) * _LETTER)
                if len(places):
                    places[tokens, 0], places[tokens, 1] = began, byte
                tokens += 1
                token, accents, kind = np.uint64(0), np.uint64(0), OTHER
                if tokens >= size:
                    out[written] = _shingle(state, tokens, multipliers[size - 1])
                    written += 1
            if kind == OTHER:
                began = byte
            if now == MARK:
                # The order of marks on one letter says nothing: their hashes are added.
                accents += mix(np.uint64(letter) * _MARKS)
                kind = kind if kind != OTHER else RUN
            elif now != OTHER:
                token = (token ^ accents ^ np.uint64(letter)) * _LETTER
                token ^= token >> _32
                accents, kind = np.uint64(0), now
    if at > end and 0 < tokens < size:
        out[written] = _shingle(state, tokens, multipliers[tokens - 1][:tokens])
        written += 1
    span[0] = at
    state[_TOKEN], state[_ACCENTS], state[_KIND], state[_TOKENS] = token, accents, np.uint64(kind), np.uint64(tokens)
    state[_START] = np.uint64(began)
    return written


@compiled
def _shingle(state: Hashes, tokens: Integer, multipliers: Hashes) -> np.uint64:
    size = len(multipliers)
    mixed = np.uint64(0)
    for place in range(size):
        mixed += state[_RING + (tokens - size + place) % (len(state) - _RING)] * multipliers[place]
        mixed ^= mixed >> _29
    return mixed


@compiled
def lower(signature: NDArray[np.uint32], block: Hashes, factors: Hashes, offsets: Hashes) -> None:
    """Lower each lane of a signature to the smallest hash of a block of shingles in that lane."""
    for lane in range(len(signature)):
        factor, offset, smallest = factors[lane], offsets[lane], signature[lane]
        for place in range(len(block)):
            smallest = min(smallest, np.uint32((block[place] * factor + offset) >> _32))
        signature[lane] = smallest


@compiled
def sign(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    take: NDArray[np.bool_],
    tables: Tables,
    characters: bool,
    multipliers: tuple[Hashes, Hashes, Hashes],
    signatures: NDArray[np.uint32],
    counts: NDArray[np.int64],
) -> None:
    """Fill one signature per taken text, and `counts` with its number of shingles, repetitions included.

    `multipliers` are those of shingles, and factors and offsets of the lanes.
    """
    shingling, factors, shifts = multipliers
    block = np.empty(BLOCK, np.uint64)
    state = np.empty(_RING + shingling.shape[1], np.uint64)
    span, nowhere = np.empty(2, np.int64), np.empty((0, 2), np.int64)
    for row in range(len(take)):
        signatures[row] = 0xFFFFFFFF
        counts[row] = 0
        if not take[row]:
            continue
        span[0], span[1] = offsets[row], offsets[row + 1]
        state[:] = 0
        while span[0] <= span[1]:
            written = fill(data, span, tables, characters, shingling, state, block, nowhere)
            lower(signatures[row], block[:written], factors, shifts)
            counts[row] += written


@compiled
def collect(
    data: NDArray[np.uint8],
    start: int,
    end: int,
    tables: Tables,
    characters: bool,
    multipliers: Hashes,
) -> Hashes:
    """Return all shingles of one text in their order, repetitions included."""
    span = np.array([start, end], np.int64)
    state = np.zeros(_RING + multipliers.shape[1], np.uint64)
    found, nowhere = np.empty((end - start) // 4 + 2 * _SLACK, np.uint64), np.empty((0, 2), np.int64)
    number = 0
    while span[0] <= span[1]:
        if len(found) - number < _SLACK:
            larger = np.empty(2 * len(found), np.uint64)
            larger[:number] = found[:number]
            found = larger
        number += fill(data, span, tables, characters, multipliers, state, found[number:], nowhere)
    return found[:number]


@compiled
def collect_all(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    take: NDArray[np.bool_],
    tables: Tables,
    characters: bool,
    multipliers: Hashes,
) -> tuple[Hashes, NDArray[np.int64]]:
    """Return the shingles of all taken texts, one text after another, and the end of each text, taken or not."""
    ends = np.zeros(len(take), np.int64)
    found = np.empty(4096, np.uint64)
    number = 0
    for row in range(len(take)):
        if take[row]:
            own = collect(data, offsets[row], offsets[row + 1], tables, characters, multipliers)
            if number + len(own) > len(found):
                larger = np.empty(2 * (number + len(own)), np.uint64)
                larger[:number] = found[:number]
                found = larger
            found[number : number + len(own)] = own
            number += len(own)
        ends[row] = number
    return found[:number], ends


@compiled
def token_places(data: NDArray[np.uint8], tables: Tables, characters: bool, multipliers: Hashes) -> NDArray[np.int64]:
    """Return first byte and end of every token of one text, shape (tokens, 2); `multipliers` are those of one token."""
    span = np.array([0, len(data)], np.int64)
    state = np.zeros(_RING + multipliers.shape[1], np.uint64)
    block = np.empty(4096, np.uint64)
    places = np.empty((len(collect(data, 0, len(data), tables, characters, multipliers)), 2), np.int64)
    while span[0] <= span[1]:
        fill(data, span, tables, characters, multipliers, state, block, places)
    return places


@compiled
def jaccard(first: Hashes, second: Hashes) -> float:
    """Return the share of common values of two sorted arrays without repetitions; 0 for two empty ones."""
    one, two, shared = 0, 0, 0
    while one < len(first) and two < len(second):
        if first[one] == second[two]:
            shared += 1
            one += 1
            two += 1
        elif first[one] < second[two]:
            one += 1
        else:
            two += 1
    union = len(first) + len(second) - shared
    return shared / union if union else 0.0


@compiled
def bloom(words: Hashes, hashes: int, high: Hashes, low: Hashes, insert: bool, seen: NDArray[np.bool_]) -> None:
    """Fill which keys have all their bits set in a filter; with `insert`, set them one key after another.

    The bits of a key are high + i * low (double hashing), over a filter of a power of two of bits.
    """
    mask = np.uint64(64 * len(words) - 1)
    for row in range(len(high)):
        at, step = mix(high[row]), mix(low[row]) | np.uint64(1)
        known = True
        for _ in range(hashes):
            bit = at & mask
            word, flag = bit >> np.uint64(6), np.uint64(1) << (bit & np.uint64(63))
            if not words[word] & flag:
                known = False
                if not insert:
                    break
                words[word] |= flag
            at += step
        seen[row] = known


@compiled
def mix_all(values: Hashes) -> Hashes:
    """Return `mix` of each value."""
    mixed = np.empty(len(values), np.uint64)
    for place in range(len(values)):
        mixed[place] = mix(values[place])
    return mixed


@compiled
def union(number: int, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each of `number` nodes the smallest node that edges join it with (union by smallest, path halving)."""
    parents = np.arange(number)
    for edge in range(len(first)):
        one, two = first[edge], second[edge]
        while parents[one] != one:
            parents[one] = parents[parents[one]]
            one = parents[one]
        while parents[two] != two:
            parents[two] = parents[parents[two]]
            two = parents[two]
        if one < two:
            parents[two] = one
        elif two < one:
            parents[one] = two
    for node in range(number):
        # Parents are never larger, so that of a node is final before the node is asked.
        parents[node] = parents[parents[node]]
    return parents


@compiled
def prefix_hashes(points: NDArray[np.uint32], base: np.uint64) -> Hashes:
    """Return hashes of all beginnings of a text, from which `stretch` takes that of any part."""
    prefix = np.empty(len(points) + 1, np.uint64)
    prefix[0] = 0
    for place in range(len(points)):
        prefix[place + 1] = prefix[place] * base + mix(np.uint64(points[place]) + base)
    return prefix


@compiled
def stretch(prefix: Hashes, powers: Hashes, start: int, length: int) -> np.uint64:
    """Return the hash of `length` code points from `start`; `powers` are those of the base, from 0."""
    return mix(prefix[start + length] - prefix[start] * powers[length])


@compiled
def powers_of(base: np.uint64, number: int) -> Hashes:
    """Return the powers of a base from 0 to `number`."""
    powers = np.ones(number + 1, np.uint64)
    for place in range(number):
        powers[place + 1] = powers[place] * base
    return powers


@compiled
def anchors(
    points: NDArray[np.uint32], window: int, gram: int, bases: tuple[np.uint64, np.uint64]
) -> tuple[Hashes, Hashes, NDArray[np.uint32], NDArray[np.uint32]]:
    """Return anchor hash, hash of the text around it, first and last window of each anchor of a text.

    Winnowing (Schleimer et al. 2003): the anchor of a window of `window` code points is its gram of least hash, the
    last of equals, so equal windows have equal anchors. Windows follow each other, and so do those of one anchor.
    """
    number = len(points) - window + 1
    if number <= 0:
        nothing = np.empty(0, np.uint64)
        return nothing, nothing, np.empty(0, np.uint32), np.empty(0, np.uint32)
    grams, chunks = prefix_hashes(points, bases[0]), prefix_hashes(points, bases[1])
    powers = powers_of(bases[0], gram)
    hashes = np.empty(len(points) - gram + 1, np.uint64)
    for place in range(len(hashes)):
        hashes[place] = stretch(grams, powers, place, gram)
    width = window - gram + 1
    best: Integer = np.int64(-1)
    size = number // max(1, width // 4) + 16
    places, firsts = np.empty(size, np.int64), np.empty(size, np.int64)
    found = 0
    for start in range(number):
        newest = start + width - 1
        before = best
        if best < start:
            best = start
            for place in range(start + 1, newest + 1):
                if hashes[place] <= hashes[best]:
                    best = place
        elif hashes[newest] <= hashes[best]:
            best = newest
        if best != before:
            if found == len(places):
                more, more_firsts = np.empty(2 * found, np.int64), np.empty(2 * found, np.int64)
                more[:found], more_firsts[:found] = places, firsts
                places, firsts = more, more_firsts
            places[found], firsts[found] = best, start
            found += 1
    wide = powers_of(bases[1], window + width)
    anchor, chunk = np.empty(found, np.uint64), np.empty(found, np.uint64)
    first, last = np.empty(found, np.uint32), np.empty(found, np.uint32)
    for row in range(found):
        begin = firsts[row]
        end = firsts[row + 1] - 1 if row + 1 < found else number - 1
        anchor[row] = hashes[places[row]]
        text = stretch(chunks, wide, begin, end - begin + window)
        chunk[row] = mix(text + np.uint64(places[row] - begin) * _LETTER + np.uint64(end - begin))
        first[row], last[row] = begin, end
    return anchor, chunk, first, last


@compiled
def windows(
    points: NDArray[np.uint32], window: int, base: np.uint64, first: NDArray[np.uint32], last: NDArray[np.uint32]
) -> tuple[Hashes, NDArray[np.uint32], NDArray[np.int64]]:
    """Return hash and start of every window from `first` to `last` of each anchor, and the anchor's row."""
    number = 0
    for row in range(len(first)):
        number += last[row] - first[row] + 1
    hashes, starts, rows = np.empty(number, np.uint64), np.empty(number, np.uint32), np.empty(number, np.int64)
    prefix, powers = prefix_hashes(points, base), powers_of(base, window)
    number = 0
    for row in range(len(first)):
        for start in range(first[row], last[row] + 1):
            hashes[number] = stretch(prefix, powers, start, window)
            starts[number], rows[number] = start, row
            number += 1
    return hashes, starts, rows


@compiled
def repeated(values: Hashes) -> NDArray[np.bool_]:
    """Return which values occur more than once, or may: values that share a slot of a table with another one."""
    slots = 1 << 10
    while slots < 4 * len(values):
        slots *= 2
    seen = np.zeros(slots, np.uint8)
    mask = np.uint64(slots - 1)
    for place in range(len(values)):
        slot = values[place] & mask
        seen[slot] = min(seen[slot] + 1, 2)
    several = np.empty(len(values), np.bool_)
    for place in range(len(values)):
        several[place] = seen[values[place] & mask] > 1
    return several
