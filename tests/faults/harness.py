"""Children that really die: start a program with a fault, see how it ended, and compare what it left on the disk."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(__file__).with_name("program.py")
SOURCE = Path(__file__).parents[2] / "src"
TIMES = {"seconds", "tokens_per_second", "time"}  # keys of metrics.jsonl that differ between two equal runs
SEED = int(os.environ.get("SEED", "20261123"))  # `make fault SEED=...` replays


@dataclass(frozen=True)
class Result:
    """How a child ended; `fired` is the evidence that the fault happened, `steps` the count of durable steps."""

    returncode: int
    stdout: str
    stderr: str
    fired: tuple[str, ...]
    steps: int | None

    @property
    def last_line(self) -> str:
        return (self.stderr.strip().splitlines() or [""])[-1]


def start(argv: Sequence[str], fault: str = "", notes: Path | None = None) -> subprocess.Popen[str]:
    """A child in a process group of its own with the fault in its environment."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MOTHERTONGUE_FAULT")}
    environment |= {"PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    if fault:
        environment["MOTHERTONGUE_FAULT"] = fault
    if notes is not None:
        environment |= {
            "MOTHERTONGUE_FAULT_LOG": str(notes / "fired"),
            "MOTHERTONGUE_FAULT_COUNT": str(notes / "count"),
        }
    return subprocess.Popen(
        list(argv),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_default_signals,
    )


def launch(argv: Sequence[str], fault: str = "", notes: Path | None = None, timeout: float = 120) -> Result:
    """The end of a child; `notes` is a folder outside of the run folder for the evidence of the fault."""
    if notes is not None:
        notes.mkdir(parents=True, exist_ok=True)
        for name in ("fired", "count"):
            (notes / name).unlink(missing_ok=True)
    child = start(argv, fault, notes)
    try:
        stdout, stderr = child.communicate(timeout=timeout)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    fired, steps = (), None
    if notes is not None:
        fired = tuple((notes / "fired").read_text().splitlines()) if (notes / "fired").exists() else ()
        steps = int((notes / "count").read_text()) if (notes / "count").exists() else None
    return Result(child.returncode, stdout, stderr, fired, steps)


def tree_hashes(folder: Path, ignore: Sequence[str] = ("run.json",)) -> dict[str, str]:
    """Relative path -> sha256 of every file and mark of every folder; times in metrics.jsonl do not count."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name in ignore:
            continue
        if path.is_dir():
            found[name] = "folder"
        elif name == "metrics.jsonl":
            found[name] = hashlib.sha256(without_times(path).encode()).hexdigest()
        else:
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def without_times(path: Path) -> str:
    """The lines of a metrics file without the keys that measure time."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return "\n".join(json.dumps({key: value for key, value in row.items() if key not in TIMES}) for row in rows)


def ledger(folder: Path) -> dict[str, dict[str, object]]:
    """Stage -> entry of run.json."""
    stages: dict[str, dict[str, object]] = json.loads((folder / "run.json").read_text())["stages"]
    return stages


def ordinals(steps: int, count: int, seed: int = SEED) -> list[int]:
    """`count` ordinals from 1 to `steps` drawn with a seed; all of them when there are fewer."""
    return sorted(random.Random(seed).sample(range(1, steps + 1), min(count, steps)))


def program(run: Path, *options: str) -> list[str]:
    """The command line of the small program with fake stages."""
    return [sys.executable, str(PROGRAM), str(run), *options]


def _default_signals() -> None:
    # A shell that starts the tests in the background ignores SIGINT, and a child would inherit that.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
