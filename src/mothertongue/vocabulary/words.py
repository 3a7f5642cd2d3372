"""The word types of a corpus as the tokenizer's own normaliser and pre-tokenizer cut them, with their counts."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby

from mothertongue.vocabulary.backend import Backend

MOST_WORDS = 500_000  # word types kept; rarer ones cannot change which pairs are frequent
LONGEST_WORD = 512  # symbols; a script without spaces gives whole sentences as one word


def count_words(backend: Backend, texts: Iterable[str], most: int = MOST_WORDS) -> dict[str, int]:
    """The word types of the texts and how often each occurs, the most frequent first, ties in order of spelling.

    Words are in the symbols of the model ("Ġhuis", "▁huis"). At most `most` types are kept, and at most twice as many
    are ever in memory.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        for word in split_words(backend, text):
            for start in range(0, len(word), LONGEST_WORD):
                counts[word[start : start + LONGEST_WORD]] += 1
        if len(counts) > 2 * most:
            counts = Counter(dict(_most_frequent(counts, most)))
    return dict(_most_frequent(counts, most))


def split_words(backend: Backend, text: str) -> Iterator[str]:
    """The words of one text, in order, each a run of symbols that merges may join."""
    live = backend.live
    normal = text if live.normalizer is None else live.normalizer.normalize_str(text)
    cut = [(normal, None)] if live.pre_tokenizer is None else live.pre_tokenizer.pre_tokenize_str(normal)
    for word, _ in cut:
        if backend.byte_level:
            yield word
        else:
            yield from _split_metaspace(word)


def _split_metaspace(word: str) -> Iterator[str]:
    """The parts of a word that SentencePiece tokens keep apart; such models may see a whole text as one word."""
    spaces = ""
    for kind, run in groupby(word, key=_kind):
        if kind == "space":
            spaces = "".join(run)
            continue
        yield spaces + "".join(run)
        spaces = ""
    if spaces:
        yield spaces


def _kind(character: str) -> str:
    """The class of a character for splitting: space mark, letter (with its marks), number, line break, other."""
    if character == "▁":
        return "space"
    if character in "\n\r\t":
        return "break"
    category = unicodedata.category(character)[0]
    return "letter" if category in "LM" else "number" if category == "N" else "other"


def _most_frequent(counts: Counter[str], most: int) -> list[tuple[str, int]]:
    """The first `most` of the counts, most frequent first."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]
