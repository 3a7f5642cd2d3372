"""EPUB: the chapters of a book in reading order, each a document; nothing is unpacked to the disk."""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote
from xml.parsers import expat

from mothertongue.corpus.document import Document, Dropped, content_id
from mothertongue.corpus.readers.facts import facts, iso_date
from mothertongue.corpus.readers.html import decode_page, html_text
from mothertongue.corpus.readers.streams import RATIO_GRACE, USUAL_LIMITS, Limits, UnreadableError, read_capped

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")
_ALLOWED = "EPUB 2 or 3 without copy protection"
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, ValueError, RuntimeError)


@dataclass(frozen=True)
class EpubReader:
    """Reads .epub books: one document per chapter of the spine, with title, language, date and rights of the book."""

    language: str
    limits: Limits = USUAL_LIMITS
    suffixes: tuple[str, ...] = (".epub",)

    def read(self, path: Path) -> Iterator[Document | Dropped]:
        """Yield the chapters (source `file:number`), and a reason for every chapter that gives no text."""
        source = path.as_posix()
        try:
            file = path.open("rb")
        except OSError as error:
            yield UnreadableError("unreadable", 0, error.strerror or str(error)).dropped(source)
            return
        try:
            with file, zipfile.ZipFile(file) as archive:
                book = _Book(archive, path.stat().st_size, self.limits)
                chapters, meta = book.chapters()
                for number, chapter in enumerate(chapters, 1):
                    yield self._chapter(book, chapter, f"{source}:{number}", meta)
        except UnreadableError as error:
            yield error.dropped(source)
        except _BROKEN as error:
            yield UnreadableError("damaged", 0, f"not a sound EPUB ({error!s:.200})", _ALLOWED).dropped(source)

    def _chapter(self, book: _Book, name: str, source: str, meta: dict[str, str]) -> Document | Dropped:
        try:
            text, said = html_text(decode_page(book.read(name)), self.limits, main=False)
        except UnreadableError as error:
            return error.dropped(source)
        except _BROKEN as error:
            return UnreadableError("damaged", 0, f"{name} ({error!s:.200})", _ALLOWED).dropped(source)
        chapter = facts(chapter=said.get("title"), declared_language=said.get("declared_language"))
        return Document(content_id(text), text, source, self.language, meta | chapter)


@dataclass
class _Book:
    """A ZIP archive that is read with care: every member below a cap, all of them together below the usual ratio."""

    archive: zipfile.ZipFile
    size: int
    limits: Limits
    given: int = 0
    protected: frozenset[str] = frozenset()

    def read(self, name: str) -> bytes:
        """Return the bytes of a member; raises UnreadableError (missing, encrypted, too large, or a bomb)."""
        try:
            member = self.archive.getinfo(name)
        except KeyError as error:
            raise UnreadableError("missing", 0, f"{name[:200]} is not in the book", _ALLOWED) from error
        if member.flag_bits & 1 or name in self.protected:
            raise UnreadableError("encrypted", member.header_offset, name[:200], _ALLOWED)
        with self.archive.open(member) as stream:
            data = read_capped(stream, self.limits.markup_bytes, member.header_offset)
        self.given += len(data)
        allowed = max(RATIO_GRACE, int(self.size * self.limits.ratio))
        if self.given > allowed:
            found = f"more than {allowed} bytes come out"
            raise UnreadableError("decompression_bomb", member.header_offset, found, f"at most {allowed} bytes")
        return data

    def chapters(self) -> tuple[list[str], dict[str, str]]:
        """Return the names of the chapters in reading order and the facts of the book."""
        if _ENCRYPTION in self.archive.namelist():
            references = elements(self.read(_ENCRYPTION), self.limits)
            self.protected = frozenset(unquote(e.attributes.get("URI", "")) for e in references)
        roots = [e for e in elements(self.read(_CONTAINER), self.limits) if e.name == "rootfile"]
        if not roots:
            raise UnreadableError("malformed", 0, f"{_CONTAINER} names no book", _ALLOWED)
        package = roots[0].attributes.get("full-path", "")
        found = elements(self.read(package), self.limits)
        items = {e.attributes.get("id", ""): e.attributes for e in found if e.name == "item"}
        names = []
        for reference in found:
            item = items.get(reference.attributes.get("idref", ""))
            if reference.name != "itemref" or item is None or item.get("media-type") not in _PAGES:
                continue
            if reference.attributes.get("linear") != "no" and "nav" not in item.get("properties", "").split():
                names.append(_inside(posixpath.dirname(package), item.get("href", "")))
        if len(names) > self.limits.pages:
            raise UnreadableError("too_many_pages", 0, f"{len(names)} chapters", f"at most {self.limits.pages}")
        return names, _book_facts(found)


def _inside(folder: str, href: str) -> str:
    """Return the name of a member; a path that leads out of the archive stays a name that no member has."""
    return posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0])))


def _book_facts(found: list[Element]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for element in found:
        if element.name in ("title", "language", "date", "rights", "source"):
            texts.setdefault(element.name, element.text)
    url = texts.get("source", "").strip()
    return facts(
        title=texts.get("title"),
        declared_language=texts.get("language"),
        date=iso_date(texts.get("date", "")),
        license=texts.get("rights"),
        url=url if url.startswith(("https://", "http://")) else None,
    )


@dataclass
class Element:
    """One element of a small XML file: its name without prefix, its attributes, the text directly in it."""

    name: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class _Collector:
    limits: Limits
    found: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.open) >= self.limits.depth:
            found = f"more than {self.limits.depth} elements inside each other"
            raise UnreadableError("too_deep", 0, found, str(self.limits.depth))
        self.open.append(Element(name.rpartition(":")[2], attributes))
        self.found.append(self.open[-1])

    def end(self, _name: str) -> None:
        self.open.pop()

    def text(self, text: str) -> None:
        if self.open:
            self.open[-1].text += text

    def entity(self, name: str, *_: object) -> None:
        raise UnreadableError("entities", 0, f"entity {name[:100]}", "XML without entities")


def elements(data: bytes, limits: Limits) -> list[Element]:
    """Return the elements of a small XML file in document order; entities and deep nesting raise UnreadableError."""
    collector = _Collector(limits)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler = collector.start
    parser.EndElementHandler = collector.end
    parser.CharacterDataHandler = collector.text
    parser.EntityDeclHandler = collector.entity
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise UnreadableError("malformed", max(parser.ErrorByteIndex, 0), f"not well-formed XML: {error}") from error
    return collector.found
