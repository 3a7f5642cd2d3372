"""The executor of a Slurm cluster: one array of jobs per step, watched by manifests and the queue.

A job needs the disk that all nodes share and the interpreter that made the array, nothing else. What dies without an
error of its own is submitted again; an array that outlives this process is found and waited for by the next one.
`python -m mothertongue.corpus.executors.slurm TASKFILE INDEX` is one element of an array.
"""

from __future__ import annotations

import json
import shlex
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from mothertongue import durability
from mothertongue.console import say
from mothertongue.corpus.executors.executor import one_thread_each
from mothertongue.corpus.executors.slurm_array import FOLDER, Array, SlurmOptions, arrays, write_array, write_error
from mothertongue.corpus.task import Counts, Job, finished, job_of, perform
from mothertongue.errors import InputError, Interrupted, Problem, WorkError

_LOOKS = 3
"""How often a job is missed before it is lost: network disks show new files late."""
_SHORTEST, _LONGEST = 1.0, 30.0
"""Seconds between two looks: the longer nothing happens, the longer."""
_MOST_SILENT = 60
"""Looks in a row, half an hour, that Slurm may leave unanswered."""


@dataclass
class Slurm:
    """Performs jobs as elements of Slurm arrays, at most `workers` at once.

    A job is submitted `attempts` times before it counts as failed (WorkError MT266). With `dry_run` the array is
    written and not submitted: Interrupted with the command that submits it.
    """

    options: SlurmOptions = field(default_factory=SlurmOptions)
    workers: int | None = None
    attempts: int = 3
    dry_run: bool = False
    pause: Callable[[float], None] = field(default=time.sleep, repr=False, compare=False)

    def run(self, jobs: Sequence[Job]) -> Iterator[Counts]:
        """Yield the counts of each job, in the order of the jobs."""
        if not jobs:
            return
        watch = _Watch(self, jobs)
        try:
            watch.start()
            for job in jobs:
                yield watch.result(job.key)
            watch.remove()
        except BaseException:
            watch.cancel()
            raise

    def close(self) -> None:
        """There is nothing to let go of: arrays end by themselves."""


class _Watch:
    """The jobs of one call of `run`: which array holds each of them, and what came out."""

    def __init__(self, executor: Slurm, jobs: Sequence[Job]) -> None:
        self.executor = executor
        self.folder = Path(jobs[0].folder)
        self.jobs = {job.key: job for job in jobs}
        self.results: dict[str, Counts] = {}
        self.holders: dict[str, Array] = {}
        self.tries: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self.arrays: list[Array] = []
        self.silent = 0
        self.wait = _SHORTEST

    def start(self) -> None:
        """Wait for arrays of an earlier process that do the same jobs, cancel other ones, submit the rest."""
        for array in arrays(self.folder):
            others = [job for key, job in array.jobs.items() if key not in self.jobs and finished(job) is None]
            mine = [key for key in array.jobs if key in self.jobs]
            if array.living() == frozenset():
                if array.identifier or not others + mine:  # one that was only written may be submitted by hand
                    durability.remove(array.folder)
            elif others:
                array.cancel()
                durability.remove(array.folder)
            else:
                say(f"waiting for the Slurm array {array.identifier} of an earlier run")
                self.arrays.append(array)
                self.holders |= dict.fromkeys(mine, array)
        self._submit([key for key in self.jobs if key not in self.holders])

    def result(self, key: str) -> Counts:
        """Return the counts of one job as soon as it is finished."""
        while not self._collect(key):
            self._look()
            self.executor.pause(self.wait)
            self.wait = min(1.5 * self.wait, _LONGEST)
        return self.results[key]

    def cancel(self) -> None:
        """End what still goes on; logs stay for the reader."""
        for array in self.arrays:
            with suppress(InputError):
                array.cancel()

    def remove(self) -> None:
        """Remove scripts and logs: everything went well."""
        for array in self.arrays:
            durability.remove(array.folder)
        home = self.folder / FOLDER
        if home.is_dir() and not any(home.iterdir()):
            durability.remove(home)

    def _waiting(self) -> list[str]:
        return [key for key in self.jobs if key not in self.results]

    def _collect(self, wanted: str) -> bool:
        """Whether the wanted job is finished; takes the results of all that are."""
        if wanted not in self.results:
            found = {key: counts for key in self._waiting() if (counts := finished(self.jobs[key])) is not None}
            self.results |= found
            if found:
                self.wait = _SHORTEST
        return wanted in self.results

    def _look(self) -> None:
        """Find jobs that ended without a manifest: an error of a job ends the work, others are submitted again."""
        living = {array.identifier: array.living() for array in self.arrays}
        self._count_silence(None in living.values())
        gone = [key for key in self._waiting() if self._is_gone(key, living[self.holders[key].identifier])]
        self.missed = Counter({key: self.missed[key] + 1 for key in gone})
        lost = [key for key in gone if self.missed[key] >= _LOOKS]
        for key in lost:
            self.holders[key].raise_error(key)
        spent = [key for key in lost if self.tries[key] >= self.executor.attempts]
        if spent:
            raise WorkError([self._spent(key) for key in spent])
        if lost:
            say(f"{len(lost)} Slurm tasks ended without a result and are submitted again")
            self._submit(lost)

    def _is_gone(self, key: str, living: frozenset[int] | None) -> bool:
        return living is not None and self.holders[key].element(key) not in living

    def _count_silence(self, silent: bool) -> None:
        self.silent = self.silent + 1 if silent else 0
        if self.silent >= _MOST_SILENT:
            do = "run the same command again when Slurm answers; what runs there is then found and waited for"
            raise WorkError(Problem("MT268", "squeue does not answer any more", where=str(self.folder), do=do))

    def _spent(self, key: str) -> Problem:
        name, end = self.jobs[key].task.name, self.holders[key].end_of(key)
        message = f"the task {name} ended without a result {self.tries[key]} times; {end}"
        do = "give a task more memory or time if it was ended for that, then run the same command again"
        return Problem("MT266", message, where=str(self.holders[key].log(key)), do=do)

    def _submit(self, keys: Sequence[str]) -> None:
        if not keys:
            return
        options, workers = self.executor.options, self.executor.workers
        attempt = max(self.tries[key] for key in keys) + 1
        array = write_array(self.folder, [self.jobs[key] for key in keys], attempt, options, workers)
        if self.executor.dry_run:
            command = shlex.join(["sbatch", str(array.script)])
            raise Interrupted(command, f"an array for {len(keys)} tasks was written and not submitted")
        array = array.submit()
        self.arrays.append(array)
        self.holders |= dict.fromkeys(keys, array)
        self.tries.update(keys)
        for key in keys:
            self.missed.pop(key, None)


def main(arguments: Sequence[str]) -> int:
    """Perform the jobs of one element; an error is written where the waiting process finds it. Returns an exit code."""
    file, index = Path(arguments[0]), int(arguments[1])
    one_thread_each()
    value = json.loads(file.read_bytes())
    code = 0
    for place in range(index, len(value["jobs"]), value["elements"]):
        job = job_of(value["jobs"][place])
        try:
            perform(job)
        except Exception as error:
            traceback.print_exc()
            write_error(file.parent, place, error)
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
