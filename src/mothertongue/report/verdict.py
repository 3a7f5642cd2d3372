"""One honest sentence about a run, computed from intervals: learned or not shown to be, kept, lost, or never measured.

A gain counts as shown when its whole 95 % interval lies on the good side of zero and at least MINIMUM_DOCUMENTS
documents (items, for tasks) carry it; a bootstrap over fewer gives intervals that are too narrow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from mothertongue.report.markup import Content, Element, element
from mothertongue.report.model import BitsPerByte, Report, Role, TaskMeasure
from mothertongue.report.words import Words, load_words

MINIMUM_DOCUMENTS = 5


class Outcome(Enum):
    """What a paired comparison shows."""

    BETTER = "better"
    WORSE = "worse"
    HELD = "held"
    UNCLEAR = "unclear"
    FEW = "few"


@dataclass(frozen=True)
class Clause:
    """A part of the verdict: its key in the catalogue and its values; `names` are texts of a user."""

    key: str
    values: dict[str, str]
    names: frozenset[str] = frozenset()


def main_set(report: Report, role: Role) -> tuple[str, BitsPerByte] | None:
    """The set of a role that stands on the most documents (then bytes), with its name; None if there is none."""
    found = [(name, row) for name, row in report.measures.bits_per_byte.items() if row.role == role]
    return max(found, key=lambda pair: (pair[1].documents, pair[1].bytes, pair[0]), default=None)


def gain(row: BitsPerByte) -> Outcome:
    """Whether a set is shown to have got better (fewer bits per byte) or worse."""
    if row.documents < MINIMUM_DOCUMENTS:
        return Outcome.FEW
    if row.interval.high < 0:
        return Outcome.BETTER
    return Outcome.WORSE if row.interval.low > 0 else Outcome.UNCLEAR


def kept(row: BitsPerByte, limit_percent: float) -> Outcome:
    """Whether what was there is kept: no worse than the limit at the upper end of the interval."""
    if row.documents < MINIMUM_DOCUMENTS:
        return Outcome.FEW
    low, high = row.percent(row.interval.low), row.percent(row.interval.high)
    if high <= 0:
        return Outcome.BETTER
    if high <= limit_percent:
        return Outcome.HELD
    return Outcome.WORSE if low > limit_percent else Outcome.UNCLEAR


def task_outcome(task: TaskMeasure) -> Outcome:
    """Whether a task is shown to have got better or worse."""
    if task.n < MINIMUM_DOCUMENTS:
        return Outcome.FEW
    low, high = task.interval.low, task.interval.high
    if not task.higher_is_better:
        low, high = -high, -low
    return Outcome.BETTER if low > 0 else Outcome.WORSE if high < 0 else Outcome.UNCLEAR


def clauses(report: Report, words: Words) -> list[Clause]:
    """The parts of the verdict in order: target, second domain, retention, tasks."""
    return [
        *_learned(report, words),
        *_second(report, words),
        *_kept(report, words),
        *_tasks(report, words),
    ]


def _values(row: BitsPerByte, words: Words) -> dict[str, str]:
    change = row.change_percent if row.change_percent is not None else 100 * (row.after / row.before - 1)
    return {
        "amount": words.percent(abs(change)),
        "change": words.percent(change, signed=True),
        "low": words.percent(row.percent(row.interval.low), signed=True),
        "high": words.percent(row.percent(row.interval.high), signed=True),
        "documents": words.count("documents", row.documents),
    }


def _learned(report: Report, words: Words) -> list[Clause]:
    name = {"language": report.shown_language}
    main = main_set(report, "target")
    if main is None:
        return [Clause("verdict.learned.not_measured", name, frozenset(name))]
    return [Clause(f"verdict.learned.{gain(main[1]).value}", name | _values(main[1], words), frozenset(name))]


def _second(report: Report, words: Words) -> list[Clause]:
    main = main_set(report, "second_domain")
    return [] if main is None else [Clause(f"verdict.second.{gain(main[1]).value}", _values(main[1], words))]


def _kept(report: Report, words: Words) -> list[Clause]:
    name = {"language": report.retention.language_name or report.retention.language}
    main = main_set(report, "retention")
    if main is None:
        return [Clause("verdict.kept.not_measured", name, frozenset(name))]
    limit = report.retention.limit_percent
    values = name | _values(main[1], words) | {"limit": words.percent(limit)}
    return [Clause(f"verdict.kept.{kept(main[1], limit).value}", values, frozenset(name))]


def _tasks(report: Report, words: Words) -> list[Clause]:
    outcomes = [task_outcome(task) for task in report.measures.tasks.values()]
    if not outcomes:
        return []
    counts = {
        "tests": words.count("tests", len(outcomes)),
        "better": words.whole(outcomes.count(Outcome.BETTER)),
        "worse": words.whole(outcomes.count(Outcome.WORSE)),
    }
    return [Clause("verdict.tasks", counts)]


def build_verdict(report: Report, words: Words | None = None) -> str:
    """The verdict as one sentence of plain text, in English unless a catalogue is given."""
    chosen = words or load_words("en")
    parts = [chosen(clause.key, **clause.values) for clause in clauses(report, chosen)]
    return chosen("verdict.sentence", parts=chosen("verdict.join").join(parts))


def verdict_content(report: Report, words: Words, mark: Callable[[str], Content]) -> list[Content]:
    """The verdict as content, every text of a user passed through `mark`."""
    parts: list[Content] = []
    for clause in clauses(report, words):
        values: dict[str, Content] = {
            key: mark(value) if key in clause.names else value for key, value in clause.values.items()
        }
        parts += [words("verdict.join")] if parts else []
        parts.append(words.rich(clause.key, **values))
    return words.rich("verdict.sentence", parts=_calm_brackets(parts))


def _calm_brackets(parts: list[Content]) -> list[Content]:
    """The same content with everything in round brackets in a span, so that a page can set it smaller."""
    result: list[Content] = []
    inside: list[Content] | None = None
    for part in _flat(parts):
        for piece in re.split(r"([()])", part) if isinstance(part, str) else [part]:
            if piece == "(":
                inside = []
            (result if inside is None else inside).append(piece)
            if piece == ")" and inside is not None:
                result.append(element("span", *inside, class_="fine"))
                inside = None
    return result + (inside or [])


def _flat(parts: Sequence[Content]) -> Iterator[str | Element]:
    for part in parts:
        if isinstance(part, str | Element):
            yield part
        elif isinstance(part, Sequence):
            yield from _flat(part)
