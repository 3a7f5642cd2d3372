"""The plan of a curation: steps of tasks, of which only those run that have no valid manifest.

A step that runs again performs what is missing, changed or damaged, with any number of workers on any executor, and
says why. Totals are sums over manifests, so they are exact after any number of restarts. One process plans at a time;
it holds a lease on the folder.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mothertongue import durability, lease
from mothertongue.console import progress, say
from mothertongue.corpus.executors import Executor, Inline
from mothertongue.corpus.executors.slurm_array import arrays
from mothertongue.corpus.task import (
    COSTS,
    MANIFESTS,
    UNFINISHED,
    Counts,
    Job,
    Task,
    file_hash,
    finished,
    perform,
    read_manifest,
    why,
)
from mothertongue.errors import Problem, WorkError

__all__ = ["Cost", "Counts", "Task", "Work", "costs", "file_hash", "manifests", "open_work", "perform", "total"]


class Hashes:
    """Hashes of files, computed once for as long as size, time and inode of a file stay; for one process only."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[tuple[int, int, int], str]] = {}

    def __call__(self, path: Path) -> str:
        """Return the hash of a file's content."""
        status = path.stat()
        state = (status.st_size, status.st_mtime_ns, status.st_ino)
        if self._known.get(path, (None, ""))[0] != state:
            self._known[path] = (state, file_hash(path))
        return self._known[path][1]


@dataclass(frozen=True)
class Work:
    """A folder of curation and the executor that works in it; `open_work` makes sure that nobody else does."""

    folder: Path
    executor: Executor = field(default_factory=Inline)
    watch: Callable[[], None] = lambda: None
    """Called after each task; raises to stop."""
    _hashes: Hashes = field(default_factory=Hashes, repr=False, compare=False)

    def path(self, name: str) -> Path:
        """Return a path below the folder."""
        return self.folder / name

    def run(self, tasks: Sequence[Task], label: str, unit: str = "tasks") -> list[Counts]:
        """Return the counts of all tasks in their order; tasks with a valid manifest are not performed again.

        `tasks` are all tasks of their steps: what another plan left under the name of a step is removed. Raises
        WorkError MT224 when an input is missing, and whatever a task or the executor raises.
        """
        durability.make_folder(self.folder)
        self._retire(tasks)
        jobs = [self._job(task) for task in tasks]
        done = {place: counts for place, job in enumerate(jobs) if (counts := finished(job, self._hashes)) is not None}
        left = [place for place in range(len(jobs)) if place not in done]
        self._explain([jobs[place] for place in left], label, len(jobs))
        with progress(label, max(sum(task.weight for task in tasks), 1e-9), unit) as tick:
            tick(sum(tasks[place].weight for place in done))
            results = self.executor.run([jobs[place] for place in left])
            for place, counts in zip(left, results, strict=True):
                done[place] = counts
                tick(tasks[place].weight)
                self.watch()
        return [done[place] for place in range(len(jobs))]

    def why(self, task: Task) -> list[str]:
        """Return in words why a task has to be performed; empty when it is finished and undamaged."""
        return why(self._job(task), self._hashes)

    def _job(self, task: Task) -> Job:
        hashes = {}
        for name in task.inputs:
            path = self.folder / name
            if not path.is_file():
                do = "run the same command again; report it if it stays"
                raise WorkError(Problem("MT224", f"{task.name} reads a file that is gone", where=str(path), do=do))
            hashes[name] = self._hashes(path)
        return Job(str(self.folder.absolute()), task, hashes)

    def _explain(self, jobs: Sequence[Job], label: str, total: int) -> None:
        reasons = Counter(causes[0] for job in jobs if (causes := why(job, self._hashes)) and causes != [UNFINISHED])
        if reasons:
            (reason, _), others = reasons.most_common(1)[0], len(reasons) - 1
            more = f", and {others} other reason{'s' if others > 1 else ''}" if others else ""
            say(f"{label}: {reasons.total()} of {total} tasks run again: {reason}{more}")

    def _retire(self, tasks: Sequence[Task]) -> None:
        """Remove what an earlier plan with other tasks wrote: the files would be taken for results of this one."""
        planned = {task.manifest for task in tasks}
        if len(planned) < len(tasks):
            raise ValueError("two tasks of a plan have the same step and number")
        stale = [
            path
            for step in dict.fromkeys(task.step for task in tasks)
            for path in sorted((self.folder / MANIFESTS / step).glob("*.json"))
            if path.relative_to(self.folder).as_posix() not in planned
        ]
        kept = {name for task in tasks for name in task.outputs}
        for path in stale:
            for entry in (read_manifest(path) or {"files": []})["files"]:
                if entry["path"] not in kept:
                    durability.remove(self.folder / entry["path"])
            durability.remove(self.folder / COSTS / path.relative_to(self.folder / MANIFESTS))
            durability.remove(path)


@contextmanager
def open_work(
    folder: Path, executor: Executor | None = None, watch: Callable[[], None] = lambda: None
) -> Iterator[Work]:
    """Yield the work in a folder, made if need be, that no other process plans; workers are let go at the end.

    What dead writers left unfinished is removed. Raises InputError MT811 when a living process holds the folder.
    """
    durability.make_folder(folder)
    with lease.acquire(folder) as held, durability.fence(folder, held.check):
        if not any(arrays(folder)):  # elements of an array that outlived its plan are living writers
            durability.remove_temporary(folder)
        work = Work(folder, executor or Inline(), watch)
        try:
            yield work
        finally:
            work.executor.close()
        durability.remove_temporary(folder)


def total(counts: Sequence[Counts]) -> Counts:
    """Return the sums of numbers, the unions of sub-tables and the joined lists of many counts."""
    result: Counts = {}
    for part in counts:
        for key, value in part.items():
            if isinstance(value, dict):
                result[key] = total([result.get(key, {}), value])
            elif isinstance(value, bool | int | float):
                result[key] = result.get(key, 0) + value
            elif isinstance(value, list):
                result.setdefault(key, []).extend(value)
            else:
                result[key] = value
    return result


def manifests(folder: Path, step: str) -> Iterator[tuple[int, Counts]]:
    """Yield (number, counts) of all finished tasks of a step, by number; a damaged manifest is left out."""
    for path in sorted((folder / MANIFESTS / step).glob("*.json")):
        value = read_manifest(path)
        if value is not None:
            yield int(path.stem), value["counts"]


@dataclass(frozen=True)
class Cost:
    """What finished tasks took: their number, seconds of wall clock and processor summed, the largest memory."""

    tasks: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0

    def __add__(self, other: Cost) -> Cost:
        peak = max(self.peak_memory_bytes, other.peak_memory_bytes)
        tasks, seconds = self.tasks + other.tasks, self.seconds + other.seconds
        return Cost(tasks, seconds, self.cpu_seconds + other.cpu_seconds, peak)


def costs(folder: Path) -> dict[str, dict[str, Any]]:
    """Return step -> its `Cost` as JSON, in the order of the names; measured, so it differs between equal runs."""
    found: dict[str, Cost] = {}
    for path in sorted((folder / COSTS).rglob("*.json")):
        step = path.parent.relative_to(folder / COSTS).as_posix()
        found[step] = found.get(step, Cost()) + Cost(tasks=1, **json.loads(path.read_bytes()))
    return {step: asdict(cost) for step, cost in found.items()}
