"""WARC and WET: web archives, one page is one document with its address, date and content type."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mothertongue.corpus.document import Document, Dropped, content_id
from mothertongue.corpus.readers.facts import facts, iso_date
from mothertongue.corpus.readers.html import decode_page, html_text
from mothertongue.corpus.readers.streams import (
    USUAL_LIMITS,
    Limits,
    UnreadableError,
    open_stream,
    read_capped,
    with_packed,
)

if TYPE_CHECKING:
    from fastwarc.warc import WarcRecord

HTML_TYPES = ("text/html", "application/xhtml+xml")


@dataclass(frozen=True)
class WarcReader:
    """Reads .warc and .wet archives: answers with HTML or plain text, and texts that another tool extracted (WET).

    Requests, metadata and repeated answers hold no text and are passed over; pages that cannot be used give a reason.
    """

    language: str
    limits: Limits = USUAL_LIMITS
    suffixes: tuple[str, ...] = with_packed(".warc", ".wet")

    def read(self, path: Path) -> Iterator[Document | Dropped]:
        """Yield one document per page (source `file:record`), and a reason for every page that gives none."""
        source = path.as_posix()
        try:
            with open_stream(path, self.limits) as stream:
                yield from self._records(stream, source)
        except UnreadableError as error:
            yield error.dropped(source)

    def _records(self, stream: BufferedReader, source: str) -> Iterator[Document | Dropped]:
        from fastwarc.warc import ArchiveIterator, WarcRecordType

        forward: Any = _Forward(stream)
        wanted = WarcRecordType.response | WarcRecordType.resource | WarcRecordType.conversion
        number = given = 0
        try:
            for record in ArchiveIterator(forward, parse_http=True, auto_decode="all", stream_detect=False):
                number += 1
                if record.record_type & wanted:
                    given += 1
                    yield self._record(record, f"{source}:{number}")
        except (OSError, ValueError) as error:
            raise UnreadableError("damaged", 0, f"after record {number}: {str(error)[:200]}", "WARC") from error
        if not given:
            raise UnreadableError("no_text", 0, f"{number} records, none with a page", "responses or extracted texts")

    def _record(self, record: WarcRecord, source: str) -> Document | Dropped:
        offset = record.stream_pos
        try:
            status = record.http_headers.status_code if record.http_headers is not None else None
            if status is not None and not 200 <= status < 300:
                raise UnreadableError("http_status", offset, f"status {status}", "200 to 299")
            content_type, charset = _content_type(record)
            if content_type not in (*HTML_TYPES, "text/plain"):
                raise UnreadableError("content_type", offset, content_type or "no content type", "HTML or plain text")
            page = decode_page(read_capped(record.reader, self.limits.markup_bytes, offset), charset)
            text, said = html_text(page, self.limits) if content_type in HTML_TYPES else (page, {})
        except UnreadableError as error:
            return error.dropped(source)
        except (OSError, ValueError) as error:
            return UnreadableError("damaged", offset, str(error)[:200], "WARC").dropped(source)
        meta = said | facts(
            url=record.headers.get("WARC-Target-URI"),
            date=iso_date(record.headers.get("WARC-Date") or ""),
            content_type=content_type,
            declared_language=said.get("declared_language") or _languages(record),
        )
        return Document(content_id(text), text, source, self.language, meta)


class _Forward:
    """A stream that is only read on: FastWARC seeks where it can, and a decompressed stream cannot."""

    def __init__(self, stream: BufferedReader) -> None:
        self._stream = stream
        self._place = 0

    def read(self, size: int) -> bytes:
        data = self._stream.read1(size)
        self._place += len(data)
        return data

    def tell(self) -> int:
        return self._place


def _content_type(record: WarcRecord) -> tuple[str, str | None]:
    """Return the content type of what a record holds and the charset that it names."""
    headers = record.headers if record.http_headers is None else record.http_headers
    kind, _, rest = (headers.get("Content-Type") or "").partition(";")
    _, _, charset = rest.partition("charset=")
    return kind.strip().lower(), charset.partition(";")[0].strip(" \t\"'") or None


def _languages(record: WarcRecord) -> str | None:
    return record.headers.get("WARC-Identified-Content-Language") or None
