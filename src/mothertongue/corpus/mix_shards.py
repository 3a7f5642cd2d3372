"""The three tasks of a mix on one shard: measure every text, weigh what is kept, write what is taken.

Measuring depends on texts alone and is done once; weighing depends on decisions; writing on the strength that each
group was given. Each writes a file that carries the checksum of its documents, and reports exact sums.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from mothertongue.corpus.attributes import read_attributes, write_attributes
from mothertongue.corpus.counters import Counter, make_counter
from mothertongue.corpus.decide import utf8_sizes
from mothertongue.corpus.document import Document, iterate_shard, shard_checksum, write_shard
from mothertongue.corpus.edits import Edit, apply_edits
from mothertongue.corpus.selection import Weighed, copies, places_of
from mothertongue.corpus.work import Counts

BATCH_ROWS: Final = 512
SOURCE: Final = "source"
META: Final = "meta"
NOWHERE: Final = "(none)"
FILES: Final = "(files)"
REPLAY: Final = "(replay)"
SIZES: Final = pa.schema(
    [
        pa.field("tokens", pa.int64(), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("group", pa.string(), nullable=False),
    ]
)
WEIGHTS: Final = pa.schema(
    [
        pa.field("tokens", pa.int64(), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("group", pa.string(), nullable=False),
        pa.field("place", pa.float64(), nullable=False),
        pa.field("weight", pa.int64(), nullable=False),
    ]
)
"""Sizes after edits; `weight` is 0 for documents that are not kept."""


Files: TypeAlias = Mapping[str, Mapping[str, str]]
"""What a file is for -> its place: {path, key}, that of an attribute {path, key, column}."""


@dataclass(frozen=True)
class Attribute:
    """A column of an attribute shard: where the shard is, its key, the name of the column."""

    path: str
    key: str
    column: str

    def read(self, folder: Path, checksum: str) -> list[Any]:
        """Return the values of the column."""
        table = read_attributes(folder / self.path, key=self.key, checksum=checksum)
        values: list[Any] = table.column(self.column).to_pylist()
        return values


def _read(folder: Path, place: Mapping[str, str] | None, checksum: str) -> pa.Table | None:
    return read_attributes(folder / place["path"], key=place["key"], checksum=checksum) if place else None


def source_of(source: str) -> str:
    """Return the part of a document's source that names a collection: its first folder, data set, or file of rows.

    Files that lie on their own and hold one document each are one collection.
    """
    if source.startswith("hf:"):
        return "/".join(source.split("/")[:2]).partition("#")[0]
    first, slash, _ = source.partition("/")
    name, colon, row = first.rpartition(":")
    return first if slash else name if colon and row.isdigit() else FILES


def measure_shard(
    folder: Path,
    *,
    documents: str,
    target: Mapping[str, str],
    counter: str,
    group: str,
    attribute: Mapping[str, str] | None,
    version: int,
    tokenizer: str = "",
) -> Counts:
    """Write tokens, bytes, source and group of every document of a shard; returns how many there are.

    `group` is `source`, `meta.KEY`, `(replay)`, or the name of an attribute, whose place is then given. A place is
    {path, key}, that of an attribute {path, key, column}.
    """
    del version
    path = folder / documents
    checksum = shard_checksum(path)
    named = Attribute(**attribute).read(folder, checksum) if attribute else None
    count = make_counter(tokenizer or counter)
    batches = _measured(path, count, group, named)
    rows = write_attributes(folder / target["path"], batches, SIZES, key=target["key"], checksum=checksum)
    return {"documents": rows}


def _measured(path: Path, count: Counter, group: str, named: Sequence[Any] | None) -> Iterator[pa.RecordBatch]:
    place = 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=["text", "source", "meta"]):
            texts, sources, metas = (batch.column(name) for name in ("text", "source", "meta"))
            tokens = [max(1, number) for number in count(texts.to_pylist())]
            origins = [REPLAY if group == REPLAY else source_of(source) for source in sources.to_pylist()]
            here = named[place : place + len(texts)] if named is not None else None
            groups = origins if group in (SOURCE, REPLAY) else _groups(group, metas, here)
            place += len(texts)
            arrays = [pa.array(tokens, pa.int64()), pa.array(utf8_sizes(texts)), pa.array(origins), pa.array(groups)]
            yield pa.RecordBatch.from_arrays(arrays, schema=SIZES)


def _groups(group: str, metas: pa.Array, named: Sequence[Any] | None) -> list[str]:
    if named is None:
        key = group.partition(".")[2]
        named = [json.loads(meta).get(key) for meta in metas.to_pylist()]
    return [str(value) if value not in (None, "") else NOWHERE for value in named]


def weigh_shard(
    folder: Path,
    *,
    documents: str,
    files: Files,
    counter: str,
    seed: int,
    most: int,
    version: int,
    tokenizer: str = "",
) -> Counts:
    """Write size after edits, place and weight of every document of a shard; returns amounts by group and source.

    `files` are the places of sizes, of the target, and where there are any, of decisions and of cluster sizes (those
    may be {meta: KEY} instead).
    Counts: `groups` and `sources`, each name -> {in, dropped: {reason}, kept, edited, offered}; an amount is
    {documents, bytes, tokens}. `offered` is what strength 1 gives: kept documents times their weight.
    """
    del version
    path = folder / documents
    checksum = shard_checksum(path)
    measured, decided = _read(folder, files["sizes"], checksum), _read(folder, files.get("decisions"), checksum)
    assert measured is not None
    rows = measured.num_rows
    keep = np.asarray(decided.column("keep")) if decided else np.ones(rows, np.bool_)
    edits = decided.column("edits").to_pylist() if decided else [None] * rows
    reasons = decided.column("reason").to_pylist() if decided else [None] * rows
    before = {unit: np.asarray(measured.column(unit)) for unit in ("bytes", "tokens")}
    after = _after_edits(path, edits, before, make_counter(tokenizer or counter))
    sizes = _cluster_sizes(folder, path, files.get("clusters"), checksum)
    weight = np.where(keep, np.clip(np.ones(rows, np.int64) if sizes is None else sizes, 1, most), 0)
    ids = pq.read_table(path, columns=["id"]).column("id").to_pylist()
    names = {kind: measured.column(kind).to_pylist() for kind in ("source", "group")}
    columns = [after["tokens"], after["bytes"], names["source"], names["group"], places_of(ids, seed), weight]
    arrays = [pa.array(column, one.type) for column, one in zip(columns, WEIGHTS, strict=True)]
    batch = pa.RecordBatch.from_arrays(arrays, schema=WEIGHTS)
    target = files["target"]
    write_attributes(folder / target["path"], [batch], WEIGHTS, key=target["key"], checksum=checksum)
    return {f"{kind}s": _amounts(names[kind], reasons, before, after, weight) for kind in ("source", "group")}


def _after_edits(
    path: Path, edits: Sequence[Any], before: Mapping[str, Any], count: Counter
) -> dict[str, np.ndarray[Any, Any]]:
    """Return bytes and tokens of each text as it will be written; texts without edits are not read."""
    after = {unit: values.copy() for unit, values in before.items()}
    if not any(edits):
        return after
    for row, document in enumerate(iterate_shard(path)):
        if edits[row]:
            text = apply_edits(document.text, (Edit(**edit) for edit in edits[row]))
            after["bytes"][row] = len(text.encode("utf-8"))
            after["tokens"][row] = max(1, count([text])[0])
    return after


def _cluster_sizes(
    folder: Path, path: Path, clusters: Mapping[str, str] | None, checksum: str
) -> np.ndarray[Any, Any] | None:
    """Return the size of each document's cluster of duplicates; 1 where it is not known, None without clusters."""
    if clusters is None:
        return None
    if META in clusters:
        metas = pq.read_table(path, columns=["meta"]).column("meta").to_pylist()
        sizes = [json.loads(meta).get(clusters[META]) for meta in metas]
    else:
        sizes = Attribute(**clusters).read(folder, checksum)
    return np.array([int(size or 1) for size in sizes], np.int64)


