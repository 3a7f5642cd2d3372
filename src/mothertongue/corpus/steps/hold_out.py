"""Step `hold out`: the kept documents parted into training and test texts that share no near-duplicate (law 5).

The choice looks at sizes and hashes of ids, and reads only the texts that it takes. Training shards are then written
one task each, without what repeats a test text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from mothertongue import durability
from mothertongue.corpus.account import FunnelStep
from mothertongue.corpus.deduplicate import KnownTexts, deduplicate_near
from mothertongue.corpus.document import (
    SPLITS,
    Document,
    Dropped,
    content_id,
    drop,
    iterate_shard,
    read_shard,
    size_of,
    write_shard,
)
from mothertongue.corpus.held_out import Choice, choose, too_small
from mothertongue.corpus.steps.sets import ShardedDocuments
from mothertongue.corpus.work import Counts, Task, Work, total

VERSION: Final = 1
TESTS: Final = "split/tests.parquet"
REASON: Final = "near_held_out"
FEW_GROUPS: Final = 8
"""With fewer texts than this, parts of them must do as documents."""
MOST_BOOKS_LOOKED_AT: Final = 10_000
ENTRIES: Final = pa.schema(
    [
        pa.field("id", pa.string()),
        pa.field("own_id", pa.bool_()),
        pa.field("text_hash", pa.uint64()),
        pa.field("group", pa.string()),
        pa.field("place", pa.uint64()),
        pa.field("split", pa.string()),
        pa.field("bytes", pa.int64()),
    ]
)
"""One row per kept document: whether its id is its own, a hash of its text, the text that it is a part of with the
seeded hash that orders those, the set that it names, and its size."""


@dataclass(frozen=True)
class HeldOut:
    """The sets of a corpus, what training lost to the test sets, and remarks."""

    train: ShardedDocuments
    held_out: list[Document]
    second_domain: list[Document]
    removed: list[Dropped]
    notes: list[str]
    documents: int
    bytes: int

    @property
    def funnel_step(self) -> FunnelStep:
        """The last step of the funnel."""
        reasons = {REASON: len(self.removed)} if self.removed else {}
        return FunnelStep("held_out", self.documents, self.bytes, reasons)


def hold_out(
    work: Work, kept: Sequence[str], *, share: float, most_bytes: int, near_duplicate_threshold: float, seed: int
) -> HeldOut:
    """Return the sets of the kept documents; writes `train/NNNNN.parquet`.

    A split that the documents bring with them is respected. Raises InputError MT206 when the texts are too small.
    """
    entries = _Entries(work, kept, _describe(work, kept, seed), seed)
    given = {name: entries.given(name) for name in SPLITS[1:]}
    choice = Choice()
    if not given["held_out"]:
        choice = choose(entries, share=share, most_bytes=most_bytes)
    held_out = _distinct(choice.held_out or given["held_out"], near_duplicate_threshold)
    second_domain = _distinct(given["second_domain"], near_duplicate_threshold)
    write_shard(work.path(TESTS), [*held_out, *second_domain])
    counts = _write_training(work, kept, entries, choice, near_duplicate_threshold)
    removed = list(_removed_rows(work.folder, len(kept)))
    train = ShardedDocuments([work.path(_train_name(number)) for number in range(len(kept))])
    if not len(train):
        found = f"{len(removed)} training documents, all of which repeat a held-out one"
        raise too_small(found, "texts of which a part is only in training")
    tests = [*held_out, *second_domain]
    return HeldOut(
        train,
        held_out,
        second_domain,
        removed,
        choice.notes,
        counts["documents"] + len(tests),
        counts["bytes"] + sum(map(size_of, tests)),
    )


def _distinct(documents: Sequence[Document], threshold: float) -> list[Document]:
    return deduplicate_near(documents, threshold).kept if len(documents) > 1 else list(documents)


# --- describe ---------------------------------------------------------------------------------------------------------


def _describe(work: Work, kept: Sequence[str], seed: int) -> list[str]:
    names = [f"split/entries/{number:05d}.parquet" for number in range(len(kept))]
    tasks = [
        Task(
            "split/describe",
            number,
            f"{__name__}:describe_shard",
            {"version": VERSION, "documents": source, "seed": seed, "target": name},
            (source,),
            (name,),
        )
        for number, (source, name) in enumerate(zip(kept, names, strict=True))
    ]
    work.run(tasks, "listing texts")
    return names


def describe_shard(folder: Path, *, documents: str, seed: int, target: str, version: int) -> Counts:
    """Write the entries of one shard of kept documents."""
    del version
    rows = [_entry(document, seed) for document in iterate_shard(folder / documents)]
    table = pa.Table.from_pylist(rows, ENTRIES)
    with durability.writing(folder / target) as temporary:
        pq.write_table(table, temporary, compression="zstd")
    return {"documents": len(rows)}


def _entry(document: Document, seed: int) -> dict[str, Any]:
    original = document.meta.get("edited", content_id(document.text))
    group = str(document.meta.get("part_of", document.id))
    split = document.meta.get("split")
    return {
        "id": document.id,
        "own_id": document.id != original and "part_of" not in document.meta,
        "text_hash": xxhash.xxh3_64_intdigest(document.text.encode("utf-8", "replace")),
        "group": group,
        "place": _place(group, seed),
        "split": split if split in SPLITS else SPLITS[0],
        "bytes": size_of(document),
    }


def _place(name: str, seed: int) -> int:
    return xxhash.xxh3_64_intdigest(name.encode("utf-8", "replace"), seed=seed)


@dataclass(frozen=True)
class _Entries:
    """The entries of all kept documents as columns; a document is known by (shard, row)."""

    work: Work
    kept: Sequence[str]
    names: Sequence[str]
    seed: int
    _read: dict[int, list[Document]] = field(default_factory=dict, repr=False)

    @cached_property
    def table(self) -> pa.Table:
        parts = []
        for number, name in enumerate(self.names):
            part = pq.read_table(self.work.path(name))
            rows = pa.array(np.arange(part.num_rows, dtype=np.int64))
            shards = pa.array(np.full(part.num_rows, number, np.int64))
            parts.append(part.append_column("row", rows).append_column("shard", shards))
        return pa.concat_tables(parts)

    def column(self, name: str) -> np.ndarray[Any, Any]:
        return np.asarray(self.table.column(name).to_numpy())

    def document(self, position: int) -> Document:
        """Return the text at a position; one shard stays in memory, since neighbours are asked for together."""
        shard, row = int(self.column("shard")[position]), int(self.column("row")[position])
        if shard not in self._read:
            self._read.clear()
            self._read[shard] = read_shard(self.work.path(self.kept[shard]))
        document = self._read[shard][row]
        return replace(document, id=self.renamed.get(position, document.id))

    def given(self, split: str) -> list[Document]:
        """Return the documents that name a set, in their order."""
        return [self.document(int(position)) for position in np.flatnonzero(self._splits() == split)]

    def __len__(self) -> int:
        return int((self._splits() == SPLITS[0]).sum())

    def total_bytes(self) -> int:
        """Return the bytes of the documents that name no test set."""
        return int(self.column("bytes")[self._splits() == SPLITS[0]].sum())

    def groups(self) -> Iterator[list[int]]:
        """Yield positions of parts of one text, in the order of the hash; with a handful of books parts stand alone."""
        mine = np.flatnonzero(self._splits() == SPLITS[0])
        names, places = self._names("group")[mine], self.column("place")[mine]
        if len(set(names[:MOST_BOOKS_LOOKED_AT].tolist())) < FEW_GROUPS and len(set(names.tolist())) < FEW_GROUPS:
            names = self._names("id")[mine]
            places = np.array([_place(name, self.seed) for name in names.tolist()], np.uint64)
        order = np.lexsort((names.astype(str), places))
        borders = np.flatnonzero(names[order][1:] != names[order][:-1]) + 1
        for group in np.split(order, borders):
            yield [int(mine[one]) for one in np.sort(group)]

    def _names(self, column: str) -> np.ndarray[Any, Any]:
        """Return the ids or groups of all positions, new ones where two texts had the same."""
        names = self.column(column).copy()
        for position, name in self.renamed.items():
            names[position] = name
        return names

    def _splits(self) -> np.ndarray[Any, Any]:
        return self.column("split")

    def by_shard(self, replaced: Mapping[int, Document | None]) -> list[dict[str, dict[str, Any] | None]]:
        """Return for each shard: row -> the document that takes its place in training, or null."""
        shards, rows = self.column("shard"), self.column("row")
        found: list[dict[str, dict[str, Any] | None]] = [{} for _ in self.kept]
        for position, document in replaced.items():
            found[int(shards[position])][str(rows[position])] = asdict(document) if document else None
        tests = np.flatnonzero(self._splits() != SPLITS[0])
        for position in tests.tolist():
            found[int(shards[position])][str(rows[position])] = None
        return found

    @cached_property
    def renamed(self) -> dict[int, str]:
        """Position -> new id, where one id of the user's stands for several texts; the first of them keeps it."""
        found: dict[int, str] = {}
        first: dict[str, int] = {}
        own = np.flatnonzero(self.column("own_id"))
        ids, hashes = self.column("id")[own], self.column("text_hash")[own]
        for position, name, text in zip(own.tolist(), ids.tolist(), hashes.tolist(), strict=True):
            if first.setdefault(name, text) != text:
                found[position] = f"{name}-{text:016x}"
        return found

    def renamed_by_shard(self) -> list[dict[str, str]]:
        """Return for each shard: row -> new id."""
        shards, rows = self.column("shard"), self.column("row")
        found: list[dict[str, str]] = [{} for _ in self.kept]
        for position, name in self.renamed.items():
            found[int(shards[position])][str(rows[position])] = name
        return found


