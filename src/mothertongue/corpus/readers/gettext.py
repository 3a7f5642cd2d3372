"""Gettext catalogues: the finished translations of a program, without the source text."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mothertongue.corpus.document import Document, Dropped, content_id
from mothertongue.corpus.readers.facts import facts, iso_date
from mothertongue.corpus.readers.streams import (
    USUAL_LIMITS,
    Limits,
    UnreadableError,
    read_all,
    with_packed,
    wrong_encoding,
)

_CHARSET = re.compile(r"charset=([A-Za-z0-9_.:-]{1,40})")
_HEADER_CHARSET = re.compile(rb"charset=([A-Za-z0-9_.:-]{1,40})")
# `_Open`, `&Open` and `~Open` mark the key of a menu entry; where letters have no key, ` (_O)` stands behind.
_KEY_BEHIND = re.compile(r"\s?\([_&~]\w\)")
_KEY = re.compile(r"[_&~](?=\w)")
_WORD = re.compile(r"\S+")
_MAGIC = {b"\xde\x12\x04\x95": "<", b"\x95\x04\x12\xde": ">"}

Message = tuple[str, str]
"""Source text and translation."""


@dataclass(frozen=True)
class GettextReader:
    """Reads .po and .mo catalogues: translations that are neither empty nor fuzzy, each a paragraph of one document.

    Templates (.pot) hold no translation and give that reason.
    """

    language: str
    limits: Limits = USUAL_LIMITS
    suffixes: tuple[str, ...] = (*with_packed(".po"), ".mo", ".gmo", ".pot")

    def read(self, path: Path) -> Iterator[Document | Dropped]:
        """Yield the one document of the catalogue, or the reason why there is none."""
        source = path.as_posix()
        try:
            if path.suffix.lower() == ".pot":
                raise UnreadableError("no_text", 0, "a template holds no translations", "a catalogue (.po, .mo)")
            data = read_all(path, self.limits)
            parse = mo_messages if path.suffix.lower() in (".mo", ".gmo") else po_messages
            messages, header = parse(data)
            if not messages:
                raise UnreadableError("no_text", 0, "no finished translation", "translated messages")
        except UnreadableError as error:
            yield error.dropped(source)
            return
        text = "\n\n".join(without_key(original, translation).strip() for original, translation in messages)
        yield Document(content_id(text), text, source, self.language, _facts(header))


def po_messages(data: bytes) -> tuple[list[Message], dict[str, str]]:
    """Return the finished messages of a .po file and its header; raises UnreadableError."""
    import polib

    found = _HEADER_CHARSET.search(data[:8192])
    text = _decoded(data, found.group(1).decode("ascii") if found else "utf-8")
    try:
        # polib opens its argument when a file has that name; one with a line end before the text has none.
        catalogue = polib.pofile("\n" + text, encoding="utf-8")
    except (OSError, ValueError, IndexError, RecursionError) as error:
        raise UnreadableError("malformed", 0, f"not a catalogue: {str(error).splitlines()[0]:.200}", ".po") from error
    messages: list[Message] = []
    for entry in catalogue:
        if entry.obsolete or entry.fuzzy:
            continue
        forms = [form for _, form in sorted(entry.msgstr_plural.items())] or [entry.msgstr]
        messages += [(entry.msgid, form) for form in dict.fromkeys(forms) if form.strip()]
    return messages, dict(catalogue.metadata)


def mo_messages(data: bytes) -> tuple[list[Message], dict[str, str]]:
    """Return the messages of a compiled catalogue and its header; raises UnreadableError."""
    order = _MAGIC.get(data[:4])
    if order is None or len(data) < 28:
        raise UnreadableError("damaged", 0, "the file does not begin like a compiled catalogue", ".mo")
    count, originals, translations = struct.unpack(order + "8xIII8x", data[:28])
    keys, values = (_strings(data, order, count, start) for start in (originals, translations))
    header = next((value for key, value in zip(keys, values, strict=True) if not key), b"").decode("utf-8", "replace")
    charset = _CHARSET.search(header)
    messages: list[Message] = []
    for key, value in zip(keys, values, strict=True):
        original, translation = (_decoded(part, charset.group(1) if charset else "utf-8") for part in (key, value))
        source = original.rpartition("\x04")[2].partition("\0")[0]
        messages += [(source, form) for form in dict.fromkeys(translation.split("\0")) if key and form.strip()]
    lines = (line.partition(":") for line in header.splitlines())
    return messages, {name.strip(): value.strip() for name, _, value in lines}


def _strings(data: bytes, order: str, count: int, start: int) -> list[bytes]:
    """Return the strings of one table of lengths and offsets; they may not add up to more than the file itself."""
    if start + 8 * count > len(data):
        raise UnreadableError("truncated", start, f"a table of {count} messages ends behind the file", ".mo")
    numbers = struct.unpack_from(f"{order}{2 * count}I", data, start)
    lengths, offsets = numbers[::2], numbers[1::2]
    if sum(lengths) > len(data) or any(map(lambda length, offset: length + offset > len(data), lengths, offsets)):
        raise UnreadableError("truncated", start, "messages end behind the file", ".mo")
    return [data[offset : offset + length] for length, offset in zip(lengths, offsets, strict=True)]


def _decoded(data: bytes, charset: str) -> str:
    # A template filled in by hand often still says CHARSET.
    name = "utf-8" if charset.upper() in ("CHARSET", "UTF-8", "UTF8", "ASCII", "US-ASCII") else charset
    try:
        return data.decode("utf-8-sig" if name == "utf-8" else name)
    except UnicodeDecodeError as error:
        raise wrong_encoding(error, name, 0) from error
    except (LookupError, ValueError) as error:
        raise UnreadableError("wrong_encoding", 0, f"the catalogue declares {charset}", "UTF-8") from error


def without_key(original: str, translation: str) -> str:
    """Return a translation without the mark of a keyboard shortcut, when its source text has one, too."""
    if _KEY_BEHIND.search(translation) and _KEY.search(original):
        return _KEY_BEHIND.sub("", translation)
    marks = list(_KEY.finditer(translation))
    if len(marks) != 1 or len(_KEY.findall(original)) != 1 or marks[0].group() not in original:
        return translation
    place = marks[0].start()
    word = next(match.group() for match in _WORD.finditer(translation) if match.start() <= place < match.end())
    # A name such as `file_name` or `&amp;` is the same in both.
    return translation if word in original.split() else translation[:place] + translation[place + 1 :]


def _facts(header: dict[str, str]) -> dict[str, str]:
    return facts(
        title=header.get("Project-Id-Version"),
        declared_language=header.get("Language"),
        date=iso_date(header.get("PO-Revision-Date", "")),
    )
