"""Tagger `basic`: length, share of letters, and three kinds of repetition; no knowledge of any language is involved."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import ClassVar

import numpy as np
import pyarrow as pa

from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.taggers.parts import character_counts, code_points
from mothertongue.corpus.taggers.rows import COUNT, NUMBER, Row, RowTagger, checked, schema, texts_of
from mothertongue.corpus.tokens import tokens

GRAM = 5


@checked
class Basic(RowTagger):
    """Five attributes that tell text from what no reader would call text in any language."""

    name: ClassVar[str] = "basic"
    version: ClassVar[int] = 1
    columns: ClassVar[pa.Schema] = schema(
        characters=COUNT,
        letter_share=NUMBER,
        longest_run_share=NUMBER,
        repeated_line_share=NUMBER,
        repeated_gram_share=NUMBER,
    )

    def rows(self, batch: pa.RecordBatch, profile: LanguageProfile) -> Iterable[Row]:  # noqa: ARG002 - needs none
        """Return `measure` of each document."""
        return (_row(text) for text in texts_of(batch))


def measure(text: str) -> dict[str, float]:
    """Return the attributes of one text: `characters` as a count, the others as shares between 0 and 1."""
    return {name: float(value) for name, value in zip(Basic.columns.names, _row(text), strict=True)}


def _row(text: str) -> Row:
    solid = {character: number for character, number in character_counts(text).items() if not character.isspace()}
    visible = max(sum(solid.values()), 1)
    letters = sum(number for character, number in solid.items() if is_letter(character))
    return (
        len(text),
        letters / visible,
        _longest_run(text) / visible,
        _repeated_lines(text),
        _repeated_grams(text),
    )


@lru_cache(maxsize=65_536)
def is_letter(character: str) -> bool:
    """Return whether a character is a letter, mark or joiner: an Indic or Khmer text is a third marks."""
    return unicodedata.category(character)[0] in "LM" or character in "\u200c\u200d"


def _longest_run(text: str) -> int:
    """Return the length of the longest run of one visible character."""
    # With single spaces only, no run of spaces can be the longest.
    points = code_points(" ".join(text.split()))
    if not len(points):
        return min(len(text), 1)
    borders = np.flatnonzero(np.concatenate(([True], points[1:] != points[:-1], [True])))
    return int(np.diff(borders).max())


def _repeated_lines(text: str) -> float:
    """Return the share of characters in lines that stood earlier in the text."""
    seen: set[str] = set()
    repeated = total = 0
    for line in text.split("\n"):
        line = line.strip()
        total += len(line)
        if line in seen:
            repeated += len(line)
        seen.add(line)
    return repeated / max(total, 1)


def _repeated_grams(text: str) -> float:
    """Return the share of five-token sequences that stood earlier in the text."""
    words = tokens(text)
    grams = list(zip(*(words[start:] for start in range(GRAM)), strict=False))
    return 1 - len(set(grams)) / len(grams) if grams else 0.0
