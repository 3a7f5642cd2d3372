"""Which rows each step sees. An order is a function of its seed and its step, so its state is one small dict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np


class Order(Protocol):
    """Yields example ids and carries the state from which it continues exactly."""

    def next(self) -> list[tuple[str, int]]:
        """The examples of the next step as (stream, index)."""

    def state(self) -> dict[str, Any]:
        """What `load_state` needs to continue with the same examples."""

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Continues from a state."""

    def observe(self, metrics: Mapping[str, float]) -> None:
        """Told the metrics of the step; online mixtures change their shares here."""


class MixedOrder:
    """Shuffled epochs of several streams, mixed at fixed shares (replay: card 50, step 8; card 46, step 5).

    `sizes` maps a stream to its number of rows, `shares` to its share of all rows (they sum to 1). The mixture is
    exact in the long run: after n rows each stream has had floor or ceil of n times its share.
    """

    def __init__(self, sizes: Mapping[str, int], shares: Mapping[str, float], batch_size: int, seed: int) -> None:
        self._streams = [name for name in sorted(sizes) if sizes[name] and shares.get(name)]
        self._sizes = {name: sizes[name] for name in self._streams}
        total = sum(shares[name] for name in self._streams)
        self._shares = {name: shares[name] / total for name in self._streams}
        self._batch_size, self._seed = batch_size, seed
        self._given = dict.fromkeys(self._streams, 0)
        self._epochs: dict[tuple[str, int], Sequence[int]] = {}

    def next(self) -> list[tuple[str, int]]:
        """The rows of the next step; each goes to the stream that is furthest behind its share."""
        return [self._draw(self._behind()) for _ in range(self._batch_size)]

    def state(self) -> dict[str, Any]:
        """How many rows each stream has given."""
        return {"given": dict(self._given)}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Continues after the rows that the state counts."""
        self._given = {name: int(state["given"].get(name, 0)) for name in self._streams}

    def observe(self, metrics: Mapping[str, float]) -> None:
        """Nothing: the shares are fixed."""

    def _behind(self) -> str:
        total = sum(self._given.values()) + 1
        return max(self._streams, key=lambda name: (self._shares[name] * total - self._given[name], name))

    def _draw(self, stream: str) -> tuple[str, int]:
        epoch, place = divmod(self._given[stream], self._sizes[stream])
        self._given[stream] += 1
        return stream, int(self._permutation(stream, epoch)[place])

    def _permutation(self, stream: str, epoch: int) -> Sequence[int]:
        key = (stream, epoch)
        if key not in self._epochs:
            seed = [self._seed, epoch, *stream.encode()]
            self._epochs[key] = np.random.default_rng(seed).permutation(self._sizes[stream]).tolist()
        return self._epochs[key]
