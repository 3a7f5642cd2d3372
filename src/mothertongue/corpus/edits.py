"""Edits of texts: spans that are replaced or deleted, always counted on the text as it was measured.

Edits enter in any order, texts leave. Nothing of a span that an edit names survives, also where spans overlap: they
are merged, never skipped (card 49, step 12 and its pitfalls).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """The code points from `start` to before `end` become `replacement`; an empty replacement deletes them."""

    start: int
    end: int
    replacement: str = ""


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Return `text` with all edits made, each on the original text; see `merged` for overlaps and refusals."""
    parts: list[str] = []
    place = 0
    for edit in merged(edits, len(text)):
        parts += (text[place : edit.start], edit.replacement)
        place = edit.end
    return "".join((*parts, text[place:])) if parts else text


def merged(edits: Iterable[Edit], length: int) -> list[Edit]:
    """Return edits from left to right that do not overlap, and that cover what the given ones cover.

    Edits that share a character become one, with the replacement of the one that starts first; of those with one
    start, the longest counts; of equal spans, the first given. Edits that only touch stay apart. Raises ValueError
    for a span that is empty or leaves a text of `length` code points.
    """
    result: list[Edit] = []
    for edit in sorted(edits, key=lambda one: (one.start, -one.end)):
        if not 0 <= edit.start < edit.end <= length:
            raise ValueError(f"span {edit.start} to {edit.end} is empty or leaves a text of {length} characters")
        last = result[-1] if result else None
        if last is not None and edit.start < last.end:
            result[-1] = Edit(last.start, max(last.end, edit.end), last.replacement)
        else:
            result.append(edit)
    return result
