"""Tagger `code`: how much of a text is programs, markup or data rather than prose in any language."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import Field

from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.tagger import SPANS
from mothertongue.corpus.taggers.parts import lines_of
from mothertongue.corpus.taggers.rows import NUMBER, Row, RowTagger, Span, checked, schema, share, texts_of
from mothertongue.corpus.taggers.tables import table

LOOKED_AT = 400
"""Characters at the start of a line that are judged; what a line is shows in them."""
_SYMBOL = re.compile(r"[{}\[\]()<>=+*/\\|&^%$#@;_~`]")
_MARKUP = re.compile(r"<[!?/]?[A-Za-z][^<>]{0,300}>|&(?:[A-Za-z]{2,8}|#\d{1,7});|\{\{[^{}]{0,200}\}\}")
CODE, DATA = 1.0, 0.5


@checked
class Code(RowTagger):
    """Shares of the characters in lines of code, in lines of data, in tags; lines of code and data with line ends.

    Score 1 is code, 0.5 data (JSON, tables, logs). `symbol_share` is the share of signs that programs are made of among
    visible characters. Shares are null for a text without visible characters.
    """

    name: ClassVar[str] = "code"
    version: ClassVar[int] = 1
    columns: ClassVar[pa.Schema] = schema(
        code_share=NUMBER, data_share=NUMBER, markup_share=NUMBER, symbol_share=NUMBER, lines=SPANS
    )

    symbols_per_line: Annotated[float, Field(gt=0, le=1)] = 0.15
    """Share of such signs from which a line is worth a point."""

    def rows(self, batch: pa.RecordBatch, profile: LanguageProfile) -> Iterable[Row]:  # noqa: ARG002 - needs none
        """Return the shares and lines of each document."""
        return (self._row(text) for text in texts_of(batch))

    def _row(self, text: str) -> Row:
        visible = len("".join(text.split()))
        if not visible:
            return None, None, None, None, []
        symbols = len(_SYMBOL.findall(text))
        # Without any of these signs, tabs or digits there can be no code and no data.
        spans = list(self._lines(text)) if symbols or "\t" in text or ":" in text or "," in text else []
        sizes = {score: sum(end - start for start, end, found in spans if found == score) for score in (CODE, DATA)}
        markup = sum(match.end() - match.start() for match in _MARKUP.finditer(text)) if symbols or "&" in text else 0
        return sizes[CODE] / len(text), sizes[DATA] / len(text), markup / len(text), share(symbols, visible), spans

    def _lines(self, text: str) -> Iterable[Span]:
        for start, end in lines_of(text):
            line = text[start : min(end, start + LOOKED_AT)]
            if line and (score := self.judge(line)):
                yield start, min(end + 1, len(text)), score

    def judge(self, line: str) -> float:
        """Return 1 for a line of code, 0.5 for a line of data, 0 for prose."""
        if any(pattern.search(line) for pattern in _data()):
            return DATA
        points = 1 if len(_SYMBOL.findall(line)) >= self.symbols_per_line * len(line.replace(" ", "")) else 0
        enough: int = table("code")["points"]
        for pattern, worth in _signs():
            if pattern.search(line):
                points += worth
                if points >= enough:
                    return CODE
        return 0.0


@cache
def _signs() -> tuple[tuple[re.Pattern[str], int], ...]:
    # Names of programs are ASCII; brackets behind a word of another script are everyday writing.
    return tuple((re.compile(row["pattern"], re.ASCII), row["points"]) for row in table("code")["signs"])


@cache
def _data() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(row["pattern"]) for row in table("code")["data"])
