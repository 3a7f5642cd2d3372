"""Labels of the lines of one text: where it changes its language."""

from __future__ import annotations

from dataclasses import dataclass

from mothertongue.corpus.identify.identifier import NO_LANGUAGE, Identifier

OPENING = 2_000
"""Characters of a line that are looked at: a longer one changes no mind and costs time."""


@dataclass(frozen=True)
class LabelledLine:
    """A line of a text, its most probable language, and how probable that is."""

    start: int
    """Code point at which it starts."""
    end: int
    """Code point before which it ends; the line break is not part of it."""
    tag: str
    """`zxx` for a line without letters."""
    probability: float


def label_lines(text: str, identifier: Identifier) -> list[LabelledLine]:
    """Return one label per line of `text` that is not blank, in its order.

    Short lines get the probability that the identifier has for them, however low: nothing is borrowed from lines
    around them.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for line in text.split("\n"):
        left = len(line) - len(line.lstrip())
        if left < len(line):
            spans.append((start + left, start + len(line.rstrip())))
        start += len(line) + 1
    rankings = identifier.identify([text[begin : min(end, begin + OPENING)] for begin, end in spans])
    labelled = []
    for (begin, end), ranking in zip(spans, rankings, strict=True):
        tag, probability = ranking[0] if ranking else (NO_LANGUAGE, 1.0)
        labelled.append(LabelledLine(begin, end, tag, probability))
    return labelled