def _amounts(
    names: Sequence[str],
    reasons: Sequence[str | None],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    weight: np.ndarray[Any, Any],
) -> Counts:
    found: Counts = {}
    labels, gone = np.array(names, object), np.array([reason or "" for reason in reasons], object)
    for name in sorted(set(names)):
        here = labels == name
        dropped = sorted(set(gone[here]) - {""})
        found[name] = {
            "in": amount(here, before),
            "dropped": {reason: amount(here & (gone == reason), before) for reason in dropped},
            "kept": amount(here & (weight > 0), before),
            "edited": amount(here & (weight > 0), after),
            "offered": amount(here, after, weight),
        }
    return found


def amount(rows: Any, sizes: Mapping[str, Any], times: Any = 1) -> Counts:
    """Return documents, bytes and tokens of the rows that a flag marks, each counted `times`."""
    chosen = rows * times
    return {"documents": int(chosen.sum())} | {unit: int((values * chosen).sum()) for unit, values in sizes.items()}


def weighed(path: Path, key: str, checksum: str) -> Weighed:
    """Return what selection needs of one shard of weights: the documents that are kept."""
    table = read_attributes(path, key=key, checksum=checksum)
    weight = np.asarray(table.column("weight"))
    rows = weight > 0
    groups = np.array(table.column("group").to_pylist(), object)
    tokens, places = (np.asarray(table.column(name)) for name in ("tokens", "place"))
    return Weighed(groups[rows], tokens[rows], places[rows], weight[rows])


