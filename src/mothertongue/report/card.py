"""The model card of a taught model: what it was made from, what it learned and kept, and what is not known."""

from __future__ import annotations

import json

from mothertongue.report.model import Report

_UNKNOWN = "not stated"


def model_card(report: Report) -> str:
    """README.md for the model folder: YAML front matter and sections, every number from the report."""
    return "\n".join([*_front_matter(report), *_body(report)]) + "\n"


def _front_matter(report: Report) -> list[str]:
    base = json.dumps(report.base, ensure_ascii=False)
    return [
        "---",
        f"language: {json.dumps(report.language)}",
        f"base_model: {base}",
        "library_name: transformers",
        "pipeline_tag: text-generation",
        "tags: [mothertongue, language-adaptation]",
        "---",
        "",
    ]


def _body(report: Report) -> list[str]:
    return [
        f"# {report.base} taught {report.shown_language}",
        "",
        report.verdict,
        "",
        "## Measured",
        "",
        "Bits per byte on text that was not trained on; the interval is a 95 % paired bootstrap over documents.",
        "",
        "| text | before | after | change | documents |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {bits.before:.3f} | {bits.after:.3f} | {bits.change_percent:+.1f} % "
            f"({bits.percent(bits.interval.low):+.1f} to {bits.percent(bits.interval.high):+.1f}) | {bits.documents} |"
            for name, bits in report.measures.bits_per_byte.items()
        ),
        "",
        "| task | metric | before | after | interval of the change | items |",
        "|---|---|---|---|---|---|",
        *(
            f"| {name} | {task.metric} | {task.before:.3f} | {task.after:.3f} "
            f"| {task.interval.low:+.3f} to {task.interval.high:+.3f} | {task.n} |"
            for name, task in report.measures.tasks.items()
        ),
        "",
        "## Data and training",
        "",
        f"- training text: {report.cost.bytes:,} bytes; licence of the sources: {_UNKNOWN}",
        *(f"- {decision.name}: {decision.chosen} ({decision.reason})" for decision in report.decisions),
        f"- cost: {report.cost.seconds:.0f} s, {report.cost.tokens:,} tokens, on {report.cost.machine or _UNKNOWN}",
        "",
        "## Limits",
        "",
        "Small models say wrong things fluently. Nothing here measures safety, bias, or truth outside the texts above.",
        *(f"- {warning}" for warning in report.warnings),
        "",
        "## Made again by",
        "",
        f"    {report.command}",
    ]
