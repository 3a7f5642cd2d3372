"""Held-out documents: chosen by hash, never similar to a training document (law 5).

Whole documents are held out. A document that is longer than a quarter of the cap gives only its opening; its rest is
left out of training as long as that costs no more than the held-out share, else it returns to training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import xxhash

from mothertongue.corpus.deduplicate import overlap
from mothertongue.corpus.document import Document, Dropped, drop
from mothertongue.corpus.pieces import border
from mothertongue.corpus.prepare import size_of
from mothertongue.errors import InputError, Problem

SPLITS = ("train", "held_out", "second_domain")
MINIMUM_DOCUMENTS = 2
MOST_SHARE = 0.25
SMALLEST_OPENING = 500
"""Bytes; an opening shorter than this tells nothing."""
FULL_ENOUGH = 0.8


@dataclass
class Split:
    """Documents by use, the training documents removed because they repeat a held-out one, and remarks."""

    train: list[Document]
    held_out: list[Document]
    second_domain: list[Document] = field(default_factory=list)
    removed: list[Dropped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def has_given_split(documents: Sequence[Document]) -> bool:
    """Return whether documents say themselves which of them are held out (`meta["split"]`)."""
    return any(document.meta.get("split") in SPLITS for document in documents)


def split_documents(
    documents: Sequence[Document], *, share: float, most_bytes: int, near_duplicate_threshold: float, seed: int
) -> Split:
    """Return the split of deduplicated documents.

    A split that the documents bring with them is respected; otherwise documents are held out in the order of a
    seeded hash of their ids until `share` of all bytes or `most_bytes` is reached.
    Raises InputError MT206 when the texts are too small for that.
    """
    given = {name: [document for document in documents if _given(document) == name] for name in SPLITS}
    result = Split(given["train"], given["held_out"], given["second_domain"])
    if not result.held_out:
        train, held_out, notes = choose(result.train, share=share, most_bytes=most_bytes, seed=seed)
        result.train, result.held_out, result.notes = train, held_out, notes
    tests = result.held_out + result.second_domain
    repeated = overlap(result.train, tests, near_duplicate_threshold)
    threshold = f"{near_duplicate_threshold:g}"
    result.removed = [
        drop(document, "near_held_out", "repeats a held-out document", threshold)
        for document in result.train
        if document.id in repeated
    ]
    result.train = [document for document in result.train if document.id not in repeated]
    if not result.train:
        found = f"{len(repeated)} training documents, all of which repeat a held-out one"
        raise too_small(found, "texts of which a part is only in training")
    return result


def _given(document: Document) -> str:
    split = document.meta.get("split")
    return split if split in SPLITS else "train"


def choose(
    documents: Sequence[Document], *, share: float, most_bytes: int, seed: int
) -> tuple[list[Document], list[Document], list[str]]:
    """Return (train, held out, remarks); parts of one long text stay together while there are texts enough."""
    total = sum(map(size_of, documents))
    target = min(share * total, most_bytes)
    groups = _groups(documents)
    order = sorted(groups, key=lambda key: (xxhash.xxh3_64_intdigest(key.encode(), seed=seed), key))
    for strict in (True, False):
        choice = _Choice(target, max(SMALLEST_OPENING, most_bytes // 4), share * total, strict)
        for key in order:
            choice.offer(groups[key])
        if len(choice.held) >= MINIMUM_DOCUMENTS and choice.held_bytes >= target / 2:
            break
    if len(choice.held) < MINIMUM_DOCUMENTS or choice.held_bytes > MOST_SHARE * total or not choice.train:
        raise too_small(f"{len(documents)} documents with {total} bytes", _enough(share))
    position = {document.id: index for index, document in enumerate(documents)}
    train = sorted(choice.train, key=lambda document: position[document.id.removesuffix(REST)])
    held = sorted(choice.held, key=lambda document: position[document.id])
    return train, held, choice.notes()


REST = "-rest"


def _groups(documents: Sequence[Document]) -> dict[str, list[Document]]:
    groups: dict[str, list[Document]] = {}
    for document in documents:
        groups.setdefault(str(document.meta.get("part_of", document.id)), []).append(document)
    # With a handful of books, parts must do as documents; with many texts a text is never on both sides.
    if len(groups) < 4 * MINIMUM_DOCUMENTS:
        return {document.id: [document] for document in documents}
    return groups


@dataclass
class _Choice:
    """The state of one pass over the groups in hash order; sizes in bytes.

    A strict pass never has parts of one text on both sides; the second pass may when the first finds too little.
    """

    target: float
    piece: int
    spare: float
    strict: bool
    train: list[Document] = field(default_factory=list)
    held: list[Document] = field(default_factory=list)
    held_bytes: int = 0
    unused: int = 0
    continued: int = 0

    def offer(self, group: Sequence[Document]) -> None:
        """Hold out the first document of a group, or give the whole group to training."""
        first, *others = group
        room = self.target - self.held_bytes
        wanted = len(self.held) < MINIMUM_DOCUMENTS
        if not wanted and self.held_bytes >= FULL_ENOUGH * self.target:
            self.train += group
            return
        if wanted:
            room = max(room, float(self.piece))
        size = size_of(first)
        if size <= min(self.piece, room):
            cut: tuple[Document | None, Document | None] = (first, None)
        else:
            cut = _cut(first, int(min(self.piece, room)))
        opening, rest = cut
        if opening is None:
            self.train += group
            return
        left = [document for document in (rest, *others) if document is not None]
        cost = sum(map(size_of, left))
        if self.strict and self.unused + cost > self.spare:
            self.train += group
            return
        self.held.append(opening)
        self.held_bytes += size_of(opening)
        if self.unused + cost <= self.spare:
            self.unused += cost
        else:
            self.train += left
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


def _cut(document: Document, most_bytes: int) -> tuple[Document | None, Document]:
    """Return (opening, rest) of a document, cut at the best border below `most_bytes`."""
    if most_bytes < SMALLEST_OPENING:
        return None, document
    characters = len(document.text.encode("utf-8", "replace")[:most_bytes].decode("utf-8", "ignore"))
    end = border(document.text, 0, characters)
    opening, rest = document.text[:end].strip(), document.text[end:].strip()
    if not opening or not rest or len(opening.encode("utf-8", "replace")) > most_bytes:
        return None, document
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
