"""Lines and sentences of a text as pairs of start and end, for taggers that mark parts."""

from __future__ import annotations

from collections.abc import Iterator

import regex

Line = tuple[int, int]

# Sentence_Terminal holds the full stops of all scripts; those of Latin and its like need a space behind them, since
# they also stand in numbers and addresses. Closing quotes and brackets stay with their sentence.
_SENTENCE_END = regex.compile(
    r"\n+|[.!?\u2026]{1,8}[\p{Pf}\p{Pe}\"']{0,4}(?=\s)|[\p{Sentence_Terminal}--[.!?]]{1,8}[\p{Pf}\p{Pe}]{0,4}", regex.V1
)


def lines_of(text: str) -> Iterator[Line]:
    """Yield start and end of each line, without its line end."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield start, end
        start = end + 1
    yield start, len(text)


def sentences_of(text: str) -> Iterator[Line]:
    """Yield start and end of each sentence, without the white space around it; lines end sentences."""
    start = 0
    for match in _SENTENCE_END.finditer(text):
        yield from _solid(text, start, match.end())
        start = match.end()
    yield from _solid(text, start, len(text))


def _solid(text: str, start: int, end: int) -> Iterator[Line]:
    part = text[start:end]
    if solid := part.strip():
        begin = start + part.index(solid[0])
        yield begin, begin + len(solid)


def together(parts: list[Line], most: int) -> list[Line]:
    """Return at most `most` parts: where there are more, equal numbers of neighbours are joined to one."""
    step = max(1, -(-len(parts) // most))
    groups = (parts[place : place + step] for place in range(0, len(parts), step))
    return [(group[0][0], group[-1][1]) for group in groups]
