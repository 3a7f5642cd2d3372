"""R9: two processes and one run folder: one writes, the other leaves with 2 or takes over from the dead."""

from __future__ import annotations

import json
import os
import signal
import subprocess

from harness import launch, program, start, tree_hashes

from mothertongue import lease


def hold(folder, *options: str) -> subprocess.Popen[str]:
    """A process that holds the run folder until the file `go` appears."""
    child = start(program(folder / "run", "--hold", str(folder / "go"), *options))
    assert child.stdout.readline() == "holding\n"
    return child


def second(folder, patience: float = 10.0):
    return launch(program(folder / "run", "--hold", str(folder / "go"), "--patience", str(patience)))


def release(folder, child: subprocess.Popen[str]) -> tuple[int, str]:
    (folder / "go").touch()
    stderr = child.communicate(timeout=60)[1]
    return child.returncode, stderr


def test_the_second_process_leaves_with_two_and_names_the_first(quick_path):
    first = hold(quick_path)
    refused = second(quick_path)
    assert refused.returncode == 2
    assert f"process {first.pid} on {lease.platform.node()}, at work for" in refused.stderr
    assert f"kill {first.pid}" in refused.stderr
    assert "--run" in refused.stderr
    assert release(quick_path, first)[0] == 0


def test_two_that_start_together_end_with_one_writer(quick_path):
    both = [start(program(quick_path / "run")) for _ in range(2)]
    errors = [child.communicate(timeout=60)[1] for child in both]
    codes = sorted(child.returncode for child in both)
    assert codes in ([0, 0], [0, 2]), errors  # the first may be done before the second looks
    ledger = json.loads((quick_path / "run" / "run.json").read_text())["stages"]
    assert {entry["finished"] for entry in ledger.values()} == {1}


def test_a_killed_owner_is_healed_at_once(quick_path):
    first = hold(quick_path)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    (quick_path / "go").touch()
    result = second(quick_path, patience=1e6)
    assert result.returncode == 0
    assert f"took over the run folder from process {first.pid}" in result.stderr


def test_a_silent_owner_on_another_host_is_healed_after_the_patience(quick_path):
    assert launch(program(quick_path / "run")).returncode == 0
    owner = lease.Owner("elsewhere", "another machine", 1, "1", "x" * 32, 7)
    (quick_path / "run" / "lease.json").write_bytes(owner.data())
    result = launch(program(quick_path / "run", "--patience", "0.3"))
    assert result.returncode == 0
    assert "from process 1 on elsewhere" in result.stderr


def test_a_stopped_owner_is_replaced_and_renames_nothing_when_woken(quick_path):
    first = hold(quick_path)
    os.kill(first.pid, signal.SIGSTOP)
    (quick_path / "go").touch()
    result = second(quick_path, patience=0.5)
    assert result.returncode == 0, result.stderr
    before = tree_hashes(quick_path / "run", ignore=())
    os.kill(first.pid, signal.SIGCONT)
    code, stderr = release(quick_path, first)
    assert code == 1
    assert "MT812" in stderr
    assert "Traceback" not in stderr
    assert tree_hashes(quick_path / "run", ignore=()) == before


def test_an_owner_that_was_stopped_for_a_moment_goes_on(quick_path):
    first = hold(quick_path)
    os.kill(first.pid, signal.SIGSTOP)
    os.kill(first.pid, signal.SIGCONT)
    assert second(quick_path).returncode == 2
    assert release(quick_path, first)[0] == 0
