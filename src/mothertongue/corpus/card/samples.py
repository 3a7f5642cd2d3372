"""Samples of documents per rule: some near the threshold and some at random, on both sides of it.

Which documents are chosen follows from a hash of their ids, so that samples are the same whatever the shards, and
samples of shards join to the sample of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mothertongue.corpus.checked_rules import CheckedRules, Part, threshold_text
from mothertongue.corpus.decide import bound_number, shown_values
from mothertongue.corpus.evaluate import as_frame, values
from mothertongue.corpus.selection import Floats, places_of

if TYPE_CHECKING:
    import polars as pl

PER_SIDE: Final = 20
"""Documents per rule that are shown as kept, and as many as dropped."""
LONGEST: Final = 1_500
"""Code points of a text that a sample shows."""
SEED: Final = 25
KEPT, DROPPED = "kept", "dropped"
Sample = dict[str, Any]
"""reason, part, side (kept, dropped), id, row, value, threshold, text, source, characters, and the keys that order it:
`place` (hash) and `distance` (from the threshold; null where that is no number)."""


@dataclass(frozen=True)
class _Rows:
    """Rows of a shard on one side of one condition, with what orders them."""

    rows: np.ndarray[Any, Any]
    distance: np.ndarray[Any, Any] | None


def choose(
    frame: pl.DataFrame, ids: Sequence[str], decisions: Mapping[str, Sequence[Any]], rules: CheckedRules
) -> list[Sample]:
    """Return samples of one shard without texts; `decisions` holds the columns keep, reason and threshold."""
    places = places_of(ids, SEED)
    numbers = as_frame(frame)
    columns = {name: np.array(decisions[name], object) for name in ("keep", "reason", "threshold")}
    found: list[Sample] = []
    for rule in rules.rules:
        quota = -(-PER_SIDE // len(rule.parts))
        for part in rule.parts:
            asked = threshold_text(part, rules.profile)
            dropped = (columns["reason"] == rule.reason) & (columns["threshold"] == asked)
            distance = _distance(part, numbers, rules)
            for side, rows in ((KEPT, columns["keep"].astype(np.bool_)), (DROPPED, dropped)):
                picked = _picked(_Rows(np.flatnonzero(rows), distance), places, quota)
                shown = shown_values(part, numbers[picked], rules.profile) if picked else []
                found += [
                    {
                        "reason": rule.reason,
                        "part": str(part.node),
                        "side": side,
                        "id": ids[row],
                        "row": row,
                        "value": value,
                        "threshold": asked,
                        "place": float(places[row]),
                        "distance": None if distance is None else _finite(distance[row]),
                    }
                    for row, value in zip(picked, shown, strict=True)
                ]
    return found


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def _distance(part: Part, frame: pl.DataFrame, rules: CheckedRules) -> np.ndarray[Any, Any] | None:
    """Return how far each document is from the bound; infinite where the value is unknown, None without a bound."""
    bound = bound_number(part.bound, rules.profile)
    if part.measured is None or bound is None or not part.operator:
        return None
    (measured,) = values([part.measured], frame, rules.profile)
    return np.abs(measured.fill_null(float("inf")).to_numpy().astype(np.float64) - bound)


def _picked(side: _Rows, places: Floats, quota: int) -> list[int]:
    rows = [
        {
            "row": int(row),
            "place": places[row],
            "distance": None if side.distance is None else _finite(side.distance[row]),
        }
        for row in _candidates(side, places, quota)
    ]
    return [int(one["row"]) for one in _best(rows, quota)]


def _candidates(side: _Rows, places: Floats, quota: int) -> Iterator[int]:
    """Yield rows among which are all that can be chosen: the first `quota` by hash and by distance."""
    by_place = side.rows[np.argsort(places[side.rows], kind="stable")[: 2 * quota]]
    chosen = by_place
    if side.distance is not None:
        order = np.lexsort((places[side.rows], side.distance[side.rows]))
        chosen = np.concatenate([by_place, side.rows[order[:quota]]])
    yield from sorted(set(chosen.tolist()))


def _best(rows: list[Sample], quota: int) -> list[Sample]:
    """Return `quota` rows: half of them the nearest to the bound, the others the first by hash."""
    near = sorted(
        (one for one in rows if one["distance"] is not None), key=lambda one: (one["distance"], one["place"])
    )[: quota // 2]
    taken = {id(one) for one in near}
    rest = sorted((one for one in rows if id(one) not in taken), key=lambda one: one["place"])
    return [*near, *rest[: quota - len(near)]]


def join(samples: Iterable[Sample], rules: CheckedRules) -> list[Sample]:
    """Return the samples of all shards from those of each, in the order of rules, parts and sides."""
    groups: dict[tuple[str, str, str], list[Sample]] = {}
    for one in samples:
        groups.setdefault((one["reason"], one["part"], one["side"]), []).append(one)
    return [
        one
        for rule in rules.rules
        for part in rule.parts
        for side in (KEPT, DROPPED)
        for one in _best(groups.get((rule.reason, str(part.node), side), []), -(-PER_SIDE // len(rule.parts)))
    ]
