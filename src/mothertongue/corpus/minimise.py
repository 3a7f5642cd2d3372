"""Minimising a smooth function: limited-memory BFGS, the same bits whatever the number of threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Function = Callable[[Vector], tuple[float, Vector]]
"""Gives the value and the gradient at a point."""

MEMORY = 10
ENOUGH = 1e-4
SHORTEST_STEP = 1e-10


def minimise(function: Function, start: Vector, *, most_steps: int = 200, tolerance: float = 1e-6) -> Vector:
    """Return a point where no component of the gradient exceeds `tolerance`, or where `most_steps` ended.

    The method of Nocedal and Wright, Numerical Optimization, algorithms 7.4 and 7.5, with halving steps.
    """
    point = start.astype(np.float64)
    value, gradient = function(point)
    pairs: deque[tuple[Vector, Vector]] = deque(maxlen=MEMORY)
    for _ in range(most_steps):
        if np.abs(gradient).max() <= tolerance:
            break
        direction = _direction(gradient, pairs)
        step = 1.0 if pairs else min(1.0, 1.0 / float(np.abs(gradient).sum()))
        slope = dot(direction, gradient)
        while (found := function(point + step * direction))[0] > value + ENOUGH * step * slope:
            step /= 2
            if step < SHORTEST_STEP:
                return point
        moved, turned = step * direction, found[1] - gradient
        if dot(moved, turned) > 0:
            pairs.append((moved, turned))
        point, (value, gradient) = point + moved, found
    return point


def _direction(gradient: Vector, pairs: deque[tuple[Vector, Vector]]) -> Vector:
    """Return the descent direction by the two loops over the last steps."""
    direction = -gradient
    weights = []
    for moved, turned in reversed(pairs):
        weight = dot(moved, direction) / dot(moved, turned)
        weights.append(weight)
        direction -= weight * turned
    if pairs:
        moved, turned = pairs[-1]
        direction *= dot(moved, turned) / dot(turned, turned)
    for (moved, turned), weight in zip(pairs, reversed(weights), strict=True):
        direction += moved * (weight - dot(turned, direction) / dot(moved, turned))
    return direction


def dot(first: Vector, second: Vector) -> float:
    """Return the product of two vectors, summed in one order: linear algebra libraries split it among threads."""
    return float((first * second).sum())
