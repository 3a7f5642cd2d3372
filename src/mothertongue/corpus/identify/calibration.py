"""From scores to probabilities, with "none of these": a few numbers for one decision, learned from held-out lines.

A label's probability falls with the distance of its score from the best one, on a scale that grows with the length of
the text. "None of these" is a logistic decision over four facts: how typical the text is of the best label, how far
the second one is behind, how short the text is, and how far the label stands out from the others. Examples of it are
lines whose own label is hidden.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FACTS: Final = 5
_RIDGE = 20.0
"""Pull towards the usual weights; a label counts as 100 lines, so one label moves them little and thirty do."""
_LABEL_LINES = 100
_ROUNDS = 60
_LEAST = 1e-6
_LEAST_EXPECTED = 0.1
"""A label that hardly stands out from the average of all languages would make every text untypical."""
_DIGITS = 6
"""Fitted numbers are rounded to six digits, so that the last bits of a sum decide nothing."""


@dataclass(frozen=True)
class Calibration:
    """How differences of scores become probabilities."""

    scale: float
    """exp(scale * difference / sqrt(mass)) is the odds of a label against the best one."""
    unknown: tuple[float, ...]
    """Weights of the facts of `typicality_facts` in the log-odds of none of the labels."""

    def probabilities(self, scores: Floats, background: Floats, mass: Floats, expected: Floats) -> Floats:
        """Return [texts, labels + 1] probabilities; the last column is "none of these", each row sums to 1."""
        odds = np.exp(self.scale * (scores - scores.max(1, keepdims=True)) / np.sqrt(mass)[:, None])
        facts = typicality_facts(scores, background, mass, expected)
        # Row by row, not as a matrix product: a text gets the same bits in every batch.
        against = (facts * np.array(self.unknown)).sum(1)
        none = 1 / (1 + np.exp(-np.clip(against, -50, 50)))
        known = odds / odds.sum(1, keepdims=True) * (1 - none)[:, None]
        return np.concatenate([known, none[:, None]], axis=1)


def typicality_facts(scores: Floats, background: Floats, mass: Floats, expected: Floats) -> Floats:
    """Return [texts, 5]: 1, typicality, log(1 + margin / sqrt(mass)), 1 / sqrt(mass), `expected` of the best label.

    Typicality: by how many nats per feature the best label beats the average of all languages (`background`), less
    what a text of that label beats it by on average (`expected`), by the root of the latter: labels that stand out far
    vary more, too.
    """
    best = scores.argmax(1)
    top = np.partition(scores, -2, axis=1)[:, -2:] if scores.shape[1] > 1 else np.repeat(scores, 2, axis=1)
    own = expected[best]
    typical = ((top[:, 1] - background) / mass - own) / np.sqrt(np.maximum(own, _LEAST_EXPECTED))
    root = np.sqrt(mass)
    return np.stack([np.ones(len(mass)), typical, np.log1p((top[:, 1] - top[:, 0]) / root), 1 / root, own], axis=1)


@dataclass(frozen=True, eq=False)
class Labelled:
    """Scores of lines whose label is known, made without the lines themselves."""

    scores: Floats
    """[lines, labels]"""
    background: Floats
    mass: Floats
    truth: NDArray[np.int64]
    """[lines] the index of the right label."""


def usual() -> Calibration:
    """Return the calibration over 34 languages that is kept in data/identification.toml, for equal shares."""
    values = _table()
    return Calibration(values["scale"], tuple(values["unknown"]))


def usual_shift() -> float:
    """Return how much less than expected real text beats the average of all languages, in nats per feature."""
    return float(_table()["shift"])


@cache
def _table() -> dict[str, Any]:
    text = resources.files("mothertongue.data").joinpath("identification.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["calibration"]  # type: ignore[no-any-return]


def fit(lines: Labelled, expected: Floats, start: Calibration, ridge: float = _RIDGE) -> Calibration:
    """Return the calibration under which held-out lines are most probable, drawn towards `start`.

    Each label counts alike, however many lines it has. The examples of "none of these" are the same lines with their
    own label hidden; both kinds weigh the same.
    """
    sizes = np.bincount(lines.truth, minlength=lines.scores.shape[1])
    weights = _LABEL_LINES / sizes[lines.truth]
    known = typicality_facts(lines.scores, lines.background, lines.mass, expected)
    hidden = lines.scores.copy()
    hidden[np.arange(len(hidden)), lines.truth] = hidden.min() - 1
    unknown = typicality_facts(hidden, lines.background, lines.mass, expected)
    target = np.concatenate([np.zeros(len(known)), np.ones(len(unknown))])
    both = np.concatenate([weights, weights])
    found = logistic(np.concatenate([known, unknown]), target, both, np.array(start.unknown), ridge)
    return Calibration(_scale(lines, weights, start.scale, ridge), tuple(map(rounded, found)))


def with_share(calibration: Calibration, unknown_share: float) -> Calibration:
    """Return a calibration for equal shares as one for texts of which `unknown_share` are in none of the labels."""
    first = rounded(calibration.unknown[0] + float(np.log(unknown_share / (1 - unknown_share))))
    return Calibration(calibration.scale, (first, *calibration.unknown[1:]))


def _scale(lines: Labelled, weights: Floats, start: float, ridge: float) -> float:
    behind = (lines.scores - lines.scores.max(1, keepdims=True)) / np.sqrt(lines.mass)[:, None]
    rows = np.arange(len(behind))

    def loss(logarithm: float) -> float:
        odds = np.exp(np.exp(logarithm) * behind)
        probability = odds[rows, lines.truth] / odds.sum(1)
        drawn = ridge * (logarithm - np.log(start)) ** 2
        return float(drawn - (weights * np.log(np.maximum(probability, _LEAST))).sum())

    return rounded(float(np.exp(least(loss, -5.0, 5.0))))


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


def logistic(facts: Floats, target: Floats, weights: Floats, start: Floats, ridge: float) -> Floats:
    """Return the weights of a logistic decision, drawn towards `start` by a quadratic penalty; Newton's method."""
    coefficients = start.astype(np.float64)
    for _ in range(_ROUNDS):
        probability = 1 / (1 + np.exp(-np.clip(facts @ coefficients, -30, 30)))
        slope = facts.T @ (weights * (probability - target)) + ridge * (coefficients - start)
        curvature = (facts * (weights * probability * (1 - probability))[:, None]).T @ facts
        step = np.linalg.solve(curvature + ridge * np.eye(len(start)), slope)
        coefficients = coefficients - step
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
