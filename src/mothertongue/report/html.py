"""report.html: one file that opens from disk, asks nothing of the network, and reads without a script.

Its policy names the hash of the one style sheet and of the one script (sorting of tables), so nothing else can run.
"""

from __future__ import annotations

import base64
import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mothertongue import durability
from mothertongue.console import redact
from mothertongue.errors import InputError, Problem
from mothertongue.report import answers, ledger, results
from mothertongue.report.markup import Asset, Content, Element, element, language_tag, render, user_text
from mothertongue.report.model import Report
from mothertongue.report.verdict import build_verdict, verdict_content
from mothertongue.report.words import Words, load_words


def asset(name: str) -> str:
    """The text of a style sheet or script of the pages."""
    return (files("mothertongue.report") / "assets" / name).read_text(encoding="utf-8")


def source_hash(text: str) -> str:
    """The hash of an inline style or script as a content security policy names it."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def policy(style: str, script: str) -> str:
    """The content security policy of a page that holds this style and this script and loads nothing."""
    return (
        f"default-src 'none'; style-src {source_hash(style)}; img-src data:; script-src {source_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def page_head(title: str, style: str, security: str) -> Element:
    """The head of a page: policy first, then title and style."""
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=security),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        # An empty icon keeps a browser from asking for /favicon.ico.
        element("link", rel="icon", href="data:,"),
        element("style", Asset(style)),
    )


def render_page(report: Report, words: Words | None = None) -> str:
    """The whole page as text. The verdict is computed from the intervals, not taken from the report."""
    chosen = words or load_words("en")
    style, script = asset("report.css"), asset("report.js")
    title = report.title or chosen("head.title", language=report.shown_language)
    sections = [part for part in _sections(report, chosen) if part is not None]
    page = element(
        "html",
        page_head(title, style, policy(style, script)),
        element(
            "body",
            patterns(),
            _header(report, chosen, title),
            contents(chosen, sections),
            element("main", *sections),
            element("footer", element("p", chosen("head.kicker"))),
            element("script", Asset(script), data_sort=chosen.texts["table.sort"]),
        ),
        lang=language_tag(chosen.tag),
        dir=chosen("page.direction"),
    )
    return "<!doctype html>\n" + render(page) + "\n"


def _sections(report: Report, words: Words) -> list[Element | None]:
    return [
        results.summary_section(report, words),
        results.bits_section(report, words),
        results.curves_section(report, words),
        answers.samples_section(report, words),
        results.trade_section(report, words),
        results.tasks_section(report, words),
        answers.items_section(report, words),
        results.characters_section(report, words),
        results.decisions_section(report, words),
        ledger.corpus_section(report, words),
        ledger.dropped_section(report, words),
        ledger.examples_section(report, words),
        ledger.cost_section(report, words),
        ledger.plan_section(report, words),
        ledger.health_section(report, words),
        ledger.warnings_section(report, words),
        ledger.again_section(report, words),
    ]


def _header(report: Report, words: Words, title: str) -> Element:
    verdict = verdict_content(report, words, user_text)
    count = len(report.warnings)
    above = element("a", words.count("warnings", count), href="#warnings", class_="notice")
    return element(
        "header",
        element("p", words("head.kicker"), class_="kicker"),
        element("h1", user_text(title)),
        element("p", verdict, class_="verdict"),
        above if count else None,
        results.key_figures(report, words),
        element(
            "p",
            element("span", words("head.language"), " ", user_text(report.shown_language), " ", _tag(report.language)),
            element("span", words("head.base"), " ", user_text(report.base)),
            class_="about",
        ),
    )


def _tag(language: str) -> Element:
    return element("code", user_text(language))


def contents(words: Words, sections: list[Element]) -> Element:
    """The list of sections with links to them."""
    links: list[Content] = []
    for part in sections:
        name = dict(part.attributes)["id"]
        links.append(element("li", element("a", words(f"section.{name}"), href=f"#{name}")))
    return element(
        "nav", element("p", words("head.contents")), element("ol", *links), aria_label=words("head.contents")
    )


def patterns() -> Element:
    """The hatching that plots refer to; once per page, because ids are."""
    stroke = element("line", x1=0, y1=0, x2=0, y2=6, class_="hatching")
    pattern = element(
        "pattern",
        stroke,
        id="hatch",
        width=6,
        height=6,
        patternUnits="userSpaceOnUse",
        patternTransform="rotate(45)",
    )
    return element("svg", element("defs", pattern), width=0, height=0, aria_hidden="true", class_="patterns")


def write_report(report: Report, folder: Path, language: str = "en") -> None:
    """Writes report.json and report.html into a folder, with the verdict filled in and secrets redacted.

    `language` chooses the words of the page; report.json stays English. Raises InputError (MT702) if it has none.
    """
    words = load_words(language)
    safe = Report.model_validate(_redacted(report.model_dump(mode="json")))
    safe.verdict = build_verdict(safe)
    durability.write_json(folder / "report.json", safe.model_dump(mode="json"))
    durability.write_text(folder / "report.html", render_page(safe, words))


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact(key): _redacted(entry) for key, entry in value.items()}
    return [_redacted(entry) for entry in value] if isinstance(value, list) else value


def read_report(path: Path) -> Report:
    """The report of a run folder or of a report.json. Raises InputError (MT701) with every key that is wrong."""
    file = path / "report.json" if path.is_dir() else path
    remedy = "run  mothertongue report  on the run folder again"
    try:
        return Report.model_validate(json.loads(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        problems = [
            Problem("MT701", found["msg"], where=str(file), key=".".join(map(str, found["loc"])), do=remedy)
            for found in error.errors()
        ]
        raise InputError(problems) from error
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(Problem("MT701", f"cannot be read: {error}", where=str(file), do=remedy)) from error
