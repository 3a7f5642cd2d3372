"""The audit sheet: documents on both sides of every threshold, for a person who reads the language to judge.

`audit.tsv` opens in any spreadsheet (UTF-8 with a mark, tabs); `audit.json` holds the same rows for the HTML form. The
sheet comes back with verdicts, of which the columns `row` and `verdict` are read: sorting and deleting rows, another
separator, UTF-16, and numbers that a spreadsheet took for dates do no harm.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import xxhash

from mothertongue import durability
from mothertongue.corpus.card.gather import joined_summaries
from mothertongue.corpus.card.samples import DROPPED
from mothertongue.corpus.card.summary import summary_task
from mothertongue.corpus.curation import Curation, read_curation
from mothertongue.corpus.work import Work
from mothertongue.errors import InputError, Problem

SHEET: Final = "audit.tsv"
ROWS: Final = "audit.json"
COLUMNS: Final = (
    "row",
    "reason",
    "condition",
    "side",
    "value",
    "threshold",
    "verdict",
    "comment",
    "text",
    "source",
    "id",
)
NEEDED: Final = ("row", "verdict")
KEEP, DROP, UNSURE = "keep", "drop", "unsure"
VERDICTS: Final = (KEEP, DROP, UNSURE)
LARGEST_SHEET: Final = 64 * 1024 * 1024
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings that make a spreadsheet calculate instead of showing a text; a ' before them is taken off on reading."""
_BREAKS = re.compile(r"[\r\n\v\f\x85\u2028\u2029]+[^\S\u3000]*")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
"""Control characters, lone surrogates, and marks that turn the order of the cells around them."""


@dataclass(frozen=True)
class Verdict:
    """What a person said about one document under one condition of a rule."""

    reason: str
    condition: str
    id: str
    value: str
    """What was measured, as text."""
    verdict: str


def write_audit(work: Work) -> Path:
    """Write `audit.tsv` and `audit.json` for the curation in the folder of `work`; return the path of the sheet.

    Raises InputError MT259 when no curation has finished there.
    """
    curation = read_curation(work.folder)
    work.run([summary_task(curation, number) for number in range(curation.shards)], "describing texts", "shards")
    rows = audit_rows(curation)
    durability.write_json(work.path(ROWS), {"format": 1, "language": curation.language, "rows": rows})
    durability.write_bytes(work.path(SHEET), sheet(rows))
    return work.path(SHEET)


def audit_rows(curation: Curation) -> list[dict[str, Any]]:
    """Return the rows of the sheet, by rule, condition and side, the nearest to the threshold first.

    Nobody is asked about a rule that dropped nothing.
    """
    samples = joined_summaries(curation)["samples"]
    at_work = {one["reason"] for one in samples if one["side"] == DROPPED}
    notes = {rule.reason: rule.rule.note for rule in curation.checked.rules}
    return [
        {
            "row": row_key(one["reason"], one["part"], one["id"]),
            "reason": one["reason"],
            "note": notes[one["reason"]],
            "condition": one["part"],
            "side": one["side"],
            "value": one["value"],
            "threshold": one["threshold"],
            "verdict": "",
            "comment": "",
            "text": one["text"] + ("\u2026" if one["characters"] > len(one["text"]) else ""),
            "source": one["source"],
            "id": one["id"],
        }
        for one in samples
        if one["reason"] in at_work
    ]


def row_key(reason: str, condition: str, identifier: str) -> str:
    """Return the name of a row, which no spreadsheet takes for a number."""
    return "r" + xxhash.xxh3_64_hexdigest("\0".join((reason, condition, identifier)).encode("utf-8", "replace"))


def sheet(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return rows as a table of `COLUMNS`: UTF-8 with a byte order mark, tabs, one line per row, no formulas."""
    output = io.StringIO()
    writer = csv.writer(output, delimiter="\t", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([cell(str(row[column])) for column in COLUMNS] for row in rows)
    return b"\xef\xbb\xbf" + durability.encode(output.getvalue())


def cell(text: str) -> str:
    """Return a text as a cell shows it: on one line, without characters that do harm, never a formula."""
    line = _CONTROLS.sub("\ufffd", _BREAKS.sub(" \u23ce ", text.strip()).replace("\t", " "))
    return "'" + line if line.startswith((*_FORMULA, "'")) else line


def read_audit(path: Path, folder: Path) -> list[Verdict]:
    """Return the verdicts of a sheet that came back to the folder it was written for; rows without one are left out.

    Raises InputError MT257 with everything that is wrong: columns, words, rows of another sheet, two verdicts on one.
    """
    rows = list(_rows(path))
    head = [name.strip().lower() for name in rows[0][1]] if rows else []
    if any(name not in head for name in NEEDED):
        raise InputError(_wrong(path, 1, "columns", ", ".join(head)[:200], "the columns " + ", ".join(COLUMNS)))
    written = {row["row"]: row for row in _written(folder)}
    problems: list[Problem] = []
    words: dict[str, str] = {}
    for line, cells in rows[1:]:
        named = {name: _uncelled(text) for name, text in zip(head, cells, strict=False)}
        key, word = named.get("row", ""), named.get("verdict", "").lower()
        if not word:
            continue
        problems += _row_problems(key, word, written, words, (path, line))
        words.setdefault(key, word)
    if problems:
        raise InputError(problems)
    return [
        Verdict(row["reason"], row["condition"], row["id"], row["value"], words[key])
        for key, row in written.items()
        if key in words
    ]


def _written(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of the sheet as it was written."""
    try:
        rows: list[dict[str, Any]] = json.loads((folder / ROWS).read_bytes())["rows"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        do = "write the audit sheet of this folder first"
        raise InputError(Problem("MT259", "holds no audit sheet", where=str(folder / ROWS), do=do)) from error
    return rows


def _row_problems(
    key: str, word: str, written: Mapping[str, Any], words: Mapping[str, str], at: tuple[Path, int]
) -> Iterator[Problem]:
    if word not in VERDICTS:
        yield _wrong(*at, "verdict", word[:80], ", ".join(VERDICTS) + ", or nothing")
    if key not in written:
        yield _wrong(*at, "row", key[:80], "the rows that were written for this folder")
    elif words.get(key, word) != word:
        yield _wrong(*at, "verdict", f"{words[key]} and {word}", "one verdict on a row")


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) of a table in UTF-8 or UTF-16, with tabs, semicolons or commas; empty rows are left out."""
    try:
        if path.stat().st_size > LARGEST_SHEET:
            raise InputError(_wrong(path, None, "size", f"{path.stat().st_size:,} bytes", f"{LARGEST_SHEET:,} bytes"))
        data = path.read_bytes()
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
        first = text.partition("\n")[0]
        delimiter = max("\t;,", key=first.count)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        for cells in reader:
            if any(cells):
                yield reader.line_num, cells
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(_wrong(path, None, "", str(error).splitlines()[0], "a table saved as text")) from error


def _uncelled(text: str) -> str:
    """Return what a cell stood for, without the mark that keeps spreadsheets from calculating."""
    return text[1:].strip() if text.startswith("'") else text.strip()


def _wrong(path: Path, line: int | None, key: str, value: str, allowed: str) -> Problem:
    message = "is not an audit sheet as it was written"
    return Problem(
        "MT257", message, str(path), line, key, value, allowed, "correct these cells and give the sheet again"
    )
