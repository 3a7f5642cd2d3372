"""The repeating pieces of the page: sections, tables that scroll in their own box, figures with their table below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mothertongue.report.markup import Content, Element, element, user_text
from mothertongue.report.words import Words

MAXIMUM_CHARACTERS = 4000
MAXIMUM_ROWS = 60


@dataclass(frozen=True)
class Column:
    """A column of a table; `number` aligns it for reading down."""

    label: str
    number: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell whose order in a sorted table is a number, not its text."""

    content: Content
    order: float


def section(words: Words, key: str, *content: Content, say: bool = True) -> Element:
    """A section with its heading and, where the catalogue has one, the sentence that says how to read it."""
    sentence = words.texts.get(f"say.{key}") if say else None
    return element(
        "section",
        element("h2", words(f"section.{key}"), id=f"{key}-heading"),
        element("p", sentence, class_="lead") if sentence else None,
        *content,
        id=key,
        aria_labelledby=f"{key}-heading",
    )


def table(words: Words, name: str, columns: Sequence[Column], rows: Sequence[Sequence[Content | Cell]]) -> Element:
    """A sortable table in a box of its own, which scrolls sideways where the page is narrow."""
    heads = [element("th", column.label, scope="col", class_=_numeric(column)) for column in columns]
    body = [element("tr", *(_cell(column, cell) for column, cell in zip(columns, row, strict=True))) for row in rows]
    return element(
        "div",
        element("table", element("thead", element("tr", *heads)), element("tbody", *body), class_="sortable"),
        class_="scroll",
        tabindex=0,
        role="region",
        aria_label=words("table.scroll", name=name),
    )


def _numeric(column: Column) -> str | None:
    return "number" if column.number else None


def _cell(column: Column, cell: Content | Cell) -> Element:
    if isinstance(cell, Cell):
        return element("td", cell.content, class_=_numeric(column), data_order=repr(float(cell.order)))
    return element("td", cell, class_=_numeric(column))


def figure(words: Words, plot: Content, data: Content, caption: Content = None) -> Element:
    """A plot with its numbers folded below it."""
    return element(
        "figure",
        plot,
        element("figcaption", caption) if caption else None,
        fold(words("say.table"), data, class_="data"),
    )


def fold(summary: Content, *content: Content, class_: str = "fold", open_: bool = False) -> Element:
    """Content that opens with a click, without a script."""
    return element("details", element("summary", summary), *content, class_=class_, open=open_)


def passage(words: Words, text: str, language: str = "", limit: int = MAXIMUM_CHARACTERS) -> Element:
    """A longer text of a user or a model with its line ends, cut beyond `limit` characters with the number left out."""
    rest = len(text) - limit
    shown = text if rest <= 0 else text[:limit] + "\u2026"
    if not text.strip():
        return element("div", element("p", words("answer.empty"), class_="missing"), class_="passage")
    return element(
        "div",
        user_text(shown, language, "p"),
        element("p", words("say.cut", n=words.whole(rest)), class_="aside") if rest > 0 else None,
        class_="passage",
    )


def code(text: str) -> Element:
    """A command or a file, left to right, as it stands."""
    return element("pre", element("code", text), dir="ltr", tabindex=0)


def facts(pairs: Sequence[tuple[Content, Content]]) -> Element:
    """Names with their values."""
    return element("dl", *(element("div", element("dt", name), element("dd", value)) for name, value in pairs))


def interval(words: Words, low: str, high: str) -> Element:
    """An interval that does not break over lines."""
    return element("span", f"{low} {words('column.to')} {high}", class_="interval")


def outcome(label: str, kind: str) -> Element:
    """An outcome in a word with its own mark, so that colour is not needed."""
    marks = {"better": "\u25b2", "held": "\u25cf", "worse": "\u25bc"}
    symbol = element("span", marks.get(kind, "\u25cb"), aria_hidden="true", class_="symbol")
    return element("span", symbol, " ", label, class_=f"outcome {kind}")
