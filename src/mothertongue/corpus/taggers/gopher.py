"""Tagger `gopher`: quality and repetition as published for Gopher, in the definitions of dolma and of datatrove.

Both tools measure the same ideas and get other numbers. Columns with the names of card 49, step 3 follow dolma: words
stand between white space, shares are of the characters in words, and all occurrences of what repeats count. Columns
named after tokens, `any_lines`, `repeated` and `top` follow datatrove: marks are tokens of their own, shares are of all
characters, and only the second and later occurrences count. Letters of unsegmented scripts are words where the profile
says `segmentation = "characters"`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import BeforeValidator

from mothertongue.corpus.kernels import matching, repetition
from mothertongue.corpus.kernels.characters import DIGIT, FREE_BIT, LETTER, MARK, Table, classes, code_points, with_bits
from mothertongue.corpus.kernels.strings import keys, strings, word_rules
from mothertongue.corpus.kernels.texts import Parts, Texts
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.taggers.measured import MeasuringTagger, Numbers, Values, ratio
from mothertongue.corpus.taggers.rows import COUNT, NUMBER, as_tuple, checked, schema

Words = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
_SYMBOL = 1 << FREE_BIT
_CONTENT = 1 << FREE_BIT + 1
_HASH = ("#",)


def _columns() -> pa.Schema:
    numbers = [f"fraction_of_characters_in_most_common_{n}grams" for n in repetition.TOP]
    numbers += [f"fraction_of_characters_in_duplicate_{n}grams" for n in repetition.DUPLICATE]
    repeated = [f"fraction_of_characters_in_top_{n}grams" for n in repetition.TOP]
    repeated += [f"fraction_of_characters_in_repeated_{n}grams" for n in repetition.DUPLICATE]
    return schema(
        word_count=COUNT,
        character_count=COUNT,
        median_word_length=NUMBER,
        symbol_to_word_ratio=NUMBER,
        fraction_of_words_with_alpha_character=NUMBER,
        required_word_count=COUNT,
        fraction_of_lines_starting_with_bullet_point=NUMBER,
        fraction_of_lines_ending_with_ellipsis=NUMBER,
        fraction_of_duplicate_lines=NUMBER,
        fraction_of_characters_in_duplicate_lines=NUMBER,
        **dict.fromkeys(numbers, NUMBER),
        token_count=COUNT,
        mean_token_length=NUMBER,
        hash_to_token_ratio=NUMBER,
        ellipsis_to_token_ratio=NUMBER,
        fraction_of_tokens_with_alpha_character=NUMBER,
        distinct_required_tokens=COUNT,
        fraction_of_any_lines_starting_with_bullet_point=NUMBER,
        fraction_of_any_lines_ending_with_ellipsis=NUMBER,
        fraction_of_repeated_lines=NUMBER,
        fraction_of_characters_in_repeated_lines=NUMBER,
        fraction_of_repeated_paragraphs=NUMBER,
        fraction_of_characters_in_repeated_paragraphs=NUMBER,
        **dict.fromkeys(repeated, NUMBER),
    )


@checked
class Gopher(MeasuringTagger):
    """Counts and ratios of words, lines and what repeats; empty lists take their words from the language profile."""

    name: ClassVar[str] = "gopher"
    version: ClassVar[int] = 1
    columns: ClassVar[pa.Schema] = _columns()

    required_words: Words = ()
    """Words of which some stand in every text, exactly as written; the profile's `function_words` when empty."""
    bullets: Words = ()
    ellipses: Words = ()
    symbols: Words = ("#", "…")
    """Characters that mark a word as a symbol."""
    mark_characters: str = ""
    """A token of these characters alone is no word; when empty, one without letter, digit and combining mark."""
    exceptions: Words = ()
    """Tokens that stay whole or are cut only at `|`, such as abbreviations."""
    endings: Words = ()
    """What comes off the end of a token, such as clitics."""

    def measure(self, texts: Texts, profile: LanguageProfile) -> Values:
        """Return the columns of both definitions."""
        return {**self._by_words(texts, profile), **self._by_tokens(texts, profile)}

    def _by_words(self, texts: Texts, profile: LanguageProfile) -> Values:
        table = _symbol_table("".join(self.symbols))
        words, lines = texts.words(profile.segmentation == "characters"), texts.lines(runs=True)
        required = self.required_words or profile.function_words
        characters = words.sums(words.lengths)
        twice = repetition.repeated_parts(lines.hashes, lines.begin, lines.end, lines.first)
        flags = [matching.parts_with(*words.places, table, wanted) for wanted in (_SYMBOL, LETTER)]
        return {
            "word_count": words.count,
            "character_count": characters,
            "median_word_length": matching.median_lengths(words.begin, words.end, words.first),
            "symbol_to_word_ratio": ratio(words.sums(flags[0]), words.count),
            "fraction_of_words_with_alpha_character": ratio(words.sums(flags[1]), words.count),
            "required_word_count": words.sums(_known(words, required) >= 0) if required else None,
            **self._line_ends(lines, profile, "lines"),
            "fraction_of_duplicate_lines": ratio(twice[:, 0], lines.count),
            "fraction_of_characters_in_duplicate_lines": ratio(twice[:, 1], characters),
            **_word_sequences(words, characters),
        }

    def _by_tokens(self, texts: Texts, profile: LanguageProfile) -> Values:
        table = _content_table(self.mark_characters)
        tokens = texts.marks(word_rules(self.exceptions, self.endings), profile.segmentation == "characters")
        content = matching.parts_with(*tokens.places, table, _CONTENT)
        required = self.required_words or profile.function_words
        ellipses = self.ellipses or profile.ellipses
        alpha = matching.parts_with(*tokens.places, table, LETTER)
        hashes, dots = (matching.count_strings(texts.points, texts.starts, *strings(of)) for of in (_HASH, ellipses))
        return {
            "token_count": tokens.sums(content),
            "mean_token_length": ratio(tokens.sums(content * tokens.lengths), tokens.sums(content)),
            "hash_to_token_ratio": ratio(hashes, tokens.count),
            "ellipsis_to_token_ratio": ratio(dots, tokens.count),
            "fraction_of_tokens_with_alpha_character": ratio(tokens.sums(alpha), tokens.count),
            "distinct_required_tokens": _distinct(tokens, required) if required else None,
            **self._line_ends(texts.any_lines().stripped(classes()), profile, "any_lines"),
            **_repeated(texts.lines(runs=True), texts.lengths, "lines"),
            **_repeated(texts.paragraphs(), texts.lengths, "paragraphs"),
            **_token_sequences(tokens, texts.lengths),
        }

    def _line_ends(self, lines: Parts, profile: LanguageProfile, kind: str) -> Values:
        bullets, ellipses = self.bullets or profile.bullets, self.ellipses or profile.ellipses
        starts = matching.parts_matching(*lines.places, *strings(bullets), False)
        ends = matching.parts_matching(*lines.places, *strings(ellipses), True)
        return {
            f"fraction_of_{kind}_starting_with_bullet_point": ratio(lines.sums(starts), lines.count),
            f"fraction_of_{kind}_ending_with_ellipsis": ratio(lines.sums(ends), lines.count),
        }


