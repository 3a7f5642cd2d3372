"""The executor of one process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from mothertongue.corpus.executors.executor import Item, Result
from mothertongue.corpus.task import Counts, Job, perform


@dataclass(frozen=True)
class Inline:
    """Performs everything in this process."""

    def run(self, jobs: Sequence[Job]) -> Iterator[Counts]:
        """Yield the counts of each job, one after another."""
        yield from map(perform, jobs)

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield `function(item)` for each item, one after another."""
        yield from map(function, items)

    def close(self) -> None:
        """There is nothing to let go of."""
