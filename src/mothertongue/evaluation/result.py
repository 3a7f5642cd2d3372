"""What a task leaves behind: values per item that can be paired between two models, and their comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from mothertongue.errors import InputError, Problem
from mothertongue.evaluation.statistics import Interval, paired_bootstrap, wins_and_losses


@dataclass(frozen=True)
class ItemResult:
    """The value of one item and what explains it; numbers under `detail` may serve as companion metrics."""

    id: str
    value: float
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TaskResult:
    """One metric of one task over its items.

    `weights` names the detail that weighs an item (`bytes` for bits per byte); without it the value is a mean.
    `companions` names details that are metrics too (`of` selects one; for all of them higher is better).
    `first_ids` are the first eight ids of one prompt, for the report.
    """

    name: str
    metric: str
    items: tuple[ItemResult, ...]
    higher_is_better: bool = True
    weights: str = ""
    companions: tuple[str, ...] = ()
    first_ids: tuple[int, ...] = ()

    @property
    def value(self) -> float:
        """The metric over all items; nan without items."""
        weight = sum(self._weight(item) for item in self.items)
        return sum(item.value for item in self.items) / weight if weight else float("nan")

    def of(self, companion: str) -> TaskResult:
        """The result of a companion metric: the same items with the named detail as value."""
        items = tuple(replace(item, value=float(item.detail[companion])) for item in self.items)
        return replace(self, metric=companion, items=items, higher_is_better=True, weights="", companions=())

    def by(self, detail: str) -> dict[str, TaskResult]:
        """The result split by a detail, such as the phenomenon of a minimal pair; keys in order of appearance."""
        groups: dict[str, list[ItemResult]] = {}
        for item in self.items:
            groups.setdefault(str(item.detail[detail]), []).append(item)
        return {key: replace(self, items=tuple(items)) for key, items in groups.items()}

    def to_json(self) -> dict[str, Any]:
        """The result as JSON values; `from_json` gives an equal result."""
        return {**asdict(self), "value": self.value if self.items else None}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> TaskResult:
        """The result that `to_json` wrote."""
        fields = {key: value for key, value in row.items() if key != "value"}
        fields["items"] = tuple(ItemResult(**item) for item in row["items"])
        for name in ("companions", "first_ids"):
            fields[name] = tuple(row[name])
        return cls(**fields)

    def _weight(self, item: ItemResult) -> float:
        return float(item.detail[self.weights]) if self.weights else 1.0


@dataclass(frozen=True)
class Comparison:
    """One metric before and after: the interval of its change, the change in percent if weighted, wins and losses."""

    name: str
    metric: str
    before: float
    after: float
    interval: Interval
    percent: Interval | None
    n: int
    won: int
    lost: int

    def to_json(self) -> dict[str, Any]:
        """The comparison as JSON values."""
        percent = None if self.percent is None else self.percent.to_json()
        return {**asdict(self), "interval": self.interval.to_json(), "percent": percent}


def compare(before: TaskResult, after: TaskResult, seed: int, samples: int = 2000) -> Comparison:
    """The paired comparison of one metric; items are matched by id, in any order.

    Raises InputError (MT621) when the results are not of the same task, metric and items (or weights of items).
    """
    _check_same(before, after)
    later = {item.id: item for item in after.items}
    first = np.array([item.value for item in before.items])
    second = np.array([later[item.id].value for item in before.items])
    weights = np.array([before._weight(item) for item in before.items])
    interval = paired_bootstrap(first, second, weights, seed=seed, samples=samples)
    percent = (
        paired_bootstrap(first, second, weights, seed=seed, samples=samples, relative=True) if before.weights else None
    )
    won, lost = wins_and_losses(first.tolist(), second.tolist(), before.higher_is_better)
    return Comparison(
        before.name, before.metric, before.value, after.value, interval, percent, len(before.items), won, lost
    )


def _check_same(before: TaskResult, after: TaskResult) -> None:
    if (before.name, before.metric) != (after.name, after.metric):
        found = f"{before.name}/{before.metric} and {after.name}/{after.metric}"
        raise InputError(Problem("MT621", "two different measures cannot be compared", value=found))
    ids = [item.id for item in before.items]
    problems = []
    if not ids or len(set(ids)) != len(ids) or set(ids) != {item.id for item in after.items}:
        found = f"{len(ids)} items before, {len(after.items)} after"
        problems.append(Problem("MT621", "the two results have different items", before.name, value=found))
    elif before.weights:
        later = {item.id: after._weight(item) for item in after.items}
        changed = [item.id for item in before.items if before._weight(item) != later[item.id]]
        if changed:
            message = f"items have another number of {before.weights}"
            problems.append(Problem("MT621", message, before.name, value=", ".join(changed[:5])))
    if problems:
        raise InputError(problems)
