"""Blocks of running text: what the readers of markup collect and how blocks become one text."""

from __future__ import annotations

from dataclasses import dataclass, field


def words(text: str) -> frozenset[str]:
    """Return the words of a list written as one string, the way element names are listed here."""
    return frozenset(text.split())


@dataclass
class Blocks:
    """Collects pieces of inline text into blocks; headings and paragraphs apart, items of one list close together."""

    done: list[tuple[str, bool]] = field(default_factory=list)
    current: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Add inline text to the block that is open."""
        self.current.append(text)

    def close(self, *, item: bool = False) -> str:
        """Close the open block, keep it when it holds anything, and return its text; `item` marks a list item."""
        text = " ".join("".join(self.current).split())
        self.current.clear()
        if text:
            self.done.append((text, item))
        return text

    def text(self) -> str:
        """Return all closed blocks: an empty line between blocks, a line end between items of a list."""
        parts: list[str] = []
        previous_item = False
        for text, item in self.done:
            if parts:
                parts.append("\n" if item and previous_item else "\n\n")
            parts.append(text)
            previous_item = item
        return "".join(parts)
