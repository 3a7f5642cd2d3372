"""Tagger `boilerplate`: what surrounds texts on pages: phrases, menus, bare addresses, filler, lines of many pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pyarrow as pa
import regex
from pydantic import Field

from mothertongue.corpus.common_lines import CommonLines, line_key, read_common_lines
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.tagger import SPANS
from mothertongue.corpus.taggers.parts import lines_of
from mothertongue.corpus.taggers.rows import (
    COUNT,
    FLAG,
    NUMBER,
    Row,
    RowTagger,
    Span,
    checked,
    content_hash,
    covered,
    schema,
    set_option,
    share,
    texts_of,
)
from mothertongue.corpus.taggers.tables import table
from mothertongue.corpus.tokens import tokens

_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"]{1,2000}|\]\([^()\s]{1,2000}\)", re.IGNORECASE)
_ENDS = regex.compile(r"[\p{Sentence_Terminal}…:;][\p{P}\s]{0,8}$")


@checked
class Boilerplate(RowTagger):
    """Shares of the characters of a text, and the lines that are boilerplate, with their line ends.

    `phrase_share` counts lines with a phrase of `profile.boilerplate` (null for a profile without), `common_share`
    lines that many documents hold (null without a table in the settings), `link_share` addresses in running text,
    `menu_share` short lines without the end of a sentence. In `lines`, score 1 marks phrases; a common line has the
    share of documents with it.
    """

    name: ClassVar[str] = "boilerplate"
    version: ClassVar[int] = 1
    columns: ClassVar[pa.Schema] = schema(
        phrase_share=NUMBER,
        common_share=NUMBER,
        link_share=NUMBER,
        menu_share=NUMBER,
        filler=FLAG,
        replacement_characters=COUNT,
        lines=SPANS,
    )

    common: str = ""
    """Path of a table of lines that many documents share: see `common_lines.count_lines`."""
    common_sha256: str = ""
    least_documents: Annotated[int, Field(ge=2)] = 10
    """Documents that must hold a line of the table before it counts."""

    def __post_init__(self) -> None:
        if self.common:
            set_option(self, "common_sha256", content_hash(self.common, self.common_sha256, "boilerplate.common"))

    def rows(self, batch: pa.RecordBatch, profile: LanguageProfile) -> Iterable[Row]:
        """Return the shares and lines of each document."""
        common = _table(self.common, self.common_sha256) if self.common else None
        return (self._row(text, profile, common) for text in texts_of(batch))

    def _row(self, text: str, profile: LanguageProfile, common: CommonLines | None) -> Row:
        lowered = text.lower()
        phrases = [phrase for phrase in profile.boilerplate if phrase in lowered]
        marked = list(_phrase_lines(text, phrases)) if phrases else []
        shared = list(self._common_lines(text, common)) if common else []
        links = sum(match.end() - match.start() for match in _LINK.finditer(text))
        size = len(text)
        return (
            share(covered(marked), size) if profile.boilerplate else None,
            share(covered(shared), size) if common else None,
            share(links, size),
            share(_menu(text, profile.segmentation == "characters"), size),
            any(phrase in lowered for phrase in _facts()["filler"]),
            text.count("\ufffd"),
            _joined(shared, marked),
        )

    def _common_lines(self, text: str, common: CommonLines) -> Iterator[Span]:
        lines = [(start, end) for start, end in lines_of(text) if end > start]
        documents = common.documents_with([line_key(text[start:end]) for start, end in lines])
        for (start, end), number in zip(lines, documents, strict=True):
            if number >= self.least_documents:
                yield start, min(end + 1, len(text)), number / common.documents


def _facts() -> dict[str, Any]:
    return table("boilerplate")


@lru_cache(maxsize=2)
def _table(path: str, sha256: str) -> CommonLines:
    del sha256  # part of the key: a file with another content is read again
    return read_common_lines(Path(path))


def _joined(shared: list[Span], marked: list[Span]) -> list[Span]:
    """Return both kinds of lines by start; a line of both kinds has score 1."""
    scores = {(start, end): score for start, end, score in [*shared, *marked]}
    return [(start, end, score) for (start, end), score in sorted(scores.items())]


def _phrase_lines(text: str, phrases: list[str]) -> Iterator[Span]:
    for start, end in lines_of(text):
        line = text[start:end].lower()
        if any(phrase in line for phrase in phrases):
            yield start, min(end + 1, len(text)), 1.0


def _menu(text: str, unsegmented: bool) -> int:
    """Return the number of characters in short lines that do not end like a sentence; a text of one line has none."""
    most = _facts()["short_letters" if unsegmented else "short_words"]
    lines = [line for line in text.split("\n") if line and not line.isspace()]
    if len(lines) < 2:
        return 0
    return sum(len(line) for line in lines if _is_short(line, most, unsegmented) and not _ENDS.search(line[-12:]))


def _is_short(line: str, most: int, unsegmented: bool) -> bool:
    if unsegmented:
        return len(line) < 40 * most and len(tokens(line)) < most
    return len(line.split(None, most)) < most
