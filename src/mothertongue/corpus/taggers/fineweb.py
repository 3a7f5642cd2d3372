"""Tagger `fineweb`: the measures of FineWeb's pipeline, in datatrove's definitions.

These are the ideas of Gopher and C4, measured otherwise than by the taggers `gopher` and `c4`, and FineWeb's own four.
Marks are tokens of their own, shares are of all characters of a text, only the second and later occurrences of what
repeats count, and C4's rules go line by line. No word or phrase of any language is built in.
Letters of unsegmented scripts are tokens where the profile says `segmentation = "characters"`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import BeforeValidator, Field

from mothertongue.corpus.kernels import matching, repetition
from mothertongue.corpus.kernels.characters import (
    DIGIT,
    FREE_BIT,
    LETTER,
    MARK,
    SENTENCE_END,
    Table,
    classes,
    code_points,
)
from mothertongue.corpus.kernels.strings import keys, strings, word_rules
from mothertongue.corpus.kernels.texts import Parts, Texts
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.taggers.complete_lines import COLUMNS, LineRules, complete_lines
from mothertongue.corpus.taggers.measured import MeasuringTagger, Numbers, Values, ratio, share_matching
from mothertongue.corpus.taggers.rows import COUNT, NUMBER, as_tuple, checked, schema

Words = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
_CONTENT = 1 << FREE_BIT
_WANTED = np.array([_CONTENT, LETTER], np.uint32)
_HASH = ("#",)
_SEQUENCES = (
    *(f"fraction_of_characters_in_top_{n}grams" for n in repetition.TOP),
    *(f"fraction_of_characters_in_repeated_{n}grams" for n in repetition.DUPLICATE),
)


@checked
class FineWeb(MeasuringTagger):
    """Counts and ratios of tokens, lines, paragraphs and what repeats; empty lists ask the language profile."""

    name: ClassVar[str] = "fineweb"
    version: ClassVar[int] = 1
    columns: ClassVar[pa.Schema] = schema(
        token_count=COUNT,
        mean_token_length=NUMBER,
        hash_to_token_ratio=NUMBER,
        ellipsis_to_token_ratio=NUMBER,
        fraction_of_tokens_with_alpha_character=NUMBER,
        distinct_required_tokens=COUNT,
        fraction_of_lines_starting_with_bullet_point=NUMBER,
        fraction_of_lines_ending_with_ellipsis=NUMBER,
        fraction_of_repeated_lines=NUMBER,
        fraction_of_characters_in_repeated_lines=NUMBER,
        fraction_of_repeated_paragraphs=NUMBER,
        fraction_of_characters_in_repeated_paragraphs=NUMBER,
        **dict.fromkeys(_SEQUENCES, NUMBER),
        line_punctuation_ratio=NUMBER,
        short_line_ratio=NUMBER,
        character_duplicates_ratio=NUMBER,
        new_line_ratio=NUMBER,
        **COLUMNS,
    )

    required_words: Words = ()
    """Words of which some stand in every text, exactly as written; the profile's `function_words` when empty."""
    bullets: Words = ()
    ellipses: Words = ()
    line_ends: Words = ()
    """Marks that end a line; the profile's when empty, and null when that has none."""
    short_line: Annotated[int, Field(ge=0)] = 30
    """Characters up to which a line is short."""
    mark_characters: str = ""
    """A token of these and sentence ends alone is no word; when empty, one without letter, digit and combining mark."""
    exceptions: Words = ()
    """Tokens that stay whole or are cut only at `|`, such as abbreviations."""
    endings: Words = ()
    """What comes off the end of a token, such as clitics."""

    complete_line_ends: Words = ()
    """Marks that complete a line for C4's rules; `line_ends` when empty."""
    unfinished: Words = ("...",)
    """Line ends that do not complete a line although their last character would."""
    minimum_words: Annotated[int, Field(ge=0)] = 3
    """A line with fewer words is incomplete."""
    longest_word: Annotated[int, Field(ge=1)] = 1000
    """A line with a longer word, in characters, is incomplete."""
    placeholder_phrases: Words = ()
    """Text without meaning that designers fill pages with, lower case."""
    script_phrases: Words = ()
    """Words of messages about scripts, lower case."""
    policy_phrases: Words = ()
    """Phrases of notices on cookies and terms, lower case; the profile's `boilerplate` when empty."""
    citation_texts: Words = ()
    """Citations beside [] and [12]."""

    def measure(self, texts: Texts, profile: LanguageProfile) -> Values:
        """Return the measures of all rules; null for a text without tokens or lines."""
        words, alone = word_rules(self.exceptions, self.endings), profile.segmentation == "characters"
        tokens = texts.marks(words, alone)
        return {
            **self._quality(texts, tokens, profile),
            **_repeated(texts.solid_lines(), texts.lengths, "lines"),
            **_repeated(texts.paragraphs(), texts.lengths, "paragraphs"),
            **_sequences(tokens, texts.lengths),
            **self._lines(texts, tokens, self.line_ends or profile.line_ends),
            **complete_lines(texts, self._line_rules(profile), words, alone),
        }

    def _line_rules(self, profile: LanguageProfile) -> LineRules:
        return LineRules(
            self.complete_line_ends or self.line_ends or profile.line_ends,
            self.unfinished,
            self.minimum_words,
            self.longest_word,
            self.placeholder_phrases,
            self.script_phrases,
            self.policy_phrases or profile.boilerplate,
            self.citation_texts,
        )

    def _quality(self, texts: Texts, tokens: Parts, profile: LanguageProfile) -> Values:
        table = _content_table(self.mark_characters)
        content, characters, alpha, _ = matching.count_classes(*tokens.places, tokens.first, table, _WANTED).T
        required = self.required_words or profile.function_words
        bullets, ellipses = self.bullets or profile.bullets, self.ellipses or profile.ellipses
        hashes, dots = (matching.count_strings(texts.points, texts.starts, *strings(of)) for of in (_HASH, ellipses))
        lines = texts.any_lines().stripped(classes())
        return {
            "token_count": content,
            "mean_token_length": ratio(characters, content),
            "hash_to_token_ratio": ratio(hashes, tokens.count),
            "ellipsis_to_token_ratio": ratio(dots, tokens.count),
            "fraction_of_tokens_with_alpha_character": ratio(alpha, tokens.count),
            "distinct_required_tokens": _distinct(tokens, required) if required else None,
            "fraction_of_lines_starting_with_bullet_point": share_matching(lines, bullets, at_end=False),
            "fraction_of_lines_ending_with_ellipsis": share_matching(lines, ellipses, at_end=True),
        }

    def _lines(self, texts: Texts, tokens: Parts, ends: Words) -> Values:
        every = texts.lines()
        inner = every.stripped(classes())
        # Lines count with the white space around them, unless there is nothing else in them.
        lines = every.where(inner.end > inner.begin)
        twice = repetition.repeated_parts(lines.hashes, lines.begin, lines.end, lines.first)
        newlines = every.count - 1
        return {
            "line_punctuation_ratio": share_matching(lines, ends, at_end=True) if ends else None,
            "short_line_ratio": ratio(lines.sums(lines.lengths <= self.short_line), lines.count),
            "character_duplicates_ratio": ratio(twice[:, 3], texts.lengths - newlines),
            "new_line_ratio": ratio(newlines, tokens.count),
        }


