"""The two inner loops of identification, compiled: finding n-grams, and scoring languages."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from mothertongue.corpus.identify.space import UNCOVERED_ROWS

_AUTOMATON = "u4[::1], i4[::1], i4[::1], i1[::1], i8"
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(64 - (UNCOVERED_ROWS.bit_length() - 1))


@njit(f"i8(u1[:], i8, i8, {_AUTOMATON}, i4[::1], i4[::1])", cache=True, nogil=True)
def _find(  # noqa: PLR0913 - compiled code has no objects
    data: Any,
    start: int,
    end: int,
    moves: Any,
    rows: Any,
    outputs: Any,
    depths: Any,
    features: int,
    counts: Any,
    found: Any,
) -> int:
    """Count the features of data[start:end] in `counts`, list each once in `found`, and return how many there are."""
    number = 0
    state = np.int64(0)
    point = np.uint64(0)
    covered = True
    length = 0
    for place in range(start, end):
        byte = data[place]
        state = np.int64(moves[np.int64(rows[state]) * 256 + byte])
        feature = outputs[state]
        if byte < 0x80:
            covered = True
        elif byte >= 0xC0:
            covered, point, length = False, np.uint64(byte), 1
        else:
            length += 1
            # An n-gram that has only the tail of a character in it belongs to other characters.
            covered = covered or (feature >= 0 and depths[state] >= length)
            point = (point << np.uint64(6)) ^ np.uint64(byte & 0x3F)
        if feature >= 0:
            if counts[feature] == 0:
                found[number] = feature
                number += 1
            counts[feature] += 1
        last = place + 1 == end or (data[place + 1] & 0xC0) != 0x80
        if last and not covered:
            feature = np.int32(features + np.int64((point * _MULTIPLIER) >> _SHIFT))
            if counts[feature] == 0:
                found[number] = feature
                number += 1
            counts[feature] += 1
    return number


@njit(f"Tuple((i4[::1], i4[::1], i8[::1]))(u1[:], i8[::1], {_AUTOMATON})", cache=True, nogil=True)
def text_bags(data: Any, starts: Any, moves: Any, rows: Any, outputs: Any, depths: Any, features: int) -> Any:
    """Return the features of each text in rising order, how often each occurs, and where each text starts."""
    counts = np.zeros(features + UNCOVERED_ROWS, np.int32)
    found = np.empty(features + UNCOVERED_ROWS, np.int32)
    kept = np.empty(2 * len(data), np.int32)
    numbers = np.empty(2 * len(data), np.int32)
    where = np.zeros(len(starts), np.int64)
    total = 0
    for text in range(len(starts) - 1):
        number = _find(data, starts[text], starts[text + 1], moves, rows, outputs, depths, features, counts, found)
        for feature in np.sort(found[:number]):
            kept[total], numbers[total] = feature, counts[feature]
            counts[feature] = 0
            total += 1
        where[text + 1] = total
    return kept[:total].copy(), numbers[:total].copy(), where


@njit("f4[:, ::1](i4[::1], f4[::1], i8[::1], f4[:, ::1])", cache=True, nogil=True)
def bag_scores(features: Any, weights: Any, starts: Any, table: Any) -> Any:
    """Return [texts, columns]: the sum over features of weight times table."""
    scores = np.zeros((len(starts) - 1, table.shape[1]), np.float32)
    for text in range(len(starts) - 1):
        for entry in range(starts[text], starts[text + 1]):
            scores[text] += weights[entry] * table[features[entry]]
    return scores


@njit(f"Tuple((f4[:, ::1], f4[::1]))(u1[:], i8[::1], {_AUTOMATON}, f4[:, ::1])", cache=True, nogil=True)
def text_scores(
    data: Any, starts: Any, moves: Any, rows: Any, outputs: Any, depths: Any, features: int, table: Any
) -> Any:
    """Return the same scores straight from the texts, and the sum of weights of each."""
    counts = np.zeros(features + UNCOVERED_ROWS, np.int32)
    found = np.empty(features + UNCOVERED_ROWS, np.int32)
    scores = np.zeros((len(starts) - 1, table.shape[1]), np.float32)
    mass = np.zeros(len(starts) - 1, np.float32)
    for text in range(len(starts) - 1):
        number = _find(data, starts[text], starts[text + 1], moves, rows, outputs, depths, features, counts, found)
        row = scores[text]
        for place in range(number):
            feature = found[place]
            weight = np.float32(np.log1p(np.float32(counts[feature])))
            counts[feature] = 0
            mass[text] += weight
            values = table[feature]
            for column in range(len(values)):
                row[column] += weight * values[column]
    return scores, mass


@njit("f8[::1](f8[:, ::1], f4[::1], i8)", cache=True, nogil=True)
def mixture(parts: Any, weights: Any, rounds: int) -> Any:
    """Return the shares of the columns of `parts` whose mixture makes the rows most probable, after some rounds.

    Expectation-maximisation from even shares; row `i` counts `weights[i]` times. In one order of sums, so that every
    machine finds the same shares.
    """
    number = parts.shape[1]
    shares = np.full(number, 1.0 / number)
    owed = np.empty(number)
    for _ in range(rounds):
        owed[:] = 0.0
        for row in range(len(parts)):
            values = parts[row]
            total = 0.0
            for column in range(number):
                total += shares[column] * values[column]
            if total > 0.0:
                factor = weights[row] / total
                for column in range(number):
                    owed[column] += factor * shares[column] * values[column]
        shares[:] = owed / owed.sum()
    return shares
