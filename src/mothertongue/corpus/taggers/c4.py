"""Tagger `c4`: flags and lines of the C4 rules, in the definitions of dolma and of datatrove.

Columns of card 49, step 4 follow dolma: flags of whole documents and the two kinds of lines that C4 deletes. Columns
that speak of complete lines follow datatrove, which looks line by line: a line with too long a word, without an ending
mark, with too few words, or with a phrase of scripts or policies is deleted, and phrases of placeholders and curly
braces count only in lines that are complete. No word or phrase of any language is built in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from mothertongue.corpus.kernels import cutting, matching
from mothertongue.corpus.kernels.characters import classes
from mothertongue.corpus.kernels.strings import keys, phrases, strings, word_rules
from mothertongue.corpus.kernels.texts import Parts, Texts, sentences
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.tagger import SPANS
from mothertongue.corpus.taggers.measured import MeasuringTagger, Values, spans_of
from mothertongue.corpus.taggers.rows import COUNT, FLAG, as_tuple, checked, schema

Words = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
Flags = NDArray[np.bool_]
_BRACE = ord("{")
_PLACEHOLDER, _SCRIPT, _POLICY, _TOXIC = (1 << kind for kind in range(4))


@dataclass(frozen=True)
class _Found:
    """Lines by any line end; per line the phrases in it, one bit for each kind, and whether it holds a brace."""

    lines: Parts
    phrases: NDArray[np.uint32]
    braces: Flags

    def texts_with(self, kind: int) -> Flags:
        found: Flags = self.lines.sums((self.phrases & kind) != 0) > 0
        return found


@checked
class C4(MeasuringTagger):
    """Document flags, lines to delete, and what would be left; empty lists give null, or ask the profile if said."""

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
        complete_line_with_curly_brace=FLAG,
        complete_line_with_lorem_ipsum=FLAG,
        complete_lines=COUNT,
        sentences_in_complete_lines=COUNT,
        incomplete_lines=SPANS,
        citations=SPANS,
    )

    minimum_words: Annotated[int, Field(ge=0)] = 3
    """A line with fewer words is too short."""
    longest_word: Annotated[int, Field(ge=1)] = 1000
    """A line with a longer word, in characters, is incomplete."""
    line_ends: Words = ()
    """Marks that end a sentence at the end of a line; the profile's when empty."""
    complete_line_ends: Words = ()
    """The same for complete lines; `line_ends` when empty."""
    unfinished: Words = ("...",)
    """Line ends that do not complete a line although their last character would."""
    placeholder_phrases: Words = ()
    """Text without meaning that designers fill pages with, lower case."""
    script_phrases: Words = ()
    """Words of messages about scripts, lower case."""
    policy_phrases: Words = ()
    """Phrases of notices on cookies and terms, lower case; the profile's `boilerplate` when empty."""
    citation_texts: Words = ()
    """Citations beside [] and [12]."""
    toxic_words: Words = ()
    """Words and phrases, lower case; the profile's when empty. A phrase, with a space in it, counts anywhere."""
    exceptions: Words = ()
    endings: Words = ()
    """As in `gopher`: how marks come off tokens, from which sentences are counted."""

    def measure(self, texts: Texts, profile: LanguageProfile) -> Values:
        """Return the columns of both definitions."""
        toxic = self.toxic_words or profile.toxic_words
        policy = self.policy_phrases or profile.boilerplate
        kinds = (self.placeholder_phrases, self.script_phrases, policy, tuple(word for word in toxic if " " in word))
        words, lines = texts.words(profile.segmentation == "characters"), texts.any_lines()
        found = _Found(
            lines,
            matching.phrases_in(texts.lowered, lines.begin, lines.end, *phrases(kinds)),
            _holding(lines, _BRACE),
        )
        return {
            **self._documents(texts, words, found, toxic),
            **self._lines(texts, words, self.line_ends or profile.line_ends),
            **self._complete(texts, words, found, profile),
        }

    def _documents(self, texts: Texts, words: Parts, found: _Found, toxic: Words) -> Values:
        # No phrase goes over a line end, so what stands in a text stands in one of its lines.
        flags: dict[str, Any] = {
            "has_curly_brace": found.lines.sums(found.braces) > 0,
            "has_lorem_ipsum": found.texts_with(_PLACEHOLDER) if self.placeholder_phrases else None,
            "has_javascript": found.texts_with(_SCRIPT) if self.script_phrases else None,
            "has_naughty_word": None,
        }
        if toxic:
            hashes = cutting.hash_parts(texts.lowered, words.begin, words.end)
            single = words.sums(matching.known_parts(hashes, *keys(toxic)) >= 0)
            flags["has_naughty_word"] = (single > 0) | found.texts_with(_TOXIC)
        return flags

    def _lines(self, texts: Texts, words: Parts, ends: Words) -> Values:
        lines = texts.lines()
        inner = lines.stripped(classes())
        count, _ = matching.words_in_parts(inner.begin, inner.end, words.begin, words.end)
        without_end = ~matching.parts_matching(*inner.places, *strings(ends), True)
        return {
            "line_count": lines.count,
            "lines_with_no_ending_punctuation": spans_of(lines, texts, without_end, to_next=True) if ends else None,
            "lines_with_too_few_words": spans_of(lines, texts, count < self.minimum_words, to_next=True),
        }

    def _complete(self, texts: Texts, words: Parts, found: _Found, profile: LanguageProfile) -> Values:
        lines, inner = found.lines, found.lines.stripped(classes())
        begin, stop, shorter = matching.citations_in(*inner.places, classes(), *strings(self.citation_texts))
        citations = Parts(texts.points, begin, stop, np.searchsorted(begin, texts.starts))
        cited = spans_of(citations, texts, np.ones(len(begin), np.bool_), to_next=False)
        ends = self.complete_line_ends or self.line_ends or profile.line_ends
        if not ends:
            return {**dict.fromkeys(_COMPLETE), "citations": cited}
        count, longest = matching.words_in_parts(inner.begin, inner.end, words.begin, words.end)
        rest = (inner.points, inner.begin, shorter)
        whole = matching.parts_matching(*rest, *strings(ends), True)
        whole &= ~matching.parts_matching(*rest, *strings(self.unfinished), True)
        whole &= (longest <= self.longest_word) & (count >= self.minimum_words)
        kept = whole & ((found.phrases & (_SCRIPT | _POLICY)) == 0)
        rules, alone = word_rules(self.exceptions, self.endings), profile.segmentation == "characters"
        complete = inner.where(kept)
        found_sentences = complete.sums(sentences(complete, shorter[kept], rules, alone))
        placeholder = lines.sums(whole & ((found.phrases & _PLACEHOLDER) != 0)) > 0
        return {
            "complete_line_with_curly_brace": lines.sums(whole & found.braces & ((found.phrases & _SCRIPT) == 0)) > 0,
            "complete_line_with_lorem_ipsum": placeholder if self.placeholder_phrases else None,
            "complete_lines": lines.sums(kept),
            "sentences_in_complete_lines": found_sentences,
            "incomplete_lines": spans_of(lines, texts, ~kept, to_next=True),
            "citations": cited,
        }


_COMPLETE = (
    "complete_line_with_curly_brace",
    "complete_line_with_lorem_ipsum",
    "complete_lines",
    "sentences_in_complete_lines",
    "incomplete_lines",
)


def _holding(lines: Parts, point: int) -> Flags:
    """Return which lines hold a character; lines may have their ends between them."""
    places = np.flatnonzero(lines.points == point)
    flags = np.zeros(len(lines.begin), np.bool_)
    flags[np.searchsorted(lines.begin, places, side="right") - 1] = True
    return flags
