"""HTML: the main text of a page, i.e. headings, paragraphs and list items without navigation."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

from mothertongue.corpus.document import Document, Dropped, content_id
from mothertongue.corpus.readers.blocks import Blocks, words
from mothertongue.corpus.readers.streams import USUAL_LIMITS, Limits, UnreadableError, decode, read_all

_LEFT_OUT = words(
    "script style noscript template head nav header footer aside form button select input textarea svg math canvas "
    "iframe object embed audio video figure pre menu dialog"
)
_BLOCKS = words(
    "p div section article main body html h1 h2 h3 h4 h5 h6 ul ol li dl dt dd table caption thead tbody tfoot tr td th "
    "blockquote address details summary center fieldset figcaption hr"
)
_HEADINGS = words("h1 h2 h3 h4 h5 h6")
# Words in class and id attributes by which pages name what is not their text. Page authors write these in English
# whatever the language of the page is, so the rule does not favour a language.
_MARKED = words(
    "nav navbar navigation breadcrumb breadcrumbs menu sidebar toc footer header relatedtopics related cookie cookies "
    "share social comments advertisement pagination copyright"
)
_WORD = re.compile(r"[A-Za-z]+")
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s{0,5}=\s{0,5}["']?([A-Za-z0-9_:.-]{1,40})""", re.IGNORECASE)
# A short block of which this share is links is navigation, not text.
LINK_SHARE = 0.66
SHORT_BLOCK = 200


@dataclass(frozen=True)
class HtmlReader:
    """Reads .html files; the encoding is UTF-8, a byte order mark's, or the one that the page itself declares."""

    language: str
    limits: Limits = USUAL_LIMITS
    suffixes: tuple[str, ...] = (".html", ".htm", ".xhtml")

    def read(self, path: Path) -> Iterator[Document | Dropped]:
        """Yield the one document of the page, or the reason why there is none."""
        source = path.as_posix()
        try:
            data = read_all(path, self.limits)
            text, meta = html_text(_decode(data), self.limits)
        except UnreadableError as error:
            yield error.dropped(source)
            return
        yield Document(content_id(text), text, source, self.language, meta)


def _decode(data: bytes) -> str:
    declared = _CHARSET.search(data[:4096])
    if declared is None or data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return decode(data)
    name = declared.group(1).decode("ascii").lower()
    # Browsers read latin-1 as its superset, and a page that could hold the declaration in ASCII is no UTF-16.
    name = {"iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252", "utf-16": "utf-8"}.get(name, name)
    if name in ("utf-8", "utf8"):
        return decode(data)
    try:
        return data.decode(name)
    except (LookupError, UnicodeDecodeError, ValueError) as error:
        offset = error.start if isinstance(error, UnicodeDecodeError) else declared.start()
        raise UnreadableError("wrong_encoding", offset, f"the page declares {name} but is not", "UTF-8") from error


def _solid(text: str) -> int:
    return len("".join(text.split()))


@dataclass
class _Page:
    """The state of one walk through a page: open links, open items, and the blocks so far."""

    blocks: Blocks = field(default_factory=Blocks)
    items: int = 0
    links: int = 0
    heading: int = 0
    linked: int = 0
    rows: list[int] = field(default_factory=list)

    def text(self, text: str) -> None:
        self.blocks.add(text)
        if self.links:
            self.linked += _solid(text)

    def close(self) -> None:
        text = self.blocks.close(item=self.items > 0)
        linked, self.linked = self.linked, 0
        solid = _solid(text)
        if text and not self.heading and solid < SHORT_BLOCK and linked > LINK_SHARE * solid:
            self.blocks.done.pop()


def html_text(source: str, limits: Limits) -> tuple[str, dict[str, str]]:
    """Return the main text of a page and what the page says of itself (`declared_language`, `title`).

    Raises UnreadableError `too_deep` when elements nest deeper than the limits allow.
    """
    tree = LexborHTMLParser(source.replace("\0", "\ufffd").encode("utf-8", "replace"))
    meta = {}
    root = tree.root
    if root is not None and (language := root.attributes.get("lang")):
        meta["declared_language"] = language
    page = _Page()
    if tree.body is not None:
        _walk(tree.body, page, limits)
    title = tree.css_first("title")
    if title is not None and (name := " ".join(title.text().split())):
        meta["title"] = name
        if not any(block for block, _ in page.blocks.done if block == name) and tree.css_first("h1") is None:
            page.blocks.done.insert(0, (name, False))
    return page.blocks.text(), meta


def _walk(body: LexborNode, page: _Page, limits: Limits) -> None:
    """Visit a tree in reading order with an own stack: pages nest deeper than Python's."""
    stack: list[tuple[LexborNode, bool]] = [(body, False)]
    depth = 0
    while stack:
        node, leaving = stack.pop()
        if leaving:
            depth -= 1
            _leave(node.tag or "", page)
            continue
        tag = node.tag or ""
        if tag == "-text":
            page.text(node.text(deep=False) or "")
            continue
        if tag.startswith(("-", "!")) or tag in _LEFT_OUT or _is_marked(node):
            continue
        depth += 1
        if depth > limits.depth:
            raise UnreadableError(
                "too_deep", 0, f"more than {limits.depth} elements inside each other", f"{limits.depth}"
            )
        _enter(tag, page)
        stack.append((node, True))
        stack.extend((child, False) for child in reversed(_children(node)))
    page.close()


def _children(node: LexborNode) -> list[LexborNode]:
    children = []
    child = node.child
    while child is not None:
        children.append(child)
        child = child.next
    if "switchinline" in (node.attributes.get("class") or ""):
        # LibreOffice hides both the Mac and the usual key and lets a script choose; take the usual one.
        children = [child for child in children if (child.attributes.get("id") or "").startswith("default")]
    return children


def _is_marked(node: LexborNode) -> bool:
    """Return whether attributes say that an element is hidden or is navigation."""
    attributes = node.attributes
    if not attributes or node.tag in ("body", "html", "main", "article"):
        return False
    hidden = "hidden" in attributes or attributes.get("aria-hidden") == "true"
    if hidden and not (attributes.get("id") or "").startswith("default"):
        return True
    if attributes.get("role") in ("navigation", "banner", "contentinfo", "search", "menu"):
        return True
    names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
    words = [word.lower() for word in _WORD.findall(names[:400])]
    return any(word in _MARKED for word in words) and node.tag not in _HEADINGS


def _enter(tag: str, page: _Page) -> None:
    if tag in _BLOCKS:
        page.close()
    if tag == "tr":
        page.rows.append(len(page.blocks.done))
    page.items += tag in ("li", "dt", "dd")
    page.heading += tag in _HEADINGS
    page.links += tag == "a"
    if tag == "br":
        page.blocks.add(" ")


def _leave(tag: str, page: _Page) -> None:
    if tag in _BLOCKS:
        page.close()
    if tag == "tr":
        page.blocks.merge_row(page.rows.pop())
    page.items -= tag in ("li", "dt", "dd")
    page.heading -= tag in _HEADINGS
    page.links -= tag == "a"
