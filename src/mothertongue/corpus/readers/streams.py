"""Guarded byte streams: every reader gets its bytes here, below a cap per record and a cap on decompression."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import zstandard

from mothertongue.corpus.document import Dropped, content_id

CHUNK = 1 << 16
# Small archives of very even text compress well; the ratio only counts once this many bytes came out.
RATIO_GRACE = 1 << 20
ZSTD_WINDOW = 1 << 27


@dataclass(frozen=True)
class Limits:
    """Caps of reading: bytes of one record, bytes out per byte of a compressed file, nesting of markup."""

    record_bytes: int = 128 * 1024 * 1024
    """Longest line or row that is read, in bytes after decompression."""
    part_bytes: int = 4 * 1024 * 1024
    """Longest plain text that becomes one document; a longer file becomes several, cut between paragraphs."""
    markup_bytes: int = 16 * 1024 * 1024
    """Largest page, chapter or catalogue that is parsed as a whole, in bytes after decompression."""
    ratio: float = 250.0
    """Largest number of bytes that one byte of a compressed file may become."""
    depth: int = 256
    """Deepest nesting of elements in XML and HTML."""
    pages: int = 20_000
    """Most pages of one PDF or chapters of one book."""


USUAL_LIMITS = Limits()


class UnreadableError(Exception):
    """A file or record that cannot be read: a reason word, the byte offset, what was found and what is allowed."""

    def __init__(self, reason: str, offset: int, found: str, allowed: str = "") -> None:
        super().__init__(reason)
        self.reason, self.offset, self.found, self.allowed = reason, offset, found, allowed

    def dropped(self, source: str) -> Dropped:
        """Return the row that says in which file, at which byte and why reading stopped."""
        value = f"byte {self.offset}: {self.found}"
        return Dropped(content_id(f"{source}\0{value}"), source, self.reason, value, self.allowed, "")


PACKED = (".gz", ".zst", ".bz2")


def with_packed(*suffixes: str) -> tuple[str, ...]:
    """Return endings of file names followed by the same endings of compressed files."""
    return (*suffixes, *(suffix + packed for suffix in suffixes for packed in PACKED))


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _RatioGuard(io.RawIOBase):
    """A decompressed stream that stops when more comes out than the ratio of the limits allows."""

    def __init__(self, read: Callable[[int], bytes], compressed_bytes: int, limits: Limits) -> None:
        super().__init__()
        self._read, self._limits = read, limits
        self._allowed = max(RATIO_GRACE, int(compressed_bytes * limits.ratio))
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._read(min(len(buffer), CHUNK))
        self._given += len(data)
        if self._given > self._allowed:
            raise UnreadableError(
                "decompression_bomb",
                self._allowed,
                f"more than {self._allowed} bytes come out",
                f"at most {self._limits.ratio:g} bytes for each compressed byte",
            )
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def open_stream(path: Path, limits: Limits) -> Iterator[io.BufferedReader]:
    """Yield the bytes of a file, decompressed when its name ends in .gz, .zst or .bz2.

    Raises UnreadableError (reasons `unreadable`, `truncated`, `damaged`, `decompression_bomb`) also while it is read.
    """
    offset = 0
    try:
        with path.open("rb") as raw:
            yield _layers(raw, path, limits)
            offset = raw.tell()
    except EOFError as error:
        raise UnreadableError("truncated", _size(path), "the compressed file ends too early") from error
    except (gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as error:
        reason = "truncated" if "incomplete" in str(error) else "damaged"
        raise UnreadableError(reason, offset, f"not a sound compressed file ({error})") from error
    except OSError as error:
        # bz2 reports bad data as an OSError without a number.
        reason = "unreadable" if error.errno is not None or path.suffix.lower() != ".bz2" else "damaged"
        raise UnreadableError(reason, offset, error.strerror or str(error)) from error


def _layers(raw: io.BufferedReader, path: Path, limits: Limits) -> io.BufferedReader:
    suffix = path.suffix.lower()
    if suffix not in PACKED:
        return raw
    # read1 gives what is there: read would lose what comes before the place where a file is cut off.
    opened: dict[str, Callable[[], Callable[[int], bytes]]] = {
        ".gz": lambda: gzip.GzipFile(fileobj=raw).read1,
        ".bz2": lambda: bz2.BZ2File(raw).read1,
        ".zst": lambda: _ZstdStream(raw).read,
    }
    return io.BufferedReader(_RatioGuard(opened[suffix](), _size(path), limits), CHUNK)


class _ZstdStream:
    """Zstandard frames read one after another, with a capped window; a cut frame raises EOFError like gzip does."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._decoder = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW)
        self._frame = self._decoder.decompressobj()
        self._waiting = b""
        self._fed = False

    def read(self, size: int) -> bytes:
        while not self._waiting:
            data = self._frame.unused_data if self._frame.eof else b""
            if self._frame.eof:
                self._frame, self._fed = self._decoder.decompressobj(), False
            # Small bites: one byte of zstd can become 100 kB, and the guard only sees what has come out.
            data = data or self._raw.read(256)
            if not data:
                if self._fed:
                    raise EOFError("the frame is cut")
                return b""
            self._fed = True
            self._waiting = self._frame.decompress(data)
        given, self._waiting = self._waiting[:size], self._waiting[size:]
        return given


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def read_all(path: Path, limits: Limits) -> bytes:
    """Return all bytes of a file (decompressed); raises UnreadableError `too_large` above the cap of markup."""
    with open_stream(path, limits) as stream:
        return read_capped(stream, limits.markup_bytes, 0)


