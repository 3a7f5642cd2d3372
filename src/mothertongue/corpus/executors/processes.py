"""The executor of many processes on one machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from mothertongue.corpus.executors.executor import Executor, Item, Result
from mothertongue.corpus.executors.inline import Inline
from mothertongue.errors import Problem, WorkError


@dataclass(frozen=True)
class Processes:
    """Runs items in worker processes; at most two items per worker wait, so memory stays bounded."""

    workers: int

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield `function(item)` in the order of items; raises WorkError MT211 when a worker process dies."""
        # Workers are started afresh: a fork of a process with threads (progress, heartbeat) can deadlock.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(self.workers, mp_context=context, initializer=_ignore_interrupts) as pool:
            waiting: deque[Future[Result]] = deque()
            try:
                for item in items:
                    waiting.append(pool.submit(function, item))
                    if len(waiting) >= 2 * self.workers:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            except BrokenProcessPool as error:
                raise WorkError(_worker_died()) from error
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


def _ignore_interrupts() -> None:
    """Ctrl-C goes to the whole group; only the parent decides what it means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _worker_died() -> Problem:
    return Problem(
        code="MT211",
        message="a worker process ended while it was reading texts; the system may have run out of memory",
        do="run again with fewer workers, or with more free memory",
    )


def usual_executor(total_bytes: int) -> Executor:
    """Return Inline for small corpora, where starting workers costs more than it saves, else one worker per core."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Processes(cores) if cores > 1 and total_bytes > 32 * 1024 * 1024 else Inline()
