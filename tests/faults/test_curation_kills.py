"""R1 for curations: killed at drawn steps of any process, with changing workers, work ends with the same bits."""

from __future__ import annotations

import json
import random
import signal
import sys
from pathlib import Path

import psutil
import pytest
from harness import SEED, Result, launch

from corpus.executors import small_work as small

KILLS = 10
PROGRAM = Path(__file__).with_name("curation_program.py")


def run(folder: Path, workers: int, monkeypatch, bomb: str = "") -> Result:
    notes = folder / "notes"
    notes.mkdir(parents=True, exist_ok=True)
    for path in notes.iterdir():
        path.unlink()
    monkeypatch.setenv(small.NOTES, str(notes))
    monkeypatch.setenv(small.BOMB, bomb)
    return launch([sys.executable, str(PROGRAM), str(folder / "work"), str(workers)], notes=notes)


def noted(folder: Path, name: str) -> list[str]:
    path = folder / "notes" / name
    return path.read_text().splitlines() if path.exists() else []


def finished(folder: Path) -> set[str]:
    """The names of tasks with a manifest."""
    home = folder / "work/manifests"
    return {path.relative_to(home).as_posix() for path in home.rglob("*.json")}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """The bits, the totals and the number of steps in workers of a run without faults, in one process."""
    folder = tmp_path_factory.mktemp("unbroken")
    with pytest.MonkeyPatch.context() as patch:
        result = run(folder, 0, patch, bomb="worker:1000000")
    assert result.returncode == 0, result.stderr
    steps = len((folder / "notes/steps").read_text())
    assert steps > 100
    return small.tree(folder / "work"), json.loads(result.stdout), steps


def assert_same_as(folder: Path, result: Result, unbroken) -> None:
    bits, totals, _ = unbroken
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == totals
    assert small.tree(folder / "work") == bits


def test_a_chain_of_kills_of_everything_ends_with_the_same_bits_and_totals(quick_path, unbroken, monkeypatch):
    draw = random.Random(SEED)
    print(f"SEED={SEED}")
    for _ in range(KILLS):
        before = finished(quick_path)
        result = run(quick_path, draw.choice([0, 1, 2, 2]), monkeypatch, f"group:{draw.randint(2, 14)}")
        assert result.returncode == -signal.SIGKILL, result.stderr
        assert noted(quick_path, "fired"), "the fault must have happened"
        begun = noted(quick_path, "begun")
        assert len(begun) == len(set(begun)), "no task is begun twice in one run"
        assert not before & {"/".join([step(line), number(line)]) for line in begun}, "what is finished is not begun"
        assert before <= finished(quick_path)
    assert_same_as(quick_path, run(quick_path, 2, monkeypatch), unbroken)


def step(line: str) -> str:
    return line.split()[0].replace("square", "square/all")


def number(line: str) -> str:
    return f"{int(line.split()[1]):05d}.json"


@pytest.mark.parametrize("case", range(3))
def test_a_killed_worker_is_survived_within_the_run(quick_path, unbroken, monkeypatch, case):
    ordinal = random.Random(SEED + case).randint(1, unbroken[2])
    result = run(quick_path, 2, monkeypatch, f"worker:{ordinal}")
    assert len(noted(quick_path, "fired")) == 1
    assert "a worker process was ended from outside" in result.stderr
    assert_same_as(quick_path, result, unbroken)


def test_workers_that_always_die_fail_the_run_which_continues_later(quick_path, unbroken, monkeypatch):
    result = run(quick_path, 2, monkeypatch, "worker:40:forever")
    assert result.returncode == 1
    assert "MT211" in result.stderr
    assert "Traceback" not in result.stderr
    assert len(noted(quick_path, "fired")) >= 3
    assert not [pid for pid in map(int, noted(quick_path, "fired")) if psutil.pid_exists(pid)]
    assert_same_as(quick_path, run(quick_path, 1, monkeypatch), unbroken)


def test_without_the_fault_nothing_fires(quick_path, unbroken, monkeypatch):
    assert_same_as(quick_path, run(quick_path, 2, monkeypatch, "group:100000"), unbroken)
    assert noted(quick_path, "fired") == []


@pytest.mark.nightly
@pytest.mark.parametrize("workers", [0, 2])
def test_a_kill_at_every_step_ends_with_the_same_bits_and_totals(quick_path, unbroken, monkeypatch, workers):
    for ordinal in range(1, unbroken[2] + 1):
        folder = quick_path / str(ordinal)
        assert run(folder, workers, monkeypatch, f"group:{ordinal}").returncode == -signal.SIGKILL
        assert_same_as(folder, run(folder, 0, monkeypatch), unbroken)
