"""JSON Lines: one row is one document, with `text` or with `messages`."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mothertongue.corpus.document import Document, Dropped, content_id, sample_of
from mothertongue.corpus.readers.streams import (
    USUAL_LIMITS,
    Limits,
    UnreadableError,
    decode,
    open_stream,
    read_lines,
    too_large,
    with_packed,
)

BAD_LINES_IN_A_ROW = 1000


@dataclass(frozen=True)
class JsonLinesReader:
    """Reads .jsonl files, plain or compressed: `text` or `messages`, `id`, and every plain value into meta."""

    language: str
    limits: Limits = USUAL_LIMITS
    suffixes: tuple[str, ...] = with_packed(".jsonl", ".ndjson")

    def read(self, path: Path) -> Iterator[Document | Dropped]:
        """Yield one document per row, and a reason for every row that has none; a broken row ends nothing."""
        source = path.as_posix()
        broken = 0
        try:
            with open_stream(path, self.limits) as stream:
                for number, offset, line in read_lines(stream, self.limits):
                    if line is not None and not line.strip(b" \t\xef\xbb\xbf"):
                        continue
                    result = self._row(f"{source}:{number}", offset, line)
                    broken = broken + 1 if isinstance(result, Dropped) and result.reason == "malformed" else 0
                    yield result
                    if broken >= BAD_LINES_IN_A_ROW:
                        raise UnreadableError(
                            "malformed", offset, f"{broken} lines in a row are not JSON", "JSON Lines"
                        )
        except UnreadableError as error:
            yield error.dropped(source)

    def _row(self, source: str, offset: int, line: bytes | None) -> Document | Dropped:
        try:
            if line is None:
                raise too_large(self.limits.record_bytes, offset)
            row = _parse(decode(line, offset), offset)
            return row_document(row, source, self.language, offset)
        except UnreadableError as error:
            return error.dropped(source)


def _parse(line: str, offset: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        found = "nested too deeply" if isinstance(error, RecursionError) else str(error).splitlines()[0]
        raise UnreadableError(
            "malformed", offset, f"not JSON: {found}; {sample_of(line[:80])}", "JSON Lines"
        ) from error
    if not isinstance(row, dict):
        raise UnreadableError("malformed", offset, f"a {type(row).__name__} instead of an object", "JSON Lines")
    return row


def row_document(row: Mapping[str, Any], source: str, language: str, offset: int) -> Document:
    """Return the document of one row (JSON object or Parquet row).

    Raises UnreadableError `no_text` that lists the columns found when there is neither `text` nor usable `messages`.
    """
    facts = {key: _plain_date(value) for key, value in row.items() if key not in ("id", "text", "meta")}
    meta = {key: value for key, value in facts.items() if _is_plain(value)}
    nested = row.get("meta")
    if isinstance(nested, str):
        nested = _nested(nested)
    if isinstance(nested, Mapping):
        meta.update({str(key): value for key, value in nested.items() if _is_plain(value)})
    text = row.get("text")
    if text is None and "messages" in row:
        text = _messages_text(row["messages"], offset)
        meta["messages"] = row["messages"]
    if not isinstance(text, str):
        columns = ", ".join(map(str, list(row)[:20]))
        found = f"text is a {type(text).__name__}" if text is not None else f"columns found: {columns or 'none'}"
        raise UnreadableError("no_text", offset, found, "a column `text` or `messages`")
    given = row.get("id")
    identifier = str(given) if isinstance(given, (str, int)) and str(given).strip() else content_id(text)
    return Document(identifier.encode("utf-8", "replace").decode("utf-8"), text, source, language, meta)


def _nested(text: str) -> Any:
    """Return the value of a `meta` column that holds JSON text, as shards do; anything else counts as no meta."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _messages_text(messages: Any, offset: int) -> str:
    """Return the contents of chat messages, an empty line between two of them."""
    contents = []
    for message in messages if isinstance(messages, list) else [None]:
        content = message.get("content") if isinstance(message, Mapping) else None
        if not isinstance(content, str):
            raise UnreadableError("no_text", offset, "messages without role and content", "rows of role and content")
        contents.append(content)
    return "\n\n".join(contents)


def _plain_date(value: Any) -> Any:
    """Return dates, which tables have as objects, in ISO form, and everything else as it is."""
    return value.isoformat() if isinstance(value, (datetime.date, datetime.datetime)) else value


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float, bool))
