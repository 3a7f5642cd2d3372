"""Plain text: one file is one document, a very large one several."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mothertongue.corpus.document import Document, Dropped
from mothertongue.corpus.readers.parts import text_documents
from mothertongue.corpus.readers.streams import USUAL_LIMITS, Limits, with_packed


@dataclass(frozen=True)
class TextReader:
    """Reads .txt files, plain or compressed; line ends and paragraphs stay as they are."""

    language: str
    limits: Limits = USUAL_LIMITS
    suffixes: tuple[str, ...] = with_packed(".txt", ".text")

    def read(self, path: Path) -> Iterator[Document | Dropped]:
        """Yield the document of the file, its parts when it is large, or the reason why there is none."""
        return text_documents(path, self.language, self.limits)
