"""One array of Slurm jobs: its files, the script, and what the queue says about it.

Files of an array lie in `slurm/<hash of its jobs>-<attempt>/` below the folder of the work: `tasks.json`, `array.sh`,
`submitted.json` once Slurm has taken it, `logs/` and `errors/` with one file per element or job that has any.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from mothertongue import durability
from mothertongue.console import redact
from mothertongue.corpus.task import Job, job_of
from mothertongue.errors import InputError, MothertongueError, Problem, WorkError
from mothertongue.fingerprint import digest

FOLDER = "slurm"
MOST_ELEMENTS = 1000
"""Slurm's usual limit is 1001; more jobs than that share elements."""
_SECONDS = 60.0
"""How long a command of Slurm may take."""
_ENDED = {"BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED"}
_ENDED |= {"REVOKED", "TIMEOUT"}


@dataclass(frozen=True)
class SlurmOptions:
    """What an element asks Slurm for; empty values leave it to the cluster. Raises InputError MT265 for a bad one."""

    partition: str = ""
    account: str = ""
    time: str = ""
    """Limit of one element, such as `2:00:00`."""
    memory: str = ""
    """Memory of one element, such as `4G`."""
    cpus: int = 1
    """Cores of one element; a task uses one."""
    more: tuple[str, ...] = ()
    """Further options as sbatch takes them, such as `--qos=long`."""

    def __post_init__(self) -> None:
        problems = [
            Problem("MT265", "is not an option of sbatch", key=key, value=repr(value), allowed=allowed)
            for key, value, fine, allowed in (
                *((key, value, _one_line(value), "one line of text") for key, value in self.values().items()),
                *(("more", one, _one_line(one) and one.startswith("--"), "--NAME=VALUE") for one in self.more),
                ("cpus", self.cpus, self.cpus >= 1, "at least 1"),
            )
            if not fine
        ]
        if problems:
            raise InputError(problems)

    def values(self) -> dict[str, str]:
        """Return the name that sbatch has for an option -> its value, of those that are set."""
        named = {"partition": self.partition, "account": self.account, "time": self.time, "mem": self.memory}
        return {key: value for key, value in named.items() if value}


@dataclass(frozen=True)
class Array:
    """An array in its folder; `identifier` is the number that Slurm gave it, empty before."""

    folder: Path
    identifier: str = ""
    _value: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def script(self) -> Path:
        """The script for sbatch."""
        return self.folder / "array.sh"

    @property
    def elements(self) -> int:
        """How many elements share the jobs."""
        return int(self._value["elements"])

    @cached_property
    def jobs(self) -> dict[str, Job]:
        """The jobs by their key, in order."""
        return {job.key: job for job in map(job_of, self._value["jobs"])}

    @cached_property
    def _places(self) -> dict[str, int]:
        return {key: place for place, key in enumerate(self.jobs)}

    def element(self, key: str) -> int:
        """Return the index of the element that performs a job."""
        return self._places[key] % self.elements

    def log(self, key: str) -> Path:
        """Return the log of the element that performs a job."""
        return self.folder / "logs" / f"{self.element(key)}.log"

    def raise_error(self, key: str) -> None:
        """Raise what the job raised in its element: problems with their codes, all else as WorkError MT267."""
        try:
            value = json.loads((self.folder / "errors" / f"{self._places[key]:05d}.json").read_bytes())
        except FileNotFoundError:
            return
        if value["problems"]:
            problems = [Problem(**problem) for problem in value["problems"]]
            raise InputError(problems) if value["input"] else WorkError(problems)
        message = f"the task {self.jobs[key].task.name} failed: {value['message']}"
        do = "read the log; run the same command to try again, and report it if it stays"
        raise WorkError(Problem("MT267", message, where=str(self.log(key)), do=do))

    def submit(self) -> Array:
        """Return the array as Slurm has taken it; WorkError MT268 when it refuses."""
        done = run_slurm("sbatch", "--parsable", str(self.script))
        if done is None or done.returncode != 0:
            said = done.stderr.strip() if done else f"no answer within {_SECONDS:g} seconds"
            do = "correct the options of Slurm, or submit the script by hand and run the same command again"
            raise WorkError(Problem("MT268", f"sbatch refused the array: {said}", where=str(self.script), do=do))
        identifier = done.stdout.strip().splitlines()[-1].partition(";")[0]
        durability.write_json(self.folder / "submitted.json", {"identifier": identifier})
        return replace(self, identifier=identifier)

    def living(self) -> frozenset[int] | None:
        """Return the elements that wait or run; None when Slurm does not answer now."""
        if not self.identifier:
            return frozenset()
        done = run_slurm(
            "squeue", "--noheader", "--array", "--states=all", f"--jobs={self.identifier}", "--format=%K %T"
        )
        if done is None or (done.returncode != 0 and "invalid job id" not in done.stderr.lower()):
            return None
        rows = [line.split() for line in done.stdout.splitlines() if done.returncode == 0]
        return frozenset(int(row[0]) for row in rows if len(row) == 2 and row[0].isdigit() and row[1] not in _ENDED)

    def cancel(self) -> None:
        """Take the array out of the queue and end its elements."""
        if self.identifier:
            run_slurm("scancel", self.identifier)

    def end_of(self, key: str) -> str:
        """Return in words how the element of a job ended, as far as Slurm knows, and the end of its log."""
        element = f"{self.identifier}_{self.element(key)}"
        done = run_slurm("sacct", "--noheader", "--parsable2", "--allocations", f"--jobs={element}", "--format=State")
        state = done.stdout.strip().splitlines()[-1:] if done is not None and done.returncode == 0 else []
        said = f"Slurm says {state[0]}" if state else "Slurm's accounting says nothing"
        return f"{said}; {_tail(self.log(key))}"


