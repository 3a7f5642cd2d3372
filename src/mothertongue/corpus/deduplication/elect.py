"""Who stands for a group of documents: the earliest dump, then the longest text, then the smallest id.

The order is the same for every kind, so what one kind keeps is never what another throws away in its favour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mothertongue.corpus.deduplication.exchange import Array, column, dump_of
from mothertongue.corpus.deduplication.places import PartPlace, Place, TablePlace
from mothertongue.corpus.deduplication.tables import COLUMNS
from mothertongue.corpus.work import Counts

ELECTED = pa.schema(
    [
        pa.field("node", pa.uint64()),
        pa.field("duplicate", pa.int64()),
        pa.field("representative", pa.string()),
        pa.field("cluster_size", pa.int64()),
    ]
)


def elect(folder: Path, *, place: Place) -> Counts:
    """Write, parted by groups of shards, the representative of every document of a group of two or more."""
    where = PartPlace(**place)
    elected = _elected(where.read(folder), where.dump)
    where.write(folder, elected)
    return {"in_clusters": elected.num_rows}


def _elected(table: pa.Table, dump: int) -> pa.Table:
    """Return `ELECTED` rows for the documents of this dump in groups of equal (hash, low)."""
    import polars as pl

    several = _in_several(column(table, "hash"), column(table, "low"))
    chosen = table.filter(pa.array(several))
    if not chosen.num_rows:
        return ELECTED.empty_table()
    frame = pl.DataFrame(chosen).with_columns(dump=pl.Series(dump_of(column(chosen, "node"))))
    ranked = frame.sort(["hash", "low", "dump", "length", "id", "node"], descending=[False] * 3 + [True] + [False] * 2)
    key = ["hash", "low"]
    return (
        ranked.with_columns(
            representative=pl.col("id").first().over(key),
            first=pl.col("node").first().over(key),
            cluster_size=pl.col("weight").cast(pl.Int64).sum().over(key),
        )
        .filter(pl.col("dump") == dump)
        .with_columns(duplicate=(pl.col("node") != pl.col("first")).cast(pl.Int64))
        .select(ELECTED.names)
        .to_arrow()
        .cast(ELECTED)
    )


def _in_several(high: Array, low: Array) -> Array:
    """Return which rows have a key that another row has, too."""
    order = np.lexsort((low, high))
    same = (high[order][1:] == high[order][:-1]) & (low[order][1:] == low[order][:-1])
    several = np.zeros(len(high), bool)
    several[order[1:][same]] = True
    several[order[:-1][same]] = True
    return several


def write_table(
    folder: Path, *, place: Place, weights: str = "", similarities: Sequence[str] = (), named: bool = True
) -> Counts:
    """Write the table of one shard: elected documents as told, the others that take part stand for themselves.

    `weights` names a table of the same shard whose `cluster_size` a lone document has; with `named` false (Bloom
    filter) nothing but `duplicate` is known.
    """
    where = TablePlace(**place)
    with pq.ParquetFile(folder / where.shard) as file:
        ids = file.read(columns=["id"]).column("id").to_pylist()
    take = where.participants(folder, len(ids))
    sizes = _weights(folder, weights, len(ids))
    values: dict[str, list[Any]] = {
        "duplicate": [0 if on else None for on in take],
        "representative": [name if on and named else None for name, on in zip(ids, take, strict=True)],
        "cluster_size": [int(size) if on and named else None for size, on in zip(sizes, take, strict=True)],
    }
    mine = where.mine(folder)
    mine = mine if named else {"node": mine["node"], "duplicate": [1] * len(mine["node"])}
    for name in mine.keys() & set(ELECTED.names[1:]):
        for row, value in zip(mine["node"], mine[name], strict=True):
            values[name][row] = value
    if "similarity" in COLUMNS[where.kind].names:
        values["similarity"] = _best(len(ids), where.mine(folder, similarities) if similarities else {})
    where.write(folder, iter([pa.RecordBatch.from_pydict(values, schema=COLUMNS[where.kind])]))
    return {"documents": int(take.sum()), "duplicates": sum(filter(None, values["duplicate"]))}


def _weights(folder: Path, name: str, rows: int) -> Array:
    if not name:
        return np.ones(rows, np.int64)
    with pq.ParquetFile(folder / name) as file:
        sizes: Array = file.read(columns=["cluster_size"]).column(0).fill_null(1).to_numpy()
    return sizes


def _best(rows: int, found: Mapping[str, Sequence[Any]]) -> list[float | None]:
    """Return the largest similarity of each row."""
    best: list[float | None] = [None] * rows
    for row, value in zip(found.get("node", ()), found.get("similarity", ()), strict=True):
        known = best[row]
        best[row] = value if known is None else max(known, value)
    return best
