"""The executor of one process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mothertongue.corpus.task import Counts, Job, perform


@dataclass(frozen=True)
class Inline:
    """Performs everything in this process."""

    def run(self, jobs: Sequence[Job]) -> Iterator[Counts]:
        """Yield the counts of each job, one after another."""
        yield from map(perform, jobs)

    def close(self) -> None:
        """There is nothing to let go of."""
