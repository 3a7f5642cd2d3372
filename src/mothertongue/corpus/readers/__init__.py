"""Readers: files in, documents or reasons out.

One file per format; a reader is added by writing its file and one row in `READERS`. A reader never raises for what it
finds in a file: a broken file or record becomes a `Dropped` with the file, the byte offset and the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from mothertongue.corpus.document import Document, Dropped
from mothertongue.corpus.readers.epub import EpubReader
from mothertongue.corpus.readers.gettext import GettextReader
from mothertongue.corpus.readers.html import HtmlReader
from mothertongue.corpus.readers.jsonl import JsonLinesReader
from mothertongue.corpus.readers.markdown import MarkdownReader
from mothertongue.corpus.readers.parquet import ParquetReader
from mothertongue.corpus.readers.pdf import PdfReader
from mothertongue.corpus.readers.streams import PACKED, USUAL_LIMITS, Limits
from mothertongue.corpus.readers.text import TextReader
from mothertongue.corpus.readers.warc import WarcReader
from mothertongue.corpus.readers.xml import XmlReader

__all__ = ["READERS", "Limits", "Reader", "known_suffixes", "reader_for"]


class Reader(Protocol):
    """Turns one file of its suffixes into documents; what cannot be read comes out as Dropped."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Endings of file names, lower case, with the dot."""

    def read(self, path: Path) -> Iterator[Document | Dropped]:
        """Yield the documents of a file in their order, and a row for everything that is none."""


READERS = (
    TextReader,
    MarkdownReader,
    HtmlReader,
    JsonLinesReader,
    ParquetReader,
    XmlReader,
    WarcReader,
    EpubReader,
    PdfReader,
    GettextReader,
)


def readers(language: str, limits: Limits | None = None) -> dict[str, Reader]:
    """Return suffix -> reader for documents of `language`."""
    made: list[Reader] = [kind(language, limits or USUAL_LIMITS) for kind in READERS]
    return {suffix: reader for reader in made for suffix in reader.suffixes}


def reader_for(path: Path, language: str, limits: Limits | None = None) -> Reader | None:
    """Return the reader of a file by the longest ending of its name that is known, or None."""
    table = readers(language, limits)
    name = path.name.lower()
    endings = [suffix for suffix in table if name.endswith(suffix)]
    return table[max(endings, key=len)] if endings else None


def known_suffixes() -> tuple[str, ...]:
    """Return the endings of file names that can be read, sorted, without those of compressed files."""
    return tuple(sorted(suffix for suffix in readers("und") if not suffix.endswith(PACKED)))
