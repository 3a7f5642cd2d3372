"""Shares of a mix: how many tokens each group gets, from what it has and from what was asked.

Pure arithmetic. A group has tokens; its share is proportional to weight x tokens^(1 / temperature), which at
temperature 1 keeps what there is and at higher ones raises the small groups. Upper limits (a cap on the share, or all
tokens at the largest number of repeats) are respected by giving what is left over to the others in proportion.
"""

from __future__ import annotations

from collections.abc import Mapping

_ROUNDS = 10_000
_TOKEN = 0.5
"""Totals that differ by less than half a token are equal."""


def proportions(available: Mapping[str, float], weights: Mapping[str, float], temperature: float) -> dict[str, float]:
    """Return group -> wanted share of the whole; the shares of groups with tokens and weight sum to 1.

    Groups that `weights` does not name weigh 1.
    """
    most = max(available.values(), default=0.0)
    raw = {
        group: weights.get(group, 1.0) * (tokens / most) ** (1 / temperature) if tokens > 0 else 0.0
        for group, tokens in available.items()
    }
    whole = sum(raw.values())
    return {group: value / whole if whole > 0 else 0.0 for group, value in raw.items()}


def allocate(
    total: float, wanted: Mapping[str, float], caps: Mapping[str, float], most: Mapping[str, float]
) -> dict[str, float]:
    """Return group -> tokens: `total` by the shares `wanted`, no group above its cap (a share) or its `most` (tokens).

    Where the groups together cannot fill `total`, it shrinks until caps hold for what is given.
    """
    given: dict[str, float] = {}
    for _ in range(_ROUNDS):
        limits = {group: min(caps.get(group, 1.0) * total, most[group]) for group in wanted}
        given = _filled(total, wanted, limits)
        reached = sum(given.values())
        if total - reached < _TOKEN:
            break
        total = reached
    return given


def _filled(total: float, wanted: Mapping[str, float], limits: Mapping[str, float]) -> dict[str, float]:
    """Return `total` by shares, with groups that reach their limit held there and the rest given to the others."""
    given = {group: 0.0 for group, share in wanted.items() if share <= 0}
    while open_groups := [group for group in wanted if group not in given]:
        rest = total - sum(given.values())
        whole = sum(wanted[group] for group in open_groups)
        full = [group for group in open_groups if rest * wanted[group] / whole > limits[group]]
        if not full:
            return given | {group: rest * wanted[group] / whole for group in open_groups}
        given |= {group: limits[group] for group in full}
    return given
