"""The account of a curation: the funnel step by step, and every dropped document with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from mothertongue.corpus.attributes import read_attributes
from mothertongue.corpus.decide import EDITED
from mothertongue.corpus.deduplication import DuplicateTables
from mothertongue.corpus.document import Dropped, iterate_shard, sample_of, shard_checksum
from mothertongue.corpus.steps.keep import deleted_parts
from mothertongue.corpus.steps.read import unread_rows
from mothertongue.corpus.work import Counts


@dataclass(frozen=True)
class FunnelStep:
    """One step of the funnel: documents and bytes left after it, and what it dropped by reason."""

    step: str
    documents: int
    bytes: int
    dropped_by_reason: dict[str, int]


def funnel(reading: Counts, deciding: Counts, keeping: Counts, groups: Mapping[str, Sequence[str]]) -> list[FunnelStep]:
    """Return the funnel from the totals of three steps; `groups` maps a step to the reasons of its rules, in order."""
    documents, size = reading["documents"], reading["bytes"]
    steps = [FunnelStep("read", documents, size, reading["unread"])]
    for name, own in groups.items():
        first = {reason: deciding["reasons"][reason]["first"] for reason in own if reason in deciding["reasons"]}
        documents -= sum(count["documents"] for count in first.values())
        size -= sum(count["bytes"] for count in first.values())
        gone = {reason: count["documents"] for reason, count in sorted(first.items()) if count["documents"]}
        steps.append(FunnelStep(name, documents, size, gone))
    deleted = keeping["edits"]
    rest = documents - keeping["documents"]
    reasons = {**deleted, EDITED: rest} if rest else dict(deleted)
    if reasons:
        steps.append(FunnelStep("edits", keeping["documents"], keeping["bytes"], dict(sorted(reasons.items()))))
    return steps


@dataclass(frozen=True)
class DroppedRows:
    """Everything that did not become a document of the corpus, read from the folder when it is asked for."""

    folder: Path
    reading_tasks: int
    documents: tuple[str, ...]
    decisions: tuple[str, ...]
    key: str
    duplicates: DuplicateTables
    later: tuple[Dropped, ...] = ()
    """What was dropped after the decisions."""

    def unread(self) -> Iterator[Dropped]:
        """Yield files and records that could not be read."""
        yield from unread_rows(self.folder, self.reading_tasks)

    def __iter__(self) -> Iterator[Dropped]:
        yield from self.unread()
        for number in range(len(self.documents)):
            yield from self._decided(number)
        yield from deleted_parts(self.folder, len(self.documents))
        yield from self.later

    def _decided(self, number: int) -> Iterator[Dropped]:
        source = self.folder / self.documents[number]
        checksum = shard_checksum(source)
        decisions = read_attributes(self.folder / self.decisions[number], key=self.key, checksum=checksum)
        rows = decisions.select(["keep", "reason", "value", "threshold"]).to_pylist()
        stands = self._representatives(number)
        for place, (document, row) in enumerate(zip(iterate_shard(source), rows, strict=True)):
            if not row["keep"]:
                value = f"same as {stands[row['reason']][place]}" if row["reason"] in stands else row["value"]
                text = sample_of(document.text)
                yield Dropped(document.id, document.source, row["reason"], value, row["threshold"], text)

    def _representatives(self, number: int) -> dict[str, list[str]]:
        return {
            duplicate_reason(kind): pq.read_table(self.folder / table.files[number], columns=["representative"])
            .column(0)
            .to_pylist()
            for kind, table in self.duplicates.tables.items()
            if "representative" in table.columns.names
        }


def duplicate_reason(kind: str) -> str:
    """Return the reason for which duplicates of a kind are dropped."""
    return f"{kind}_duplicate"
