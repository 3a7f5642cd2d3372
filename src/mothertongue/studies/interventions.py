"""What a choice of texts changes, always against the full corpus: the decision table of card 14, and ageing.

Enters: bits per document of a model trained on the full corpus and of models trained on chosen parts of it. Leaves: a
table with one row per intervention (what it keeps, and by how much the loss of each group of held-out texts changes),
and the temporal degradation of a grid of training and test years.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import correlation, linear_regression
from typing import TYPE_CHECKING, Any

from mothertongue.evaluation.statistics import Interval, paired_bootstrap

if TYPE_CHECKING:
    from mothertongue.evaluation.scorer import DocumentBits

FULL = "full"


@dataclass(frozen=True)
class Row:
    """One intervention: the share of bytes that it keeps, the changes of bits per byte by group, and other rates."""

    name: str
    kept: float
    deltas: Mapping[str, Interval]
    rates: Mapping[str, float]


@dataclass(frozen=True)
class Degradation:
    """How a score falls with the years between training and test: per year, with Pearson's r."""

    per_year: float
    correlation: float


def decision_table(
    scores: Mapping[str, Mapping[str, DocumentBits]],
    kept: Mapping[str, float],
    rates: Mapping[str, Mapping[str, float]],
    groups: Mapping[str, Sequence[str]],
    seed: int,
) -> list[Row]:
    """Return one row per model but the full one (card 14, step 10); intervals are paired over documents.

    `scores`: model -> part of the held-out texts -> bits of each document; one model is `full`. `groups`: name ->
    parts; a part in two groups counts in both. A delta below zero is a gain.
    """
    full = scores[FULL]
    return [
        Row(
            name,
            kept[name],
            {group: _delta(full, found, parts, seed) for group, parts in groups.items()},
            {rate: value - rates[FULL][rate] for rate, value in rates[name].items()},
        )
        for name, found in scores.items()
        if name != FULL
    ]


def _delta(
    full: Mapping[str, DocumentBits], found: Mapping[str, DocumentBits], parts: Sequence[str], seed: int
) -> Interval:
    before = [bits for part in parts for bits in full[part].bits.tolist()]
    after = [bits for part in parts for bits in found[part].bits.tolist()]
    sizes = [size for part in parts for size in full[part].bytes.tolist()]
    return paired_bootstrap(before, after, sizes, seed=seed)


def as_markdown(rows: Sequence[Row]) -> str:
    """Return the decision table as Markdown: deltas in thousandths of a bit per byte, with their intervals."""
    groups = list(rows[0].deltas) if rows else []
    rates = list(rows[0].rates) if rows else []
    lines = [
        "| " + " | ".join(["intervention", "kept", *groups, *rates]) + " |",
        "|---" * (2 + len(groups) + len(rates)) + "|",
    ]
    for row in rows:
        deltas = (row.deltas[group] for group in groups)
        cells = [f"{1000 * one.estimate:+.0f} ({1000 * one.low:+.0f} to {1000 * one.high:+.0f})" for one in deltas]
        changes = [f"{row.rates[rate]:+.3f}" for rate in rates]
        lines.append("| " + " | ".join([row.name, f"{row.kept:.1%}", *cells, *changes]) + " |")
    return "\n".join(lines) + "\n"


def as_values(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the decision table as JSON values."""
    return [
        {**asdict(row), "deltas": {group: interval.to_json() for group, interval in row.deltas.items()}} for row in rows
    ]


def temporal_degradation(scores: Mapping[tuple[int, int], float]) -> Degradation:
    """Return how many points a score loses per year between training and test (card 14, step 9).

    `scores`: (training year p, test year e) -> score, higher is better. For each test year the loss is counted from
    the training year closest to it, the later of two equally close ones; the slope is that of the loss over |p - e|.
    The paper tests the slope within one grid; a study has seeds for that. Raises ValueError when fewer than two
    different distances are there.
    """
    trained = sorted({year for year, _ in scores})
    distances: list[float] = []
    losses: list[float] = []
    for (year, tested), score in sorted(scores.items()):
        _, latest = min((abs(one - tested), -one) for one in trained if (one, tested) in scores)
        distances.append(float(abs(year - tested)))
        losses.append(scores[-latest, tested] - score)
    if len(set(distances)) < 2:
        raise ValueError(f"ageing needs two distances in years, got {sorted(set(distances))}")
    slope = linear_regression(distances, losses).slope
    return Degradation(slope, correlation(distances, losses) if len(set(losses)) > 1 else 0.0)
