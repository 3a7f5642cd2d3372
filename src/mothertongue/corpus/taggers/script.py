"""Tagger `script`: is the text written in the letters of the language, and do its words mix alphabets?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import ClassVar

import numpy as np
import pyarrow as pa

from mothertongue.corpus.kernels.characters import LETTER, classes, code_points
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.scripts import script_of
from mothertongue.corpus.taggers.rows import NUMBER, WORD, Row, RowTagger, checked, schema, share, texts_of
from mothertongue.corpus.taggers.tables import table

MOST_CHARACTERS = 200_000
"""The opening of a text that is looked at."""
_COMMON = "Zyyy"
# As written: the compatibility form would turn the micro sign of a unit into a Greek letter.
_WORD = re.compile(r"[^\W\d_]+")


@checked
class Script(RowTagger):
    """Shares among letters, and the share of words that mix alphabets whose letters look alike.

    `expected_share` is null for a profile without scripts, `foreign_letter_share` for one without letters (a capital
    counts as its small letter), all of them for a text without letters.
    """

    name: ClassVar[str] = "script"
    version: ClassVar[int] = 1
    columns: ClassVar[pa.Schema] = schema(
        expected_share=NUMBER, main=WORD, main_share=NUMBER, foreign_letter_share=NUMBER, mixed_word_share=NUMBER
    )

    def rows(self, batch: pa.RecordBatch, profile: LanguageProfile) -> Iterable[Row]:
        """Return the shares of each document."""
        letters = frozenset(profile.letters) | frozenset(profile.letters.lower())
        return (_row(text[:MOST_CHARACTERS], profile.scripts, letters) for text in texts_of(batch))


def _row(text: str, scripts: tuple[str, ...], own: frozenset[str]) -> Row:
    letters = _letters(text)
    shares: Counter[str] = Counter()
    for character, number in letters.items():
        shares[script_of(character)] += number
    total = sum(shares.values())
    if not total:
        return None, None, None, None, None
    main = min(shares, key=lambda code: (-shares[code], code))
    expected = sum(shares[code] for code in scripts)
    foreign = sum(number for character, number in letters.items() if not _among(character, own))
    return (
        expected / total if scripts else None,
        main,
        shares[main] / total,
        foreign / total if own else None,
        _mixed_words(text, frozenset(shares)),
    )


def _letters(text: str) -> dict[str, int]:
    """Return how often each letter of one script occurs."""
    points = code_points(text)
    found, numbers = np.unique(points[classes()[points] & LETTER != 0], return_counts=True)
    counts = dict(zip(map(chr, found.tolist()), numbers.tolist(), strict=True))
    return {character: number for character, number in counts.items() if script_of(character) != _COMMON}


def _among(character: str, own: frozenset[str]) -> bool:
    return character in own or character.lower() in own


def _mixed_words(text: str, scripts: frozenset[str]) -> float | None:
    """Return the share of words with letters of two confusable alphabets; most texts hold one and need no look."""
    if len(scripts & _confusable()) < 2:
        return 0.0
    words = _WORD.findall(text)
    return share(sum(_is_mixed(word) for word in words), len(words))


@cache
def _confusable() -> frozenset[str]:
    return frozenset(table("script")["confusable"])


@lru_cache(maxsize=16_384)
def _is_mixed(word: str) -> bool:
    return len({script_of(character) for character in set(word)} & _confusable()) > 1