def read_capped(stream: _Readable, cap: int, offset: int) -> bytes:
    """Return all that is left of a stream; raises UnreadableError `too_large` when it is more than `cap` bytes."""
    data = stream.read(cap + 1)
    if len(data) > cap:
        raise too_large(cap, offset)
    return data


def too_large(cap: int, offset: int) -> UnreadableError:
    """Return the error for a record of more than `cap` bytes that begins at byte `offset`."""
    return UnreadableError("too_large", offset, f"longer than {cap} bytes", f"at most {cap} bytes")


def read_lines(stream: BinaryIO, limits: Limits) -> Iterator[tuple[int, int, bytes | None]]:
    """Yield (line number from 1, byte offset, line without its end); None stands for a line above the cap."""
    offset = 0
    number = 0
    while line := stream.readline(limits.record_bytes + 1):
        number += 1
        start, offset = offset, offset + len(line)
        if len(line) > limits.record_bytes and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = stream.readline(CHUNK)
                offset += len(line)
            yield number, start, None
        else:
            yield number, start, line.rstrip(b"\r\n")


_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode(data: bytes, offset: int = 0) -> str:
    """Return `data` as text: UTF-8, or what a byte order mark names; nothing is guessed.

    Raises UnreadableError `binary` for bytes that are no text and `wrong_encoding` for text in another encoding.
    """
    encoding, mark = encoding_of(data, offset)
    try:
        return data[mark:].decode(encoding)
    except UnicodeDecodeError as error:
        raise wrong_encoding(error, encoding, offset + mark) from error


def encoding_of(data: bytes, offset: int = 0) -> tuple[str, int]:
    """Return the encoding that the opening of a text shows and the length of its byte order mark.

    Raises UnreadableError `binary` when the opening is no text.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, len(mark)
    if looks_binary(data):
        raise UnreadableError("binary", offset + max(0, data.find(b"\0")), "not text", "text in UTF-8")
    return "utf-8", 0


def wrong_encoding(error: UnicodeDecodeError, encoding: str, offset: int) -> UnreadableError:
    """Return the error for a byte that does not fit; `offset` is where the decoded bytes begin in the file."""
    found = f"0x{error.object[error.start]:02X} is not {encoding.upper()} ({error.reason})"
    allowed = "UTF-8, or UTF-16 and UTF-32 with a byte order mark"
    return UnreadableError("wrong_encoding", offset + error.start, found, allowed)


def looks_binary(data: bytes) -> bool:
    """Return whether the opening of `data` holds a NUL or more than 10 % control bytes, as no text file does."""
    opening = data[:8192]
    controls = len(opening) - len(opening.translate(None, bytes([*range(9), 11, *range(14, 27), *range(28, 32), 127])))
    return b"\0" in data or controls > 0.1 * max(len(opening), 1)
