"""Read recipe text into entries that remember file and line, and write a recipe back as YAML.

Text enters, :class:`Entry` trees and :class:`Problem` lists leave. The reader works on YAML events, so nothing is ever
constructed: no tags, no aliases, bounded size, depth and count. Scalars follow the YAML 1.2 core schema (``no`` is the
Norwegian language and ``3e-4`` is a number), which is also what editors assume.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from mothertongue.errors import Problem

MAXIMUM_BYTES: Final = 64 * 1024  # PyYAML reads about 150 kB/s: larger files would break the promise of one second
MAXIMUM_DEPTH: Final = 8  # a recipe needs three levels
MAXIMUM_NODES: Final = 4_000
COMMAND_LINE: Final = "command line"

_NULL = re.compile(r"(?:~|null|Null|NULL|)\Z")
_BOOLEAN = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]{1,19}\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,4})?\Z")
_SPECIAL = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")
_OVERRIDE = re.compile(r"([^=\s]+)=(.*)\Z", re.DOTALL)
_LEADING_TABS = re.compile(r"^[ ]*\t[ \t]*(?=\S)", re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """One value of a recipe with the place it came from.

    ``value`` is a scalar, a list of entries, or a dict from key to entry; ``text`` is the value as written; relative
    paths in it are meant from ``folder``.
    """

    value: Any
    text: str
    where: str
    line: int | None
    folder: Path

    def plain(self) -> Any:
        """Return the value as ordinary lists, dicts and scalars."""
        if isinstance(self.value, dict):
            return {key: entry.plain() for key, entry in self.value.items()}
        if isinstance(self.value, list):
            return [entry.plain() for entry in self.value]
        return self.value

    def find(self, keys: Sequence[str | int]) -> Entry | None:
        """Return the entry at the end of ``keys``, or None where the path is not written."""
        entry: Entry = self
        for key in keys:
            is_member = isinstance(entry.value, dict) and key in entry.value
            is_item = isinstance(entry.value, list) and isinstance(key, int) and key < len(entry.value)
            if not (is_member or is_item):
                return None
            entry = entry.value[key]
        return entry

    def without(self, keys: Sequence[str | int]) -> Entry:
        """Return a copy in which the entry at the end of ``keys`` is left out."""
        if not keys or not isinstance(self.value, dict) or keys[0] not in self.value:
            return self
        head, rest = str(keys[0]), keys[1:]
        members = dict(self.value)
        # an item of a list cannot go alone: the rest of the list would shift under its own line numbers
        if rest and isinstance(members[head].value, dict):
            members[head] = members[head].without(rest)
        else:
            del members[head]
        return Entry(members, self.text, self.where, self.line, self.folder)


@dataclass(frozen=True)
class Source:
    """The text of one layer, the name under which its problems are reported, and the folder of its relative paths."""

    text: str
    where: str
    folder: Path


def scalar(text: str) -> Any:
    """Return the value of a plain YAML 1.2 scalar: None, bool, int, float or the text itself."""
    if _NULL.match(text):
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    if _INTEGER.match(text):
        return int(text)
    if _FLOAT.match(text):
        return float(text)
    if _SPECIAL.match(text):
        return float(text.lower().replace(".", ""))
    return text


def shorten(text: str, limit: int = 60) -> str:
    """Return ``text`` on one line, control characters escaped, at most ``limit`` characters long."""
    line = "".join(character if character.isprintable() else repr(character)[1:-1] for character in text[: limit + 1])
    return line if len(line) <= limit else line[: limit - 3] + "..."


def read_source(path: Path) -> tuple[Source | None, list[Problem]]:
    """Return the text of a recipe file, or the reason why it cannot be read as text."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAXIMUM_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return None, [
            Problem(
                code="MT101",
                message=f"the recipe cannot be read: {reason}",
                where=str(path),
                do="check the path, or start from the sample: mothertongue teach",
            )
        ]
    if len(data) > MAXIMUM_BYTES:
        return None, [_too_large(str(path), None, f"the file is larger than {MAXIMUM_BYTES} bytes")]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return None, [
            Problem(
                code="MT102",
                message=f"byte {error.start} is not UTF-8 text",
                where=str(path),
                line=line,
                allowed="text in UTF-8",
                do="save the file as UTF-8 in your editor",
            )
        ]
    return Source(text, str(path), path.absolute().parent), []


def read_yaml(source: Source) -> tuple[Entry, list[Problem]]:
    """Return the tree of one recipe text and every problem of its form."""
    reader = _Reader(source)
    tree = reader.read()
    return tree, reader.problems


