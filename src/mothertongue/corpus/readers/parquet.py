"""Parquet: one row is one document, with the same columns as JSON Lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mothertongue.corpus.document import Document, Dropped
from mothertongue.corpus.readers.jsonl import row_document
from mothertongue.corpus.readers.streams import RATIO_GRACE, USUAL_LIMITS, Limits, UnreadableError, too_large

BATCH_ROWS = 256


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
        with pq.ParquetFile(path) as file:
            self._check_size(file, path)
            columns = _columns(file.schema_arrow)
            number = 0
            for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=columns):
                for row in batch.to_pylist():
                    number += 1
                    yield self._row(row, f"{source}:{number}")

    def _row(self, row: dict[str, object], source: str) -> Document | Dropped:
        text = row.get("text")
        try:
            if isinstance(text, str) and len(text) > self.limits.record_bytes:
                raise too_large(self.limits.record_bytes, 0)
            return row_document(row, source, self.language, 0)
        except UnreadableError as error:
            return error.dropped(source)

    def _check_size(self, file: pq.ParquetFile, path: Path) -> None:
        """Refuse a file whose footer promises far more bytes than it can honestly hold."""
        allowed = max(RATIO_GRACE, int(path.stat().st_size * self.limits.ratio))
        for group in range(file.metadata.num_row_groups):
            promised = file.metadata.row_group(group).total_byte_size
            if promised > allowed:
                found = f"row group {group} unpacks to {promised} bytes"
                raise UnreadableError("decompression_bomb", 0, found, f"at most {allowed} bytes")


def _columns(schema: pa.Schema) -> list[str]:
    """Return the columns worth decoding; raises UnreadableError `no_text` that lists those of the file."""
    if "text" not in schema.names and "messages" not in schema.names:
        found = ", ".join(schema.names[:20])
        raise UnreadableError("no_text", 0, f"columns found: {found}", "a column `text` or `messages`")
    plain = [name for name in schema.names if not pa.types.is_nested(schema.field(name).type)]
    return plain if "text" in schema.names else [*plain, "messages"]
