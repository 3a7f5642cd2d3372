"""Plain text of any size in parts: cut between paragraphs, so that memory does not depend on the size of the file."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from mothertongue.corpus.document import Document, Dropped, content_id
from mothertongue.corpus.pieces import border
from mothertongue.corpus.readers.streams import (
    Limits,
    UnreadableError,
    encoding_of,
    open_stream,
    wrong_encoding,
)


def text_documents(
    path: Path, language: str, limits: Limits, convert: Callable[[str], str] = str
) -> Iterator[Document | Dropped]:
    """Yield one document of a text file, or several (source `file:byte`) when it is above `limits.part_bytes`.

    `convert` turns the source of a part into running text. What is read before a damaged place is kept.
    """
    source = path.as_posix()
    try:
        with open_stream(path, limits) as stream:
            for offset, text, alone in text_parts(stream, limits.part_bytes):
                converted = convert(text)
                yield Document(content_id(converted), converted, source if alone else f"{source}:{offset}", language)
    except UnreadableError as error:
        yield error.dropped(source)


def text_parts(stream: BinaryIO, part_bytes: int) -> Iterator[tuple[int, str, bool]]:
    """Yield (byte offset, text, whether it is the whole file) of parts that join to the text of the stream.

    A part is cut at the last paragraph, line, sentence or word that ends within `part_bytes` bytes.
    Raises UnreadableError `binary` and `wrong_encoding` with the byte offset.
    """
    data = stream.read(part_bytes + 1)
    encoding, mark = encoding_of(data)
    decoder = codecs.getincrementaldecoder(encoding)()
    offset = taken = mark
    waiting, data, alone = "", data[mark:], len(data) <= part_bytes
    while data:
        following = b"" if alone else stream.read(part_bytes)
        waiting += _decoded(decoder, data, encoding, taken, final=not following)
        taken += len(data)
        data = following
        end = border(waiting, 0, len(waiting)) if data else len(waiting)
        yield offset, waiting[:end], alone
        offset += len(waiting[:end].encode(encoding))
        waiting = waiting[end:]
    if alone and not taken - mark:
        yield offset, "", True


def _decoded(decoder: codecs.IncrementalDecoder, data: bytes, encoding: str, offset: int, *, final: bool) -> str:
    held = decoder.getstate()[0]
    try:
        return decoder.decode(data, final)
    except UnicodeDecodeError as error:
        raise wrong_encoding(error, encoding, offset - len(held)) from error
