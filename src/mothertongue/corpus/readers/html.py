"""HTML: the main text of a page, found by Resiliparse, i.e. headings, paragraphs and list items without navigation."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mothertongue.corpus.document import Document, Dropped, content_id
from mothertongue.corpus.readers.blocks import words
from mothertongue.corpus.readers.facts import facts, iso_date
from mothertongue.corpus.readers.nesting import check_nesting
from mothertongue.corpus.readers.streams import USUAL_LIMITS, Limits, UnreadableError, decode, read_all, with_packed

_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s{0,5}=\s{0,5}["']?([A-Za-z0-9_:.-]{1,40})""", re.IGNORECASE)
# Listings are no language, a header without the heading of the page is the head of the site, and the last two are the
# edit links and footnote marks of MediaWiki.
_NO_TEXT = ["pre", "title", "header:not(:has(h1))", "[role=dialog]", ".mw-editsection", "sup.reference"]
# Resiliparse takes any list in the outermost levels of a page for a menu. On plain pages text stands there.
_LEVELS = 6
_BODY = re.compile(r"<body(?:\s[^<>]{0,4000})?>", re.IGNORECASE)
_CLOSED = re.compile(r"<([A-Za-z][\w:.-]{0,60})((?:\s[^<>]{0,4000})?)/>")
_VOID = words("area base br col embed hr img input link meta param source track wbr")
# Codecs of Python in which no page is written; the first two need quadratic time.
_NO_PAGES = frozenset({"punycode", "idna", "unicode-escape", "raw-unicode-escape", "utf-7", "undefined"})
_DATES = (
    "meta[property='article:published_time']",
    "meta[itemprop=datePublished]",
    "meta[name='dcterms.date']",
    "meta[name='DC.date']",
    "meta[name=date]",
)


@dataclass(frozen=True)
class HtmlReader:
    """Reads .html files; the encoding is UTF-8, a byte order mark's, or the one that the page itself declares."""

    language: str
    limits: Limits = USUAL_LIMITS
    suffixes: tuple[str, ...] = with_packed(".html", ".htm", ".xhtml")

    def read(self, path: Path) -> Iterator[Document | Dropped]:
        """Yield the one document of the page, or the reason why there is none."""
        source = path.as_posix()
        try:
            text, meta = html_text(decode_page(read_all(path, self.limits)), self.limits)
        except UnreadableError as error:
            yield error.dropped(source)
            return
        yield Document(content_id(text), text, source, self.language, meta)


def decode_page(data: bytes, charset: str | None = None) -> str:
    """Return a page as text: by its byte order mark, the `charset` of its transport, its own declaration, or UTF-8."""
    declared = _CHARSET.search(data[:4096])
    name = charset or (declared.group(1).decode("ascii") if declared else "utf-8")
    # Browsers read latin-1 as its superset, and a page that could hold the declaration in ASCII is no UTF-16.
    name = {"iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252", "utf-16": "utf-8"}.get(
        name.lower(), name.lower()
    )
    if name in ("utf-8", "utf8") or data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return decode(data)
    try:
        if codecs.lookup(name).name in _NO_PAGES:
            raise LookupError(name)
        return data.decode(name)
    except (LookupError, UnicodeDecodeError, ValueError) as error:
        offset = error.start if isinstance(error, UnicodeDecodeError) else declared.start() if declared else 0
        raise UnreadableError("wrong_encoding", offset, f"the page declares {name} but is not", "UTF-8") from error


def html_text(source: str, limits: Limits, *, main: bool = True) -> tuple[str, dict[str, str]]:
    """Return the text of a page and what the page says of itself (see `facts`); `main` leaves navigation out.

    Raises UnreadableError `too_deep` when elements nest deeper than the limits allow.
    """
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.html import HTMLTree

    source = _sound(source)
    check_nesting(source, limits.depth)
    # Every step of this tree may be None for its types, but a parsed page always has a root and a body.
    tree: Any = HTMLTree.parse(_deeper(source) if main else source)
    meta = _facts(tree)
    title = meta.get("title") if tree.document.query_selector("h1") is None else None
    _choose_keys(tree)
    skipped = _NO_TEXT if main else _NO_TEXT[:1]
    text = extract_plain_text(
        tree, main_content=main, list_bullets=False, alt_texts=False, comments=not main, skip_elements=skipped
    )
    return _tidy(text, title if main else None), meta


def _sound(source: str) -> str:
    """Return the source without lone surrogates and NUL, and with `<a/>` of XHTML as the `<a></a>` of HTML."""
    source = source.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    if not source.lstrip("\ufeff \r\n\t").startswith("<?xml"):
        return source
    return _CLOSED.sub(lambda m: m[0] if m[1].lower() in _VOID else f"<{m[1]}{m[2]}></{m[1]}>", source)


def _deeper(source: str) -> str:
    """Return a page whose content stands some levels deeper, by tags behind `<body>` or, without it, before all.

    Then a title stands in the body, too, and is left out by its name.
    """
    body = _BODY.search(source)
    place = body.end() if body else 0
    return source[:place] + "<div>" * _LEVELS + source[place:]


def _choose_keys(tree: Any) -> None:
    """Show one of hidden alternatives: LibreOffice hides both the Mac and the usual key and lets a script choose."""
    for group in tree.document.query_selector_all(".switchinline"):
        child = group.first_child
        while child is not None:
            following = child.next_sibling
            if child.tag != "#text" and (child.getattr("id") or "").startswith("default"):
                del child["hidden"]
            else:
                child.decompose()
            child = following


def _tidy(text: str, title: str | None) -> str:
    """Return lines without indentation: an empty line between blocks, none between items of a list or rows."""
    lines: list[str] = []
    gap = inside = False
    for line in text.split("\n"):
        cells = [" ".join(cell.split()) for cell in line.split("\t")]
        plain = " | ".join(cell for cell in cells if cell)
        if not plain:
            gap = True
            continue
        # Lists are indented, and their items may be paragraphs with an empty line between them.
        if lines and gap and not (inside and line.startswith("  ")):
            lines.append("")
        lines.append(plain)
        gap, inside = False, line.startswith("  ")
    if title and title not in lines:
        lines[:0] = [title, ""] if lines else [title]
    return "\n".join(lines)


def _facts(tree: Any) -> dict[str, str]:
    root = tree.document
    dates = (_attribute(root, selector, "content") for selector in _DATES)
    url = _attribute(root, "link[rel=canonical]", "href") or _attribute(root, "meta[property='og:url']", "content")
    return facts(
        title=title.text if (title := root.query_selector("title")) is not None else None,
        declared_language=_attribute(root, "html", "lang"),
        url=url if url.startswith(("https://", "http://")) else None,
        date=next(filter(None, map(iso_date, dates)), None),
        license=_attribute(root, "link[rel=license]", "href") or _attribute(root, "a[rel~=license]", "href"),
    )


def _attribute(root: Any, selector: str, name: str) -> str:
    node = root.query_selector(selector)
    return (node.getattr(name) or "") if node is not None else ""
