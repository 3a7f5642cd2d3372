"""Tagger `fineweb`: the four measures of FineWeb's own quality filter, as datatrove computes them."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import BeforeValidator, Field

from mothertongue.corpus.kernels import repetition
from mothertongue.corpus.kernels.characters import classes
from mothertongue.corpus.kernels.strings import word_rules
from mothertongue.corpus.kernels.texts import Parts, Texts
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.taggers.lines import share_matching
from mothertongue.corpus.taggers.measured import MeasuringTagger, Values, ratio
from mothertongue.corpus.taggers.rows import COUNT, NUMBER, as_tuple, checked, schema

Words = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]


@checked
class FineWeb(MeasuringTagger):
    """Line ends, short lines, repeated lines and newlines; lines of white space alone do not count."""

    name: ClassVar[str] = "fineweb"
    version: ClassVar[int] = 1
    columns: ClassVar[pa.Schema] = schema(
        line_count=COUNT,
        line_punctuation_ratio=NUMBER,
        short_line_ratio=NUMBER,
        character_duplicates_ratio=NUMBER,
        new_line_ratio=NUMBER,
    )

    short_line: Annotated[int, Field(ge=0)] = 30
    """Characters up to which a line is short."""
    line_ends: Words = ()
    """Marks that end a line; the profile's when empty, and null when that has none."""
    exceptions: Words = ()
    endings: Words = ()
    """As in `gopher`: how marks come off tokens, of which newlines are counted per one."""

    def measure(self, texts: Texts, profile: LanguageProfile) -> Values:
        """Return the measures; null for texts without lines or tokens."""
        every = texts.lines(runs=False)
        inner = every.stripped(classes())
        kept = inner.end > inner.begin
        first = np.concatenate(([0], np.cumsum(every.sums(kept))))
        lines = Parts(every.points, every.begin[kept], every.end[kept], first)
        twice = repetition.repeated_parts(lines.hashes, lines.begin, lines.end, lines.first)
        newlines = every.count - 1
        tokens = texts.marks(word_rules(self.exceptions, self.endings), profile.segmentation == "characters")
        ends = self.line_ends or profile.line_ends
        return {
            "line_count": lines.count,
            "line_punctuation_ratio": share_matching(lines, ends, True) if ends else None,
            "short_line_ratio": ratio(lines.sums(lines.lengths <= self.short_line), lines.count),
            "character_duplicates_ratio": ratio(twice[:, 3], texts.lengths - newlines),
            "new_line_ratio": ratio(newlines, tokens.count),
        }
