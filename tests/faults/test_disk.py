"""R5: when any durable step fails with any disk error, the run says so in words, exits with 1 and can be continued."""

from __future__ import annotations

import errno
import os

import pytest
from fake_stages import FakeRecipe, stages
from harness import launch, ledger, program, tree_hashes

from mothertongue import faults
from mothertongue.errors import WorkError
from mothertongue.run import execute

KINDS = ("ENOSPC", "EIO")
ALL_KINDS = ("ENOSPC", "EIO", "EDQUOT", "EACCES", "EMFILE")


@pytest.fixture
def recipe(tmp_path):
    (tmp_path / "source.txt").write_text("een twee drie vier vijf")
    return FakeRecipe(tmp_path / "source.txt")


@pytest.fixture
def unbroken(quick_path, recipe):
    faults.FAULTS.count = 0
    execute(stages(), recipe, quick_path / "unbroken")
    return tree_hashes(quick_path / "unbroken"), faults.FAULTS.count


def fails_and_continues(folder, recipe, inject, fault, expected):
    evidence = inject(fault)
    with pytest.raises(WorkError) as caught:
        execute(stages(), recipe, folder)
    lines = evidence()
    assert lines, "the fault must have happened"
    text = str(caught.value)
    assert os.strerror(getattr(errno, fault.split(":")[0])) in text
    assert str(folder) in text
    assert "bytes are free" in text
    assert "do: " in text
    assert "Traceback" not in text
    inject("")
    execute(stages(), recipe, folder)
    assert tree_hashes(folder) == expected
    assert all(entry["finished"] == 1 for entry in ledger(folder).values())


def test_every_step_may_fail_once(quick_path, recipe, inject, unbroken):
    expected, steps = unbroken
    assert steps > 100
    for ordinal in range(1, steps + 1):
        fault = f"{KINDS[ordinal % 2]}:{ordinal}"
        fails_and_continues(quick_path / str(ordinal), recipe, inject, fault, expected)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_step_may_fail_for_ever(quick_path, recipe, inject, unbroken, kind):
    expected, steps = unbroken
    for ordinal in range(1 + ALL_KINDS.index(kind), steps, 29):
        fails_and_continues(quick_path / str(ordinal), recipe, inject, f"{kind}:{ordinal}:forever", expected)


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ALL_KINDS)
@pytest.mark.parametrize("forever", ["", ":forever"])
def test_every_step_may_fail_with_every_error(quick_path, recipe, inject, unbroken, kind, forever):
    expected, steps = unbroken
    for ordinal in range(1, steps + 1):
        fails_and_continues(quick_path / str(ordinal), recipe, inject, f"{kind}:{ordinal}{forever}", expected)


@pytest.mark.parametrize("fault", ["ENOSPC:30", "EIO:75:forever"])
def test_a_process_exits_with_one_and_a_message(quick_path, fault):
    folder = quick_path / "run"
    result = launch(program(folder), fault, quick_path / "notes")
    assert result.returncode == 1
    assert result.fired
    assert str(folder) in result.stderr
    assert "Traceback" not in result.stderr
    assert launch(program(folder)).returncode == 0


def test_without_the_fault_nothing_fails(quick_path, recipe, inject, unbroken):
    with pytest.raises(pytest.fail.Exception):
        fails_and_continues(quick_path / "x", recipe, inject, f"EIO:{unbroken[1] + 1000}", unbroken[0])
