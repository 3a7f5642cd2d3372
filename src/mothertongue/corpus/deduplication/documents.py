"""The documents that take part: batches of a shard with the rows that no mask excludes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mothertongue.corpus.document import CHECKSUM_KEY, SCHEMA
from mothertongue.errors import InputError, Problem

BATCH_ROWS = 256
"""Documents read at a time; with 100,000 characters each this is some tens of MiB."""
Mask = tuple[str, str, Any]
"""Parquet file, column, value: a row takes part where the column has the value."""


@dataclass(frozen=True)
class Taken:
    """Some rows of a shard: the first row's number, columns by name, and which rows take part."""

    first: int
    batch: pa.RecordBatch
    take: NDArray[np.bool_]

    @property
    def rows(self) -> NDArray[np.int64]:
        """The numbers of the rows that take part."""
        return self.first + np.flatnonzero(self.take)

    def texts(self) -> list[str]:
        """Return the texts of the rows that take part."""
        values: list[str] = self.batch.column("text").filter(pa.array(self.take)).to_pylist()
        return values

    @property
    def large(self) -> pa.Array:
        """All texts of the batch as large strings, wherever they came from."""
        return self.batch.column("text").cast(pa.large_string())


def taken(folder: Path, shard: str, masks: Sequence[Mask], columns: Sequence[str] = ("text",)) -> Iterator[Taken]:
    """Yield the batches of a shard in order, an empty one for an empty shard.

    Raises InputError MT233 when a mask has another number of rows.
    """
    with pq.ParquetFile(folder / shard) as file:
        take = participants(folder, shard, masks, file.metadata.num_rows)
        first = 0
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=list(columns)):
            yield Taken(first, batch, take[first : first + batch.num_rows])
            first += batch.num_rows
        if not first:
            schema = file.schema_arrow.empty_table().select(list(columns)).schema
            yield Taken(0, pa.RecordBatch.from_pylist([], schema=schema), take)


def participants(folder: Path, shard: str, masks: Sequence[Mask], rows: int) -> NDArray[np.bool_]:
    """Return which of the rows of a shard take part."""
    take = np.ones(rows, bool)
    for name, column, value in masks:
        with pq.ParquetFile(folder / name) as file:
            found = file.read(columns=[column]).column(0)
        if len(found) != rows:
            raise InputError(
                Problem(
                    "MT233",
                    "does not belong to this shard of documents",
                    where=str(folder / name),
                    value=f"{len(found)} rows",
                    allowed=f"{rows} rows, as in {shard}",
                    do="delete this file; the next run writes it again",
                )
            )
        take &= np.asarray(pc.fill_null(pc.equal(found, value), False).to_numpy(zero_copy_only=False), bool)
    return take


def checksum(folder: Path, shard: str) -> str:
    """Return the checksum of the ids of a shard, as its footer says."""
    with pq.ParquetFile(folder / shard) as file:
        return str((file.metadata.metadata or {}).get(CHECKSUM_KEY, b"").decode())


def size_of(folder: Path, shard: str) -> tuple[int, int]:
    """Return the documents of a shard and the bytes of its text before compression, from its footer."""
    with pq.ParquetFile(folder / shard) as file:
        place = SCHEMA.names.index("text")
        groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
        return file.metadata.num_rows, sum(group.column(place).total_uncompressed_size for group in groups)
