"""Parts of a text: code points, characters counted, and lines and sentences as pairs of start and end."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import regex
from numpy.typing import NDArray

Line = tuple[int, int]
_FEW = 0x3000

# Sentence_Terminal holds the full stops of all scripts; those of Latin and its like need a space behind them, since
# they also stand in numbers and addresses. Closing quotes and brackets stay with their sentence.
_SENTENCE_END = regex.compile(
    r"\n|[.!?\u2026]{1,8}[\p{Pf}\p{Pe}\"']{0,4}(?=\s)|[\p{Sentence_Terminal}--[.!?]]{1,8}[\p{Pf}\p{Pe}]{0,4}", regex.V1
)


def code_points(text: str) -> NDArray[np.uint32]:
    """Return the code points of a text, as an array of its own."""
    return np.frombuffer(bytearray(text.encode("utf-32-le")), np.uint32)


def character_counts(text: str) -> dict[str, int]:
    """Return how often each character occurs, by code point."""
    points = code_points(text)
    if not len(points):
        return {}
    if points.max() < _FEW:
        counts = np.bincount(points)
        found = np.flatnonzero(counts)
        numbers = counts[found]
    else:
        found, numbers = np.unique(points, return_counts=True)
    return dict(zip(map(chr, found.tolist()), numbers.tolist(), strict=True))


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
