"""Attribute shards: one Parquet file beside each shard of documents, with the same rows in the same order.

The footer holds the tagger's key and the checksum of the id column of the documents it was made for. Reading checks
both, so that attributes can never be joined to other documents (MT222).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mothertongue import durability
from mothertongue.corpus.document import CHECKSUM_KEY, ROWS_PER_GROUP
from mothertongue.errors import InputError, Problem

TAGGER_KEY = b"mothertongue.tagger"
GROUP_BYTES = 1 << 24


def write_attributes(
    path: Path, batches: Iterable[pa.RecordBatch], schema: pa.Schema, *, key: str, checksum: str
) -> int:
    """Write an attribute shard and return its number of rows; equal rows give equal bytes.

    `key` is the tagger's `attribute_key`, `checksum` that of the ids of the documents (`document.ids_checksum`).
    """
    rows = 0
    with durability.writing(path) as temporary:
        described = schema.with_metadata({TAGGER_KEY: key.encode(), CHECKSUM_KEY: checksum.encode()})
        # Numbers differ from row to row: a dictionary of them makes files larger and writing slower.
        texts = [field.name for field in schema if pa.types.is_string(field.type)]
        with pq.ParquetWriter(
            temporary, described, compression="zstd", store_schema=True, use_dictionary=texts or False
        ) as writer:
            for group in _groups(batches):
                writer.write_table(pa.Table.from_batches(group).replace_schema_metadata(described.metadata))
                rows += sum(batch.num_rows for batch in group)
    return rows


def _groups(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    """Yield batches in groups of at least 8,192 rows or 16 MiB: each group is stored with a head of its own."""
    group: list[pa.RecordBatch] = []
    for batch in batches:
        group.append(batch)
        if sum(one.num_rows for one in group) >= ROWS_PER_GROUP or sum(one.nbytes for one in group) >= GROUP_BYTES:
            yield group
            group = []
    if group:
        yield group


def read_attributes(path: Path, *, key: str, checksum: str, columns: Collection[str] | None = None) -> pa.Table:
    """Return the attributes of one shard, or those of its columns that are wanted.

    Raises InputError MT222 when the file is damaged, of another tagger, or made for other documents.
    """
    with _checked(path, key, checksum) as file:
        names = [name for name in file.schema_arrow.names if columns is None or name in columns]
        return file.read(columns=names)


@contextmanager
def _checked(path: Path, key: str, checksum: str) -> Iterator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(path) as file:
            metadata = file.schema_arrow.metadata or {}
            found, ids = (metadata.get(name, b"").decode() for name in (TAGGER_KEY, CHECKSUM_KEY))
            if found != key:
                raise _mismatch(path, f"attributes of {found or 'no tagger'}", key)
            if ids != checksum:
                raise _mismatch(path, f"ids with checksum {ids or 'none'}", checksum)
            yield file
    except (pa.ArrowException, OSError) as error:
        raise _mismatch(path, str(error).splitlines()[0], "an attribute shard") from error


def _mismatch(path: Path, found: str, allowed: str) -> InputError:
    return InputError(
        Problem(
            code="MT222",
            message="does not belong to these documents",
            where=str(path),
            value=found,
            allowed=allowed,
            do="delete this file; the next run writes it again from the documents",
        )
    )
