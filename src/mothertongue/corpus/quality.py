"""Quality attributes of documents and the decision over them: language-neutral, conservative, apart from each other.

`QualityTagger` measures, `decide` compares with thresholds. No word list of any language is involved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from mothertongue.corpus.document import CHECKSUM_KEY, ids_checksum
from mothertongue.corpus.taggers.basic import measure


class Tagger(Protocol):
    """Measures documents without judging them: a pure function of text and language, one row of numbers per row."""

    @property
    def name(self) -> str:
        """The name of the attribute table."""

    @property
    def version(self) -> int:
        """Raised by hand whenever the same text may get other numbers."""

    def tag(self, batch: pa.RecordBatch, language: str) -> pa.RecordBatch:
        """Return a batch with the ids of `batch` in the same order and one column per attribute."""


@dataclass(frozen=True)
class Decision:
    """Whether a document is kept; if not, the first reason with its value and threshold."""

    keep: bool
    reason: str = ""
    value: str = ""
    threshold: str = ""


@dataclass(frozen=True)
class Bound:
    """Lowest and highest value allowed for one attribute; None means no bound."""

    lowest: float | None = None
    highest: float | None = None


def default_thresholds(minimum_characters: int) -> dict[str, Bound]:
    """Return thresholds that only drop what no reader would call text in any language."""
    return {
        "characters": Bound(lowest=minimum_characters),
        "letter_share": Bound(lowest=0.4),
        "longest_run_share": Bound(highest=0.2),
        "repeated_line_share": Bound(highest=0.6),
        "repeated_gram_share": Bound(highest=0.6),
    }


REASONS = {
    "characters": "too_short",
    "letter_share": "few_letters",
    "longest_run_share": "one_character",
    "repeated_line_share": "repeated_lines",
    "repeated_gram_share": "repetition",
}


@dataclass(frozen=True)
class QualityTagger:
    """Length, share of letters, and four kinds of repetition, each a number per document."""

    name: str = "quality"
    version: int = 1

    def tag(self, batch: pa.RecordBatch, language: str) -> pa.RecordBatch:
        """Return one row of `measure` per document; the schema says by which tagger, for which language and ids."""
        rows = [measure(text) for text in batch.column("text").to_pylist()]
        columns = [batch.column("id")] + [pa.array([row[key] for row in rows], pa.float64()) for key in REASONS]
        measured = pa.RecordBatch.from_arrays(columns, names=["id", *REASONS])
        return measured.replace_schema_metadata(
            {
                "mothertongue.tagger": f"{self.name}@{self.version}",
                "mothertongue.language": language,
                CHECKSUM_KEY: ids_checksum(batch.column("id").to_pylist()),
            }
        )


def decide(attributes: Mapping[str, float], thresholds: Mapping[str, Bound]) -> Decision:
    """Return the decision over one row of attributes; the first bound broken, in the order of `thresholds`, counts."""
    for name, bound in thresholds.items():
        value = attributes[name]
        reason = REASONS.get(name, name)
        if bound.lowest is not None and value < bound.lowest:
            return Decision(False, reason, f"{value:g}", f"at least {bound.lowest:g}")
        if bound.highest is not None and value > bound.highest:
            return Decision(False, reason, f"{value:g}", f"at most {bound.highest:g}")
    return Decision(True)
