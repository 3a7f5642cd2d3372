"""From the words of a recipe to an executor."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Literal, get_args

from mothertongue.corpus.executors.executor import Executor
from mothertongue.corpus.executors.inline import Inline
from mothertongue.corpus.executors.processes import Processes
from mothertongue.corpus.executors.ray import RayTasks
from mothertongue.corpus.executors.slurm import Slurm
from mothertongue.corpus.executors.slurm_array import SlurmOptions
from mothertongue.errors import InputError, Problem

ExecutorName = Literal["auto", "inline", "processes", "ray", "slurm"]
SMALL_BYTES = 32 * 1024 * 1024
"""Below this much text, starting workers costs more than it saves."""
WORKER_BYTES = 512 * 1024 * 1024
"""Memory that a worker may need; `auto` starts no more workers than fit into what is free."""


@dataclass(frozen=True)
class ExecutorOptions:
    """Which executor works, and how; changes no bit of the result.

    Raises InputError MT265 with every value that is wrong.
    """

    executor: ExecutorName = "auto"
    workers: int | None = None
    """Workers at once; None leaves it to the executor."""
    address: str | None = None
    """Address of a running Ray cluster; None starts a local one. For `ray` only."""
    slurm: SlurmOptions = field(default_factory=SlurmOptions)
    """What an element asks Slurm for. For `slurm` only."""
    dry_run: bool = False
    """Write the array script and submit nothing. For `slurm` only."""

    def __post_init__(self) -> None:
        known = get_args(ExecutorName)
        problems = []
        if self.executor not in known:
            from mothertongue.recipe_words import nearest

            hint = nearest(self.executor, known)
            message = "is not an executor" + (f"; nearest: {hint}" if hint else "")
            problems.append(_problem("executor", self.executor, ", ".join(known), message))
        if self.workers is not None and self.workers < 1:
            problems.append(_problem("workers", self.workers, "at least 1"))
        for key, name, given in (
            ("address", "ray", self.address is not None),
            ("slurm", "slurm", self.slurm != SlurmOptions()),
            ("dry_run", "slurm", self.dry_run),
        ):
            if given and self.executor != name:
                problems.append(_problem(key, getattr(self, key), f"only with the executor {name}"))
        if problems:
            raise InputError(problems)


def choose_executor(options: ExecutorOptions, total_bytes: int) -> Executor:
    """Return the executor that the options name; `auto` looks at the bytes of text and at this machine."""
    match options.executor:
        case "inline":
            return Inline()
        case "processes":
            return Processes(options.workers or cores())
        case "ray":
            return RayTasks(options.address, options.workers)
        case "slurm":
            return Slurm(options.slurm, options.workers, dry_run=options.dry_run)
        case "auto":
            return usual_executor(total_bytes, options.workers)


def usual_executor(total_bytes: int, workers: int | None = None) -> Executor:
    """Return Inline for small corpora, else one worker per core, as many as fit into the free memory."""
    count = workers or min(cores(), _fitting())
    return Processes(count) if count > 1 and total_bytes > SMALL_BYTES else Inline()


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _fitting() -> int:
    import psutil

    return max(int(psutil.virtual_memory().available // WORKER_BYTES), 1)


def _problem(key: str, value: object, allowed: str, message: str = "cannot have this value") -> Problem:
    return Problem("MT265", message, key=key, value=str(value), allowed=allowed, do="correct the option")
