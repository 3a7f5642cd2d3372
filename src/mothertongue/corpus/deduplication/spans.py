"""The table of repeated parts of one shard: spans sorted, merged, and never cutting what one reads as one sign."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import regex

from mothertongue.corpus.deduplication.places import Place, TablePlace
from mothertongue.corpus.deduplication.tables import COLUMNS
from mothertongue.corpus.taggers.rows import spans_array
from mothertongue.corpus.work import Counts

Span = tuple[int, int, float]
_CLUSTER = regex.compile(r"\X")
_FIRST_MARK = "\u0300"


def write_spans(folder: Path, *, place: Place) -> Counts:
    """Write the spans of one shard and the share of characters in them; null where a document takes no part."""
    where = TablePlace(**place)
    found = _spans_by_row(where.mine(folder))
    counts = {"documents": 0, "documents_with_spans": 0, "spans": 0, "characters": 0}

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in where.taken(folder):
            repeated: list[list[Span] | None] = [None] * batch.batch.num_rows
            shares: list[float | None] = [None] * batch.batch.num_rows
            for row, text in zip(batch.rows, batch.texts(), strict=True):
                spans = snapped(text, merged(found.get(int(row), [])))
                characters = sum(end - start for start, end, _ in spans)
                repeated[row - batch.first] = spans
                shares[row - batch.first] = characters / len(text) if text else 0.0
                new = {"documents": 1, "documents_with_spans": bool(spans), "spans": len(spans)}
                for key, value in {**new, "characters": characters}.items():
                    counts[key] += value
            values = {"repeated": spans_array(repeated), "share": pa.array(shares, pa.float64())}
            yield pa.RecordBatch.from_pydict(values, schema=COLUMNS[where.kind])

    where.write(folder, batches())
    return counts


def merged(spans: Sequence[Span]) -> list[Span]:
    """Return sorted spans in which those that overlap or touch have become one, with the largest score."""
    result: list[Span] = []
    for start, end, score in sorted(spans):
        if result and start <= result[-1][1]:
            first, last, best = result[-1]
            result[-1] = (first, max(last, end), max(best, score))
        else:
            result.append((start, end, score))
    return result


def snapped(text: str, spans: Sequence[Span]) -> list[Span]:
    """Return spans drawn in to the borders of grapheme clusters: no accent, joined emoji or syllable is cut.

    Spans of which nothing is left go.
    """
    if not spans or text.isascii() or max(text) < _FIRST_MARK:
        # Below the first combining mark only CR LF is a cluster of two.
        inner = {match.start() + 1 for match in regex.finditer("\r\n", text)} if spans and "\r" in text else set()
    else:
        inner = _inner(text, spans)
    result = []
    for start, end, score in spans:
        while start in inner and start < end:
            start += 1
        while end in inner and end > start:
            end -= 1
        if start < end:
            result.append((start, end, score))
    return result


def _inner(text: str, spans: Sequence[Span]) -> set[int]:
    """Return the places inside a grapheme cluster that touches the border of a span."""
    borders = sorted({place for start, end, _ in spans for place in (start, end)})
    inner: set[int] = set()
    next_border = 0
    for match in _CLUSTER.finditer(text):
        while next_border < len(borders) and borders[next_border] <= match.start():
            next_border += 1
        if next_border == len(borders):
            break
        if borders[next_border] < match.end():
            inner.update(range(match.start() + 1, match.end()))
    return inner


def _spans_by_row(found: dict[str, list[Any]]) -> dict[int, list[Span]]:
    scores = found.get("score", [1.0] * len(found["node"]))
    rows = sorted(zip(found["node"], found["start"], found["end"], scores, strict=True))
    return {row: [span[1:] for span in spans] for row, spans in groupby(rows, lambda span: span[0])}
