"""Documents, dropped documents, and the shard file that carries them.

A shard is one Parquet file of documents in the column order of `SCHEMA`; its footer holds a checksum of the id
column, so that a table of attributes made for one shard can never be joined to another one.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
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
GROUP_CHARACTERS = 16 * 1024 * 1024
ROWS_PER_BATCH = 512
SAMPLE_CHARACTERS = 200
SPLITS = ("train", "held_out", "second_domain")
"""The sets that documents can name themselves, under `split` in their meta."""


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


def write_shard(path: Path, documents: Iterable[Document]) -> int:
    """Write documents as one Parquet shard (zstd) and return their number.

    Equal documents give equal bytes; a killed write leaves nothing. A group of rows is in memory at a time.
    """
    state, rows = xxhash.xxh3_128(), 0
    with (
        durability.writing(path) as temporary,
        pq.ParquetWriter(temporary, SCHEMA, compression="zstd", store_schema=True) as writer,
    ):
        for group in _groups(documents):
            for document in group:
                state.update(document.id.encode("utf-8") + b"\0")
            writer.write_table(to_table(group), row_group_size=ROWS_PER_GROUP)
            rows += len(group)
        writer.add_key_value_metadata({CHECKSUM_KEY.decode(): state.hexdigest()})
    return rows


def _groups(documents: Iterable[Document]) -> Iterator[list[Document]]:
    """Yield groups of at most 8,192 rows and about 16 MiB of text."""
    group: list[Document] = []
    size = 0
    for document in documents:
        group.append(document)
        size += len(document.text)
        if len(group) == ROWS_PER_GROUP or size >= GROUP_CHARACTERS:
            yield group
            group, size = [], 0
    if group:
        yield group


def size_of(document: Document) -> int:
    """Return the bytes of a document's text in UTF-8."""
    return len(document.text.encode("utf-8", "replace"))


def read_shard(path: Path) -> list[Document]:
    """Return the documents of a shard in their order.

    Raises InputError MT210 when the file is no shard, has other columns, or its ids do not match its own checksum.
    """
    return list(iterate_shard(path))


def iterate_shard(path: Path) -> Iterator[Document]:
    """Yield the documents of a shard in their order, with a group of rows in memory at a time.

    Raises InputError MT210 when the file is no shard, has other columns, or, at its end, when its ids do not match
    its own checksum.
    """
    stored = shard_checksum(path)
    state = xxhash.xxh3_128()
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=ROWS_PER_BATCH):
                for row in batch.to_pylist():
                    state.update(row["id"].encode("utf-8") + b"\0")
                    yield Document(row["id"], row["text"], row["source"], row["language"], json.loads(row["meta"]))
    except (pa.ArrowException, OSError) as error:
        raise _broken_shard(path, str(error).splitlines()[0]) from error
    if state.hexdigest() != stored:
        raise _broken_shard(path, "the ids do not match the checksum of the file")


def shard_checksum(path: Path) -> str:
    """Return the checksum of the id column that a shard carries in its footer; raises InputError MT210."""
    try:
        with pq.ParquetFile(path) as file:
            names, metadata = file.schema_arrow.names, file.metadata.metadata or {}
    except (pa.ArrowException, OSError) as error:
        raise _broken_shard(path, str(error).splitlines()[0]) from error
    if names != SCHEMA.names:
        raise _broken_shard(path, "columns: " + ", ".join(names))
    return str(metadata.get(CHECKSUM_KEY, b"").decode())


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
