"""Classes of characters: one bit field per code point, with the meaning that `str` methods and Unicode give them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import numpy as np
import regex
from numpy.typing import NDArray

from mothertongue.corpus.tokens import ALONE

Table = NDArray[np.uint32]
"""One value per code point, shape (0x110000,)."""
CODE_POINTS: Final = 0x110000

# Compiled kernels keep these numbers in their caches: whoever changes one touches the files that import it.
SPACE: Final = 1 << 0
"""White space as in `str.split()`."""
LETTER: Final = 1 << 1
"""Letters as in `str.isalpha()`."""
MARK: Final = 1 << 2
"""Combining marks."""
DIGIT: Final = 1 << 3
"""Numbers of any kind."""
PUNCTUATION: Final = 1 << 4
SENTENCE_END: Final = 1 << 5
"""Marks that end a sentence in any script (Unicode Sentence_Terminal)."""
ALONE_LETTER: Final = 1 << 6
"""Letters of scripts that are written without spaces."""
UPPER: Final = 1 << 7
"""Letters that are not lower case, uncased ones included."""
LOWER: Final = 1 << 8
"""Letters that are not upper case, uncased ones included."""
FREE_BIT: Final = 9
"""The first bit that a tagger may use for classes of its own."""


@lru_cache(maxsize=1)
def classes() -> Table:
    """Return the classes of all code points; made once per process, not to be changed."""
    every = _every_character()
    single = np.frombuffer(every.encode("utf-32-le", "surrogatepass"), "<U1")
    table = np.zeros(CODE_POINTS, np.uint32)
    letters = np.char.isalpha(single)
    table[np.char.isspace(single)] |= SPACE
    table[letters] |= LETTER
    table[letters & ~np.char.islower(single)] |= UPPER
    table[letters & ~np.char.isupper(single)] |= LOWER
    for bit, pattern in (
        (MARK, r"\p{M}"),
        (DIGIT, r"\p{N}"),
        (PUNCTUATION, r"\p{P}"),
        (SENTENCE_END, r"\p{Sentence_Terminal}"),
        (ALONE_LETTER, ALONE),
    ):
        for found in regex.finditer(rf"{pattern}+", every, regex.V1):
            table[found.start() : found.end()] |= bit
    return table


@lru_cache(maxsize=1)
def lower_case() -> Table:
    """Return the lower-case code point of each code point; a letter that becomes two keeps the first of them."""
    table = np.arange(CODE_POINTS, dtype=np.uint32)
    for found in regex.finditer(r"\p{Changes_When_Lowercased}", _every_character()):
        table[found.start()] = ord(found.group().lower()[0])
    return table


def with_bits(bits: Iterable[tuple[int, str]]) -> Table:
    """Return the classes with further bits set for the characters of each text."""
    table = classes().copy()
    for bit, characters in bits:
        table[code_points(characters)] |= bit
    return table


def code_points(text: str) -> NDArray[np.uint32]:
    """Return the code points of a text; lone surrogates are code points like others."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _every_character() -> str:
    return np.arange(CODE_POINTS, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
