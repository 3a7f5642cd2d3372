"""R1 on the real main job: killed at any durable step, or asked to stop, it ends with the bits of an unbroken run."""

from __future__ import annotations

import json
import os
import random
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from harness import SEED, SOURCE

from stages.small import STAGES, World, read_json, timeless

KILLS = 12
STEPS = ("pretrain.steps=24", "pretrain.checkpoint_seconds=0.01")
SERVER = Path(__file__).with_name("server.py")


@dataclass(frozen=True)
class Ended:
    """How a command ended, with the evidence of its fault and the durable steps of one that came to its end."""

    code: int
    fired: tuple[str, ...]
    seconds_after_fault: float | None
    names: tuple[str, ...]
    stderr: str


class Server:
    """Commands in forks of one process that has everything imported."""

    def __init__(self, notes: Path) -> None:
        self.notes = notes
        environment = {key: value for key, value in os.environ.items() if not key.startswith("MOTHERTONGUE_FAULT")}
        environment |= {"PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
        words = [sys.executable, str(SERVER)]
        self._process = subprocess.Popen(
            words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self._answer() == {"ready": True}

    def start(self, argv: list[str], fault: str = "") -> int:
        """The pid of the command, which now runs."""
        for path in self.notes.iterdir():
            path.unlink()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"argv": argv, "fault": fault, "notes": str(self.notes)}) + "\n")
        self._process.stdin.flush()
        return int(self._answer()["pid"])

    def end(self) -> Ended:
        """The end of the command that was started."""
        answer = self._answer()
        fired, names = self.notes / "fired", self.notes / "names"
        return Ended(
            answer["code"],
            tuple(fired.read_text().splitlines()) if fired.exists() else (),
            answer["seconds_after_fault"],
            tuple(json.loads(names.read_text())) if names.exists() else (),
            (self.notes / "stderr").read_text("utf-8"),
        )

    def run(self, argv: list[str], fault: str = "") -> Ended:
        self.start(argv, fault)
        return self.end()

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()

    def _answer(self) -> dict[str, float]:
        assert self._process.stdout is not None
        answer: dict[str, float] = json.loads(self._process.stdout.readline())
        return answer


@pytest.fixture(scope="module")
def memory() -> Iterator[Path]:
    """A folder in memory where there is one: thousands of files are synced."""
    place = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=place if place.is_dir() else None, prefix="mothertongue-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def server(memory: Path) -> Iterator[Server]:
    notes = memory / "notes"
    notes.mkdir()
    started = Server(notes)
    yield started
    started.close()


@pytest.fixture(scope="module")
def unbroken(server: Server, world: World, memory: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    """What a run without faults leaves, and the names of its durable steps."""
    ended = server.run(world.words("teach", memory / "unbroken", *STEPS))
    assert ended.code == 0, ended.stderr
    assert ended.fired == ()
    return timeless(memory / "unbroken"), ended.names


def assert_same(run: Path, expected: dict[str, str]) -> None:
    found = timeless(run)
    different = {name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)}
    assert different == set(), f"SEED={SEED}"


