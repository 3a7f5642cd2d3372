"""Markdown: the running text of headings, paragraphs, quotations and list items, without code and front matter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from mothertongue.corpus.document import Document, Dropped
from mothertongue.corpus.readers.blocks import Blocks
from mothertongue.corpus.readers.parts import text_documents
from mothertongue.corpus.readers.streams import USUAL_LIMITS, Limits, with_packed

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n.{0,20000}?\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)

_EMPTY_LINES = re.compile(r"\n{3,}")
# At each of these the parser tries all its rules, some of which look through the rest of the block.
_MARK = re.compile(r"[-\[\]*_`<>!~@$%&+:=\\^{}]")
MOST_MARKS = 4000


@dataclass(frozen=True)
class MarkdownReader:
    """Reads .md files: links become their words, marks of emphasis go, code blocks and raw HTML are left out."""

    language: str
    limits: Limits = USUAL_LIMITS
    suffixes: tuple[str, ...] = with_packed(".md", ".markdown")

    def read(self, path: Path) -> Iterator[Document | Dropped]:
        """Yield the document of the file, its parts when it is large, or the reason why there is none."""
        return text_documents(path, self.language, self.limits, markdown_text)


def markdown_text(source: str) -> str:
    """Return the running text of Markdown `source`."""
    source = _EMPTY_LINES.sub("\n\n", source.replace("\r\n", "\n").replace("\r", "\n"))
    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.disable("inline")
    environment: dict[str, object] = {}
    blocks = Blocks()
    depth = 0
    for token in parser.parse(_FRONT_MATTER.sub("", source, count=1), environment):
        if token.type == "list_item_open":
            depth += 1
        elif token.type == "list_item_close":
            depth -= 1
        elif token.type == "inline":
            blocks.add(_inline(parser, token.content, environment))
            blocks.close(item=depth > 0)
    return blocks.text()


def _inline(parser: MarkdownIt, content: str, environment: dict[str, object]) -> str:
    """Return a block without its marks; one that consists of marks stays as it is, it would take quadratic time."""
    if len(_MARK.findall(content)) > MOST_MARKS:
        return content
    tokens: list[Token] = []
    parser.inline.parse(content, parser, environment, tokens)
    parts = []
    for token in tokens:
        if token.type in ("text", "text_special", "code_inline"):
            parts.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            parts.append(" ")
    return "".join(parts)
