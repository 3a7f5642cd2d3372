"""Parquet: one row is one document, with the same columns as JSON Lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mothertongue.corpus.document import Document, Dropped
from mothertongue.corpus.readers.jsonl import row_document
from mothertongue.corpus.readers.streams import CHUNK, RATIO_GRACE, USUAL_LIMITS, Limits, UnreadableError, too_large

# Few rows at once: a small file can repeat a long text very often, and each row of a batch is a copy of it.
BATCH_ROWS = 64
BATCH_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class ParquetReader:
    """Reads .parquet files in batches; only the text, the id and plain columns are decoded."""

    language: str
    limits: Limits = USUAL_LIMITS
    suffixes: tuple[str, ...] = (".parquet",)

    def read(self, path: Path) -> Iterator[Document | Dropped]:
        """Yield one document per row, and a reason for every row that has none."""
        source = path.as_posix()
        try:
            yield from self._rows(path, source)
        except UnreadableError as error:
            yield error.dropped(source)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            yield UnreadableError("damaged", 0, f"not a sound Parquet file ({error!r:.200})").dropped(source)

    def _rows(self, path: Path, source: str) -> Iterator[Document | Dropped]:
        # Without pre-buffering pages are read as they are needed, instead of whole row groups.
        with pq.ParquetFile(path, pre_buffer=False, buffer_size=CHUNK) as file:
            allowed = self._allowed_bytes(file, path)
            columns = _columns(file.schema_arrow)
            number = given = 0
            for batch in file.iter_batches(batch_size=_batch_rows(file), columns=columns):
                for row in batch.to_pylist():
                    number += 1
                    item = self._row(row, f"{source}:{number}")
                    given += len(item.text) if isinstance(item, Document) else 0
                    if given > allowed:
                        raise _bomb(f"the first {number} rows hold {given} characters", allowed)
                    yield item

    def _row(self, row: dict[str, object], source: str) -> Document | Dropped:
        text = row.get("text")
        try:
            if isinstance(text, str) and len(text) > self.limits.record_bytes:
                raise too_large(self.limits.record_bytes, 0)
            return row_document(row, source, self.language, 0)
        except UnreadableError as error:
            return error.dropped(source)

    def _allowed_bytes(self, file: pq.ParquetFile, path: Path) -> int:
        """Return how much text the file may hold; refuse one whose footer promises more than it can honestly hold."""
        allowed = max(RATIO_GRACE, int(path.stat().st_size * self.limits.ratio))
        for group in range(file.metadata.num_row_groups):
            promised = file.metadata.row_group(group).total_byte_size
            if promised > allowed:
                raise _bomb(f"row group {group} unpacks to {promised} bytes", allowed)
        return allowed


def _bomb(found: str, allowed: int) -> UnreadableError:
    return UnreadableError("decompression_bomb", 0, found, f"at most {allowed} bytes")


def _batch_rows(file: pq.ParquetFile) -> int:
    """Return how many rows of the widest row group hold about `BATCH_BYTES`."""
    groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
    widest = max((group.total_byte_size // max(group.num_rows, 1) for group in groups), default=0)
    return max(1, min(BATCH_ROWS, BATCH_BYTES // max(widest, 1)))


def _columns(schema: pa.Schema) -> list[str]:
    """Return the columns worth decoding; raises UnreadableError `no_text` that lists those of the file."""
    if "text" not in schema.names and "messages" not in schema.names:
        found = ", ".join(schema.names[:20])
        raise UnreadableError("no_text", 0, f"columns found: {found}", "a column `text` or `messages`")
    plain = [name for name in schema.names if not pa.types.is_nested(schema.field(name).type)]
    return plain if "text" in schema.names else [*plain, "messages"]
