"""Held-out documents: chosen by hash, from sizes alone; a text is only read when it is taken.

Whole documents are held out. A document that is longer than a quarter of the cap gives only its opening; its rest is
left out of training as long as that costs no more than the held-out share, else it returns to training.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from mothertongue.corpus.document import Document, size_of
from mothertongue.corpus.pieces import border
from mothertongue.errors import InputError, Problem

MINIMUM_DOCUMENTS = 2
MOST_SHARE = 0.25
SMALLEST_OPENING = 500
"""Bytes; an opening shorter than this tells nothing."""
FULL_ENOUGH = 0.8
REST = "-rest"


class Texts(Protocol):
    """Documents of which sizes are known; each is a position, and its text is read when it is asked for."""

    def __len__(self) -> int: ...

    def total_bytes(self) -> int:
        """Return the bytes of all texts."""

    def groups(self) -> Iterator[list[int]]:
        """Yield the positions of texts that belong together (parts of one book), in the order of a seeded hash."""

    def document(self, position: int) -> Document:
        """Return the document at a position."""


@dataclass
class Choice:
    """What is held out, and what becomes of the documents that were looked at.

    Positions that are not in `replaced` stay in training as they are.
    """

    held_out: list[Document] = field(default_factory=list)
    replaced: dict[int, Document | None] = field(default_factory=dict)
    """Position -> what is left of this document for training, None for nothing."""
    notes: list[str] = field(default_factory=list)


def choose(texts: Texts, *, share: float, most_bytes: int) -> Choice:
    """Return the documents to hold out: until `share` of all bytes or `most_bytes` is reached.

    Parts of one long text stay together while there are texts enough. Raises InputError MT206 when the texts are too
    small for that.
    """
    total = texts.total_bytes()
    target = min(share * total, most_bytes)
    for strict in (True, False):
        search = _Search(texts, target, max(SMALLEST_OPENING, most_bytes // 4), share * total, strict)
        for group in texts.groups():
            if search.full:
                break
            search.offer(group)
        if len(search.held) >= MINIMUM_DOCUMENTS and search.held_bytes >= target / 2:
            break
    nothing_left = len(search.replaced) == len(texts) and not any(search.replaced.values())
    if len(search.held) < MINIMUM_DOCUMENTS or search.held_bytes > MOST_SHARE * total or nothing_left:
        raise too_small(f"{len(texts)} documents with {total} bytes", _enough(share))
    held = [search.held[position] for position in sorted(search.held)]
    return Choice(held, search.replaced, search.notes())


@dataclass
class _Search:
    """The state of one pass over the groups in hash order; sizes in bytes.

    A strict pass never has parts of one text on both sides; the second pass may when the first finds too little.
    """

    texts: Texts
    target: float
    piece: int
    spare: float
    strict: bool
    held: dict[int, Document] = field(default_factory=dict)
    replaced: dict[int, Document | None] = field(default_factory=dict)
    held_bytes: int = 0
    unused: int = 0
    continued: int = 0

    @property
    def full(self) -> bool:
        """Whether nothing more is wanted."""
        return len(self.held) >= MINIMUM_DOCUMENTS and self.held_bytes >= FULL_ENOUGH * self.target

    def offer(self, group: Sequence[int]) -> None:
        """Hold out the first document of a group, or leave the whole group to training."""
        first, *others = group
        room = self.target - self.held_bytes
        if len(self.held) < MINIMUM_DOCUMENTS:
            room = max(room, float(self.piece))
        document = self.texts.document(first)
        if size_of(document) <= min(self.piece, room):
            opening, rest = document, None
        else:
            cut = _cut(document, int(min(self.piece, room)))
            if cut is None:
                return
            opening, rest = cut
        cost = sum(size_of(self.texts.document(position)) for position in others) + (size_of(rest) if rest else 0)
        if self.strict and self.unused + cost > self.spare:
            return
        self.held[first] = opening
        self.held_bytes += size_of(opening)
        if self.unused + cost <= self.spare:
            self.unused += cost
            self.replaced |= dict.fromkeys(group)
        else:
            self.replaced[first] = rest
            self.continued += 1

    def notes(self) -> list[str]:
        """Return what a reader of the report must know about this choice."""
        notes = []
        if self.unused:
            notes.append(f"{self.unused} bytes that continue a held-out opening were left out of training")
        if self.continued:
            notes.append(
                f"{self.continued} held-out openings come from long texts whose rest is in training; "
                "more and shorter texts make a stricter test"
            )
        return notes


def _cut(document: Document, most_bytes: int) -> tuple[Document, Document] | None:
    """Return (opening, rest) of a document, cut at the best border below `most_bytes`; None where none is good."""
    if most_bytes < SMALLEST_OPENING:
        return None
    characters = len(document.text.encode("utf-8", "replace")[:most_bytes].decode("utf-8", "ignore"))
    end = border(document.text, 0, characters)
    opening, rest = document.text[:end].strip(), document.text[end:].strip()
    if not opening or not rest or len(opening.encode("utf-8", "replace")) > most_bytes:
        return None
    return (
        replace(document, text=opening, meta={**document.meta, "cut": "opening"}),
        replace(document, id=document.id + REST, text=rest, meta={**document.meta, "cut": "rest"}),
    )


def _enough(share: float) -> str:
    needed = max(4 * MINIMUM_DOCUMENTS, round(MINIMUM_DOCUMENTS / max(share, 0.01)))
    return f"about {needed} documents of a few hundred characters, or more"


def too_small(found: str, allowed: str) -> InputError:
    """Return the refusal of texts from which nothing can be held out."""
    return InputError(
        Problem(
            code="MT206",
            key="corpus.sources",
            message="the texts are too small to hold some of them out for the test",
            value=found,
            allowed=allowed,
            do="add texts, give shorter documents (one story or article per file), or raise corpus.held_out_share",
        )
    )
