"""HTML and SVG as values: every string becomes a text node, so no text of a user or a model can become markup.

There is no way to hand in ready-made markup but `Asset`, which holds a style sheet or a script of this package.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

VOID_ELEMENTS = frozenset({"br", "col", "hr", "img", "input", "link", "meta"})
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9:-]*\Z")
_LANGUAGE_TAG = re.compile(r"[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8})*\Z")
# Characters that no HTML document may hold: most controls, lone surrogates, noncharacters at the end of the plane.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

Attribute: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True)
class Element:
    """A named element with attributes and children."""

    name: str
    attributes: tuple[tuple[str, str], ...]
    children: tuple[Content, ...]


@dataclass(frozen=True)
class Asset:
    """The text of a style sheet or a script that ships with the package and is written as it stands."""

    text: str


Content: TypeAlias = "str | Element | Asset | Sequence[Content] | None"


def clean(text: str) -> str:
    """Text without characters that HTML forbids; each becomes U+FFFD, line ends become one newline."""
    return _FORBIDDEN.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def language_tag(tag: str) -> str:
    """The tag if it has the form of BCP 47, else `und`."""
    return tag if _LANGUAGE_TAG.match(tag) and len(tag) <= 35 else "und"


def number(value: float) -> str:
    """A coordinate with at most two decimals and no trailing zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value else "0"


def element(name: str, /, *children: Content, **attributes: Attribute) -> Element:
    """An element; `class_` means class, other underscores become hyphens, None and False leave an attribute out.

    Raises ValueError for a name that is no plain name, so names can never come from data unnoticed.
    """
    pairs: list[tuple[str, str]] = []
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        label = key.rstrip("_").replace("_", "-")
        if not _NAME.match(label):
            raise ValueError(f"{label!r} is no attribute name")
        text = "" if value is True else number(value) if isinstance(value, int | float) else value
        pairs.append((label, text))
    if not _NAME.match(name):
        raise ValueError(f"{name!r} is no element name")
    return Element(name, tuple(pairs), children)


def user_text(text: str, language: str = "", name: str = "bdi") -> Element:
    """Text that someone wrote: kept apart from the direction of its surroundings, marked with its language if known."""
    return element(name, text, dir="auto", lang=language_tag(language) if language else None)


def render(content: Content) -> str:
    """The markup of content."""
    pieces: list[str] = []
    _collect(content, pieces)
    return "".join(pieces)


def _collect(content: Content, pieces: list[str]) -> None:
    if content is None:
        return
    if isinstance(content, str):
        pieces.append(html.escape(clean(content), quote=False))
    elif isinstance(content, Asset):
        pieces.append(content.text)
    elif isinstance(content, Element):
        attributes = "".join(f' {key}="{html.escape(clean(value))}"' for key, value in content.attributes)
        pieces.append(f"<{content.name}{attributes}>")
        if content.name not in VOID_ELEMENTS:
            _collect(content.children, pieces)
            pieces.append(f"</{content.name}>")
    else:
        for child in content:
            _collect(child, pieces)
