"""Documents, dropped documents, and the shard file that carries them.

A shard is one Parquet file of documents in the column order of `SCHEMA`; its footer holds a checksum of the id
column, so that a table of attributes made for one shard can never be joined to another one.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from mothertongue import durability
from mothertongue.errors import InputError, Problem

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        # large_string: a shard of more than 2 GiB of text must not overflow 32-bit offsets.
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("meta", pa.string(), nullable=False),
    ]
)
CHECKSUM_KEY = b"mothertongue.ids"
ROWS_PER_GROUP = 8192
SAMPLE_CHARACTERS = 200


@dataclass(frozen=True)
class Document:
    """One text with its id, where it came from, its BCP 47 language tag, and free JSON-like facts about it."""

    id: str
    text: str
    source: str
    language: str
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Dropped:
    """One text, file or record that did not become a document, with the reason, the value found and the threshold."""

    id: str
    source: str
    reason: str
    value: str
    threshold: str
    sample: str


def content_id(text: str) -> str:
    """Return the 128-bit xxh3 hash of the NFC form of `text` as 32 hexadecimal digits."""
    data = unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")
    return xxhash.xxh3_128_hexdigest(data)


def sample_of(text: str) -> str:
    """Return the opening of `text` on one line, at most 200 characters, safe to write to any UTF-8 file."""
    opening = " ".join(text[: 4 * SAMPLE_CHARACTERS].split())
    return opening[:SAMPLE_CHARACTERS].encode("utf-8", "replace").decode("utf-8")


def drop(document: Document, reason: str, value: str, threshold: str) -> Dropped:
    """Return the Dropped row of a document, with the opening of its text as sample."""
    return Dropped(document.id, document.source, reason, value, threshold, sample_of(document.text))


def ids_checksum(ids: Iterable[str]) -> str:
    """Return a 128-bit hash of ids in their order, as 32 hexadecimal digits."""
    state = xxhash.xxh3_128()
    for identifier in ids:
        state.update(identifier.encode("utf-8"))
        state.update(b"\0")
    return state.hexdigest()


def to_table(documents: Sequence[Document]) -> pa.Table:
    """Return documents as an Arrow table with `SCHEMA`; meta becomes JSON with sorted keys."""
    columns = [
        pa.array([document.id for document in documents], pa.string()),
        pa.array([document.text for document in documents], pa.large_string()),
        pa.array([document.source for document in documents], pa.string()),
        pa.array([document.language for document in documents], pa.string()),
        pa.array([meta_json(document.meta) for document in documents], pa.string()),
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def meta_json(meta: dict[str, Any]) -> str:
    """Return the one JSON text that stands for `meta`: sorted keys, no escapes, no spaces."""
    return json.dumps(meta, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def write_shard(path: Path, documents: Sequence[Document]) -> None:
    """Write documents as one Parquet shard (zstd); equal documents give equal bytes, a killed write leaves nothing."""
    checksum = ids_checksum(document.id for document in documents)
    table = to_table(documents).replace_schema_metadata({CHECKSUM_KEY: checksum.encode()})
    with durability.writing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", row_group_size=ROWS_PER_GROUP, store_schema=True)


def read_shard(path: Path) -> list[Document]:
    """Return the documents of a shard in their order.

    Raises InputError MT210 when the file is no shard, has other columns, or its ids do not match its own checksum.
    """
    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as error:
        raise _broken_shard(path, str(error).splitlines()[0]) from error
    if table.schema.names != SCHEMA.names:
        raise _broken_shard(path, "columns: " + ", ".join(table.schema.names))
    rows = table.cast(SCHEMA.with_metadata(table.schema.metadata)).to_pylist()
    stored = (table.schema.metadata or {}).get(CHECKSUM_KEY, b"").decode()
    if stored != ids_checksum(row["id"] for row in rows):
        raise _broken_shard(path, "the ids do not match the checksum of the file")
    return [Document(row["id"], row["text"], row["source"], row["language"], json.loads(row["meta"])) for row in rows]


def _broken_shard(path: Path, found: str) -> InputError:
    return InputError(
        Problem(
            code="MT210",
            message="is not a shard written by mothertongue",
            where=str(path),
            value=found,
            allowed="Parquet with the columns " + ", ".join(SCHEMA.names),
            do="run the corpus stage again, or give the folder of texts itself as a source",
        )
    )
