"""Tagger `c4`: flags of documents and lines to delete, as published for C4, in dolma's definitions (card 49, step 4).

No word or phrase of any language is built in. The tagger `fineweb` holds the definitions of datatrove.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from mothertongue.corpus.kernels import cutting, matching
from mothertongue.corpus.kernels.characters import classes
from mothertongue.corpus.kernels.strings import keys, phrases, strings
from mothertongue.corpus.kernels.texts import Texts
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.tagger import SPANS
from mothertongue.corpus.taggers.measured import MeasuringTagger, Values, holding, spans_of
from mothertongue.corpus.taggers.rows import COUNT, FLAG, as_tuple, checked, schema

Words = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
_BRACE = ord("{")
_PLACEHOLDER, _SCRIPT, _TOXIC = (1 << kind for kind in range(3))


@checked
class C4(MeasuringTagger):
    """Document flags and lines to delete; empty lists give null, or ask the language profile where that is said."""

    name: ClassVar[str] = "c4"
    version: ClassVar[int] = 1
    columns: ClassVar[pa.Schema] = schema(
        line_count=COUNT,
        has_curly_brace=FLAG,
        has_lorem_ipsum=FLAG,
        has_javascript=FLAG,
        has_naughty_word=FLAG,
        lines_with_no_ending_punctuation=SPANS,
        lines_with_too_few_words=SPANS,
    )

    minimum_words: Annotated[int, Field(ge=0)] = 3
    """A line with fewer words is too short."""
    line_ends: Words = ()
    """Marks that end a sentence at the end of a line; the profile's when empty."""
    placeholder_phrases: Words = ()
    """Text without meaning that designers fill pages with, lower case."""
    script_phrases: Words = ()
    """Words of messages about scripts, lower case."""
    toxic_words: Words = ()
    """Words and phrases, lower case; the profile's when empty. A phrase, with a space in it, counts anywhere."""

    def measure(self, texts: Texts, profile: LanguageProfile) -> Values:
        """Return the flags and lines."""
        alone = profile.segmentation == "characters"
        return {
            **self._documents(texts, self.toxic_words or profile.toxic_words, alone),
            **self._lines(texts, self.line_ends or profile.line_ends, alone),
        }

    def _documents(self, texts: Texts, toxic: Words, alone: bool) -> Values:
        kinds = (self.placeholder_phrases, self.script_phrases, tuple(word for word in toxic if " " in word))
        # No phrase goes over a line end, so what stands in a text stands in one of its lines.
        lines = texts.lines()
        found = matching.phrases_in(texts.lowered, lines.begin, lines.end, *phrases(kinds))

        def present(kind: int) -> NDArray[np.bool_]:
            flags: NDArray[np.bool_] = lines.sums((found & kind) != 0) > 0
            return flags

        flags: dict[str, Any] = {
            "has_curly_brace": lines.sums(holding(lines, _BRACE)) > 0,
            "has_lorem_ipsum": present(_PLACEHOLDER) if self.placeholder_phrases else None,
            "has_javascript": present(_SCRIPT) if self.script_phrases else None,
            "has_naughty_word": None,
        }
        if toxic:
            words = texts.words(alone)
            hashes = cutting.hash_parts(texts.lowered, words.begin, words.end)
            single = words.sums(matching.known_parts(hashes, *keys(toxic)) >= 0)
            flags["has_naughty_word"] = (single > 0) | present(_TOXIC)
        return flags

    def _lines(self, texts: Texts, ends: Words, alone: bool) -> Values:
        lines = texts.lines()
        inner = lines.stripped(classes())
        count, _ = matching.words_in_parts(*inner.places, classes(), alone)
        without_end = ~matching.parts_matching(*inner.places, *strings(ends), True)
        return {
            "line_count": lines.count,
            "lines_with_no_ending_punctuation": spans_of(lines, texts, without_end, to_next=True) if ends else None,
            "lines_with_too_few_words": spans_of(lines, texts, count < self.minimum_words, to_next=True),
        }
