"""audit.html: the audit sheet as a page that works offline, for people who would rather not use a spreadsheet."""

from __future__ import annotations

import hashlib
import json
from itertools import groupby
from pathlib import Path
from typing import Any

from mothertongue import durability
from mothertongue.errors import InputError, Problem
from mothertongue.report.html import asset, page_head, policy
from mothertongue.report.markup import Asset, Content, Element, element, language_tag, render, user_text
from mothertongue.report.pieces import facts, passage
from mothertongue.report.words import Words, load_words

VERDICTS = ("keep", "drop", "unsure")


def write_form(folder: Path, language: str = "en") -> None:
    """Write audit.html beside the audit.json of a folder.

    `language` chooses the words of the page. Raises InputError MT701 for rows that cannot be read.
    """
    file = folder / "audit.json"
    try:
        value = json.loads(file.read_bytes())
        page = render_form(value["rows"], value["language"], load_words(language))
    except (OSError, ValueError, KeyError, TypeError) as error:
        do = "write the audit sheet again"
        raise InputError(Problem("MT701", f"cannot be read: {error}", where=str(file), do=do)) from error
    durability.write_text(folder / "audit.html", page)


def render_form(rows: list[dict[str, Any]], language: str, words: Words) -> str:
    """Return the page as text: a section per rule, a card per document with the choices keep, drop, not sure."""
    style, script = asset("report.css"), asset("audit.js")
    title = words("audit.title", language=language)
    sections = [
        _rule(number, reason, list(group), words)
        for number, (reason, group) in enumerate(groupby(rows, key=lambda row: str(row["reason"])))
    ]
    key = hashlib.sha256("".join(str(row["row"]) for row in rows).encode()).hexdigest()[:16]
    save = element("button", words("audit.save"), type="submit", data_scripted=True, hidden=True)
    page = element(
        "html",
        page_head(title, style, policy(style, script)),
        element(
            "body",
            element("header", element("h1", user_text(title)), element("p", words("say.card-audit"), class_="lead")),
            element("noscript", element("p", words("audit.script"))),
            element(
                "form",
                *sections,
                element("p", data_progress=words.texts["audit.progress"]),
                element("p", save),
                element("p", words("audit.kept_here"), class_="aside", data_scripted=True, hidden=True),
                data_key=key,
            ),
            element("script", Asset(script)),
        ),
        lang=language_tag(words.tag),
        dir=words("page.direction"),
    )
    return "<!doctype html>\n" + render(page) + "\n"


def _rule(number: int, reason: str, rows: list[dict[str, Any]], words: Words) -> Element:
    heading = f"rule-{number}"
    note = str(rows[0].get("note", ""))
    return element(
        "section",
        element("h2", user_text(words.named("reason", reason)), id=heading),
        user_text(note, name="p") if note else None,
        element("ul", *(_document(row, words) for row in rows), class_="dropped"),
        aria_labelledby=heading,
    )


def _document(row: dict[str, Any], words: Words) -> Element:
    name = str(row["row"])
    told: list[tuple[Content, Content]] = [
        (words("audit.condition"), user_text(str(row["condition"]), name="code")),
        (words("column.value"), user_text(str(row["value"]))),
        (words("column.threshold"), user_text(str(row["threshold"]))),
        (words("audit.was"), words("audit.kept" if row["side"] == "kept" else "audit.dropped")),
        (words("column.source"), user_text(str(row["source"]))),
    ]
    choices = [
        element("label", element("input", type="radio", name=name, value=word), words(f"audit.{word}"))
        for word in VERDICTS
    ]
    comment = element("label", words("audit.comment"), " ", element("input", type="text", autocomplete="off"))
    return element(
        "li",
        passage(words, str(row["text"])),
        facts(told),
        element("fieldset", *choices, comment, class_="switch"),
        data_row=name,
    )