def merge(lower: Entry, upper: Entry) -> Entry:
    """Return ``lower`` with every key of ``upper`` laid over it, section by section."""
    if not isinstance(lower.value, dict) or not isinstance(upper.value, dict):
        return upper
    members = dict(lower.value)
    for key, entry in upper.value.items():
        members[key] = merge(members[key], entry) if key in members else entry
    return Entry(members, lower.text, lower.where, lower.line, lower.folder)


def read_overrides(overrides: Sequence[str], folder: Path) -> tuple[Entry, list[Problem]]:
    """Return the layer of ``section.key=value`` arguments; the last one wins where a key is given twice."""
    layer = Entry({}, "", COMMAND_LINE, None, folder)
    problems: list[Problem] = []
    for override in overrides:
        match = _OVERRIDE.match(override)
        if match is None:
            problems.append(
                Problem(
                    code="MT117",
                    message="is not of the form key=value",
                    where=COMMAND_LINE,
                    key=shorten(override),
                    allowed="section.key=value, for example pretrain.rank=8",
                    do="write the key, an equals sign and the value without spaces between them",
                )
            )
            continue
        value = _override_value(match[2], folder)
        layer = merge(layer, _nest(match[1].split("."), value))
    return layer, problems


def values_layer(values: Mapping[str, Any], folder: Path) -> Entry:
    """Return the layer of Python values under dotted keys, as options such as ``--seed`` give them."""
    layer = Entry({}, "", COMMAND_LINE, None, folder)
    for key, value in values.items():
        layer = merge(layer, _nest(key.split("."), _wrap(value, folder)))
    return layer


def write_yaml(values: Mapping[str, Any], schema: str) -> str:
    """Return ``values`` as YAML text that :func:`read_yaml` reads back, with the modeline that editors understand."""
    body = yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True, width=120)
    return f"# yaml-language-server: $schema={schema}\n{body}"


def _nest(keys: Sequence[str], value: Entry) -> Entry:
    for key in reversed(keys):
        value = Entry({key: value}, "{...}", value.where, value.line, value.folder)
    return value


def _wrap(value: Any, folder: Path) -> Entry:
    if isinstance(value, list | tuple):
        items = [_wrap(item, folder) for item in value]
        return Entry(items, "[" + ", ".join(item.text for item in items) + "]", COMMAND_LINE, None, folder)
    if isinstance(value, Path):
        value = str(value)
    return Entry(value, "null" if value is None else str(value), COMMAND_LINE, None, folder)


def _override_value(text: str, folder: Path) -> Entry:
    """Read a flow list as YAML; take anything else as one scalar, so that a title may hold a colon."""
    if text.startswith("["):
        entry, problems = read_yaml(Source(f"value: {text}", COMMAND_LINE, folder))
        found = entry.find(["value"])
        if not problems and found is not None and isinstance(found.value, list):
            return _without_lines(found)
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return Entry(text[1:-1], text, COMMAND_LINE, None, folder)
    return Entry(scalar(text), text, COMMAND_LINE, None, folder)


def _without_lines(entry: Entry) -> Entry:
    value = entry.value
    if isinstance(value, list):
        value = [_without_lines(item) for item in value]
    elif isinstance(value, dict):
        value = {key: _without_lines(item) for key, item in value.items()}
    return Entry(value, entry.text, entry.where, None, entry.folder)


def _too_large(where: str, line: int | None, message: str) -> Problem:
    return Problem(
        code="MT109",
        message=message,
        where=where,
        line=line,
        allowed=f"{MAXIMUM_BYTES} bytes, {MAXIMUM_DEPTH} levels, {MAXIMUM_NODES} values",
        do="keep data in files of its own and name their paths in the recipe",
    )


class _StopError(Exception):
    """Ends the reading of a text that cannot be followed any further; its problem is already noted."""


