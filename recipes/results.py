"""Keeps what a run measured, and writes the table of kept results into README.md.

python recipes/results.py keep runs/demo sample-nl "make demo"
python recipes/results.py table
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from mothertongue import __version__, durability
from mothertongue.report.html import read_report

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "recipes" / "results"
README = ROOT / "README.md"
BEGIN, END = "<!-- results: written by make docs -->", "<!-- end of results -->"


def keep(run: Path, name: str, command: str) -> None:
    """Writes recipes/results/NAME.json: measures without items, decisions, cost, versions, and the command."""
    report = read_report(run / "report.json").model_dump(mode="json")
    for task in report["measures"]["tasks"].values():
        task.pop("items")
    report["versions"]["mothertongue"] = __version__
    parts = (
        "language",
        "base",
        "verdict",
        "measures",
        "decisions",
        "retention",
        "cost",
        "stages",
        "versions",
        "warnings",
    )
    durability.write_json(RESULTS / f"{name}.json", {"command": command, **{part: report[part] for part in parts}})


def table() -> str:
    """The kept results as Markdown: change of bits per byte in percent with its interval, and seconds of the run."""
    rows = [json.loads(path.read_text("utf-8")) for path in sorted(RESULTS.glob("*.json"))]
    lines = [
        "| run | new language | second domain | English kept | questions right | whole run |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        bits, tasks = row["measures"]["bits_per_byte"], row["measures"]["tasks"]
        questions = tasks.get("questions")
        cells = (
            f"`{row['command']}`",
            *(_change(bits.get(name)) for name in ("held_out", "second_domain", "retention")),
            f"{questions['before']:.0%} to {questions['after']:.0%} of {questions['n']}" if questions else "none asked",
            f"{row['cost']['seconds'] / 60:.1f} min",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def with_table(readme: str) -> str:
    """The README with the current table between its marks."""
    head, rest = readme.split(BEGIN)
    return head + BEGIN + "\n" + table() + "\n" + END + rest.split(END)[1]


def _change(bits: dict[str, Any] | None) -> str:
    if bits is None:
        return "no text"
    low, high = (100 * bits["interval"][end] / bits["before"] for end in ("low", "high"))
    return f"{bits['change_percent']:+.1f} % ({low:+.1f} to {high:+.1f})"


def main(words: list[str]) -> None:
    """Runs one of the two commands of the module's docstring."""
    match words:
        case ["keep", run, name, command]:
            keep(Path(run), name, command)
        case ["table"]:
            durability.write_text(README, with_table(README.read_text("utf-8")))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
