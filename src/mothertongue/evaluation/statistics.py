"""Paired statistics: how sure a change between two models is, from the same items scored under both.

Enters: one value per item (document, question, pair) before and after, in the same order. Leaves: an estimate with a
percentile bootstrap interval over items, and how many items got better and worse. Items are drawn together with both
of their values, so what makes an item hard cancels out; an unpaired test would call most real changes noise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_CELLS = 4_000_000  # counts held at once: 32 MB


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval at `level` over `n` items; the ends are infinite for fewer than two items."""

    estimate: float
    low: float
    high: float
    n: int
    level: float = 0.95

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside of the interval: the change is told from noise at this level."""
        return self.low > 0 or self.high < 0

    def to_json(self) -> dict[str, Any]:
        """The interval as JSON values; infinite ends become null."""
        ends = {"low": self.low, "high": self.high}
        finite = {name: value if math.isfinite(value) else None for name, value in ends.items()}
        return {"estimate": self.estimate, **finite, "n": self.n, "level": self.level}


def paired_bootstrap(
    before: ArrayLike,
    after: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    seed: int,
    samples: int = 2000,
    relative: bool = False,
    level: float = 0.95,
) -> Interval:
    """The change from before to after with a percentile interval over `samples` draws of items.

    The statistic is (sum after - sum before) / sum of weights: with bits and bytes the change in bits per byte, without
    weights the mean difference. With `relative` it is 100 * (sum after / sum before - 1), in percent. Seeded: equal
    input gives equal bits. Raises ValueError for lists of different or zero length.
    """
    first, second = np.asarray(before, np.float64), np.asarray(after, np.float64)
    weight = np.ones_like(first) if weights is None else np.asarray(weights, np.float64)
    if not first.shape == second.shape == weight.shape or first.ndim != 1 or not first.size:
        raise ValueError(f"paired lists needed, got {first.shape}, {second.shape} and weights {weight.shape}")
    bottom = first if relative else weight
    scale = 100.0 if relative else 1.0
    columns = np.stack([second - first, bottom], axis=1)
    total = columns.sum(axis=0)
    estimate = scale * _ratio(total[0], total[1])
    count = first.size
    if count < 2:
        return Interval(estimate, -math.inf, math.inf, count, level)
    drawn = _drawn_sums(columns, samples, seed)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistics = scale * np.where(drawn[:, 0] == 0, 0.0, drawn[:, 0] / drawn[:, 1])
    low, high = np.quantile(statistics, [(1 - level) / 2, (1 + level) / 2])
    return Interval(estimate, float(low), float(high), count, level)


def mean_interval(values: ArrayLike, *, seed: int, samples: int = 2000, level: float = 0.95) -> Interval:
    """The mean of values (such as item differences) with its bootstrap interval."""
    array = np.asarray(values, np.float64)
    return paired_bootstrap(np.zeros_like(array), array, seed=seed, samples=samples, level=level)


def wins_and_losses(before: Sequence[float], after: Sequence[float], higher_is_better: bool) -> tuple[int, int]:
    """How many items got better and how many got worse; equal ones count in neither."""
    difference = np.asarray(after, np.float64) - np.asarray(before, np.float64)
    up, down = int((difference > 0).sum()), int((difference < 0).sum())
    return (up, down) if higher_is_better else (down, up)


def _drawn_sums(columns: Floats, samples: int, seed: int) -> Floats:
    """Column sums [samples, columns] over items drawn with replacement, by counts instead of copies."""
    random = np.random.default_rng(seed)
    count = len(columns)
    chance = np.full(count, 1.0 / count)
    parts: list[Floats] = []
    left = samples
    while left:
        size = min(left, max(1, _CELLS // count))
        parts.append(random.multinomial(count, chance, size=size) @ columns)
        left -= size
    return np.concatenate(parts)


def _ratio(top: float, bottom: float) -> float:
    if top == 0:
        return 0.0
    return float(top / bottom) if bottom else math.copysign(math.inf, top)
