"""A text classifier that learns from two folders: good and bad, toxic and harmless (cards 14 and 49).

Positive and negative texts enter; a `TextClassifier` leaves that gives calibrated probabilities, with a report over
texts that it never saw. It is logistic regression over hashed words and character sequences: the same texts and seed
give the same model in any order. A model is one file of arrays; reading it executes nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import xxhash
from numpy.typing import NDArray

from mothertongue.corpus.arrays import read_arrays, write_arrays
from mothertongue.corpus.features import DIMENSION, MOST_CHARACTERS, Matrix, margins, matrix, rarity
from mothertongue.corpus.minimise import Vector, dot, minimise
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.errors import InputError, Problem

KIND: Final = "mothertongue.classifier"
LEAST_TEXTS: Final = 20
"""Different texts of either side that training needs."""
MOST_TEXTS: Final = 5_000
"""Texts of either side that are used; of more, a sample by their hash."""
PENALTY: Final = 1e-4
_TRAIN, _CALIBRATE = 0.7, 0.85


@dataclass(frozen=True)
class TextClassifier:
    """Gives the probability that a text is like the positive ones; both sides count as equally frequent.

    `report` holds what training found on texts kept apart: `auc`, `f1` (at 0.5), `positive` and `negative` (texts kept
    apart) and `trained` (texts learned from).
    """

    language: str
    scale: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: float
    slope: float
    shift: float
    report: Mapping[str, float] = field(default_factory=dict)

    def probabilities(self, texts: Sequence[str]) -> list[float]:
        """Return the probability of the positive side for each text, of which the first 10,000 characters count."""
        found: list[float] = _sigmoid(self.slope * self.margins(texts) + self.shift).tolist()
        return found

    def margins(self, texts: Sequence[str]) -> Vector:
        """Return the uncalibrated log-odds of each text."""
        return margins(texts, self.scale, self.weights) + self.bias

    def write(self, path: Path) -> None:
        """Write the model as one file; equal models give equal bytes."""
        facts = {
            "language": self.language,
            "numbers": [self.bias, self.slope, self.shift],
            "report": dict(self.report),
        }
        write_arrays(path, KIND, facts, {"scale": self.scale, "weights": self.weights})


def read_classifier(path: Path) -> TextClassifier:
    """Return the model of a file; raises InputError MT276 when it is none."""
    facts, arrays = read_arrays(path, KIND)
    bias, slope, shift = map(float, facts["numbers"])
    return TextClassifier(
        str(facts["language"]), arrays["scale"], arrays["weights"], bias, slope, shift, dict(facts["report"])
    )


def train_classifier(
    positive: Iterable[str], negative: Iterable[str], profile: LanguageProfile, seed: int = 0
) -> TextClassifier:
    """Return a classifier of the two kinds of text; `seed` draws which texts are kept apart.

    Seven tenths of the texts train, the rest calibrates and, half of it, makes the report. Raises InputError MT277
    when either side has fewer than 20 different texts.
    """
    sides = [_sample(texts, seed) for texts in (positive, negative)]
    _enough(sides)
    parts = [[_cut(side, low, high) for side in sides] for low, high in _PARTS]
    (train, train_labels), calibrate, held_out = (_joined(part) for part in parts)
    scale = rarity(matrix(train))
    weights, bias = _regression(matrix(train, scale), train_labels)
    raw = TextClassifier(profile.language, scale, weights.astype(np.float32), bias, 1.0, 0.0)
    slope, shift = _calibration(raw.margins(calibrate[0]), calibrate[1])
    probabilities = _sigmoid(slope * raw.margins(held_out[0]) + shift)
    report = _report(probabilities, held_out[1]) | {"trained": float(len(train))}
    return TextClassifier(profile.language, scale, raw.weights, bias, slope, shift, report)


_PARTS = ((0.0, _TRAIN), (_TRAIN, _CALIBRATE), (_CALIBRATE, 1.0))


def _sample(texts: Iterable[str], seed: int) -> list[str]:
    """Return at most 5,000 different openings, those of the smallest hash: no order of the texts changes it."""
    chosen: dict[int, str] = {}
    heap: list[int] = []
    for text in texts:
        opening = text[:MOST_CHARACTERS]
        key = xxhash.xxh3_64_intdigest(opening.encode("utf-8", "replace"), seed)
        if key in chosen or not opening.strip():
            continue
        heapq.heappush(heap, -key)
        chosen[key] = opening
        if len(heap) > MOST_TEXTS:
            del chosen[-heapq.heappop(heap)]
    return [chosen[key] for key in sorted(chosen)]


def _enough(sides: Sequence[Sequence[str]]) -> None:
    few = [(name, len(side)) for name, side in zip(("positive", "negative"), sides, strict=True)]
    problems = [
        Problem(
            "MT277",
            "has too few different texts",
            key=name,
            value=str(number),
            allowed=f"at least {LEAST_TEXTS}",
            do=f"give more {name} texts",
        )
        for name, number in few
        if number < LEAST_TEXTS
    ]
    if problems:
        raise InputError(problems)


def _cut(side: list[str], low: float, high: float) -> list[str]:
    return side[round(low * len(side)) : round(high * len(side))]


def _joined(sides: list[list[str]]) -> tuple[list[str], Vector]:
    """Return texts and labels (1 positive, 0 negative)."""
    positive, negative = sides
    return positive + negative, np.repeat([1.0, 0.0], [len(positive), len(negative)])


def _regression(rows: Matrix, labels: Vector) -> tuple[Vector, float]:
    """Return weights and bias of penalised logistic regression; both sides weigh the same."""
    shares = _balance(labels)
    compact, used = rows.compact()

    def loss(point: Vector) -> tuple[float, Vector]:
        weights, bias = point[:-1], point[-1]
        margins = compact.times(weights) + bias
        errors = shares * (_sigmoid(margins) - labels)
        value = dot(shares, _negative_log(margins, labels)) + PENALTY / 2 * dot(weights, weights)
        return value, np.append(compact.transposed_times(errors) + PENALTY * weights, errors.sum())

    point = minimise(loss, np.zeros(compact.width + 1))
    weights = np.zeros(DIMENSION)
    weights[used] = point[:-1]
    return weights, float(point[-1])


def _calibration(margins: Vector, labels: Vector) -> tuple[float, float]:
    """Return slope and shift that turn margins into probabilities (Platt, with his softened targets)."""
    shares = _balance(labels)
    numbers = [max(int((labels == label).sum()), 1) for label in (0.0, 1.0)]
    targets = np.where(labels == 1, (numbers[1] + 1) / (numbers[1] + 2), 1 / (numbers[0] + 2))

    def loss(point: Vector) -> tuple[float, Vector]:
        scaled = point[0] * margins + point[1]
        errors = shares * (_sigmoid(scaled) - targets)
        return dot(shares, _negative_log(scaled, targets)), np.array([dot(errors, margins), errors.sum()])

    slope, shift = minimise(loss, np.array([1.0, 0.0]), tolerance=1e-9)
    return float(slope), float(shift)


def _balance(labels: Vector) -> Vector:
    """Return a weight per row so that each side weighs one half."""
    positive = labels.sum()
    weights: Vector = np.where(labels == 1, 0.5 / max(positive, 1), 0.5 / max(len(labels) - positive, 1))
    return weights


def _negative_log(margins: Vector, targets: Vector) -> Vector:
    """Return the cross-entropy of each row in nats, for targets between 0 and 1."""
    losses: Vector = np.logaddexp(0, margins) - targets * margins
    return losses


def _sigmoid(values: Vector) -> Vector:
    """Return 1 / (1 + exp(-x)), safe for large numbers of either sign."""
    found: Vector = np.exp(-np.logaddexp(0, -values))
    return found


def _report(probabilities: Vector, labels: Vector) -> dict[str, float]:
    positive, predicted = labels == 1, probabilities >= 0.5
    both = float((positive & predicted).sum())
    return {
        "auc": area_under_curve(probabilities, positive),
        "f1": 2 * both / max(float(positive.sum() + predicted.sum()), 1.0),
        "positive": float(positive.sum()),
        "negative": float((~positive).sum()),
    }


def area_under_curve(scores: Vector, positive: NDArray[np.bool_]) -> float:
    """Return the chance that a positive text scores higher than a negative one; equal scores count one half."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    many, few = int(positive.sum()), int((~positive).sum())
    if not many or not few:
        return 0.5
    return float((ranks[positive].sum() - many * (many + 1) / 2) / (many * few))
