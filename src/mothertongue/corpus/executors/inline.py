"""The executor of one process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from mothertongue.corpus.executors.executor import Item, Result


@dataclass(frozen=True)
class Inline:
    """Runs everything in this process."""

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield `function(item)` for each item, one after another."""
        yield from map(function, items)
