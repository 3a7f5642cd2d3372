"""Small works of documents in shards, and their tables by the ids of the documents."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mothertongue.corpus.attributes import read_attributes
from mothertongue.corpus.deduplication import DeduplicationOptions, DuplicateTables, find_duplicates
from mothertongue.corpus.document import Document, ids_checksum, read_shard, write_shard
from mothertongue.corpus.executors import Executor, Inline
from mothertongue.corpus.profile import neutral_profile
from mothertongue.corpus.work import Work

OFF: Mapping[str, Any] = {"url": "off", "exact": False, "near": False}


@contextmanager
def quick_folder() -> Iterator[Path]:
    """Make a folder in memory where there is one: every file of an exchange is synced."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None, prefix="mothertongue-") as folder:
        yield Path(folder)


def doc(identifier: str, text: str, **meta: Any) -> Document:
    return Document(identifier, text, f"{identifier}.txt", "nl", meta)


def shards_of(folder: Path, documents: Sequence[Document], number: int = 3) -> list[str]:
    """Write documents as so many shards, in their order."""
    names = []
    each = -(-len(documents) // number)
    for shard in range(number):
        names.append(f"documents/{shard:05d}.parquet")
        write_shard(folder / names[-1], documents[shard * each : (shard + 1) * each])
    return names


def masks_of(folder: Path, names: Sequence[str], dropped: Iterable[str]) -> list[str]:
    """Write the decisions that drop documents by id."""
    out, gone = [], set(dropped)
    for name in names:
        keep = [document.id not in gone for document in read_shard(folder / name)]
        out.append(name.replace("documents", "decisions"))
        (folder / out[-1]).parent.mkdir(exist_ok=True)
        pq.write_table(pa.table({"keep": keep}), folder / out[-1])
    return out


def deduplicated(
    folder: Path,
    documents: Sequence[Document],
    *,
    shards: int = 3,
    executor: Executor | None = None,
    dropped: Iterable[str] | None = None,
    index: Path | None = None,
    language: str = "nl",
    **options: Any,
) -> DuplicateTables:
    names = shards_of(folder, documents, shards)
    work = Work(folder, executor or Inline())
    keep = None if dropped is None else masks_of(folder, names, dropped)
    chosen = DeduplicationOptions(**options)
    return find_duplicates(work, names, chosen, neutral_profile(language), keep=keep, index=index)


def rows_of(folder: Path, tables: DuplicateTables, kind: str) -> dict[str, dict[str, Any]]:
    """Return the rows of a table by the id of their document, read as a mix reads them."""
    table, found = tables.tables[kind], {}
    for name in table.files:
        ids = [document.id for document in read_shard(folder / "documents" / Path(name).name)]
        rows = read_attributes(folder / name, key=table.key, checksum=ids_checksum(ids)).to_pylist()
        found |= dict(zip(ids, rows, strict=True))
    return found


def removed(folder: Path, tables: DuplicateTables, kind: str) -> dict[str, str]:
    """Return id of a duplicate -> id of its representative."""
    rows = rows_of(folder, tables, kind)
    return {identifier: row["representative"] for identifier, row in rows.items() if row["duplicate"] == 1}


def spans(folder: Path, tables: DuplicateTables, kind: str) -> dict[str, list[tuple[int, int]]]:
    """Return id -> spans, without scores; documents without spans are left out."""
    rows = rows_of(folder, tables, kind)
    return {
        identifier: [(span["start"], span["end"]) for span in row["repeated"]]
        for identifier, row in rows.items()
        if row["repeated"]
    }


def contents(folder: Path, tables: DuplicateTables) -> dict[str, bytes]:
    """Return the bytes of all files of all tables."""
    return {name: (folder / name).read_bytes() for table in tables.tables.values() for name in table.files}
