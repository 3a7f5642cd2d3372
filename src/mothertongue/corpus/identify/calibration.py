"""From scores to probabilities, with "none of these": four numbers for one decision, learned from held-out lines.

A label's probability falls with the distance of its score from the best one, on a scale that grows with the length of
the text. "None of these" is a logistic decision over three facts: how typical the text is of the best label, how far
the second one is behind, and how short the text is. Examples of it are lines whose own label is hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
EXPONENTS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
FACTS: Final = 4
_RIDGE = 1e-3
_ROUNDS = 60
_LEAST = 1e-6
_DIGITS = 6
"""Fitted numbers are rounded to six digits, so that the last bits of a sum decide nothing."""


@dataclass(frozen=True)
class Calibration:
    """How differences of scores become probabilities."""

    scale: float
    exponent: float
    """exp(scale * difference / mass^exponent) is the odds of a label against the best one."""
    unknown: tuple[float, ...]
    """Weights of 1, typicality, margin / sqrt(mass) and 1 / sqrt(mass) in the log-odds of none of the labels."""

    def probabilities(self, scores: Floats, background: Floats, mass: Floats, expected: Floats) -> Floats:
        """Return [texts, labels + 1] probabilities; the last column is "none of these", each row sums to 1."""
        odds = np.exp(self.scale * (scores - scores.max(1, keepdims=True)) / (mass**self.exponent)[:, None])
        facts = typicality_facts(scores, background, mass, expected)
        none = 1 / (1 + np.exp(-np.clip(facts @ np.array(self.unknown), -50, 50)))
        known = odds / odds.sum(1, keepdims=True) * (1 - none)[:, None]
        return np.concatenate([known, none[:, None]], axis=1)


def typicality_facts(scores: Floats, background: Floats, mass: Floats, expected: Floats) -> Floats:
    """Return [texts, 4]: 1, typicality, margin / sqrt(mass), 1 / sqrt(mass).

    Typicality: by how many nats per feature the best label beats the average of all languages (`background`), less
    what a text of that label beats it by on average (`expected`).
    """
    best = scores.argmax(1)
    top = np.partition(scores, -2, axis=1)[:, -2:] if scores.shape[1] > 1 else np.repeat(scores, 2, axis=1)
    typical = (top[:, 1] - background) / mass - expected[best]
    root = np.sqrt(mass)
    return np.stack([np.ones(len(mass)), typical, (top[:, 1] - top[:, 0]) / root, 1 / root], axis=1)


@dataclass(frozen=True, eq=False)
class Labelled:
    """Scores of lines whose label is known, made without the lines themselves."""

    scores: Floats
    """[lines, labels]"""
    background: Floats
    mass: Floats
    truth: NDArray[np.int64]
    """[lines] the index of the right label."""


def fit(lines: Labelled, expected: Floats, unknown_share: float) -> Calibration:
    """Return the calibration under which held-out lines are most probable.

    Each label counts alike, however many lines it has; `unknown_share` of all texts are taken to be in none of the
    labels.
    """
    sizes = np.bincount(lines.truth, minlength=lines.scores.shape[1])
    weights = 1 / sizes[lines.truth]
    weights /= weights.sum()
    scale, exponent = _temperature(lines, weights)
    known = typicality_facts(lines.scores, lines.background, lines.mass, expected)
    hidden = lines.scores.copy()
    hidden[np.arange(len(hidden)), lines.truth] = hidden.min() - 1
    unknown = typicality_facts(hidden, lines.background, lines.mass, expected)
    facts = np.concatenate([known, unknown])
    target = np.concatenate([np.zeros(len(known)), np.ones(len(unknown))])
    shares = np.concatenate([weights * (1 - unknown_share), weights * unknown_share])
    return Calibration(scale, exponent, tuple(map(rounded, logistic(facts, target, shares * len(shares)))))


def _temperature(lines: Labelled, weights: Floats) -> tuple[float, float]:
    behind = lines.scores - lines.scores.max(1, keepdims=True)
    rows = np.arange(len(behind))

    def loss(scale: float, exponent: float) -> float:
        scaled = scale * behind / (lines.mass**exponent)[:, None]
        probability = np.exp(scaled[rows, lines.truth]) / np.exp(scaled).sum(1)
        return float(-(weights * np.log(np.maximum(probability, _LEAST))).sum())

    found = []
    for exponent in EXPONENTS:
        scale = least(lambda value, power=exponent: loss(float(np.exp(value)), power), -8.0, 4.0)  # type: ignore[misc]
        found.append((round(loss(float(np.exp(scale)), exponent), _DIGITS), exponent, float(np.exp(scale))))
    _, exponent, scale = min(found)
    return rounded(scale), exponent


def least(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function with one valley is least, by the golden section."""
    golden = (5**0.5 - 1) / 2
    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left, at_right = function(left), function(right)
    for _ in range(40):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - golden * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + golden * (high - low)
            at_right = function(right)
    return (low + high) / 2


def logistic(facts: Floats, target: Floats, weights: Floats) -> Floats:
    """Return the weights of a logistic decision, by Newton's method with a small ridge."""
    coefficients = np.zeros(facts.shape[1])
    ridge = _RIDGE * len(facts) * np.eye(facts.shape[1])
    ridge[0, 0] = 1e-9
    for _ in range(_ROUNDS):
        probability = 1 / (1 + np.exp(-np.clip(facts @ coefficients, -30, 30)))
        slope = facts.T @ (weights * (probability - target)) + ridge @ coefficients
        curvature = (facts * (weights * probability * (1 - probability))[:, None]).T @ facts + ridge
        step = np.linalg.solve(curvature, slope)
        coefficients -= step
        if np.abs(step).max() < 1e-10:
            break
    return coefficients


def rounded(value: float) -> float:
    """Return a number with six digits."""
    return float(f"{value:.{_DIGITS}g}")


def expected_calibration_error(confidence: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Return by how much confidence and accuracy differ on average, over equally wide bins weighted by their size."""
    return sum(row["share"] * abs(row["confidence"] - row["accuracy"]) for row in reliability(confidence, right, bins))


def reliability(confidence: Sequence[float], right: Sequence[bool], bins: int = 10) -> list[dict[str, float]]:
    """Return one row per bin that holds texts: their share, mean confidence and accuracy."""
    values, hits = np.asarray(confidence, float), np.asarray(right, float)
    place = np.minimum((values * bins).astype(int), bins - 1)
    rows = []
    for number in range(bins):
        inside = place == number
        if inside.any():
            accuracy = float(hits[inside].mean())
            rows.append(
                {"share": float(inside.mean()), "confidence": float(values[inside].mean()), "accuracy": accuracy}
            )
    return rows
