"""R4: a run stopped by a signal exits with 130 within five seconds, names the next command, keeps the bits."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest
from harness import launch, ledger, program, start, tree_hashes

from mothertongue.interrupts import Interrupts


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unbroken")
    assert launch(program(folder / "run")).returncode == 0
    return tree_hashes(folder / "run")


@pytest.mark.parametrize("fault", ["int:50", "term:80", "hup:110", "int:60:forever"])
def test_a_signal_stops_the_run_which_continues_to_the_same_bits(quick_path, unbroken, fault):
    folder = quick_path / "run"
    began = time.monotonic()
    result = launch(program(folder), fault, quick_path / "notes")
    assert time.monotonic() - began < 20
    assert result.returncode == 130, result.stderr
    assert len(result.fired) >= 1
    assert result.last_line == f"mothertongue teach {folder}/recipe.yaml --run {folder}"
    assert "Traceback" not in result.stderr
    assert launch(program(folder)).returncode == 0
    assert tree_hashes(folder) == unbroken
    assert all(entry["finished"] == 1 for entry in ledger(folder).values())


def hold(folder, *options: str) -> subprocess.Popen[str]:
    child = start(program(folder / "run", "--hold", str(folder / "go"), *options))
    assert child.stdout.readline() == "holding\n"
    return child


def end(child: subprocess.Popen[str]) -> tuple[int, str, float]:
    began = time.monotonic()
    _, stderr = child.communicate(timeout=60)
    return child.returncode, stderr, time.monotonic() - began


def test_a_step_that_never_asks_is_left_within_five_seconds(quick_path):
    child = hold(quick_path, "--deaf")
    child.send_signal(signal.SIGTERM)
    code, stderr, seconds = end(child)
    assert code == 130
    assert seconds < 5
    assert stderr.splitlines()[-1].startswith("mothertongue teach ")


def test_a_second_control_c_leaves_at_once(quick_path):
    child = hold(quick_path, "--deaf")
    child.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(timeout=0.3)
    child.send_signal(signal.SIGINT)
    code, stderr, seconds = end(child)
    assert code == 130
    assert seconds < 2, "well before the grace of four seconds"
    assert "interrupted at once" in stderr
    assert stderr.splitlines()[-1].startswith("mothertongue teach ")


def test_without_a_signal_nothing_is_asked(quick_path):
    (quick_path / "go").touch()
    code, _, _ = end(hold(quick_path))
    assert code == 0
    with Interrupts("x") as interrupts:
        interrupts.check()


def test_handlers_are_put_back():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with Interrupts("x"):
        assert signal.getsignal(signal.SIGTERM) != before[1]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interrupts("x"):
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_the_end_of_a_forked_worker_is_no_signal_to_the_run():
    with Interrupts("x", grace=60) as interrupts:
        child = os.fork()
        if child == 0:
            time.sleep(10)
            os._exit(0)
        os.kill(child, signal.SIGTERM)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGTERM
        assert interrupts._signalled(0.05) is False
        interrupts.check()
