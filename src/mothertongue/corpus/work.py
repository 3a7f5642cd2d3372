"""The plan of a curation: tasks, each with a manifest, so that any of them can be killed, repeated or moved.

A step is a list of tasks. A task calls one function, named as `module:function`, with arguments in the types of JSON,
and writes named files; its manifest holds a fingerprint over all that decides its output, the size and hash of every
file, and the counts that it reports. A step that runs again performs only the tasks without a valid manifest, with any
number of workers on any executor; totals are sums over manifests, so they are exact after any number of restarts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import xxhash

from mothertongue import durability
from mothertongue.console import progress
from mothertongue.corpus.executors import Executor, Inline
from mothertongue.errors import Problem, WorkError
from mothertongue.fingerprint import digest

Counts = dict[str, Any]
"""What a task reports: JSON values; numbers are summed by `total`."""
_FORMAT = 1
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Task:
    """One unit of work: everything that decides its output, as plain values, so that any machine can perform it.

    Paths are relative to the folder of the work, with `/`; a moved folder stays valid.
    """

    step: str
    """The name of the step, also that of its folder of manifests; may hold `/`."""
    number: int
    """Number within the step; shards keep theirs through all steps."""
    call: str
    """`module:function`; called as `function(folder, **arguments)`, returns Counts. Raising `version` in `arguments`
    makes old results invalid."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    """Files that are read; their content is part of the fingerprint."""
    outputs: tuple[str, ...] = ()
    """Files that are written, through `durability`. A function that only knows afterwards how many files it wrote
    names them in its counts, under `outputs`."""
    places: Mapping[str, Any] = field(default_factory=dict)
    """More arguments that decide nothing: where files outside the folder lie. Their content belongs in `arguments`."""
    weight: float = 1.0
    """Size for the progress bar."""

    @property
    def manifest(self) -> str:
        """The path of the manifest, relative to the folder."""
        return f"manifests/{self.step}/{self.number:05d}.json"


@dataclass(frozen=True)
class Work:
    """A folder of curation and the executor that works in it."""

    folder: Path
    executor: Executor = field(default_factory=Inline)
    watch: Callable[[], None] = lambda: None
    """Called after each task; raises to stop."""

    def path(self, name: str) -> Path:
        """Return a path below the folder."""
        return self.folder / name

    def run(self, tasks: Sequence[Task], label: str, unit: str = "tasks") -> list[Counts]:
        """Return the counts of all tasks in their order; tasks with a valid manifest are not performed again."""
        done: dict[int, Counts] = {}
        waiting: list[tuple[str, Task, str]] = []
        hashes: dict[str, str] = {}
        for position, task in enumerate(tasks):
            fingerprint = _fingerprint(self.folder, task, hashes)
            counts = _finished(self.folder, task, fingerprint)
            if counts is None:
                waiting.append((str(self.folder), task, fingerprint))
            else:
                done[position] = counts
        left = [position for position in range(len(tasks)) if position not in done]
        with progress(label, max(sum(task.weight for task in tasks), 1e-9), unit) as tick:
            tick(sum(tasks[position].weight for position in done))
            results = self.executor.map(perform, waiting)
            for position, counts in zip(left, results, strict=True):
                done[position] = counts
                tick(tasks[position].weight)
                self.watch()
        return [done[position] for position in range(len(tasks))]


def perform(job: tuple[str, Task, str]) -> Counts:
    """Perform one task (folder, task, fingerprint) and return its counts; its manifest is written last.

    Runs in any process. A task that another worker has finished meanwhile is not performed again.
    """
    folder, (_, task, fingerprint) = Path(job[0]), job
    finished = _finished(folder, task, fingerprint)
    if finished is not None:
        return finished
    module, _, name = task.call.partition(":")
    function: Callable[..., Counts] = getattr(import_module(module), name)
    counts: Counts = json.loads(
        json.dumps(durability.plain(function(folder, **task.arguments, **task.places)), allow_nan=False)
    )
    files = [_entry(folder, name) for name in (*task.outputs, *counts.get("outputs", ()))]
    value = {"format": _FORMAT, "fingerprint": fingerprint, "files": files, "counts": counts}
    durability.write_json(folder / task.manifest, value)
    return counts


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
                result[key] = [*result.get(key, []), *value]
            else:
                result[key] = value
    return result


def file_hash(path: Path) -> str:
    """Return the 128-bit xxh3 hash of a file's content in hex: fast enough to check every shard at every start."""
    state = xxhash.xxh3_128()
    with path.open("rb") as stream:
        while block := stream.read(_CHUNK):
            state.update(block)
    return state.hexdigest()


def _fingerprint(folder: Path, task: Task, hashes: dict[str, str]) -> str:
    for name in task.inputs:
        if name not in hashes:
            hashes[name] = _input_hash(folder, name)
    return digest(
        {
            "call": task.call,
            "arguments": dict(task.arguments),
            "inputs": {name: hashes[name] for name in task.inputs},
            "outputs": list(task.outputs),
        }
    )


def _input_hash(folder: Path, name: str) -> str:
    path = folder / name
    if not path.is_file():
        do = "report this as a fault of the program: a step asks for a file that no step before it wrote"
        raise WorkError(Problem("MT224", "a file of the curation is missing", where=str(path), do=do))
    return file_hash(path)


def _entry(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    return {"path": name, "size": path.stat().st_size, "hash": file_hash(path)}


def _finished(folder: Path, task: Task, fingerprint: str) -> Counts | None:
    """Return the counts of a task whose manifest and files are whole, else None."""
    try:
        value = json.loads((folder / task.manifest).read_bytes())
        if value["format"] != _FORMAT or value["fingerprint"] != fingerprint:
            return None
        files, counts = value["files"], value["counts"]
        whole = all(
            (folder / entry["path"]).stat().st_size == entry["size"]
            and file_hash(folder / entry["path"]) == entry["hash"]
            for entry in files
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return counts if whole and isinstance(counts, dict) else None


def manifests(folder: Path, step: str) -> Iterator[tuple[int, Counts]]:
    """Yield (number, counts) of all finished tasks of a step, by number."""
    for path in sorted((folder / "manifests" / step).glob("*.json")):
        value = json.loads(path.read_bytes())
        yield int(path.stem), value["counts"]
