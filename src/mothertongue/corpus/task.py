"""One task of a curation: what decides its output, how it is performed, and the manifest that says it is finished.

A task calls one function, named as `module:function`, with arguments in the types of JSON; the function writes files
through `durability` and returns counts. The manifest is written last and holds what decided the output, size and hash
of every file, and the counts. It has the same bits from every executor; what the task cost lies apart, in `costs/`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import xxhash

from mothertongue import durability
from mothertongue.fingerprint import Parts, canonical_json, digest
from mothertongue.ledger import MemoryMeter

Counts = dict[str, Any]
"""What a task reports: JSON values; numbers are summed by `total`."""
MANIFESTS, COSTS = "manifests", "costs"
UNFINISHED = "it was not finished"
_FORMAT = 1
_CHUNK = 1 << 20
_MOST_SHOWN = 200
"""Longer values of arguments stand in manifests as their hash."""


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
    """Files that are read; their content is part of what decides the output."""
    outputs: tuple[str, ...] = ()
    """Files that are written, through `durability`. A function that only knows afterwards how many files it wrote
    names them in its counts, under `outputs`."""
    places: Mapping[str, Any] = field(default_factory=dict)
    """More arguments that decide nothing: where files outside the folder lie. Their content belongs in `arguments`."""
    weight: float = 1.0
    """Size for the progress bar."""

    @property
    def name(self) -> str:
        """The step and the number, such as `read/00003`."""
        return f"{self.step}/{self.number:05d}"

    @property
    def manifest(self) -> str:
        """The path of the manifest, relative to the folder."""
        return f"{MANIFESTS}/{self.name}.json"


@dataclass(frozen=True)
class Job:
    """A task in its folder, with the hashes of its inputs: all that a worker needs, in the types of JSON."""

    folder: str
    task: Task
    inputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def parts(self) -> Parts:
        """What decides the output, short enough to be kept beside every shard."""
        arguments = {key: _shown(value) for key, value in self.task.arguments.items()}
        options = {"call": self.task.call, "arguments": arguments, "outputs": list(self.task.outputs)}
        return Parts(self.task.step, _FORMAT, 0, options, self.inputs)

    @property
    def key(self) -> str:
        """A text that two jobs share when they write the same bits to the same places."""
        return f"{self.task.manifest} {self.parts.fingerprint()}"


def job_of(value: Mapping[str, Any]) -> Job:
    """Return the job that `durability.plain` turned into JSON."""
    task = {**value["task"], "inputs": tuple(value["task"]["inputs"]), "outputs": tuple(value["task"]["outputs"])}
    return Job(value["folder"], Task(**task), value["inputs"])


def perform(job: Job) -> Counts:
    """Perform one task and return its counts; its manifest is written last.

    Runs in any process. A task that another worker has finished meanwhile is not performed again.
    """
    folder, task = Path(job.folder), job.task
    done = finished(job)
    if done is not None:
        return done
    module, _, name = task.call.partition(":")
    function: Callable[..., Counts] = getattr(import_module(module), name)
    meter, began, computed = MemoryMeter(), time.monotonic(), time.process_time()
    try:
        counts = _json(function(folder, **task.arguments, **task.places))
    except Exception as error:
        error.add_note(f"in the task {task.name} of {folder}")
        raise
    finally:
        peak = meter.stop()
    cost = {
        "seconds": time.monotonic() - began,
        "cpu_seconds": time.process_time() - computed,
        "peak_memory_bytes": peak,
    }
    durability.write_json(folder / COSTS / f"{task.name}.json", cost)
    files = [_entry(folder, name) for name in (*task.outputs, *counts.get("outputs", ()))]
    value = {"parts": durability.plain(job.parts), "files": files, "counts": counts}
    durability.write_json(folder / task.manifest, {**value, "checksum": digest(value)})
    return counts


def finished(job: Job, hash_file: Callable[[Path], str] | None = None) -> Counts | None:
    """Return the counts of a task whose manifest and files are whole, else None."""
    stored = read_manifest(Path(job.folder) / job.task.manifest)
    if stored is None or _differences(job, stored, hash_file or file_hash):
        return None
    counts: Counts = stored["counts"]
    return counts


def why(job: Job, hash_file: Callable[[Path], str] | None = None) -> list[str]:
    """Return in words why the task has to be performed; empty when it is finished and undamaged."""
    path = Path(job.folder) / job.task.manifest
    stored = read_manifest(path)
    if stored is None:
        return [f"{job.task.manifest} is damaged" if path.exists() else UNFINISHED]
    return _differences(job, stored, hash_file or file_hash)


def read_manifest(path: Path) -> dict[str, Any] | None:
    """Return parts, files and counts of a manifest; None when there is none or it is damaged."""
    try:
        value: dict[str, Any] = json.loads(path.read_bytes())
        checksum = value.pop("checksum")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return value if checksum == digest(value) else None


def file_hash(path: Path) -> str:
    """Return the 128-bit xxh3 hash of a file's content in hex: fast enough to check every shard at every start."""
    state = xxhash.xxh3_128()
    with path.open("rb") as stream:
        while block := stream.read(_CHUNK):
            state.update(block)
    return state.hexdigest()


def _json(counts: Counts) -> Counts:
    """Return counts as they come back from a manifest, so that the first run and every later one see the same."""
    value: Counts = json.loads(json.dumps(durability.plain(counts), allow_nan=False))
    return value


def _entry(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    return {"path": name, "size": path.stat().st_size, "hash": file_hash(path)}


def _differences(job: Job, stored: Mapping[str, Any], hash_file: Callable[[Path], str]) -> list[str]:
    """Return what changed since the manifest was written: options and inputs first, since they explain the files."""
    now = job.parts
    if durability.plain(now) != stored["parts"]:
        return now.differences(Parts(**stored["parts"])) or ["the order of its files changed"]
    return [text for entry in stored["files"] if (text := _damage(Path(job.folder), entry, hash_file))]


def _damage(folder: Path, entry: Mapping[str, Any], hash_file: Callable[[Path], str]) -> str:
    path = folder / entry["path"]
    try:
        if (size := path.stat().st_size) != entry["size"]:
            return f"{entry['path']} has {size:,} bytes instead of {entry['size']:,}"
        return (
            "" if hash_file(path) == entry["hash"] else f"{entry['path']} has another content than when it was written"
        )
    except OSError:
        return f"{entry['path']} cannot be read" if path.exists() else f"{entry['path']} is missing"


def _shown(value: Any) -> Any:
    return value if len(canonical_json(value)) <= _MOST_SHOWN else f"sha256:{digest(value)}"
