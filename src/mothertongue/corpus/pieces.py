"""Long texts cut into pieces at the best border available: paragraph, line, sentence, word, character."""

from __future__ import annotations

from collections.abc import Iterator

import regex

# Terminators of the scripts that have their own: Latin, CJK, Devanagari, Arabic, Ethiopic, Armenian, Khmer, Tibetan,
# Myanmar. Closing quotes and brackets stay with their sentence.
_SENTENCE_END = regex.compile(
    "(?:[.!?\u2026\u06d4\u061f\u0589\u1362\u104b\u17d4\u0f0d\u0964\u0965][\\p{Pf}\\p{Pe}\"']{0,4}\\s)|[\u3002\uff01\uff1f]"
)
_SPACE = regex.compile(r"\s")
_GRAPHEME = regex.compile(r"\X")
# A border is looked for in the second half of a piece, so that pieces are never tiny.
SMALLEST_SHARE = 0.5
GRAPHEME_WINDOW = 256


def split_text(text: str, maximum_characters: int) -> list[str]:
    """Return pieces of at most `maximum_characters` code points that join to exactly `text`.

    The last border wins in the order paragraph, line, sentence, word, grapheme. Only a single grapheme longer than
    the maximum is left whole.
    """
    return list(_pieces(text, maximum_characters))


def _pieces(text: str, maximum: int) -> Iterator[str]:
    if maximum < 1:
        raise ValueError("maximum_characters must be at least 1")
    start = 0
    while len(text) - start > maximum:
        end = border(text, start, start + maximum)
        yield text[start:end]
        start = end
    if start < len(text) or not text:
        yield text[start:]


def border(text: str, start: int, limit: int) -> int:
    """Return the best place at or before `limit` to end a piece of `text` that begins at `start`."""
    floor = start + max(1, int((limit - start) * SMALLEST_SHARE))
    for mark in ("\n\n", "\n"):
        found = text.rfind(mark, floor, limit)
        if found >= 0:
            return found + len(mark)
    for pattern in (_SENTENCE_END, _SPACE):
        ends = [match.end() for match in pattern.finditer(text, floor, limit)]
        if ends:
            return _grapheme_border(text, start, ends[-1])
    return _grapheme_border(text, start, limit)


def _grapheme_border(text: str, start: int, limit: int) -> int:
    """Return the last grapheme border in (start, limit], or the end of the first grapheme when it is longer."""
    if limit < len(text) and text[limit].isascii() and text[limit] != "\n" and text[limit - 1].isascii():
        return limit
    last = anchor = _anchor(text, start, limit)
    for end in _grapheme_ends(text, anchor):
        if end > limit:
            return last if last > start else end
        last = end
    return last


def _grapheme_ends(text: str, place: int) -> Iterator[int]:
    """Yield the ends of graphemes after `place`, itself a border.

    Done in windows: on flags the engine looks back over all regional indicators before each, which is quadratic.
    """
    window = GRAPHEME_WINDOW
    while place < len(text):
        ends = [match.end() for match in _GRAPHEME.finditer(text[place : place + window])]
        if place + window < len(text):
            # The last grapheme may go on behind the window.
            ends.pop()
        if not ends:
            window *= 2
            continue
        yield from (place + end for end in ends)
        place += ends[-1]
        window = GRAPHEME_WINDOW


def _anchor(text: str, start: int, limit: int) -> int:
    """Return a place near `limit` that is certainly a grapheme border: between two ASCII characters, else `start`."""
    for place in range(limit - 1, max(start, limit - 4096), -1):
        if text[place].isascii() and text[place - 1].isascii() and text[place] != "\n":
            return place
    return start
