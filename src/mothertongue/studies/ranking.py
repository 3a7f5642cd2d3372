"""Ranks short records by the words of a query: BM25 over weighted fields, word stems, synonyms, and whole phrases.

Enters: records as fields of short texts, and a table of synonyms. Leaves: scores with the words that made them. No
model, no randomness, no file; sixty records take well under a millisecond.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_SEGMENT = re.compile(r"[,;/\n]+")
# Longest first; the number is the fewest letters that must stay, so that "order" is not cut to "ord".
_ENDINGS: tuple[tuple[str, int], ...] = tuple(
    sorted(
        {
            **dict.fromkeys(("isations", "izations", "isation", "ization", "ising", "izing", "ised", "ized"), 3),
            **dict.fromkeys(("isers", "izers", "iser", "izer", "ises", "izes", "ise", "ize"), 3),
            **dict.fromkeys(("ations", "ation", "ating", "ated", "ates", "ate", "ers", "er", "ly", "ions", "ion"), 4),
            **dict.fromkeys(("ings", "ing", "ed", "es", "e", "s"), 3),
        }.items(),
        key=lambda item: -len(item[0]),
    )
)
_SATURATION = 1.2  # k1 of BM25: how soon further occurrences of a word stop counting
_LENGTH = 0.3  # b of BM25: fields are short and of like length, so length says little
_SYNONYM = 0.6  # what a synonym is worth against the word itself
_PHRASE = 4.0  # what a phrase of the query that is a phrase of the record is worth, about two rare words


def words(text: str) -> list[str]:
    """The words of `text` in lower case; a word with hyphens gives itself and its parts."""
    found: list[str] = []
    for word in _WORD.findall(text.lower()):
        found.append(word)
        if "-" in word:
            found += word.split("-")
    return found


def stem(word: str) -> str:
    """`word` without common English endings, so that merge, merges, merged and merging are one."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    for ending, left in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= left and not word.endswith("ss"):
            cut = word[: -len(ending)]
            doubled = len(cut) > 3 and cut[-1] == cut[-2] and cut[-1] not in "lsz" and ending in ("ing", "ed", "er")
            return cut[:-1] if doubled else cut
    return word


@dataclass(frozen=True)
class Match:
    """A record that answers a query: its key, its score (only the order means something), and why."""

    key: int
    score: float
    reasons: tuple[str, ...]


class Index:
    """Records ready to be searched.

    `records`: key -> field -> texts. `weights`: field -> importance; other fields are not searched. `phrase_field`: the
    field whose texts are phrases that a person would type. `synonyms`: groups of words with about the same meaning.
    """

    def __init__(
        self,
        records: Mapping[int, Mapping[str, Sequence[str]]],
        weights: Mapping[str, float],
        phrase_field: str,
        synonyms: Iterable[Sequence[str]],
        ignored: Iterable[str],
    ) -> None:
        self._ignored = frozenset(ignored)
        self._phrases = {
            key: {phrase: {stem(word) for word in self._content(phrase)} for phrase in fields[phrase_field]}
            for key, fields in records.items()
        }
        counts = {
            key: {
                name: Counter(stem(word) for text in fields[name] for word in self._content(text)) for name in weights
            }
            for key, fields in records.items()
        }
        self._fields = {
            key: {term: [name for name in weights if fields[name][term]] for term in set[str]().union(*fields.values())}
            for key, fields in counts.items()
        }
        self._scores = _bm25(counts, weights)
        self._near: dict[str, dict[str, str]] = {}
        for group in synonyms:
            for word in group:
                others = {stem(other): other for other in group if stem(other) != stem(word)}
                self._near.setdefault(stem(word), {}).update(others)

    def search(self, query: str, top: int) -> list[Match]:
        """The best `top` records with a score above zero, best first; equal scores by key."""
        segments = [segment for segment in (self._content(part) for part in _SEGMENT.split(query)) if segment]
        terms = list(dict.fromkeys(word for segment in segments for word in segment))
        matches = []
        for key in self._scores:
            phrases = [self._phrase(key, segment) for segment in segments]
            told = {word for segment, (_, reason) in zip(segments, phrases, strict=True) if reason for word in segment}
            scored = [self._term(key, term) for term in terms]
            score = sum(part for part, _ in (*phrases, *scored))
            # A word inside a phrase that matched needs no reason of its own.
            reasons = [reason for _, reason in phrases if reason]
            reasons += [reason for term, (part, reason) in zip(terms, scored, strict=True) if part and term not in told]
            if score > 0:
                matches.append(Match(key, score, tuple(dict.fromkeys(reasons))))
        return sorted(matches, key=lambda match: (-match.score, match.key))[:top]

    def known(self, query: str) -> bool:
        """Whether the query has a word that is not on the list of ignored ones."""
        return bool(self._content(query))

    def _content(self, text: str) -> list[str]:
        return [word for word in words(text) if word not in self._ignored]

    def _term(self, key: int, word: str) -> tuple[float, str]:
        """Score and reason of one word in one record: the word itself, or the best of its synonyms."""
        own = stem(word)
        scores = self._scores[key]
        best = (scores.get(own, 0.0), f"{word} ({self._where(key, own)})")
        for near, surface in self._near.get(own, {}).items():
            score = _SYNONYM * scores.get(near, 0.0)
            if score > best[0]:
                best = (score, f"{surface} for {word} ({self._where(key, near)})")
        return best

    def _where(self, key: int, term: str) -> str:
        return ", ".join(name.replace("_", " ") for name in self._fields[key].get(term, ()))

    def _phrase(self, key: int, segment: Sequence[str]) -> tuple[float, str]:
        """Score and reason of the record's phrase that is most like a part of the query, if they share half."""
        wanted = {stem(word) for word in segment}
        best = (0.0, "")
        if len(wanted) < 2:
            return best
        for phrase, here in self._phrases[key].items():
            shared = sum(self._shared(term, here) for term in wanted)
            likeness = 2 * shared / (len(wanted) + len(here))
            if likeness >= 0.5 and _PHRASE * likeness > best[0]:
                best = (_PHRASE * likeness, f'"{phrase}"')
        return best

    def _shared(self, term: str, here: set[str]) -> float:
        if term in here:
            return 1.0
        return _SYNONYM if here & self._near.get(term, {}).keys() else 0.0


def _bm25(
    counts: Mapping[int, Mapping[str, Counter[str]]], weights: Mapping[str, float]
) -> dict[int, dict[str, float]]:
    """What each term of each record is worth: rarity times the saturated sum of its weighted counts over the fields."""
    average = {name: sum(fields[name].total() for fields in counts.values()) / len(counts) for name in weights}
    holders = Counter(term for fields in counts.values() for term in set[str]().union(*fields.values()))
    rarity = {term: math.log(1 + (len(counts) - held + 0.5) / (held + 0.5)) for term, held in holders.items()}
    scores: dict[int, dict[str, float]] = {}
    for key, fields in counts.items():
        frequency: dict[str, float] = {}
        for name, weight in weights.items():
            length = 1 - _LENGTH + _LENGTH * fields[name].total() / max(average[name], 1e-9)
            for term, count in fields[name].items():
                frequency[term] = frequency.get(term, 0.0) + weight * count / length
        scores[key] = {term: rarity[term] * value / (_SATURATION + value) for term, value in frequency.items()}
    return scores
