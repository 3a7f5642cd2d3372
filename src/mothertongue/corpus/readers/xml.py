"""XML help and books: Mallard (.page) and DocBook, read by expat without DTDs, external entities or deep nesting."""

from __future__ import annotations

import html.entities
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from mothertongue.corpus.document import Document, Dropped, content_id
from mothertongue.corpus.readers.blocks import Blocks, words
from mothertongue.corpus.readers.streams import (
    CHUNK,
    USUAL_LIMITS,
    Limits,
    UnreadableError,
    open_stream,
    too_large,
    with_packed,
)


@dataclass(frozen=True)
class Vocabulary:
    """Which elements of an XML language begin a block, are list items, are left out, or join their children."""

    name: str
    roots: frozenset[str]
    blocks: frozenset[str]
    items: frozenset[str]
    left_out: frozenset[str]
    joined: dict[str, str]
    """Element -> what stands between its children (`Ctrl+C`)."""
    first_only: frozenset[str] = frozenset()
    """Of these elements only the first child counts: the others are alternatives to it."""
    listings: frozenset[str] = frozenset()
    """Words inside a paragraph, but a listing or picture to leave out directly inside one of `containers`."""
    containers: frozenset[str] = frozenset()


MALLARD = Vocabulary(
    name="mallard",
    roots=frozenset({"page"}),
    blocks=words("page section title subtitle p item td th tr table list steps terms tree note quote cite"),
    items=frozenset({"item"}),
    left_out=words("info comment screen links include synopsis"),
    joined={"keyseq": "+", "guiseq": " > "},
    first_only=frozenset({"choose"}),
    listings=frozenset({"code", "media"}),
    containers=words("page section item note listing example figure td when if else"),
)
DOCBOOK = Vocabulary(
    name="docbook",
    roots=words("set book part preface chapter appendix article section sect1 sect2 refentry glossary reference topic"),
    blocks=words(
        "title subtitle para simpara formalpara term entry listitem member step caption quote blockquote note tip "
        "warning important caution refpurpose question answer section sect1 sect2 sect3 chapter article"
    ),
    items=words("listitem member step"),
    left_out=words(
        "info bookinfo articleinfo chapterinfo sectioninfo sect1info refentryinfo legalnotice copyright authorgroup "
        "author revhistory programlisting screen literallayout synopsis cmdsynopsis funcsynopsis indexterm index toc "
        "remark mediaobject inlinemediaobject screenshot graphic bibliography include refmeta footnote"
    ),
    joined={"keycombo": "+", "menuchoice": " > "},
)
VOCABULARIES = (MALLARD, DOCBOOK)
# Plain entities (`&app;` -> gedit) are part of many DocBook files; anything larger or nested is an attack.
ENTITY_CHARACTERS = 1000
ENTITY_SHARE_BYTES = 1 << 20


@dataclass(frozen=True)
class XmlReader:
    """Reads Mallard and DocBook files: titles, paragraphs and list items; no licences, credits or listings."""

    language: str
    limits: Limits = USUAL_LIMITS
    suffixes: tuple[str, ...] = with_packed(".page", ".xml", ".docbook", ".dbk")

    def read(self, path: Path) -> Iterator[Document | Dropped]:
        """Yield the one document of the file, or the reason why there is none."""
        source = path.as_posix()
        try:
            with open_stream(path, self.limits) as stream:
                parse = _Parse(self.limits)
                while data := stream.read(CHUNK):
                    parse.feed(data)
                text, meta = parse.finish()
        except UnreadableError as error:
            yield error.dropped(source)
            return
        yield Document(content_id(text), text, source, self.language, meta)


