"""One run of deduplication as its steps see it: the shards, who takes part, the dumps before, and names of files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from mothertongue.corpus.deduplication.documents import Mask, size_of
from mothertongue.corpus.deduplication.exchange import Groups
from mothertongue.corpus.deduplication.options import DeduplicationOptions
from mothertongue.corpus.deduplication.places import PartPlace, ShardPlace, TablePlace
from mothertongue.corpus.deduplication.tables import DuplicateTable
from mothertongue.corpus.work import Counts, Task, Work, total
from mothertongue.fingerprint import digest

VERSION: Final = 1
"""Raised by hand whenever the same documents may get other tables."""
PACKAGE: Final = __name__.rpartition(".")[0]
LABELS: Final[Mapping[str, str]] = {
    "url-keys": "hashing addresses",
    "exact-keys": "hashing texts",
    "paragraphs-keys": "hashing paragraphs",
    "near-bands": "hashing shingles",
    "near-pairs": "finding candidates",
    "near-evidence": "shingles of candidates",
    "near-verified": "comparing candidates",
    "substrings-anchors": "hashing stretches of text",
}


@dataclass(frozen=True)
class Job:
    """What all steps share. Shards are in the order of their numbers."""

    work: Work
    shards: tuple[str, ...]
    options: DeduplicationOptions
    characters: bool
    """Whether every letter is a token (profile without spaces)."""
    masks: tuple[tuple[Mask, ...], ...]
    """Per shard: who takes part."""
    dump: int = 0
    """Place of these documents in the order of dumps."""
    before: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Files of earlier dumps by sort (`exact`, `bands`, `facts` ...), as absolute paths."""
    before_counts: Mapping[str, int] = field(default_factory=dict)
    """Documents and bytes of all dumps before: parts are planned for them, too."""
    weights: tuple[str, ...] = ()
    """Tables of exact duplicates: near-duplicates count the copies of their copies."""

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the shards, from their names."""
        return tuple(int(Path(name).stem) for name in self.shards)

    @property
    def groups(self) -> Groups:
        """The groups of shards."""
        return Groups(self.numbers)

    def own_sizes(self) -> tuple[int, int]:
        """Return the documents and the bytes of text of these shards."""
        sizes = [size_of(self.work.folder, name) for name in self.shards]
        return sum(rows for rows, _ in sizes), sum(size for _, size in sizes)

    def sizes(self) -> tuple[int, int]:
        """Return the documents and the bytes of text of these shards and of all dumps before."""
        documents, size = self.own_sizes()
        return documents + self.before_counts.get("documents", 0), size + self.before_counts.get("bytes", 0)

    def older(self, sort: str) -> list[str]:
        """Return the files of earlier dumps of one sort."""
        return list(self.before.get(sort, ()))

    def after(self, table: DuplicateTable) -> Job:
        """Return the job for kinds that pass over what `table` calls duplicates."""
        if "duplicate" not in table.columns.names:
            return self
        masks = zip(self.masks, table.files, strict=True)
        return replace(
            self,
            masks=tuple((*mask, (name, "duplicate", 0)) for mask, name in masks),
            weights=table.files if table.kind == "exact" else self.weights,
        )

    def per_shard(
        self,
        step: str,
        call: str,
        arguments: Mapping[str, Any],
        *,
        inputs: Sequence[str] = (),
        extra: Sequence[str] = (),
        weigh: bool = False,
    ) -> list[Counts]:
        """Run one task per shard that reads it and writes `exchange(step, number)`; return the counts.

        A name in `extra` is an argument with one file more to write, `exchange(step-name, number)`; with `weigh`,
        `weights` is an argument with the shard's table of exact duplicates, or empty.
        """
        tasks = []
        for position, (number, shard, masks) in enumerate(zip(self.numbers, self.shards, self.masks, strict=True)):
            output, more = exchange(step, number), _more(step, number, extra)
            group, weights = position // self.groups.size, {"weights": self._weights(position)} if weigh else {}
            place = ShardPlace(VERSION, shard, number, self.dump, masks, group, self.groups.number, output)
            arguments_of = {"place": asdict(place), **arguments, **more, **weights}
            read = (shard, *(mask[0] for mask in masks), *inputs, *filter(None, weights.values()))
            size = float(self.work.path(shard).stat().st_size)
            tasks.append(
                Task(
                    f"duplicates/{step}", number, _full(call), arguments_of, read, (output, *more.values()), weight=size
                )
            )
        return self.work.run(tasks, LABELS.get(step, step), "bytes")

    def per_part(
        self,
        step: str,
        call: str,
        parts: int,
        arguments: Mapping[str, Any],
        files: Sequence[str],
        *,
        inputs: Sequence[str] = (),
        extra: Sequence[str] = (),
    ) -> list[Counts]:
        """Run one task per part of `files`, each writing `exchange(step, part)`; return the counts."""
        tasks = []
        for part in range(parts):
            output, more = exchange(step, part), _more(step, part, extra)
            place = PartPlace(VERSION, list(files), part, parts, self.numbers, self.dump, output)
            arguments_of = {"place": asdict(place), **arguments, **more}
            written = (output, *more.values())
            tasks.append(Task(f"duplicates/{step}", part, _full(call), arguments_of, (*files, *inputs), written))
        return self.work.run(tasks, LABELS.get(step, step), "parts")

    def write_tables(
        self,
        kind: str,
        call: str,
        arguments: Mapping[str, Any],
        files: Sequence[str],
        *,
        inputs: Sequence[str] = (),
        weigh: bool = False,
    ) -> DuplicateTable:
        """Run the tasks that write the table of a kind, one per shard, from files parted by groups of shards."""
        key = f"{kind}@{VERSION}-{digest(self.options.model_dump())[:12]}"
        outputs, tasks = [], []
        for position, (number, shard, masks) in enumerate(zip(self.numbers, self.shards, self.masks, strict=True)):
            output, group = f"duplicates/{kind}/{number:05d}.parquet", position // self.groups.size
            place = TablePlace(VERSION, kind, key, shard, number, group, self.groups.number, masks, list(files), output)
            weights = {"weights": self._weights(position)} if weigh else {}
            read = [shard, *(mask[0] for mask in masks), *files, *inputs, *filter(None, weights.values())]
            arguments_of = {"place": asdict(place), **arguments, **weights}
            size = float(self.work.path(shard).stat().st_size)
            tasks.append(
                Task(f"duplicates/{kind}", number, _full(call), arguments_of, tuple(read), (output,), weight=size)
            )
            outputs.append(output)
        return DuplicateTable(kind, key, tuple(outputs), total(self.work.run(tasks, "writing duplicates", "bytes")))

    def _weights(self, position: int) -> str:
        return self.weights[position] if self.weights else ""


def exchange(step: str, number: int) -> str:
    """Return the name of a file that one task leaves for others."""
    return f"duplicates/exchange/{step}/{number:05d}.arrow"


def exchanged(step: str, numbers: Iterable[int]) -> list[str]:
    """Return the names of the files of a step."""
    return [exchange(step, number) for number in numbers]


def _more(step: str, number: int, names: Sequence[str]) -> dict[str, str]:
    return {name: exchange(f"{step}-{name}", number) for name in names}


def _full(call: str) -> str:
    return f"{PACKAGE}.{call}"
