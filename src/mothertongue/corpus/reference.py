"""The reference of a profile: a bounded sample of distinct texts, the same whatever their order and repetitions."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from mothertongue.corpus.document import content_id
from mothertongue.corpus.unicode import repair

MOST_TEXTS = 4_000
MOST_CHARACTERS = 40_000_000
"""Bounds of the sample: more text changes no quantile that matters, and memory stays below about 200 MB."""
TEXT_CHARACTERS = 100_000
"""A longer text is represented by its opening."""


@dataclass(frozen=True)
class Reference:
    """Distinct texts with their ids, sorted by id (a hash of the text, so this order is as good as random)."""

    rows: tuple[tuple[str, str], ...]

    @property
    def texts(self) -> list[str]:
        """The texts."""
        return [text for _, text in self.rows]

    @cached_property
    def letters(self) -> bool:
        """Whether any text holds a letter."""
        return any(any(map(str.isalpha, text)) for _, text in self.rows)


def gather(texts: Iterable[str]) -> Reference:
    """Return the texts with the smallest ids: at most 4,000 of them and 40 million characters, blank ones left out."""
    kept: list[tuple[int, str]] = []
    held: dict[int, int] = {}
    characters = 0
    for raw in texts:
        text = repair(raw[:TEXT_CHARACTERS])[0].strip()
        key = -int(content_id(text), 16)
        if not text or key in held or (len(kept) >= MOST_TEXTS and key <= kept[0][0]):
            continue
        heapq.heappush(kept, (key, text))
        held[key] = len(text)
        characters += len(text)
        while len(kept) > MOST_TEXTS or (characters > MOST_CHARACTERS and len(kept) > 1):
            largest, _ = heapq.heappop(kept)
            characters -= held.pop(largest)
    return Reference(tuple((f"{-key:032x}", text) for key, text in sorted(kept, reverse=True)))