def select_shard(
    folder: Path,
    *,
    number: int,
    documents: str,
    files: Files,
    strengths: Mapping[str, float],
    most: int,
    seed: int,
    version: int,
) -> Counts:
    """Write the documents of a shard that are taken, each as often as it is, in the order of a hash of id and copy.

    `files` are the places of weights, of the target, and where there are any, of decisions.
    Counts: `groups` and `sources`, each name -> {used, given}: documents without and with their repeats.
    """
    del version
    path = folder / documents
    checksum = shard_checksum(path)
    table, decided = _read(folder, files["weights"], checksum), _read(folder, files.get("decisions"), checksum)
    assert table is not None
    edits = decided.column("edits").to_pylist() if decided else [None] * table.num_rows
    times = _times(table, strengths, most)
    names = {kind: table.column(kind).to_pylist() for kind in ("source", "group")}
    taken = [(document, row) for row, document in enumerate(iterate_shard(path)) if times[row] > 0]
    order = sorted(
        (_order(document.id, copy, seed), place, copy)
        for place, (document, row) in enumerate(taken)
        for copy in range(int(times[row]))
    )
    write_shard(
        folder / files["target"]["path"],
        (_written(*taken[place], copy, number, edits, names["group"]) for _, place, copy in order),
    )
    sizes = {unit: np.asarray(table.column(unit)) for unit in ("bytes", "tokens")}
    return {f"{kind}s": _taken(names[kind], sizes, times) for kind in ("source", "group")}


def _times(table: pa.Table, strengths: Mapping[str, float], most: int) -> np.ndarray[Any, Any]:
    groups = np.array(table.column("group").to_pylist(), object)
    places, weight = np.asarray(table.column("place")), np.asarray(table.column("weight"))
    times = np.zeros(len(groups), np.int64)
    for group, strength in strengths.items():
        rows = (groups == group) & (weight > 0)
        times[rows] = copies(places[rows], weight[rows], strength, most)
    return times


def _order(identifier: str, copy: int, seed: int) -> int:
    return xxhash.xxh3_64_intdigest(f"{copy}:{identifier}".encode(), seed=seed)


def _written(
    document: Document, row: int, copy: int, number: int, edits: Sequence[Any], groups: Sequence[str]
) -> Document:
    """Return the document as it enters the mix, with where it came from in its meta."""
    text = apply_edits(document.text, (Edit(**edit) for edit in edits[row] or ()))
    meta: dict[str, Any] = {"shard": number, "row": row, "group": groups[row]} | ({"copy": copy + 1} if copy else {})
    return replace(document, text=text, meta={**document.meta, "mix": meta})


def _taken(names: Sequence[str], sizes: Mapping[str, Any], times: np.ndarray[Any, Any]) -> Counts:
    labels = np.array(names, object)
    return {
        name: {"used": amount((labels == name) & (times > 0), sizes), "given": amount(labels == name, sizes, times)}
        for name in sorted(set(names))
    }
