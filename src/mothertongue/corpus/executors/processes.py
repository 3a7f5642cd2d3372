"""The executor of many processes on one machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import Connection

from mothertongue.console import clock, say
from mothertongue.corpus.executors.executor import one_thread_each, perform_and_give_back
from mothertongue.corpus.task import Counts, Job
from mothertongue.errors import Problem, WorkError

ATTEMPTS = 3
"""Deaths of workers in the same jobs after which the work is given up."""
_AHEAD = 16
"""Jobs per worker that wait behind a slow one; a job is small."""
_LIFE_SECONDS = 30.0
"""Workers older than this are replaced after the step: models and memory that a step leaves in them go with them."""


@dataclass
class Processes:
    """Performs jobs in worker processes, which stay for the next jobs as long as they are young, until `close`.

    A worker that is killed is replaced and its jobs are started again; WorkError MT211 when that happens `ATTEMPTS`
    times without a job being finished. Workers end with the process that started them, however it ends.
    """

    workers: int
    _pool: _Pool | None = field(default=None, init=False, repr=False, compare=False)

    def run(self, jobs: Sequence[Job]) -> Iterator[Counts]:
        """Yield the counts of each job, in the order of the jobs."""
        source = iter(jobs)
        waiting = deque(islice(source, _AHEAD * self.workers))
        futures: deque[Future[Counts]] = deque()
        deaths = 0
        try:
            while waiting:
                try:
                    while len(futures) < len(waiting):
                        futures.append(self._submit(waiting[len(futures)]))
                    result = futures[0].result()
                except BrokenProcessPool as error:
                    self._abandon()
                    futures.clear()
                    deaths += 1
                    if deaths == ATTEMPTS:
                        raise WorkError(_workers_died(list(islice(waiting, self.workers)))) from error
                    say("a worker process was ended from outside; what it did is started again")
                    continue
                futures.popleft()
                waiting.popleft()
                waiting.extend(islice(source, 1))
                deaths = 0
                yield result
        except BaseException:
            self._abandon()
            raise
        if self._pool is not None and clock() - self._pool.began > _LIFE_SECONDS:
            self.close()

    def close(self) -> None:
        """Let the workers finish what they do and end."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def _submit(self, job: Job) -> Future[Counts]:
        if self._pool is None:
            self._pool = _Pool(self.workers)
        return self._pool.executor.submit(perform_and_give_back, job)

    def _abandon(self) -> None:
        if self._pool is not None:
            self._pool.abandon()
            self._pool = None


class _Pool:
    """Worker processes, and a pipe whose end tells them that nobody wants their work any more.

    The pipe also ends when this process is killed; workers of a dead parent would else wait for work for ever.
    """

    def __init__(self, workers: int) -> None:
        # Workers are started afresh: a fork of a process with threads (progress, heartbeat) can deadlock.
        context = multiprocessing.get_context("spawn")
        self.began = clock()
        self._reader, self._writer = context.Pipe(duplex=False)
        self.executor = ProcessPoolExecutor(
            workers, mp_context=context, initializer=_begin_worker, initargs=(self._reader,)
        )

    def close(self) -> None:
        """Let the workers finish what they do."""
        self.executor.shutdown(wait=True)
        self._writer.close()
        self._reader.close()

    def abandon(self) -> None:
        """End the workers at once; what they were writing stays under temporary names."""
        self._writer.close()
        self.executor.shutdown(wait=True, cancel_futures=True)
        self._reader.close()


def _begin_worker(lifeline: Connection) -> None:
    # Ctrl-C goes to the whole group; only the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    one_thread_each()
    threading.Thread(target=_end_with, args=(lifeline,), name="lifeline", daemon=True).start()


def _end_with(lifeline: Connection) -> None:
    """End this process when the other end of the pipe is closed."""
    with suppress(EOFError, OSError):
        lifeline.recv()
    os._exit(1)


def _workers_died(jobs: Sequence[Job]) -> Problem:
    names = ", ".join(job.task.name for job in jobs)
    message = f"worker processes were ended {ATTEMPTS} times while they worked on the same texts ({names})"
    do = "run the same command again with fewer workers, or with more free memory; finished work is kept"
    return Problem("MT211", f"{message}; the system may have run out of memory", do=do)