def test_a_run_killed_a_dozen_times_ends_with_the_same_bits(server, world, unbroken, memory):
    expected, names = unbroken
    draw, kills, runs, places = random.Random(SEED), 0, 0, set()
    while kills < KILLS:  # in one run after another, should one be done sooner
        words = world.words("teach", run := memory / f"chain{runs}", *STEPS)
        runs, ended = runs + 1, None
        while kills < KILLS and (ended is None or ended.fired):
            # Most steps are those of curation; the first kill of every other run comes after it.
            least = len(names) * 2 // 3 if ended is None and runs % 2 == 0 else 10
            ordinal = draw.randint(least, len(names) - 10 if ended is None else len(names) // 4)
            ended = server.run(words, f"kill:{ordinal}")
            if ended.code != 0:
                assert ended.code == -signal.SIGKILL, ended.stderr
                (evidence,) = ended.fired  # the kill must have happened
                assert evidence.split()[:2] == ["kill", str(ordinal)]
                places.add(sum((run / stage / "manifest.json").exists() for stage in STAGES))
                kills += 1
        ended = server.run(words)
        assert ended.code == 0, ended.stderr
        assert_same(run, expected)
        assert all(entry["finished"] == 1 for entry in read_json(run / "run.json")["stages"].values())
    assert len(places) >= 3, f"SEED={SEED}: the kills must hit several stages, not {places}"


def test_kills_during_training_continue_from_a_checkpoint(server, world, unbroken, memory):
    expected, _ = unbroken
    run = memory / "training"
    assert server.run(world.words("expand", run, *STEPS)).code == 0
    words, continued = world.words("teach", run, *STEPS), []
    for gap in (40, 60, 75):
        ended = server.run(words, f"kill_after:{gap}")
        assert ended.code == -signal.SIGKILL, ended.stderr
        assert len(ended.fired) == 1
        state = run / "pretrain.part" / "checkpoint" / "state.json"
        continued.append(read_json(state)["step"] if state.is_file() else 0)
    assert 0 < continued[0] < continued[-1], f"steps of the checkpoints: {continued}"
    ended = server.run(words)
    assert ended.code == 0, ended.stderr
    assert "pretrain continues" in ended.stderr
    assert_same(run, expected)


def test_ctrl_c_during_training_stops_soon_and_says_how_to_go_on(server, world, unbroken, memory):
    expected, names = unbroken
    run = memory / "stopped"
    sixth = [number for number, name in enumerate(names, 1) if name == "append"][5]
    ended = server.run(world.words("teach", run, *STEPS), f"int:{sixth}")
    assert ended.code == 130, ended.stderr
    assert len(ended.fired) == 1
    assert ended.seconds_after_fault is not None
    assert ended.seconds_after_fault < 5
    assert (run / "pretrain.part" / "checkpoint" / "state.json").is_file()
    last = ended.stderr.strip().splitlines()[-1]
    program, *words = shlex.split(last)
    assert program == "mothertongue"
    ended = server.run(words)
    assert ended.code == 0, ended.stderr
    assert_same(run, expected)


@pytest.mark.parametrize("name", ["ENOSPC", "EIO"])
def test_a_failing_disk_ends_the_run_and_a_mended_one_continues_it(server, world, unbroken, memory, name):
    expected, names = unbroken
    run = memory / name
    words = world.words("teach", run, *STEPS)
    ended = server.run(words, f"{name}:{len(names) // 2}:forever")
    assert ended.code == 1, ended.stderr
    assert ended.fired
    assert "error MT80" in ended.stderr
    assert "Traceback" not in ended.stderr
    ended = server.run(words)
    assert ended.code == 0, ended.stderr
    assert_same(run, expected)


def test_one_changed_weight_would_be_noticed(unbroken, memory):
    path = memory / "unbroken" / "restore" / "model" / "model.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    try:
        assert timeless(memory / "unbroken") != unbroken[0]
    finally:
        path.write_bytes(data)


@pytest.mark.nightly
def test_kills_at_any_moment_end_with_the_same_bits(server, world, unbroken, memory):
    expected, _ = unbroken
    draw, killed, runs = random.Random(SEED), 0, 0
    while killed < 20:
        assert runs < 40, f"SEED={SEED}: only {killed} kills came in time"
        run, code = memory / f"any{runs}", -signal.SIGKILL
        while code == -signal.SIGKILL and killed < 20:
            pid = server.start(world.words("teach", run, *STEPS))
            time.sleep(draw.uniform(0.05, 2.5))
            with suppress(ProcessLookupError):  # it was faster
                os.kill(pid, signal.SIGKILL)
            code = server.end().code
            killed += code == -signal.SIGKILL
        runs += 1
        assert server.run(world.words("teach", run, *STEPS)).code == 0
        assert_same(run, expected)
