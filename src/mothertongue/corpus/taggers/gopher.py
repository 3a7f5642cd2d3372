"""Tagger `gopher`: quality and repetition as published for Gopher, in dolma's definitions (card 49, step 3).

Words stand between white space, shares are of the characters in words, and all occurrences of what repeats count.
Letters of unsegmented scripts are words where the profile says `segmentation = "characters"`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import BeforeValidator

from mothertongue.corpus.kernels import matching, repetition
from mothertongue.corpus.kernels.characters import FREE_BIT, LETTER, Table, with_bits
from mothertongue.corpus.kernels.strings import keys
from mothertongue.corpus.kernels.texts import Parts, Texts
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.taggers.measured import MeasuringTagger, Numbers, Values, ratio, share_matching
from mothertongue.corpus.taggers.rows import COUNT, NUMBER, as_tuple, checked, schema

Words = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
_SYMBOL = 1 << FREE_BIT
_WANTED = np.array([_SYMBOL, LETTER], np.uint32)
_SEQUENCES = (
    *(f"fraction_of_characters_in_most_common_{n}grams" for n in repetition.TOP),
    *(f"fraction_of_characters_in_duplicate_{n}grams" for n in repetition.DUPLICATE),
)


@checked
class Gopher(MeasuringTagger):
    """Counts and ratios of words, lines and what repeats; empty lists take their words from the language profile."""

    name: ClassVar[str] = "gopher"
    version: ClassVar[int] = 1
    columns: ClassVar[pa.Schema] = schema(
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
        **dict.fromkeys(_SEQUENCES, NUMBER),
    )

    required_words: Words = ()
    """Words of which some stand in every text, exactly as written; the profile's `function_words` when empty."""
    bullets: Words = ()
    ellipses: Words = ()
    symbols: str = "#…"
    """Characters that mark a word as a symbol."""
    every_newline: bool = False
    """Whether each newline ends a line, so that empty lines count, or each run of newlines (as in version 2)."""

    def measure(self, texts: Texts, profile: LanguageProfile) -> Values:
        """Return the columns; `character_count` and all shares of characters leave white space out."""
        words = texts.words(profile.segmentation == "characters")
        lines = texts.lines() if self.every_newline else texts.solid_lines()
        required = self.required_words or profile.function_words
        characters = words.sums(words.lengths)
        twice = repetition.repeated_parts(lines.hashes, lines.begin, lines.end, lines.first)
        counts = matching.count_classes(*words.places, words.first, _symbol_table(self.symbols), _WANTED)
        bullets, ellipses = self.bullets or profile.bullets, self.ellipses or profile.ellipses
        return {
            "word_count": words.count,
            "character_count": characters,
            "median_word_length": matching.median_lengths(words.begin, words.end, words.first),
            "symbol_to_word_ratio": ratio(counts[:, 0], words.count),
            "fraction_of_words_with_alpha_character": ratio(counts[:, 2], words.count),
            "required_word_count": _count_known(words, required) if required else None,
            "fraction_of_lines_starting_with_bullet_point": share_matching(lines, bullets, at_end=False),
            "fraction_of_lines_ending_with_ellipsis": share_matching(lines, ellipses, at_end=True),
            "fraction_of_duplicate_lines": ratio(twice[:, 0], lines.count),
            "fraction_of_characters_in_duplicate_lines": ratio(twice[:, 1], characters),
            **_sequences(words, characters),
        }


def _sequences(words: Parts, characters: Numbers) -> Values:
    top, duplicate = repetition.repeated_sequences(words.hashes, words.begin, words.end, words.first)
    found: list[Numbers] = []
    for column in range(0, top.shape[1], 2):
        times = top[:, column]
        found.append(np.where(times > 0, ratio(times * top[:, column + 1], characters), np.nan))
    for column in range(0, duplicate.shape[1], 3):
        found.append(ratio(duplicate[:, column], duplicate[:, column + 1]))
    return dict(zip(_SEQUENCES, found, strict=True))


def _count_known(words: Parts, known: tuple[str, ...]) -> Numbers:
    return words.sums(matching.known_parts(words.hashes, *keys(known)) >= 0)


@lru_cache(maxsize=16)
def _symbol_table(symbols: str) -> Table:
    return with_bits([(_SYMBOL, symbols)])
