"""Selection: which documents, and how often, make up the tokens that a group was given; in bounded memory.

Each document has a place u in [0, 1) from the hash of its id and the seed, and a weight c (1, or the size of its
cluster of duplicates). Its k-th copy is taken when the strength of its group reaches (k - u) / c. At strength 1 every
document is there c times, at 0.5 half of them, at 2.25 all twice and a quarter three times; what a weaker strength
takes, a stronger one takes too. The strength at which a group has its tokens is found in two passes: sums in buckets,
then the one bucket that matters, sorted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import xxhash

BUCKETS: Final = 4096
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Weighed:
    """Kept documents of one shard: group, tokens, place in [0, 1), weight; arrays of one length."""

    groups: npt.NDArray[np.object_]
    tokens: Integers
    places: Floats
    weights: Integers


def places_of(ids: Iterable[str], seed: int) -> Floats:
    """Return a number in [0, 1) per id: the first 53 bits of its seeded hash."""
    hashes = [xxhash.xxh3_64_intdigest(one.encode("utf-8"), seed=seed) >> 11 for one in ids]
    return np.array(hashes, np.float64) * 2.0**-53


def copies(places: Floats, weights: Integers, strength: float, most: int) -> Integers:
    """Return how often each document is taken at a strength, at most `most` times."""
    taken = np.zeros(len(places), np.int64)
    for k in range(1, most + 1):
        taken += _strengths(places, weights, k) <= strength
    return taken


def _strengths(places: Floats, weights: Integers, k: int) -> Floats:
    """Return the strength at which the k-th copy of each document is taken."""
    found: Floats = (k - places) / weights
    return found


def find_strengths(shards: Callable[[], Iterable[Weighed]], wanted: Mapping[str, float], most: int) -> dict[str, float]:
    """Return group -> the strength at which the copies taken come nearest to the wanted tokens.

    `shards` is called twice and yields what lies on disk, one shard at a time. Not below 0 tokens, and not above all
    copies.
    """
    sums = _bucket_sums(shards(), wanted, most)
    chosen = {group: _bucket(sums[group], tokens) for group, tokens in wanted.items()}
    inside: dict[str, list[tuple[Floats, Integers]]] = {group: [] for group in wanted}
    for group, strengths, tokens in _copies(shards(), wanted, most):
        here = _bucket_of(strengths, most) == chosen[group]
        if here.any():
            inside[group].append((strengths[here], tokens[here]))
    return {
        group: _cut(inside[group], tokens - float(sums[group][: chosen[group]].sum()))
        if inside[group]
        else (chosen[group] + 0.5) / BUCKETS * most
        for group, tokens in wanted.items()
    }


def _copies(
    shards: Iterable[Weighed], wanted: Mapping[str, float], most: int
) -> Iterable[tuple[str, Floats, Integers]]:
    for shard in shards:
        for group in np.unique(shard.groups).tolist() if len(shard.groups) else []:
            if group not in wanted:
                continue
            rows = shard.groups == group
            for k in range(1, most + 1):
                yield group, _strengths(shard.places[rows], shard.weights[rows], k), shard.tokens[rows]


def _bucket_of(strengths: Floats, most: int) -> Integers:
    return np.minimum((strengths / most * BUCKETS).astype(np.int64), BUCKETS - 1)


def _bucket_sums(shards: Iterable[Weighed], wanted: Mapping[str, float], most: int) -> dict[str, Integers]:
    sums = {group: np.zeros(BUCKETS, np.int64) for group in wanted}
    for group, strengths, tokens in _copies(shards, wanted, most):
        np.add.at(sums[group], _bucket_of(strengths, most), tokens)
    return sums


def _bucket(sums: Integers, tokens: float) -> int:
    """Return the first bucket with which the wanted tokens are reached, else the last."""
    return min(int(np.searchsorted(np.cumsum(sums), tokens)), BUCKETS - 1)


def _cut(inside: list[tuple[Floats, Integers]], tokens: float) -> float:
    """Return the strength within one bucket at which the sum of its copies comes nearest to `tokens`."""
    strengths = np.concatenate([one for one, _ in inside])
    sizes = np.concatenate([one for _, one in inside])
    order = np.argsort(strengths, kind="stable")
    sums = np.concatenate([[0], np.cumsum(sizes[order])])
    number = int(np.argmin(np.abs(sums - tokens)))
    first = float(strengths[order[0]])
    return float(strengths[order[number - 1]]) if number else float(np.nextafter(first, -1.0))
