"""Tables over all code points: what each becomes in compatible, case-folded, decomposed form, and how tokens use it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import regex
from numpy.typing import NDArray

from mothertongue.corpus.tokens import ALONE, JOINERS, RUNNING

Hashes = NDArray[np.uint64]
Tables = tuple[NDArray[np.uint32], NDArray[np.uint8], NDArray[np.int32], NDArray[np.uint32]]
"""The fields of `Letters` in the order in which compiled code takes them."""
CODE_POINTS: Final = 0x110000
SEVERAL: Final = 1 << 31
"""Flag of a folded form of several code points (or none): the other bits are its place in `starts`."""
OTHER, RUN, SINGLE, MARK, JOINER = range(5)
"""Separates; runs on; stands alone with its marks; belongs to what is before it; runs on but is no letter."""
# Ideographs and private planes fold to themselves; the rest is asked one by one.
_FOLDED = ((0, 0x3400), (0xA000, 0xD800), (0xF900, 0x20000), (0x2F800, 0x2FA20), (0xE0000, 0xE1000))


@dataclass(frozen=True)
class Letters:
    """`folded` and `kinds` by code point; the forms of several code points lie one after another in `several`."""

    folded: NDArray[np.uint32]
    kinds: NDArray[np.uint8]
    starts: NDArray[np.int32]
    several: NDArray[np.uint32]


@lru_cache(maxsize=1)
def letters() -> Letters:
    """Return the tables, made once a process in about a tenth of a second.

    The form is fully decomposed, so a text in NFC needs no composition, and equals the tokens of `corpus.tokens` in
    NFKD.
    """
    folded = np.arange(CODE_POINTS, dtype=np.uint32)
    starts: list[int] = [0]
    several: list[int] = []
    for first, last in _FOLDED:
        for point in range(first, last):
            form = _fold(chr(point))
            if len(form) == 1:
                folded[point] = ord(form)
            else:
                folded[point] = SEVERAL | (len(starts) - 1)
                several += map(ord, form)
                starts.append(len(several))
    return Letters(folded, _kinds(), np.array(starts, np.int32), np.array(several, np.uint32))


def _fold(character: str) -> str:
    return unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())


def _kinds() -> NDArray[np.uint8]:
    kinds = np.zeros(CODE_POINTS, np.uint8)
    # Surrogates are no code points of a text; spaces hold their places.
    every = "".join(" " if 0xD800 <= point < 0xE000 else chr(point) for point in range(CODE_POINTS))
    for pattern, kind in ((RUNNING, RUN), (ALONE, SINGLE), (r"\p{M}", MARK), (f"[{JOINERS}]", JOINER)):
        for match in regex.compile(f"{pattern}+", regex.V1).finditer(every):
            kinds[match.start() : match.end()] = kind
    return kinds
