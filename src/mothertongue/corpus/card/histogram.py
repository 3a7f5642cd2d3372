"""Histograms of what was measured: round borders, linear or by powers, with far values in the last bars."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

BARS: Final = 24
_TAIL: Final = 0.01
"""The share of values at each end that may lie outside the range of equal bars."""
_SKEWED: Final = 20
"""A range whose upper end is so many times its median is shown by powers."""


def histogram(pairs: Sequence[tuple[float, bool]], bounds: Sequence[float] = ()) -> list[dict[str, Any]]:
    """Return bars {low, high, kept, dropped} of values, each with whether its document was kept.

    All values are counted and every bound lies within the range. Few different whole numbers get a bar each.
    """
    values = sorted(value for value, _ in pairs)
    borders = _whole(values) or _ranged(values, bounds)
    bars = [{"low": low, "high": high, "kept": 0, "dropped": 0} for low, high in pairwise(borders)]
    for value, kept in pairs:
        bars[_bar(value, borders)]["kept" if kept else "dropped"] += 1
    return bars


def _whole(values: Sequence[float]) -> list[float]:
    different = sorted(set(values))
    if len(different) > BARS or not all(float(value).is_integer() for value in different):
        return []
    low, high = int(different[0]), int(different[-1])
    return [float(border) for border in range(low, high + 2)] if high - low < BARS else []


def _ranged(values: Sequence[float], bounds: Sequence[float]) -> list[float]:
    tail = int(len(values) * _TAIL)
    low = min(values[tail], *bounds) if bounds else values[tail]
    high = max(values[-1 - tail], *bounds) if bounds else values[-1 - tail]
    middle = values[len(values) // 2]
    if high <= low:
        return [low, math.nextafter(low, math.inf)]
    if low >= 0 and middle > 0 and high > _SKEWED * middle:
        start = max(low, middle / 1000, 1e-9)
        ratio = (high / start) ** (1 / BARS)
        inner = [_round(start * ratio**step) for step in range(BARS + 1)]
    else:
        inner = [low + (high - low) * step / BARS for step in range(BARS + 1)]
    inner = sorted(set(inner))
    inner[0] = min(inner[0], low, values[0])
    inner[-1] = max(inner[-1], high, math.nextafter(values[-1], math.inf))
    return inner


def _round(value: float) -> float:
    return float(f"{value:.2g}")


def _bar(value: float, borders: Sequence[float]) -> int:
    return min(max(bisect_right(borders, value) - 1, 0), len(borders) - 2)