class _Reader:
    """Builds entries from YAML events by recursive descent; depth and count are capped before they are used."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.count = 0
        self.events: Iterator[Any] = iter(())

    def read(self) -> Entry:
        """Return the mapping at the top of the text; empty where the text gives none."""
        empty = Entry({}, "", self.source.where, 1, self.source.folder)
        text = self._untab(self.source.text)
        if len(text.encode("utf-8", "surrogatepass")) > MAXIMUM_BYTES:
            self.problems.append(_too_large(self.source.where, None, f"the text exceeds {MAXIMUM_BYTES} bytes"))
            return empty
        try:
            self.events = iter(yaml.parse(text, Loader=yaml.SafeLoader))
            tree = self._document()
        except _StopError:
            return empty
        except yaml.YAMLError as error:
            self._note_syntax(error)
            return empty
        if tree is None or tree.value is None:
            return empty
        if isinstance(tree.value, dict):
            return tree
        self._note("MT119", tree.line, "the recipe is not a list of keys", do="write lines of the form  key: value")
        return empty

    def _untab(self, text: str) -> str:
        """Note every line indented with a tab, and read on as if it were two spaces."""
        for match in _LEADING_TABS.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            self._note("MT106", line, "the line is indented with a tab", "spaces", "replace the tab by two spaces")
        return _LEADING_TABS.sub(lambda match: match[0].replace("\t", "  "), text)

    def _document(self) -> Entry | None:
        tree: Entry | None = None
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents == 2:
                    mark: Any = event.start_mark
                    self._note("MT119", mark.line + 1, "a second document starts here", do="keep one recipe per file")
                    raise _StopError
            elif isinstance(event, yaml.NodeEvent):
                tree = self._node(event, 1, "")
        return tree

    def _node(self, event: Any, depth: int, key: str) -> Entry:
        line = event.start_mark.line + 1
        self.count += 1
        if depth > MAXIMUM_DEPTH or self.count > MAXIMUM_NODES:
            what = f"nested deeper than {MAXIMUM_DEPTH} levels" if depth > MAXIMUM_DEPTH else "too many values"
            self.problems.append(_too_large(self.source.where, line, what))
            raise _StopError
        self._refuse_references(event, line, key)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(line, depth, key)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(line, depth, key)
        text = getattr(event, "value", "")
        value = scalar(text) if getattr(event, "style", None) is None else text
        return self._entry(value, text, line)

    def _refuse_references(self, event: Any, line: int, key: str) -> None:
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            mark = "*" if isinstance(event, yaml.AliasEvent) else "&"
            self._note(
                "MT108",
                line,
                f"{mark}{shorten(event.anchor)} is a YAML reference; a recipe has none",
                "plain values",
                "write the value out in each place",
                key,
            )
        if getattr(event, "tag", None) is not None:
            message = f"{shorten(event.tag)} is a YAML tag; a recipe has none"
            self._note("MT107", line, message, "plain values", "remove the tag", key)

    def _mapping(self, line: int, depth: int, key: str) -> Entry:
        members: dict[str, Entry] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            name_line = event.start_mark.line + 1
            name = self._node(event, depth + 1, key)
            if isinstance(name.value, dict | list):
                self._note("MT103", name_line, "a key must be a word", do="put quotes around text that starts with [ {")
                self._node(next(self.events), depth + 1, key)
                continue
            dotted = f"{key}.{name.text}" if key else name.text
            value = self._node(next(self.events), depth + 1, dotted)
            if name.text in members:
                message = f"the key was already given in line {members[name.text].line}"
                self._note("MT105", name_line, message, "each key once", "remove one of the two", dotted, value.text)
                continue
            members[name.text] = Entry(value.value, value.text, value.where, name_line, value.folder)
        return self._entry(members, "{...}", line)

    def _sequence(self, line: int, depth: int, key: str) -> Entry:
        items: list[Entry] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1, f"{key}[{len(items)}]"))
        return self._entry(items, "[" + ", ".join(item.text[:40] for item in items[:8]) + "]", line)

    def _entry(self, value: Any, text: str, line: int) -> Entry:
        return Entry(value, text, self.source.where, line, self.source.folder)

    def _note(
        self, code: str, line: int | None, message: str, allowed: str = "", do: str = "", key: str = "", value: str = ""
    ) -> None:
        self.problems.append(
            Problem(
                code=code,
                message=message,
                where=self.source.where,
                line=line,
                key=shorten(key),
                value=shorten(value),
                allowed=allowed,
                do=do,
            )
        )

    def _note_syntax(self, error: yaml.YAMLError) -> None:
        """Note where YAML stopped; after a tab the place is a guess, and the tab is the cause."""
        if any(problem.code == "MT106" for problem in self.problems):
            return
        if isinstance(error, yaml.reader.ReaderError):
            line = self.source.text.count("\n", 0, int(error.position)) + 1
            self._note("MT102", line, "a control character stands here", "printable text", "remove the character")
            return
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        reason = getattr(error, "problem", None) or getattr(error, "context", None) or "the text is not YAML"
        self._note(
            "MT103",
            mark.line + 1 if mark is not None else None,
            f"not readable as YAML: {shorten(str(reason), 200)}",
            "lines of the form  key: value, indented with spaces",
            "check this line and the one above it; put quotes around text with a colon, # or brackets",
        )
