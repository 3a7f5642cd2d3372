"""A small curation for tests: three steps over numbers, whose results can be worked out by hand, and bombs.

Step `make` writes the numbers N*10 .. N*10+9 as shard N, in two files; step `square` squares them; step `join` adds
everything up. A bomb in the environment, `BOMB=worker:ORDINAL` or `group:ORDINAL` or `worker:ORDINAL:forever`, kills
the process that is about to make that durable step, counted over all processes, or its whole group.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

from mothertongue import durability, faults
from mothertongue.corpus.task import Task
from mothertongue.corpus.work import Work
from mothertongue.errors import InputError, Problem

BOMB, NOTES = "CURATION_BOMB", "CURATION_NOTES"
SHARDS = 6
SUM_OF_SQUARES = sum(number**2 for number in range(10 * SHARDS))


def plan_make(shards: int = SHARDS, version: int = 1) -> list[Task]:
    return [
        Task(
            "make",
            number,
            f"{__name__}:make",
            {"number": number, "version": version},
            outputs=(f"numbers/{number:05d}.json",),
            places={"note": f"anything {os.getpid()}"},
        )
        for number in range(shards)
    ]


def plan_square(shards: int = SHARDS) -> list[Task]:
    return [
        Task(
            "square/all",
            number,
            f"{__name__}:square",
            {"number": number},
            (f"numbers/{number:05d}.json",),
            (f"squares/{number:05d}.json",),
        )
        for number in range(shards)
    ]


def plan_join(shards: int = SHARDS) -> list[Task]:
    inputs = tuple(f"squares/{number:05d}.json" for number in range(shards))
    return [Task("join", 0, f"{__name__}:join", {"names": list(inputs)}, inputs, ("sum.json",))]


def everything(work: Work, shards: int = SHARDS) -> list[list[dict[str, Any]]]:
    """The counts of all steps."""
    return [
        work.run(plan_make(shards), "making"),
        work.run(plan_square(shards), "squaring"),
        work.run(plan_join(shards), "joining"),
    ]


def make(folder: Path, *, number: int, version: int, note: str) -> dict[str, Any]:
    begin("make", number)
    numbers = list(range(10 * number, 10 * number + 10))
    durability.write_json(folder / f"numbers/{number:05d}.json", numbers)
    durability.write_json(folder / f"extra/{number:05d}.json", version)
    return {
        "numbers": len(numbers),
        "even": {"yes": 5, "no": 5},
        "names": [f"shard {number}"],
        "outputs": [f"extra/{number:05d}.json"],
    }


def square(folder: Path, *, number: int) -> dict[str, Any]:
    begin("square", number)
    numbers = json.loads((folder / f"numbers/{number:05d}.json").read_text())
    durability.write_json(folder / f"squares/{number:05d}.json", [value**2 for value in numbers])
    return {"numbers": len(numbers)}


def join(folder: Path, *, names: list[str]) -> dict[str, Any]:
    begin("join", 0)
    numbers = [value for name in names for value in json.loads((folder / name).read_text())]
    durability.write_json(folder / "sum.json", sum(numbers))
    return {"sum": sum(numbers)}


def fail(folder: Path) -> dict[str, Any]:
    raise ValueError("three is no even number")


def kill_once(folder: Path) -> dict[str, Any]:
    """Dies in the middle of its first attempt, in any executor."""
    mark = folder / "died"
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"done": 1}


def kill_always(folder: Path) -> dict[str, Any]:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def process(folder: Path) -> dict[str, Any]:
    return {"pid": os.getpid()}


def tree(folder: Path) -> dict[str, bytes]:
    """Name -> content of all files that must have the same bits, whatever happened; measured costs need not."""
    return {
        name: path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not (name := path.relative_to(folder).as_posix()).startswith("costs/")
    }


def begin(step: str, number: int) -> None:
    """Note that a task begins, and arm the bomb of the environment in this process."""
    notes = os.environ.get(NOTES)
    if notes:
        append(Path(notes) / "begun", f"{step} {number}\n")
    if os.environ.get(BOMB) and not isinstance(faults.FAULTS.fault, Bomb):
        faults.FAULTS.fault = Bomb(os.environ[BOMB], Path(notes))


class Bomb:
    """A fault that counts the steps of all processes in one file and goes off once, or for ever."""

    kind = "kill"

    def __init__(self, text: str, notes: Path) -> None:
        self.victim, ordinal, *rest = text.split(":")
        self.ordinal, self.forever, self.notes = int(ordinal), bool(rest), notes

    def due(self, ordinal: int) -> bool:
        del ordinal
        count = append(self.notes / "steps", ".")
        if count < self.ordinal or not (self.forever or first(self.notes / "spent")):
            return False
        append(self.notes / "fired", f"{os.getpid()}\n")
        if self.victim == "group":
            os.killpg(os.getpgrp(), signal.SIGKILL)
        return True


def first(path: Path) -> bool:
    """Whether this process is the one that makes the file: two may come to the same step at once."""
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def append(path: Path, text: str) -> int:
    """The size of a file after a text was added to it in one call."""
    with path.open("ab", buffering=0) as stream:
        stream.write(text.encode())
        return stream.tell()


def hold(folder: Path) -> dict[str, Any]:
    """Says that it is at work in the pipe of the notes, and then never ends."""
    with (Path(os.environ[NOTES]) / "ready").open("w") as stream:
        stream.write(f"{os.getpid()}\n")
    threading.Event().wait()
    return {}


def refuse(folder: Path) -> dict[str, Any]:
    raise InputError(Problem("MT209", "is out of range", key="share", value="7"))
