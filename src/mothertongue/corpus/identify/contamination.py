"""Words that give a neighbour away: frequent there, absent here (the contamination lists of FineWeb2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

PURITY: Final = 0.85
"""Share of a word's occurrences that must be the neighbour's, if both languages were met equally often."""
MOST_WORDS: Final = 200
FEWEST_OCCURRENCES: Final = 3


def contamination_words(own: Counter[str], others: Mapping[str, Counter[str]]) -> dict[str, list[str]]:
    """Return neighbour -> its words that never occur in `own`, most frequent first, at most 200.

    `own` and `others` count words (lower case). A word is pure when at least 85 % of its uses would be the
    neighbour's even if the next text here used it once: little own text therefore gives short lists.
    """
    return {tag: _pure(own, counts) for tag, counts in sorted(others.items())}


def _pure(own: Counter[str], theirs: Counter[str]) -> list[str]:
    size_here, size_there = max(own.total(), 1), max(theirs.total(), 1)
    words = []
    for word, count in theirs.items():
        rate = count / size_there
        if count >= FEWEST_OCCURRENCES and own[word] == 0 and rate / (rate + 1 / size_here) >= PURITY:
            words.append((word, count))
    words.sort(key=lambda pair: (-pair[1], pair[0]))
    return [word for word, _ in words[:MOST_WORDS]]


def merged(lists: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """Return several lists as one without repetitions, taking turns so that each list's first words come first."""
    columns = [list(words) for words in lists]
    longest = max(map(len, columns), default=0)
    turns = (words[place] for place in range(longest) for words in columns if place < len(words))
    return tuple(dict.fromkeys(turns))