def _sequences(tokens: Parts, characters: Numbers) -> Values:
    top, duplicate = repetition.repeated_sequences(tokens.hashes, tokens.begin, tokens.end, tokens.first)
    found: list[Numbers] = []
    for column, n in enumerate(repetition.TOP):
        times, size = top[:, 2 * column], top[:, 2 * column + 1]
        # The spaces between the tokens of a sequence count here.
        found.append(np.where(times > 0, ratio(times * (size + n - 1), characters), np.nan))
    for column in range(2, duplicate.shape[1], 3):
        found.append(ratio(duplicate[:, column], characters))
    return dict(zip(_SEQUENCES, found, strict=True))


def _repeated(parts: Parts, characters: Numbers, kind: str) -> Values:
    twice = repetition.repeated_parts(parts.hashes, parts.begin, parts.end, parts.first)
    return {
        f"fraction_of_repeated_{kind}": ratio(twice[:, 2], parts.count),
        f"fraction_of_characters_in_repeated_{kind}": ratio(twice[:, 3], characters),
    }


def _distinct(tokens: Parts, words: tuple[str, ...]) -> Numbers:
    known = matching.known_parts(tokens.hashes, *keys(words))
    found = np.zeros((len(tokens.count), len(words)), np.bool_)
    met = np.flatnonzero(known >= 0)
    found[np.searchsorted(tokens.first, met, side="right") - 1, known[met]] = True
    distinct: Numbers = found.sum(1)
    return distinct


@lru_cache(maxsize=16)
def _content_table(marks: str) -> Table:
    """Return the classes with all characters marked that make a token a word."""
    table = classes().copy()
    content = (table & (LETTER | MARK | DIGIT)) != 0
    if marks:
        content = (table & SENTENCE_END) == 0
        content[code_points(marks)] = False
    table[content] |= _CONTENT
    return table
