"""Shows the catalogue: plain tables of at most 100 columns for a terminal, plain values for JSON, a page for docs."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from mothertongue.studies.catalogue import Hit, Method, findings, load_methods, method, status, vocabulary
from mothertongue.studies.citations import cited_objects, cited_recipes
from mothertongue.studies.finding import Finding

WIDTH = 100
_INDENT = 12  # columns of a label in `methods N`


def methods() -> list[dict[str, Any]]:
    """One row per method for JSON: number, slug, title, family, status."""
    return [
        {"number": row.number, "slug": row.slug, "title": row.title, "family": row.family, "status": status(row.number)}
        for row in load_methods()
    ]


def method_values(number: int) -> dict[str, Any]:
    """All that is known of a method for JSON: its row, status, findings, and what of the package cites it."""
    return {
        **dataclasses.asdict(method(number)),
        "status": status(number),
        "findings": [finding.model_dump(mode="json") for finding in findings(number)],
        "objects": [{"name": cited.name, "sentence": cited.sentence} for cited in cited_objects(number)],
        "recipes": cited_recipes(number),
    }


def hit_values(hits: Iterable[Hit]) -> list[dict[str, Any]]:
    """The answers to a query for JSON, best first, with score and reasons."""
    return [
        {
            "number": hit.method.number,
            "title": hit.method.title,
            "status": status(hit.method.number),
            "score": round(hit.score, 3),
            "reasons": list(hit.reasons),
        }
        for hit in hits
    ]


def render_table(rows: Sequence[Method]) -> str:
    """A table of `rows`: number, title, family, status; at most 100 columns."""
    lines = [_row("no", "title", "family", "status")]
    lines += [_row(f"{row.number:02d}", row.title, row.family, status(row.number)) for row in rows]
    return "\n".join(lines)


def render_method(number: int) -> str:
    """The whole row of a method, its findings, and the parts of the package and recipes that cite it."""
    row = method(number)
    meanings = vocabulary()
    blocks = [
        ("family", row.family),
        ("room", row.room),
        ("status", status(number)),
        ("does", row.summary),
        ("good for", ", ".join(row.good_for)),
        ("needs", "; ".join(f"{need.replace('_', ' ')} ({meanings.needs[need]})" for need in row.needs)),
        ("cost", f"{row.cost.replace('_', ' ')}: {meanings.costs[row.cost]}"),
        ("avoid when", row.avoid_when),
        ("claim", row.claim),
        *_many("reported", row.reported),
        *_many("measured", [_measured(finding) for finding in findings(number)]),
        *_many("in code", [f"{cited.name}: {cited.sentence}" for cited in cited_objects(number)]),
        *_many("recipes", cited_recipes(number)),
    ]
    return "\n".join([f"{row.number:02d} {row.title}", "", *(_block(label, text) for label, text in blocks)])


def render_hits(hits: Sequence[Hit]) -> str:
    """The answers to a query, best first, each with the words that made it match; or one line when there are none."""
    if not hits:
        return "No method matches. `mothertongue methods` lists all; try other words, in English."
    lines = []
    for place, hit in enumerate(hits, start=1):
        row = hit.method
        lines.append(_cut(f"{place:2d}. {row.number:02d} {row.title} [{row.family}; {status(row.number)}]", WIDTH))
        lines += _wrap("; ".join(hit.reasons), "      matches ", "        ")
        lines += _wrap(f"not when: {row.avoid_when}", "      ", "        ")
    return "\n".join(lines)


def render_finding(finding: Finding) -> str:
    """A finding for a terminal: the arms with their values, the effect with its interval, and the verdict."""
    lines = [f"study {finding.study:02d} {finding.title}, scale {finding.scale}", *_wrap(finding.claim, "  ", "  "), ""]
    lines += [f"  {arm.name}: {', '.join(f'{value:.4g}' for value in arm.values)}" for arm in finding.arms]
    return "\n".join([*lines, "", *_wrap(_measured(finding), "  ", "    "), f"  {finding.command}"])


def docs_page() -> str:
    """The page docs/methods.md: every method by family, with status, claim, reported figures and measured effects."""
    lines = [
        "# Methods",
        "",
        "Written by `make docs` from the catalogue, the study files and the committed findings; not by hand.",
        'Search it with `mothertongue methods --search "new language, small corpus"`; `mothertongue methods 46` also',
        "shows which parts of the package implement a method.",
        "",
        "Status: `planned` (in the catalogue), `implemented` (has a study), then the verdict at the largest scale that",
        "was measured: `reproduced`, `contradicted` or `inconclusive` (see [studies](studies.md)).",
    ]
    for family, meaning in vocabulary().families.items():
        rows = [row for row in load_methods() if row.family == family]
        lines += ["", f"## {family[0].upper()}{family[1:]}", "", f"{meaning[0].upper()}{meaning[1:]}."]
        lines += [line for row in rows for line in _section(row)]
    return "\n".join(lines) + "\n"


def _section(row: Method) -> list[str]:
    facts = [
        f"- status: `{status(row.number)}`; room `{row.room}`; cost: {row.cost.replace('_', ' ')}",
        f"- good for: {', '.join(row.good_for)}",
        f"- needs: {', '.join(need.replace('_', ' ') for need in row.needs)}",
        f"- avoid when: {row.avoid_when}",
        f"- claim: {row.claim}",
        f"- reported: {'; '.join(row.reported)}",
        *(f"- measured: {_measured(finding)} `{finding.command}`" for finding in findings(row.number)),
    ]
    return ["", f"### {row.number:02d} {row.title}", "", row.summary, "", *facts]


def _measured(finding: Finding) -> str:
    statistic = finding.statistic
    interval = "no interval (one seed)"
    if finding.interval is not None:
        interval = f"95 % interval {finding.interval[0]:.4g} to {finding.interval[1]:.4g}"
    seeds = f"{len(finding.seeds)} seed{'s' if len(finding.seeds) > 1 else ''}"
    expected = "within" if statistic.expected == "within" else f"{statistic.expected} than"
    compared = (
        f"{statistic.kind} of {statistic.arm} against {statistic.against}" if statistic.against else statistic.arm
    )
    effect = f"{compared} {finding.effect:.4g}"
    return (
        f"{finding.verdict} at scale {finding.scale}: {effect}, {interval}, "
        f"expected {expected} {statistic.threshold:g}; {seeds}, {finding.seconds:.0f} s."
    )


def _row(number: str, title: str, family: str, state: str) -> str:
    return f"{number:<3} {_cut(title, 46):<46} {_cut(family, 34):<34} {state}".rstrip()


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3].rstrip() + "..."


def _many(label: str, texts: Iterable[str]) -> list[tuple[str, str]]:
    return [(label if first == 0 else "", text) for first, text in enumerate(texts)]


def _block(label: str, text: str) -> str:
    return "\n".join(_wrap(text, f"{label:<{_INDENT}}", " " * _INDENT))


def _wrap(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
