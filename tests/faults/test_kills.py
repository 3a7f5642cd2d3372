"""R1: a run killed with SIGKILL at any durable step continues to the same bits, and no stage is done twice."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest
from harness import SEED, launch, ledger, ordinals, program, tree_hashes

CASES = 12


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """The hashes of a run without faults, and its number of durable steps."""
    folder = tmp_path_factory.mktemp("unbroken")
    result = launch(program(folder / "run"), notes=folder / "notes")
    assert result.returncode == 0, result.stderr
    assert result.fired == ()
    assert result.steps > 100
    return tree_hashes(folder / "run"), result.steps


def killed_at(folder: Path, fault: str) -> None:
    """The run in `folder` is killed by `fault`, and the evidence shows that it was."""
    result = launch(program(folder / "run"), fault, folder / "notes")
    assert result.returncode == -signal.SIGKILL, result.stderr
    assert len(result.fired) == 1, "the fault must have happened"
    assert result.fired[0].split()[:2] == fault.split(":")[:2]


def assert_same_as(folder: Path, expected: dict[str, str]) -> None:
    assert tree_hashes(folder / "run") == expected
    assert {stage: entry["finished"] for stage, entry in ledger(folder / "run").items()} == {
        "corpus": 1,
        "training": 1,
        "report": 1,
    }
    starts = (folder / "starts").read_text().splitlines()
    assert not [line for line in starts if line.endswith("again")], "a finished stage was started"


def recover(folder: Path) -> None:
    result = launch(program(folder / "run"), notes=folder / "notes")
    assert result.returncode == 0, result.stderr
    assert result.fired == ()


@pytest.mark.parametrize("case", range(CASES))
def test_a_killed_run_continues_to_the_same_bits(quick_path, unbroken, monkeypatch, case):
    expected, steps = unbroken
    monkeypatch.setenv("FAKE_STAGE_LOG", str(quick_path / "starts"))
    kind = ("kill", "kill_after")[case % 2]
    fault = f"{kind}:{ordinals(steps, CASES)[case]}"
    print(f"SEED={SEED} {fault}")
    killed_at(quick_path, fault)
    recover(quick_path)
    assert_same_as(quick_path, expected)


def test_a_chain_of_kills_ends_with_the_same_bits(quick_path, unbroken, monkeypatch):
    expected, _ = unbroken
    monkeypatch.setenv("FAKE_STAGE_LOG", str(quick_path / "starts"))
    draw = random.Random(SEED)
    for _ in range(4):
        killed_at(quick_path, f"kill:{draw.randint(2, 25)}")
    recover(quick_path)
    assert_same_as(quick_path, expected)


def test_without_the_fault_the_evidence_is_missing(quick_path, unbroken):
    with pytest.raises(AssertionError):
        killed_at(quick_path, f"kill:{unbroken[1] + 1000}")


def test_a_file_that_differs_by_one_bit_is_seen(quick_path, unbroken):
    recover(quick_path)
    assert tree_hashes(quick_path / "run") == unbroken[0]
    path = quick_path / "run" / "training" / "weights.bin"
    data = path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    assert tree_hashes(quick_path / "run") != unbroken[0]


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ["kill", "kill_after"])
def test_a_kill_at_every_step_continues_to_the_same_bits(quick_path, unbroken, monkeypatch, kind):
    expected, steps = unbroken
    for ordinal in range(1, steps + 1):
        folder = quick_path / str(ordinal)
        folder.mkdir()
        monkeypatch.setenv("FAKE_STAGE_LOG", str(folder / "starts"))
        killed_at(folder, f"{kind}:{ordinal}")
        recover(folder)
        assert_same_as(folder, expected)


def test_the_lease_of_a_killed_run_is_healed_without_the_user(quick_path, unbroken):
    killed_at(quick_path, "kill:40")
    assert (quick_path / "run" / "lease.json").exists()
    assert not (quick_path / "run" / "report.html").exists()
    recover(quick_path)
    assert not (quick_path / "run" / "lease.json").exists()
