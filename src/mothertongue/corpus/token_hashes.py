"""Tokens as numbers: the tokens of `tokens`, each as a 64-bit hash, for comparing and counting at compiled speed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mothertongue.corpus.deduplication.letters import MARK, OTHER, SINGLE, letters
from mothertongue.corpus.kernels.characters import code_points

Hashes = NDArray[np.uint64]
Points = NDArray[np.uint32]
_NONE, _RUNNING, _ALONE = range(3)
_MULTIPLIER = 0x9E3779B97F4A7C15
_SEED = 0xC2B2AE3D27D4EB4F


def token_hashes(text: str) -> Hashes:
    """Return one hash per token; equal tokens have equal hashes in every process."""
    return hashed_tokens(text)[0]


def hashed_tokens(text: str) -> tuple[Hashes, Points]:
    """Return the hashes of tokens, and their code points with one space before each and behind the last."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    hashes, points = _cut(code_points(folded).copy(), letters().kinds)
    return hashes, points


def hashes_of(words: Iterable[str]) -> Hashes:
    """Return the sorted hashes of the words that are a single token; others can never be met as one."""
    found = (token_hashes(word) for word in words)
    return np.unique(np.concatenate([np.empty(0, np.uint64), *(own for own in found if len(own) == 1)]))


def count_among(hashes: Hashes, known: Hashes) -> int:
    """Return how many of `hashes` are among the sorted `known` ones."""
    if not len(known) or not len(hashes):
        return 0
    places = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    return int((known[places] == hashes).sum())


@njit("Tuple((u8[::1], u4[::1]))(u4[::1], u1[::1])", cache=True, nogil=True)
def _cut(points: Any, kinds: Any) -> Any:
    hashes = np.empty(len(points), np.uint64)
    written = np.empty(2 * len(points) + 1, np.uint32)
    number = size = 0
    state = _NONE
    value = np.uint64(_SEED)
    for place in range(len(points)):
        kind = kinds[points[place]]
        if kind == OTHER:
            following = _NONE
        elif kind == SINGLE:
            following = _ALONE
        elif kind == MARK:
            following = state if state != _NONE else _RUNNING
        else:
            following = _RUNNING
        if state != _NONE and (kind == SINGLE or following != state):
            hashes[number] = value
            number += 1
        if following != _NONE:
            if kind == SINGLE or following != state:
                value = np.uint64(_SEED)
                written[size] = 32
                size += 1
            value = (value ^ np.uint64(points[place])) * np.uint64(_MULTIPLIER)
            value ^= value >> np.uint64(32)
            written[size] = points[place]
            size += 1
        state = following
    if state != _NONE:
        hashes[number] = value
        number += 1
    if number:
        written[size] = 32
        size += 1
    return hashes[:number].copy(), written[:size].copy()
