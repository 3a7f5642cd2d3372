"""The plan of a run: what each stage will take, as ranges, and how the real cost compared afterwards.

Estimates enter from the stages; a plain table, JSON, and rows for the report leave. Nothing here measures anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from mothertongue.console import duration

_UNITS: Final = ("B", "kB", "MB", "GB", "TB")


@dataclass(frozen=True)
class StageEstimate:
    """What one stage is expected to take: seconds as a range, tokens, peak memory and disk in bytes, and why."""

    stage: str
    seconds_low: float
    seconds_high: float
    tokens: int = 0
    memory_bytes: int = 0
    disk_bytes: int = 0
    why: str = ""


@dataclass(frozen=True)
class StageActual:
    """What one stage really took."""

    stage: str
    seconds: float
    tokens: int = 0
    memory_bytes: int = 0
    disk_bytes: int = 0


@dataclass(frozen=True)
class Comparison:
    """One row of plan against actual; ``inside`` says whether the time lay in the range, ``ratio`` is time over the
    middle of the range (0 where nothing was predicted)."""

    stage: str
    predicted: StageEstimate | None
    actual: StageActual | None
    inside: bool
    ratio: float


@dataclass(frozen=True)
class Plan:
    """The estimates of all stages of a run, in order, with what was assumed."""

    language: str
    base: str
    run: str
    stages: tuple[StageEstimate, ...]
    assumptions: tuple[str, ...] = ()
    finished: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    """Values that were derived, each with its reason, such as ``pretrain.steps`` -> ``96 (from the budget)``."""

    @property
    def seconds(self) -> tuple[float, float]:
        """Lower and upper end of the time that is still to come: finished stages cost nothing."""
        open_stages = [stage for stage in self.stages if stage.stage not in self.finished]
        return sum(stage.seconds_low for stage in open_stages), sum(stage.seconds_high for stage in open_stages)

    @property
    def memory_bytes(self) -> int:
        """Peak memory over the stages: they run one after another."""
        return max((stage.memory_bytes for stage in self.stages), default=0)

    @property
    def disk_bytes(self) -> int:
        """Disk of all stages together: what they write stays."""
        return sum(stage.disk_bytes for stage in self.stages)

    def as_json(self) -> dict[str, Any]:
        """Return the plan with its totals as JSON types."""
        low, high = self.seconds
        total = {
            "seconds_low": low,
            "seconds_high": high,
            "memory_bytes": self.memory_bytes,
            "disk_bytes": self.disk_bytes,
        }
        return {**asdict(self), "settings": dict(self.settings), "total": total}


def render(plan: Plan) -> str:
    """Return the plan as plain text: what will happen, a table, the assumptions, and how to stop."""
    rows = [("stage", "time", "tokens", "memory", "disk", "why")]
    for stage in plan.stages:
        finished = stage.stage in plan.finished
        time = "finished" if finished else time_range(stage.seconds_low, stage.seconds_high)
        tokens = f"{stage.tokens:,}" if stage.tokens else "-"
        why = "its result is used again" if finished else stage.why
        rows.append((stage.stage, time, tokens, size(stage.memory_bytes), size(stage.disk_bytes), why))
    low, high = plan.seconds
    rows.append(("together", time_range(low, high), "", size(plan.memory_bytes), size(plan.disk_bytes), ""))
    lines = [f"{plan.language} on {plan.base}, in {plan.run}", "", *table(rows)]
    if plan.settings:
        lines += ["", "derived:", *(f"  {key} = {value}" for key, value in plan.settings.items())]
    if plan.assumptions:
        lines += ["", "assumed:", *(f"  {text}" for text in plan.assumptions)]
    return "\n".join([*lines, "", "Ctrl-C stops at any time; the same command continues."])


def compare(estimates: Sequence[StageEstimate], actual: Sequence[StageActual]) -> list[Comparison]:
    """Return one row for each stage of either side, in the order of the plan, then what was not planned."""
    took = {stage.stage: stage for stage in actual}
    rows = [_compare(estimate, took.pop(estimate.stage, None)) for estimate in estimates]
    return rows + [Comparison(stage.stage, None, stage, inside=False, ratio=0.0) for stage in took.values()]


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return aligned lines for rows of text; the first row is the head, the last column is left ragged."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]


def time_range(low: float, high: float) -> str:
    """Return a range of seconds for people: one value where both ends read the same."""
    first, last = duration(low), duration(high)
    return first if first == last else f"{first} to {last}"


def size(count: int) -> str:
    """Return a number of bytes for people, in steps of 1,000: ``540 MB``; ``-`` for none."""
    if count <= 0:
        return "-"
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.1f} {_UNITS[unit]}" if unit and value < 9.95 else f"{value:.0f} {_UNITS[unit]}"


def _compare(estimate: StageEstimate, actual: StageActual | None) -> Comparison:
    if actual is None:
        return Comparison(estimate.stage, estimate, None, inside=False, ratio=0.0)
    middle = (estimate.seconds_low + estimate.seconds_high) / 2
    inside = estimate.seconds_low <= actual.seconds <= estimate.seconds_high
    return Comparison(estimate.stage, estimate, actual, inside, actual.seconds / middle if middle else 0.0)
