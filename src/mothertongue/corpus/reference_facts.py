"""What can be read off clean text: segmentation, letters, function words, ends of lines, bullets, ellipses."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

import regex

from mothertongue.corpus.profile import LanguageProfile, Segmentation
from mothertongue.corpus.scripts import UNSEGMENTED, script_of
from mothertongue.corpus.tokens import tokens

SPACED_RUN: Final = 10.0
"""Letters between spaces, averaged over letters, up to which unsegmented scripts are taken for segmented by hand."""
ENDLESS_RUN: Final = 40.0
"""The same from which no script is taken for segmented: the longest words of any language stay well below."""
SCRIPT_SHARE: Final = 0.01
LETTER_COVER: Final = 0.9995
"""The letters of the profile make up this share of all letters: rarer ones come from names and other languages."""
WINDOW: Final = 100
"""Tokens of a stretch of text in which a function word should occur."""
WINDOW_SHARE: Final = 0.15
DOCUMENT_SHARE: Final = 0.3
MOST_FUNCTION_WORDS: Final = 40
LINE_SHARE: Final = 0.005
OTHER_END_SHARE: Final = 0.1
"""A mark that Unicode does not list as the end of a sentence is one when it ends a tenth of the lines."""
ELLIPSES: Final = ("…", "...", "⋯", "‥", "᠁")
WORD_SCRIPTS: Final = frozenset({"Hani", "Hira"})
"""Unsegmented scripts of which a single character can be a word."""

_SENTENCE_END = regex.compile(r"\p{Sentence_Terminal}")
_CLOSING = regex.compile(r"[\p{Pe}\p{Pf}\"'”’]")
_TERMINAL = regex.compile(r"\p{Terminal_Punctuation}")
_BULLET = regex.compile(r"[\p{Pd}\p{So}\p{Sm}\p{Po}]")
_NO_BULLET = frozenset("¿¡\"'#%&@.,;:!?/\\")
_PAUSES = ("COMMA", "COLON", "SEMICOLON")
_UNSEGMENTED = frozenset(UNSEGMENTED)


def segmentation(texts: Sequence[str]) -> Segmentation:
    """Return whether the texts separate words by spaces, judged by their letters and by where spaces stand."""
    unsegmented = everything = 0
    squares = 0
    for text in texts:
        counts = Counter(text)
        for character, number in counts.items():
            script = script_of(character)
            everything += number * (script != "Zyyy")
            unsegmented += number * (script in _UNSEGMENTED)
        squares += sum(sum(map(str.isalpha, word)) ** 2 for word in text.split())
    run = squares / max(everything, 1)
    limit = SPACED_RUN if unsegmented > everything / 2 else ENDLESS_RUN
    return "characters" if run > limit else "spaces"


def scripts(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the writing systems that hold at least a hundredth of the letters, most frequent first."""
    counts: Counter[str] = Counter()
    for character, number in _characters(texts).items():
        counts[script_of(character)] += number
    del counts["Zyyy"]
    total = counts.total()
    return tuple(code for code, number in _ordered(counts) if number >= SCRIPT_SHARE * total)


def letters(texts: Iterable[str]) -> str:
    """Return the lower-case letters and marks, most frequent first, that make up 99.95 % of the text's letters."""
    counts: Counter[str] = Counter()
    for character, number in _characters(texts).items():
        lowered = character.lower()
        if len(lowered) == 1 and unicodedata.category(lowered)[0] in "LM":
            counts[lowered] += number
    left, found = LETTER_COVER * counts.total(), []
    for character, number in _ordered(counts):
        if left <= 0:
            break
        found.append(character)
        left -= number
    return "".join(found)


def word_counts(texts: Iterable[str]) -> Counter[str]:
    """Return how often each word occurs; tokens with digits and single letters of unsegmented scripts are no words."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(token for token in tokens(text) if _is_word(token))
    return counts


def function_words(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the words that occur in at least 15 % of all stretches of 100 tokens and in 30 % of the documents.

    At most 40, those of most stretches first. A single letter of Thai, Khmer or another script whose words cannot be
    seen is no word.
    """
    stretches: Counter[str] = Counter()
    documents: Counter[str] = Counter()
    number = count = 0
    for text in texts:
        found = tokens(text)
        parts = [set(found[start : start + WINDOW]) for start in range(0, max(len(found) - WINDOW // 2, 1), WINDOW)]
        for part in parts:
            stretches.update(part)
        documents.update(set().union(*parts))
        number, count = number + len(parts), count + 1
    spread = {
        word: seen
        for word, seen in stretches.items()
        if seen >= WINDOW_SHARE * number and documents[word] >= DOCUMENT_SHARE * count and _is_word(word)
    }
    return tuple(word for word, _ in _ordered(Counter(spread))[:MOST_FUNCTION_WORDS])


def found_line_ends(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the marks that end finished lines, most frequent first: ends of sentences, and what closes after them."""
    ends: Counter[str] = Counter()
    lines = 0
    for line in _lines(texts):
        lines += 1
        mark, before = line[-1], line[-2:-1]
        if _SENTENCE_END.match(mark) or (_CLOSING.match(mark) and _SENTENCE_END.match(before)) or _other_end(mark):
            ends[mark] += 1
    enough = {
        mark: number
        for mark, number in ends.items()
        if number >= (OTHER_END_SHARE if _other_end(mark) else LINE_SHARE) * lines
    }
    return tuple(mark for mark, _ in _ordered(Counter(enough)))


def found_bullets(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the marks that open items of lists, most frequent first, then the usual ones that were not met."""
    starts: Counter[str] = Counter()
    lines = 0
    for line in _lines(texts):
        lines += 1
        if line[1:2].isspace() and line[0] not in _NO_BULLET and _BULLET.match(line[0]):
            starts[line[0]] += 1
    found = [mark for mark, number in _ordered(starts) if number >= LINE_SHARE * lines]
    return tuple(dict.fromkeys([*found, *LanguageProfile.model_fields["bullets"].default]))


def ellipses(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the marks of ellipsis that were met, most frequent first, then the usual ones that were not."""
    counts = Counter({mark: sum(text.count(mark) for text in texts) for mark in ELLIPSES})
    found = [mark for mark, number in _ordered(counts) if number]
    return tuple(dict.fromkeys([*found, *LanguageProfile.model_fields["ellipses"].default]))


@cache
def _other_end(mark: str) -> bool:
    name = unicodedata.name(mark, "")
    pause = any(word in name for word in _PAUSES)
    return _TERMINAL.match(mark) is not None and _SENTENCE_END.match(mark) is None and not pause


def _is_word(token: str) -> bool:
    if not any(map(str.isalpha, token)) or any(map(str.isdigit, token)):
        return False
    if len(token) == 1 and unicodedata.category(token) == "Lm":
        return False  # the lengthening mark of kana
    script = script_of(token[0])
    return script not in _UNSEGMENTED or script in WORD_SCRIPTS


def _lines(texts: Iterable[str]) -> Iterable[str]:
    return (line for text in texts for line in map(str.strip, text.split("\n")) if line)


def _characters(texts: Iterable[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text)
    return counts


def _ordered(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
