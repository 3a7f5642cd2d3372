"""Models that say what a test wants to hear."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Echo:
    """Answers with the last message, word by word, and counts how often it was asked."""

    name: str
    prefix: str = ""
    asked: list[list[dict[str, str]]] = field(default_factory=list)
    ended: int = 0

    def stream(self, messages: list[dict[str, str]]) -> Iterator[str]:
        self.asked.append([dict(message) for message in messages])
        try:
            yield self.prefix
            for word in messages[-1]["content"].split(" "):
                yield word + " "
        finally:
            self.ended += 1


@dataclass
class Broken:
    """Fails in the middle of its answer."""

    name: str = "broken"

    def stream(self, messages: list[dict[str, str]]) -> Iterator[str]:
        yield "so far"
        raise ValueError(f"/secret/path {len(messages)}")
