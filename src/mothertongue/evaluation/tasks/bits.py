"""Bits per byte of documents: how well a model predicts a text, comparable across tokenizers (law 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mothertongue.evaluation.result import ItemResult, TaskResult
from mothertongue.evaluation.scorer import bits_per_byte
from mothertongue.evaluation.tasks.protocol import Subject
from mothertongue.prompting.text import encode_text


@dataclass(frozen=True)
class Bits:
    """Bits per byte over (id, text) documents; an item's value is its bits, its weight its UTF-8 bytes."""

    name: str
    documents: Sequence[tuple[str, str]]

    def run(self, subject: Subject) -> TaskResult:
        """The bits of each document, scored behind its own start; empty documents are left out."""
        kept = [(key, text) for key, text in self.documents if text]
        found = bits_per_byte(subject.scorer, [text for _, text in kept])
        items = tuple(
            ItemResult(key, float(bits), {"bytes": int(size)})
            for (key, _), bits, size in zip(kept, found.bits, found.bytes, strict=True)
        )
        head = [*subject.scorer.start, *encode_text(subject.tokenizer, kept[0][1][:200])] if kept else []
        return TaskResult(
            self.name, "bits_per_byte", items, higher_is_better=False, weights="bytes", first_ids=tuple(head[:8])
        )
