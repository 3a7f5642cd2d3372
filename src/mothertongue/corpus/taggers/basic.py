"""Tagger `basic`: length, share of letters, and three kinds of repetition; no knowledge of any language is involved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mothertongue.corpus.kernels.characters import LETTER, MARK, SPACE, classes, code_points
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.taggers.rows import COUNT, NUMBER, Row, RowTagger, checked, schema, texts_of
from mothertongue.corpus.token_hashes import token_hashes
from mothertongue.corpus.tokens import JOINERS

GRAM = 5
_MULTIPLIER = np.uint64(0xD6E8FEB86659FD93)


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
    points = code_points(text)
    kinds = classes()[points]
    visible = max(int((kinds & SPACE == 0).sum()), 1)
    # Marks and joiners count as letters: an Indic or Khmer text is a third marks.
    letters = int((kinds & (LETTER | MARK) != 0).sum()) + sum(map(text.count, JOINERS))
    return (
        len(text),
        letters / visible,
        _longest_run(points, kinds) / visible,
        _repeated_lines(text),
        _repeated_grams(text),
    )


def _longest_run(points: NDArray[np.uint32], kinds: NDArray[np.uint32]) -> int:
    """Return the length of the longest run of one visible character; 1 for white space alone."""
    borders = np.flatnonzero(points[1:] != points[:-1]) + 1
    starts = np.concatenate(([0], borders))[: len(points)]
    lengths = np.diff(np.append(starts, len(points)))
    return int(np.where(kinds[starts] & SPACE, 1, lengths).max(initial=0))


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
    hashes = token_hashes(text)
    number = len(hashes) - GRAM + 1
    if number < 1:
        return 0.0
    grams = np.zeros(number, np.uint64)
    for place in range(GRAM):
        grams = (grams ^ hashes[place : place + number]) * _MULTIPLIER
        grams ^= grams >> np.uint64(32)
    grams.sort()
    return int((grams[1:] == grams[:-1]).sum()) / number