def write_array(folder: Path, jobs: Sequence[Job], attempt: int, options: SlurmOptions, at_once: int | None) -> Array:
    """Return a new array for the jobs with its files written; nothing is submitted."""
    home = folder / FOLDER / f"{digest([job.key for job in jobs])[:12]}-{attempt}"
    durability.remove(home)
    value = {"elements": min(len(jobs), MOST_ELEMENTS), "jobs": [durability.plain(job) for job in jobs]}
    array = Array(home, "", value)
    durability.make_folder(home / "logs")
    durability.write_text(array.script, script(array, jobs[0].task.step, options, at_once))
    durability.write_json(home / "tasks.json", value)
    return array


def arrays(folder: Path) -> Iterator[Array]:
    """Yield the arrays that lie in a folder of work, submitted or not."""
    for path in sorted((folder / FOLDER).glob("*/tasks.json")):
        submitted = path.with_name("submitted.json")
        identifier = json.loads(submitted.read_bytes())["identifier"] if submitted.is_file() else ""
        yield Array(path.parent, identifier, json.loads(path.read_bytes()))


def script(array: Array, step: str, options: SlurmOptions, at_once: int | None) -> str:
    """Return the script of an array; quotes in `#SBATCH` lines are understood by sbatch as a shell would."""
    if not _one_line(str(array.folder)):
        raise InputError(Problem("MT265", "has a line break in its name", where=repr(str(array.folder))))
    log = str(array.folder / "logs").replace("%", "%%") + "/%a.log"
    limit = f"%{at_once}" if at_once else ""
    named = {
        "job-name": f"mothertongue-{step.replace('/', '-')}",
        "array": f"0-{array.elements - 1}{limit}",
        "output": log,
        "cpus-per-task": str(options.cpus),
        **options.values(),
    }
    asked = [f"--{key}={value}" for key, value in named.items()] + list(options.more)
    known = os.environ.get("PYTHONPATH")
    call = [sys.executable, "-m", f"{__package__}.slurm", str(array.folder / "tasks.json")]
    lines = [
        "#!/bin/bash",
        *(f"#SBATCH {shlex.quote(one)}" for one in asked),
        *([f"export PYTHONPATH={shlex.quote(known)}"] if known else []),
        f'exec {shlex.join(call)} "$SLURM_ARRAY_TASK_ID"',
    ]
    return "\n".join(lines) + "\n"


def run_slurm(*command: str) -> subprocess.CompletedProcess[str] | None:
    """Return the end of a command of Slurm; None when it gives no answer in time or the accounting is not installed.

    Raises InputError MT269 when Slurm is not installed here.
    """
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return None
    except FileNotFoundError as error:
        if command[0] == "sacct":
            return None
        message = f"{command[0]} is not on the PATH of this machine"
        do = "start the command on a machine that may submit jobs, or choose another executor"
        raise InputError(Problem("MT269", message, key="executor", value="slurm", do=do)) from error


def write_error(home: Path, place: int, error: Exception) -> None:
    """Keep what a job raised for the process that waits for it."""
    problems = error.problems if isinstance(error, MothertongueError) else ()
    first = (str(error).strip().splitlines() or [""])[0][:300]
    value = {
        "input": isinstance(error, InputError),
        "problems": durability.plain(problems),
        "message": f"{type(error).__name__}: {first}",
    }
    durability.write_json(home / "errors" / f"{place:05d}.json", value)


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            stream.seek(max(path.stat().st_size - 1000, 0))
            lines = stream.read().decode("utf-8", "replace").strip().splitlines()[-5:]
    except OSError:
        return "there is no log"
    return "its log ends: " + redact(" | ".join(lines)) if lines else "its log is empty"


def _one_line(value: str) -> bool:
    return value.isprintable()
