"""Tagger `lines`: how the lines and paragraphs of a text look, in any language (card 49, steps 3 and 4)."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import BeforeValidator, Field

from mothertongue.corpus.kernels import repetition
from mothertongue.corpus.kernels.characters import classes
from mothertongue.corpus.kernels.texts import Parts, Texts
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.taggers.measured import MeasuringTagger, Values, ratio, share_matching
from mothertongue.corpus.taggers.rows import COUNT, NUMBER, as_tuple, checked, schema

Words = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]


@checked
class Lines(MeasuringTagger):
    """Shares of lines with something in them, without the white space around them; empty lists ask the profile."""

    name: ClassVar[str] = "lines"
    version: ClassVar[int] = 1
    columns: ClassVar[pa.Schema] = schema(
        line_count=COUNT,
        mean_line_length=NUMBER,
        longest_line=COUNT,
        share_ending_in_mark=NUMBER,
        share_starting_with_bullet=NUMBER,
        share_ending_with_ellipsis=NUMBER,
        share_of_short_lines=NUMBER,
        share_of_repeated_lines=NUMBER,
        share_of_characters_in_repeated_lines=NUMBER,
        paragraph_count=COUNT,
        share_of_repeated_paragraphs=NUMBER,
        share_of_characters_in_repeated_paragraphs=NUMBER,
    )

    short_line: Annotated[int, Field(ge=0)] = 30
    """Characters up to which a line is short."""
    line_ends: Words = ()
    bullets: Words = ()
    ellipses: Words = ()

    def measure(self, texts: Texts, profile: LanguageProfile) -> Values:
        """Return the shares; null where a text has no line, and for line ends that nobody gave."""
        lines, paragraphs = (
            parts.where(parts.end > parts.begin)
            for parts in (texts.lines().stripped(classes()), texts.paragraphs().stripped(classes()))
        )
        ends = self.line_ends or profile.line_ends
        lengths = lines.lengths
        longest = np.zeros(len(lines.count), np.int64)
        np.maximum.at(longest, lines.text, lengths)
        return {
            "line_count": lines.count,
            "mean_line_length": ratio(lines.sums(lengths), lines.count),
            "longest_line": longest,
            "share_ending_in_mark": share_matching(lines, ends, at_end=True) if ends else None,
            "share_starting_with_bullet": share_matching(lines, self.bullets or profile.bullets, at_end=False),
            "share_ending_with_ellipsis": share_matching(lines, self.ellipses or profile.ellipses, at_end=True),
            "share_of_short_lines": ratio(lines.sums(lengths <= self.short_line), lines.count),
            **_repeated(lines, "lines"),
            "paragraph_count": paragraphs.count,
            **_repeated(paragraphs, "paragraphs"),
        }


def _repeated(parts: Parts, kind: str) -> Values:
    twice = repetition.repeated_parts(parts.hashes, parts.begin, parts.end, parts.first)
    return {
        f"share_of_repeated_{kind}": ratio(twice[:, 2], parts.count),
        f"share_of_characters_in_repeated_{kind}": ratio(twice[:, 3], parts.sums(parts.lengths)),
    }
