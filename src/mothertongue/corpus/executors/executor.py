"""What an executor is."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from mothertongue.corpus.task import Counts, Job, perform
from mothertongue.errors import InputError, Problem


class Executor(Protocol):
    """Performs jobs, with the same bits whatever it is made of; counts come in the order of the jobs."""

    def run(self, jobs: Sequence[Job]) -> Iterator[Counts]:
        """Yield `perform(job)` for each job, in order; raises what a job raises, and WorkError for lost workers.

        When the iterator is left early, nothing of it goes on working.
        """

    def close(self) -> None:
        """Let go of all workers; the executor can be used again and starts new ones then."""


def one_thread_each() -> None:
    """Keep libraries of this worker from starting a thread per core: the other cores belong to other workers."""
    for name in ("OMP_NUM_THREADS", "POLARS_MAX_THREADS", "RAYON_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def perform_and_give_back(job: Job) -> Counts:
    """Perform a job, then give freed memory back to the system, which libraries else keep: workers live long."""
    try:
        return perform(job)
    finally:
        if "pyarrow" in sys.modules:
            sys.modules["pyarrow"].default_memory_pool().release_unused()
        with suppress(OSError, AttributeError, TypeError):  # only the C library of GNU has it
            ctypes.CDLL(None).malloc_trim(0)


def appeared(job: Job, pause: Callable[[float], None], patience: float = 60.0) -> None:
    """Return when the manifest of a finished job can be seen from here; network disks show new files late.

    Raises InputError MT263 when it does not appear within `patience` seconds: then the job wrote to another disk.
    """
    path, waited, step = Path(job.folder) / job.task.manifest, 0.0, 0.1
    while not path.is_file():
        if waited > patience:
            message = f"a worker finished {job.task.name}, but its files cannot be seen from this machine"
            do = "choose a folder on a disk that all machines share"
            raise InputError(Problem("MT263", message, where=job.folder, do=do))
        pause(step)
        waited, step = waited + step, min(2 * step, 5.0)
