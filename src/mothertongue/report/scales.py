"""Axes: round tick values and the way from a value to a coordinate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

# Differences below this are no range: dividing them further would underflow to zero.
SMALLEST = 1e-300
LARGEST = 1e300


@dataclass(frozen=True)
class Scale:
    """Maps values from `low` to `high` onto coordinates from `start` to `end`, linear or logarithmic.

    A logarithmic scale shows zero and less at its start: a curve that begins before training keeps its first point.
    """

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """The coordinate of a value; values outside are held at the border."""
        low, high = self._place(self.low), self._place(self.high)
        share = 0.5 if high == low else (self._place(value) - low) / (high - low)
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)

    def _place(self, value: float) -> float:
        return math.log10(max(value, self.low, SMALLEST)) if self.logarithmic else value

    def ticks(self, count: int = 5) -> list[float]:
        """Round values within the scale, about `count` of them."""
        return log_ticks(self.low, self.high, count) if self.logarithmic else ticks(self.low, self.high, count)


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten from low to high, about `count` of them."""
    if not SMALLEST < high - low < math.inf:
        return [low]
    rough = (high - low) / max(1, count)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.7), 10 * power)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]


def log_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Powers of ten from low to high, thinned to about `count`; with 2 and 5 between where there are few."""
    low, high = max(low, SMALLEST), max(high, SMALLEST)
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1, 2, 5) if last - first <= 2 else (1,)
    found = [factor * 10.0**power for power in range(first, last + 1) for factor in factors]
    inside = [value for value in found if low * 0.999 <= value <= high * 1.001]
    return inside[:: max(1, len(inside) // max(1, count))] or [low, high]


def padded(values: Sequence[float], share: float = 0.08) -> tuple[float, float]:
    """The smallest and largest value with room around them; never an empty range."""
    low, high = max(min(values), -LARGEST), min(max(values), LARGEST)
    room = (high - low) * share or abs(high) * share or 1.0
    return low - room, high + room


def decimals(values: Sequence[float]) -> int:
    """How many decimals tell neighbouring ticks apart."""
    steps = [abs(after - before) for before, after in pairwise(values) if after != before]
    if not steps:
        return 2
    return max(0, min(6, math.ceil(-math.log10(min(steps)) - 1e-9)))


def smooth(values: Sequence[float], weight: float = 0.9) -> list[float]:
    """An exponential moving average that corrects for its start."""
    total, mass, result = 0.0, 0.0, []
    for value in values:
        total, mass = weight * total + (1 - weight) * value, weight * mass + (1 - weight)
        result.append(total / mass)
    return result


def thin(count: int, limit: int) -> list[int]:
    """At most about `limit` evenly spread indices below `count`, with the first and the last."""
    if count <= limit:
        return list(range(count))
    step = math.ceil((count - 1) / (limit - 1))
    return [*range(0, count - 1, step), count - 1]
