"""Exchange between tasks: tables cut into parts by hash range, so that a later task reads its part of every file.

A file is Arrow IPC with one record batch per part, so one part of a large file costs one seek. A document is a node:
dump, shard and row in one 64-bit number, whose order is the order of the corpus.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mothertongue import durability
from mothertongue.corpus.work import Counts, Task, Work

Array = NDArray[Any]
Nodes = NDArray[np.uint64]

ROWS_PER_PART: Final = 1 << 20
"""Rows of a part that a task is planned to hold; a few dozen bytes each."""
MOST_FILES: Final = 128
"""More files than this are joined before parts are read from them: many tiny reads are slow on shared disks."""
_ROW_BITS, _SHARD_BITS = np.uint64(24), np.uint64(24)
_ROW_MASK, _SHARD_MASK = np.uint64((1 << 24) - 1), np.uint64((1 << 24) - 1)


def nodes(dump: int, shard: int, rows: Array) -> Nodes:
    """Return the numbers of documents: 16 bits of dump, 24 of shard, 24 of row."""
    place = np.uint64(dump) << (_ROW_BITS + _SHARD_BITS) | np.uint64(shard) << _ROW_BITS
    return place | rows.astype(np.uint64)


def dump_of(numbers: Nodes) -> Array:
    """Return the dump of each node."""
    return (numbers >> (_ROW_BITS + _SHARD_BITS)).astype(np.int64)


def shard_of(numbers: Nodes) -> Array:
    """Return the shard of each node."""
    return (numbers >> _ROW_BITS & _SHARD_MASK).astype(np.int64)


def row_of(numbers: Nodes) -> Array:
    """Return the row of each node in its shard."""
    return (numbers & _ROW_MASK).astype(np.int64)


def parts_for(rows: float) -> int:
    """Return the power of two of parts in which so many rows fit."""
    parts = 1
    while parts * ROWS_PER_PART < rows:
        parts *= 2
    return parts


def part_of(hashes: NDArray[np.uint64], parts: int) -> Array:
    """Return the part of each hash: its first bits, so that parts are ranges and halves of parts are parts."""
    bits = parts.bit_length() - 1
    return (hashes >> np.uint64(64 - bits)).astype(np.int64) if bits else np.zeros(len(hashes), np.int64)


@dataclass(frozen=True)
class Groups:
    """Shards in consecutive groups, at most 512: what a task about documents, not about hashes, works on."""

    shards: tuple[int, ...]

    MOST: Final = 512

    @property
    def size(self) -> int:
        """The number of shards in a group."""
        return -(-len(self.shards) // self.MOST)

    @property
    def number(self) -> int:
        """The number of groups."""
        return -(-len(self.shards) // self.size) if self.shards else 0

    def of(self, numbers: Nodes) -> Array:
        """Return the group of each node of these shards."""
        return np.searchsorted(np.array(self.shards), shard_of(numbers)) // self.size


def write_parts(path: Path, table: pa.Table, part: Array, parts: int) -> None:
    """Write a table as one batch per part, rows in their order within a part."""
    order = np.argsort(part, kind="stable")
    borders = np.searchsorted(part[order], np.arange(parts + 1))
    ordered = table.take(pa.array(order)).combine_chunks()
    write_batches(path, (ordered.slice(first, last - first) for first, last in pairwise(borders.tolist())))


def write_batches(path: Path, tables: Iterable[pa.Table]) -> int:
    """Write each table as one batch, holding one at a time; return the number of rows."""
    rows, waiting = 0, iter(tables)
    first = next(waiting)
    with durability.writing(path) as temporary, pa.ipc.new_file(str(temporary), first.schema) as writer:
        for table in chain([first], waiting):
            writer.write_batch(_one_batch(table))
            rows += table.num_rows
    return rows


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)


def read_part(paths: Sequence[Path], part: int, parts: int, *, block: int = 0, blocks: int = 1) -> pa.Table:
    """Return one part of files: all rows whose first column lies in the hash range, in the order of the files.

    Files may have been cut into another power of two of parts. A file of several blocks (bands) has the parts of one
    block after those of another.
    """
    return pa.concat_tables([_part(path, part, parts, block, blocks) for path in paths])


def _part(path: Path, part: int, parts: int, block: int, blocks: int) -> pa.Table:
    with pa.OSFile(str(path)) as source, pa.ipc.open_file(source) as reader:
        own = reader.num_record_batches // blocks
        if own >= parts:
            each = own // parts
            numbers = range(block * own + part * each, block * own + (part + 1) * each)
            return pa.Table.from_batches([reader.get_batch(number) for number in numbers], reader.schema)
        table = pa.Table.from_batches([reader.get_batch(block * own + part * own // parts)], reader.schema)
    return table.filter(pa.array(part_of(column(table, table.schema.names[0]), parts) == part))


def read_all(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield all batches of a file."""
    with pa.OSFile(str(path)) as source, pa.ipc.open_file(source) as reader:
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)


def column(table: pa.Table | pa.RecordBatch, name: str) -> Array:
    """Return a numeric column as a NumPy array."""
    values: Array = table.column(name).to_numpy()
    return values


def changes(*keys: Array) -> NDArray[np.bool_]:
    """Return where sorted keys differ from those in the row before; the first row does."""
    new = np.ones(len(keys[0]), bool)
    new[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    return new


def table_of(columns: Mapping[str, Any]) -> pa.Table:
    """Return a table of arrays by name."""
    return pa.table({name: pa.array(values) for name, values in columns.items()})


def joined(work: Work, step: str, files: Sequence[str]) -> list[str]:
    """Return at most `MOST_FILES` files with the same parts as many: a step that is only needed on large corpora."""
    level, current = 0, list(files)
    while len(current) > MOST_FILES:
        groups = [current[start : start + MOST_FILES] for start in range(0, len(current), MOST_FILES)]
        names = [f"duplicates/exchange/{step}-joined-{level}/{number:05d}.arrow" for number in range(len(groups))]
        tasks = [
            Task(
                f"duplicates/{step}-joined-{level}",
                number,
                f"{__name__}:join",
                {"files": group, "output": name},
                tuple(group),
                (name,),
            )
            for number, (group, name) in enumerate(zip(groups, names, strict=True))
        ]
        work.run(tasks, "joining parts", "tasks")
        level, current = level + 1, names
    return current


def join(folder: Path, *, files: Sequence[str], output: str) -> Counts:
    """Write a file whose parts are the joined parts of many; holds one part at a time."""
    paths = [folder / name for name in files]
    with pa.OSFile(str(paths[0])) as source, pa.ipc.open_file(source) as reader:
        parts = reader.num_record_batches
    # Batches, not hash ranges: parts of any meaning (bands, groups of shards) are joined alike.
    tables = (read_part(paths, 0, 1, block=part, blocks=parts) for part in range(parts))
    return {"rows": write_batches(folder / output, tables)}