def _word_sequences(words: Parts, characters: Numbers) -> Values:
    top, duplicate = repetition.repeated_sequences(words.hashes, words.begin, words.end, words.first)
    found: dict[str, Numbers] = {}
    for column, n in enumerate(repetition.TOP):
        times, size = top[:, 3 * column], top[:, 3 * column + 1]
        value = ratio(times * size, characters)
        found[f"fraction_of_characters_in_most_common_{n}grams"] = np.where(times > 0, value, np.nan)
    for column, n in enumerate(repetition.DUPLICATE):
        of = duplicate[:, 3 * column : 3 * column + 2]
        found[f"fraction_of_characters_in_duplicate_{n}grams"] = ratio(of[:, 0], of[:, 1])
    return found


def _token_sequences(tokens: Parts, characters: Numbers) -> Values:
    top, duplicate = repetition.repeated_sequences(tokens.hashes, tokens.begin, tokens.end, tokens.first)
    found: dict[str, Numbers] = {}
    for column, n in enumerate(repetition.TOP):
        times, size = top[:, 3 * column], top[:, 3 * column + 1]
        # The spaces between the tokens of a sequence count here.
        value = ratio(times * (size + n - 1), characters)
        found[f"fraction_of_characters_in_top_{n}grams"] = np.where(times > 0, value, np.nan)
    for column, n in enumerate(repetition.DUPLICATE):
        found[f"fraction_of_characters_in_repeated_{n}grams"] = ratio(duplicate[:, 3 * column + 2], characters)
    return found


def _repeated(parts: Parts, characters: Numbers, kind: str) -> Values:
    twice = repetition.repeated_parts(parts.hashes, parts.begin, parts.end, parts.first)
    return {
        f"fraction_of_repeated_{kind}": ratio(twice[:, 2], parts.count),
        f"fraction_of_characters_in_repeated_{kind}": ratio(twice[:, 3], characters),
    }


def _known(parts: Parts, words: tuple[str, ...]) -> Numbers:
    found: Numbers = matching.known_parts(parts.hashes, *keys(words))
    return found


def _distinct(parts: Parts, words: tuple[str, ...]) -> Numbers:
    known = _known(parts, words)
    pairs = np.unique(parts.text[known >= 0] * len(words) + known[known >= 0])
    return np.bincount(pairs // len(words), minlength=len(parts.count))


@lru_cache(maxsize=16)
def _symbol_table(symbols: str) -> Table:
    return with_bits([(_SYMBOL, symbols)])


@lru_cache(maxsize=16)
def _content_table(marks: str) -> Table:
    """Return the classes with all characters marked that make a token a word."""
    table = classes().copy()
    content = (table & (LETTER | MARK | DIGIT)) != 0
    if marks:
        content = np.ones(len(table), np.bool_)
        content[code_points(marks)] = False
    table[content] |= _CONTENT
    return table
