"""Repair of damaged text: what is certainly broken is mended and counted, what a language needs is left alone.

Mended: lone surrogates, byte order marks, line ends, control characters, text decoded with the wrong code page, and
composition (NFC). Kept as letters: zero-width joiner and non-joiner, right-to-left marks, soft hyphens, private use.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache

import ftfy
from ftfy.badness import BADNESS_RE, MOJIBAKE_CATEGORIES

REPLACEMENT = "\ufffd"
# Long lines are given to ftfy in pieces: its tables of sequences are linear, its memory is several copies.
MAXIMUM_MOJIBAKE_CHARACTERS = 20_000
MAXIMUM_ROUNDS = 8

_SURROGATE = re.compile("[\ud800-\udfff]")
_BYTE_ORDER_MARK = re.compile("\ufeff")
_LINE_END = re.compile("\r\n|\r|\u2028|\u2029|\x85(?=[ \n]|$)")
# Controls but tab and newline, and the code points that Unicode reserves for "not a character".
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff"
    + "".join(chr(plane * 0x10000 + 0xFFFE) + chr(plane * 0x10000 + 0xFFFF) for plane in range(1, 17))
    + "]"
)
# What a repair begins with, and what lies above the range that Python searches fast.
_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]")
_HIGH = re.compile("[\U00010000-\U0010ffff]")
_RARE = ("c1", "bad", "law", "currency", "start_punctuation", "end_punctuation", "numeric", "upper_accented", "box")
"""Tables of ftfy of which each sequence that it finds bad has a character; `_ENOUGH_ALONE` are the exceptions."""
_ENOUGH_ALONE = "".join(map(chr, range(0x80, 0xA0))) + "ŒœÃÂЂ"
"""Characters that are suspicious without another one of the tables beside them."""
_BREAK = re.compile(r"\s(?=\S)")


def repair(text: str) -> tuple[str, Counter[str]]:
    """Return the repaired text and how many repairs of each kind were made.

    Kinds: `surrogate` and `byte_order_mark` and `control` and `line_end` in characters, `mojibake` in lines, `nfc`
    in texts. The function is idempotent: a repaired text comes back unchanged with no counts.
    """
    counts: Counter[str] = Counter()
    # One repair can uncover another (a decoded control character), hence the loop; it almost always runs twice.
    for _ in range(MAXIMUM_ROUNDS):
        mended = _round(text, counts)
        if mended == text:
            break
        text = mended
    return text, counts


def _round(text: str, counts: Counter[str]) -> str:
    if _is_clean(text):
        return text
    text = _mend_surrogates(text, counts)
    for kind, pattern, replacement in (("byte_order_mark", _BYTE_ORDER_MARK, ""), ("line_end", _LINE_END, "\n")):
        text, hits = pattern.subn(replacement, text)
        _count(counts, kind, hits)
    # Before control characters go: the C1 range is what most mojibake is made of.
    text = _mend_mojibake(text, counts)
    text = _mend_surrogates(text, counts)
    text, hits = _CONTROL.subn("", text)
    _count(counts, "control", hits)
    composed = unicodedata.normalize("NFC", text)
    _count(counts, "nfc", int(composed != text))
    return composed


def _is_clean(text: str) -> bool:
    """Return whether there is nothing to mend, by searches that cost a tenth of the repairs."""
    return not (_is_odd(text) or _is_suspicious(text)) and unicodedata.is_normalized("NFC", text)


def _is_odd(text: str) -> bool:
    """Return whether a character stands here that never stands in whole text."""
    return _ODD.search(text) is not None or (_HIGH.search(text) is not None and _CONTROL.search(text) is not None)


def _is_suspicious(text: str) -> bool:
    """Return whether ftfy has to look at a text: False only where it would find nothing."""
    return not text.isascii() and _suspicious().search(text) is not None


@cache
def _suspicious() -> re.Pattern[str]:
    """Return what is part of every sequence that ftfy finds bad.

    That is a character of its tables beside one that is no common letter, or a character that is enough alone.
    """
    tables = {name: _members(characters) for name, characters in MOJIBAKE_CATEGORIES.items()}
    written = {letter for letter in BADNESS_RE.pattern if not letter.isascii()}
    every = "".join(sorted(set().union(written, *tables.values())))
    rare = "".join(sorted(set(_ENOUGH_ALONE).union(*(tables[name] for name in _RARE))))
    return re.compile(f"[{every}](?:[{rare}]|(?<=[{rare}])[{every}]|(?<=[{_ENOUGH_ALONE}]))")


def _members(characters: str) -> set[str]:
    """Return the characters of a class in the notation of regular expressions."""
    found = re.compile(f"[{characters}]")
    return {chr(point) for point in range(0x80, 0x10000) if found.match(chr(point))}


def _count(counts: Counter[str], kind: str, hits: int) -> None:
    if hits:
        counts[kind] += hits


def _mend_surrogates(text: str, counts: Counter[str]) -> str:
    """Return text with surrogate pairs joined to their character and lone halves replaced by U+FFFD."""
    if _SURROGATE.search(text) is None:
        return text
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    mended, hits = _SURROGATE.subn(REPLACEMENT, joined)
    _count(counts, "surrogate", hits)
    return mended


def _mend_mojibake(text: str, counts: Counter[str]) -> str:
    """Return text with every line decoded again where ftfy is sure that a wrong code page was used."""
    if not _is_suspicious(text):
        return text
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if not _is_suspicious(line):
            continue
        mended = "".join(ftfy.fix_encoding(piece) for piece in _pieces(line))
        if mended != line:
            _count(counts, "mojibake", 1)
            lines[index] = mended
    return "\n".join(lines)


def _pieces(line: str) -> list[str]:
    """Return a long line cut behind white space near every 20,000 characters; the pieces join to the line."""
    pieces = []
    start = 0
    while len(line) - start > MAXIMUM_MOJIBAKE_CHARACTERS:
        found = _BREAK.search(line, start + MAXIMUM_MOJIBAKE_CHARACTERS, start + 2 * MAXIMUM_MOJIBAKE_CHARACTERS)
        end = found.end() if found else start + 2 * MAXIMUM_MOJIBAKE_CHARACTERS
        pieces.append(line[start:end])
        start = end
    pieces.append(line[start:])
    return pieces