@dataclass
class _Parse:
    """One pass of expat over one file; holds the path of open elements and the blocks so far."""

    limits: Limits
    blocks: Blocks = field(default_factory=Blocks)
    vocabulary: Vocabulary | None = None
    open: list[str] = field(default_factory=list)
    children: list[int] = field(default_factory=list)
    silent_from: int = 0
    items: int = 0
    entities: dict[str, str] = field(default_factory=dict)
    expanded: int = 0
    read: int = 0
    meta: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = self._declared
        # With a default handler expat hands entity references over as they stand instead of expanding them.
        parser.DefaultHandler = self._other
        self._parser = parser

    def feed(self, data: bytes) -> None:
        self.read += len(data)
        if self.read > self.limits.record_bytes:
            raise too_large(self.limits.record_bytes, 0)
        self._guarded(data, final=False)

    def finish(self) -> tuple[str, dict[str, str]]:
        self._guarded(b"", final=True)
        return self.blocks.text(), self.meta

    def _guarded(self, data: bytes, *, final: bool) -> None:
        try:
            self._parser.Parse(data, final)
        except expat.ExpatError as error:
            reason = "truncated" if final and self.open else "malformed"
            offset = max(self._parser.ErrorByteIndex, 0)
            raise UnreadableError(reason, offset, f"not well-formed XML: {error}", "well-formed XML") from error
        except (LookupError, ValueError) as error:
            raise UnreadableError("wrong_encoding", 0, f"declares an encoding that cannot be read: {error}") from error

    def _start(self, qualified: str, attributes: dict[str, str]) -> None:
        name = qualified.rpartition(" ")[2]
        if not self.open:
            self._root(name, attributes)
        if len(self.open) >= self.limits.depth:
            found = f"more than {self.limits.depth} elements inside each other"
            raise UnreadableError("too_deep", self._parser.CurrentByteIndex, found, str(self.limits.depth))
        vocabulary = self._vocabulary()
        parent = self.open[-1] if self.open else ""
        if self.children:
            self.children[-1] += 1
        sibling = self.children[-1] if self.children else 1
        self.open.append(name)
        self.children.append(0)
        if self.silent_from:
            return
        listing = name in vocabulary.listings and parent in vocabulary.containers
        alternative = parent in vocabulary.first_only and sibling > 1
        if listing or alternative or name in vocabulary.left_out:
            self.silent_from = len(self.open)
            return
        if sibling > 1 and parent in vocabulary.joined:
            self.blocks.add(vocabulary.joined[parent])
        if name in vocabulary.blocks:
            self.blocks.close(item=self.items > 0)
        self.items += name in vocabulary.items

    def _root(self, name: str, attributes: dict[str, str]) -> None:
        for vocabulary in VOCABULARIES:
            if name in vocabulary.roots:
                self.vocabulary = vocabulary
        if self.vocabulary is None:
            raise UnreadableError("unknown_xml", 0, f"the root element is {name}", "Mallard or DocBook")
        language = attributes.get("http://www.w3.org/XML/1998/namespace lang") or attributes.get("lang")
        if language:
            self.meta["declared_language"] = language

    def _vocabulary(self) -> Vocabulary:
        if self.vocabulary is None:
            raise UnreadableError("malformed", 0, "text before the root element", "well-formed XML")
        return self.vocabulary

    def _end(self, _qualified: str) -> None:
        name = self.open.pop()
        self.children.pop()
        vocabulary = self._vocabulary()
        if self.silent_from:
            self.silent_from = 0 if len(self.open) < self.silent_from else self.silent_from
            return
        if name in vocabulary.blocks:
            self.blocks.close(item=self.items > 0)
        self.items -= name in vocabulary.items

    def _text(self, text: str) -> None:
        if self.silent_from or not self.open:
            return
        # Indentation between the children of a joined element would tear `Ctrl + C` apart.
        if self.open[-1] in self._vocabulary().joined and not text.strip():
            return
        self.blocks.add(text)

    def _declared(self, name: str, is_parameter: bool, value: str | None, *_ids: str | None) -> None:
        if is_parameter or value is None:
            return
        if "&" in value or "%" in value or "<" in value or len(value) > ENTITY_CHARACTERS:
            found = f"entity {name} holds markup, other entities, or more than {ENTITY_CHARACTERS} characters"
            raise UnreadableError("entities", self._parser.CurrentByteIndex, found, "plain short entities")
        self.entities[name] = value

    def _other(self, data: str) -> None:
        if not (data.startswith("&") and data.endswith(";")):
            return
        name = data[1:-1]
        value = self.entities.get(name) or html.entities.html5.get(name + ";") or f" {name} "
        self.expanded += len(value)
        if self.expanded > ENTITY_SHARE_BYTES:
            found = f"entities expand to more than {ENTITY_SHARE_BYTES} characters"
            raise UnreadableError("entities", self._parser.CurrentByteIndex, found, str(ENTITY_SHARE_BYTES))
        self._text(value)
