"""Plain text: one file is one document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mothertongue.corpus.document import Document, Dropped, content_id
from mothertongue.corpus.readers.streams import USUAL_LIMITS, Limits, UnreadableError, decode, read_all


@dataclass(frozen=True)
class TextReader:
    """Reads .txt files (also .gz and .zst); line ends and paragraphs stay as they are."""

    language: str
    limits: Limits = USUAL_LIMITS
    suffixes: tuple[str, ...] = (".txt", ".text", ".txt.gz", ".txt.zst")

    def read(self, path: Path) -> Iterator[Document | Dropped]:
        """Yield the one document of the file, or the reason why there is none."""
        source = path.as_posix()
        try:
            text = decode(read_all(path, self.limits))
        except UnreadableError as error:
            yield error.dropped(source)
            return
        yield Document(content_id(text), text, source, self.language)
