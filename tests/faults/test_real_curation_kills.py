"""R1 on a real curation: killed thirty times at drawn moments, with changing workers, it ends with the same bits."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from harness import SEED, Result, launch, start

from corpus.executors import small_work as small
from corpus.texts import text, write_files

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(3600)]
KILLS = 30
PROGRAM = Path(__file__).with_name("real_curation.py")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A folder with some trouble of every kind: repetitions, near-repetitions, short and foreign texts."""
    folder = tmp_path_factory.mktemp("source")
    write_files(folder, 120)
    for number in range(0, 40, 4):
        (folder / f"copy{number}.txt").write_text(text(number))
        (folder / f"near{number}.txt").write_text(text(number) + " en nog een paar woorden")
    (folder / "short.txt").write_text("te kort")
    (folder / "rows.jsonl").write_text(
        "".join(json.dumps({"text": text(500 + n, 120)}) + "\n" for n in range(60)) + "{\n"
    )
    return folder


def command(source: Path, folder: Path, workers: int | str) -> list[str]:
    return [sys.executable, str(PROGRAM), str(source), str(folder), str(workers)]


def bits(folder: Path) -> dict[str, bytes]:
    """Name -> content of all files; of the card without what the steps cost."""
    found = small.tree(folder)
    card = json.loads(found["card.json"])
    del card["costs"]
    return found | {"card.json": json.dumps(card).encode()}


@pytest.fixture(scope="module")
def unbroken(source, tmp_path_factory):
    """The outcome, the bits and the seconds of a curation that nothing disturbed, in one process."""
    folder = tmp_path_factory.mktemp("unbroken") / "work"
    began = time.monotonic()
    result = launch(command(source, folder, 0), timeout=300)
    assert result.returncode == 0, result.stderr
    assert len(bits(folder)) > 50
    return result.stdout, bits(folder), time.monotonic() - began


def assert_same_as(folder: Path, result: Result, unbroken) -> None:
    assert result.returncode == 0, result.stderr
    assert result.stdout == unbroken[0]
    found = bits(folder)
    assert [name for name in found.keys() | unbroken[1].keys() if found.get(name) != unbroken[1].get(name)] == []


def kill_after(child: subprocess.Popen[str], seconds: float) -> bool:
    """Whether the child was still at work when it and all its workers were killed."""
    try:
        child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
    return child.returncode == -signal.SIGKILL


@pytest.mark.parametrize("workers", [2, "ray"])
def test_processes_and_ray_give_the_bits_of_one_process(source, quick_path, unbroken, workers):
    assert_same_as(quick_path / "work", launch(command(source, quick_path / "work", workers), timeout=300), unbroken)


def test_thirty_kills_of_a_real_curation_change_no_bit(source, quick_path, unbroken):
    draw = random.Random(SEED)
    print(f"SEED={SEED}")
    kills, folder = 0, quick_path / "0"
    while kills < KILLS:
        workers = draw.choice([0, 1, 2])
        if kill_after(start(command(source, folder, workers)), draw.uniform(0.3, 1.0) * unbroken[2]):
            kills += 1
        else:  # it came to its end: the next chain of kills begins with nothing
            assert_same_as(folder, launch(command(source, folder, 0), timeout=300), unbroken)
            folder = quick_path / str(kills)
    assert_same_as(folder, launch(command(source, folder, 2), timeout=300), unbroken)


@pytest.mark.parametrize("kind", ["kill", "kill_after"])
def test_kills_at_drawn_steps_of_the_disk_change_no_bit(source, quick_path, unbroken, kind):
    counted = launch(command(source, quick_path / "counted", 0), notes=quick_path / "notes", timeout=300)
    for ordinal in random.Random(SEED).sample(range(1, counted.steps + 1), KILLS // 2):
        folder = quick_path / f"{kind}-{ordinal}"
        result = launch(command(source, folder, 0), f"{kind}:{ordinal}", quick_path / "notes", timeout=300)
        assert result.returncode == -signal.SIGKILL
        assert len(result.fired) == 1
        assert_same_as(folder, launch(command(source, folder, 0), timeout=300), unbroken)