# --- training ---------------------------------------------------------------------------------------------------------


def _train_name(number: int) -> str:
    return f"train/{number:05d}.parquet"


def _removed_name(number: int) -> str:
    return f"train/{number:05d}.removed.jsonl"


def _write_training(work: Work, kept: Sequence[str], entries: _Entries, choice: Choice, threshold: float) -> Counts:
    replaced, renamed = entries.by_shard(choice.replaced), entries.renamed_by_shard()
    tasks = [
        Task(
            "split/train",
            number,
            f"{__name__}:train_shard",
            {
                "version": VERSION,
                "number": number,
                "documents": source,
                "replaced": replaced[number],
                "renamed": renamed[number],
                "threshold": threshold,
            },
            (source, TESTS),
            (_train_name(number), _removed_name(number)),
            weight=float(work.path(source).stat().st_size),
        )
        for number, source in enumerate(kept)
    ]
    return total(work.run(tasks, "holding out", "bytes"))


def train_shard(
    folder: Path,
    *,
    number: int,
    documents: str,
    replaced: Mapping[str, Mapping[str, Any] | None],
    renamed: Mapping[str, str],
    threshold: float,
    version: int,
) -> Counts:
    """Write the training documents of one shard: those that are not held out and repeat no test text."""
    del version
    tests = KnownTexts(read_shard(folder / TESTS), threshold)
    removed: list[Dropped] = []
    counts = {"documents": 0, "bytes": 0}

    def chosen() -> Iterator[Document]:
        for row, document in enumerate(iterate_shard(folder / documents)):
            left = _left(document, str(row), replaced, renamed)
            if left is None:
                continue
            if tests.repeats(left.text):
                removed.append(drop(left, REASON, "repeats a held-out document", f"{threshold:g}"))
                continue
            counts["documents"] += 1
            counts["bytes"] += size_of(left)
            yield left

    write_shard(folder / _train_name(number), chosen())
    lines = "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in removed)
    durability.write_text(folder / _removed_name(number), lines)
    return {**counts, "removed": len(removed)}


def _left(
    document: Document, row: str, replaced: Mapping[str, Mapping[str, Any] | None], renamed: Mapping[str, str]
) -> Document | None:
    if row in replaced:
        rest = replaced[row]
        return Document(**rest) if rest is not None else None
    return replace(document, id=renamed[row]) if row in renamed else document


def _removed_rows(folder: Path, shards: int) -> Iterator[Dropped]:
    for number in range(shards):
        for line in (folder / _removed_name(number)).read_text(encoding="utf-8").splitlines():
            yield Dropped(**json.loads(line))
