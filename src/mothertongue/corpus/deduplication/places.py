"""Where a task reads and writes: a shard, a part of exchanged tables, or the table of a shard; plain JSON inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mothertongue.corpus.attributes import write_attributes
from mothertongue.corpus.deduplication.documents import Mask, Taken, checksum, participants, taken
from mothertongue.corpus.deduplication.exchange import (
    Array,
    Groups,
    Nodes,
    column,
    nodes,
    part_of,
    read_part,
    row_of,
    shard_of,
    write_parts,
)
from mothertongue.corpus.deduplication.tables import COLUMNS

Place = Mapping[str, Any]
"""The fields of one of these classes as they stand in the arguments of a task."""


@dataclass(frozen=True)
class ShardPlace:
    """A task that reads one shard and writes a table parted by hash."""

    version: int
    shard: str
    number: int
    dump: int
    masks: Sequence[Mask]
    group: int
    groups: int
    output: str

    def taken(self, folder: Path, *columns: str) -> Iterator[Taken]:
        """Yield the batches of the shard with who takes part; `text` where no columns are named."""
        return taken(folder, self.shard, self.masks, columns or ("text",))

    def nodes(self, rows: Array) -> Nodes:
        """Return the nodes of rows of the shard."""
        return nodes(self.dump, self.number, rows)

    def mine(self, folder: Path, files: Sequence[str]) -> pa.Table:
        """Return the rows about this shard in tables that are parted by groups of shards."""
        table = read_part([folder / name for name in files], 0, 1, block=self.group, blocks=self.groups)
        return table.filter(pa.array(shard_of(column(table, "node")) == self.number))

    def write(self, folder: Path, table: pa.Table, parts: int) -> None:
        """Write a table parted by its column `hash`."""
        write_parts(folder / self.output, table, part_of(column(table, "hash"), parts), parts)


@dataclass(frozen=True)
class PartPlace:
    """A task that reads one part of many tables and writes a table parted by groups of shards."""

    version: int
    files: Sequence[str]
    part: int
    parts: int
    shards: Sequence[int]
    dump: int
    output: str

    @property
    def groups(self) -> Groups:
        """The groups of the shards."""
        return Groups(tuple(self.shards))

    def paths(self, folder: Path) -> list[Path]:
        """Return the files that are read."""
        return [folder / name for name in self.files]

    def read(self, folder: Path) -> pa.Table:
        """Return the rows whose hash lies in the part."""
        return read_part(self.paths(folder), self.part, self.parts)

    def read_group(self, folder: Path) -> pa.Table:
        """Return the rows of the group of shards with the number of the part."""
        return read_part(self.paths(folder), 0, 1, block=self.part, blocks=self.parts)

    def write(self, folder: Path, table: pa.Table, output: str = "", by: str = "node") -> None:
        """Write a table parted by the group of its nodes, all of this dump."""
        places = self.groups.of(column(table, by))
        write_parts(folder / (output or self.output), table, places, self.groups.number)


@dataclass(frozen=True)
class TablePlace:
    """A task that writes the attribute shard of one kind beside one shard of documents."""

    version: int
    kind: str
    key: str
    shard: str
    number: int
    group: int
    groups: int
    masks: Sequence[Mask]
    files: Sequence[str]
    output: str

    def mine(self, folder: Path, files: Sequence[str] | None = None) -> dict[str, list[Any]]:
        """Return the columns of all rows about this shard, `node` as row number."""
        paths = [folder / name for name in (self.files if files is None else files)]
        table = read_part(paths, 0, 1, block=self.group, blocks=self.groups)
        places = column(table, "node")
        own = shard_of(places) == self.number
        chosen: dict[str, list[Any]] = table.filter(pa.array(own)).to_pydict()
        chosen["node"] = row_of(places[own]).tolist()
        return chosen

    def taken(self, folder: Path) -> Iterator[Taken]:
        """Yield the batches of the shard with who takes part."""
        return taken(folder, self.shard, self.masks)

    def participants(self, folder: Path, rows: int) -> NDArray[np.bool_]:
        """Return which of the rows take part."""
        return participants(folder, self.shard, self.masks, rows)

    def write(self, folder: Path, batches: Iterator[pa.RecordBatch]) -> None:
        """Write the attribute shard."""
        ids = checksum(folder, self.shard)
        write_attributes(folder / self.output, batches, COLUMNS[self.kind], key=self.key, checksum=ids)
