"""Worker processes: a killed one is replaced, a deadly task is named, and none outlives its parent (R7, R8)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from corpus.executors import small_work as small
from mothertongue.corpus.executors import Processes, processes
from mothertongue.corpus.task import Job, Task
from mothertongue.corpus.work import Work, open_work
from mothertongue.errors import WorkError

TESTS = Path(__file__).parents[2]


def tasks(function: str, count: int = 1) -> list[Task]:
    return [Task(function, number, f"{small.__name__}:{function}") for number in range(count)]


@pytest.fixture(scope="module")
def two():
    executor = Processes(2)
    yield executor
    executor.close()


def workers() -> list[psutil.Process]:
    """Worker processes of this process; the tracker of shared resources stays by design."""
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if "resource_tracker" not in " ".join(child.cmdline())
    ]


def test_the_bits_are_those_of_one_process(quick_path, two):
    whole = [small.everything(Work(quick_path / name, executor)) for name, executor in (("two", two), ("again", two))]
    inline = small.everything(Work(quick_path / "inline"))
    assert whole == [inline, inline]
    assert small.tree(quick_path / "two") == small.tree(quick_path / "inline")


def test_workers_stay_for_the_next_step(quick_path, two):
    work = Work(quick_path, two)
    pids = [{part["pid"] for part in work.run(tasks("process", 6)[first : first + 3], "x")} for first in (0, 3)]
    assert pids[0] | pids[1] <= {child.pid for child in workers()}
    assert len(pids[0] | pids[1]) <= 2
    assert os.getpid() not in pids[0]


def test_workers_that_have_worked_long_are_replaced_after_the_step(quick_path, two, monkeypatch):
    work = Work(quick_path, two)
    old = {part["pid"] for part in work.run(tasks("process", 2), "x")}
    monkeypatch.setattr(processes, "_LIFE_SECONDS", 0.0)
    work.run(tasks("process", 3), "x")
    assert workers() == []
    new = {part["pid"] for part in work.run(tasks("process", 6), "x")[3:]}
    assert not new & old


def test_a_killed_worker_is_replaced(quick_path, two, capsys):
    assert Work(quick_path, two).run(tasks("kill_once") + tasks("process", 3), "x")[0] == {"done": 1}
    assert "a worker process was ended from outside" in capsys.readouterr().err


def test_a_task_that_kills_every_worker_is_named_and_the_rest_is_kept(quick_path, two):
    with pytest.raises(WorkError) as caught:
        Work(quick_path, two).run(tasks("process", 3) + tasks("kill_always"), "x")
    assert caught.value.problems[0].code == "MT211"
    assert "(kill_always/00000)" in caught.value.problems[0].message
    assert [Work(quick_path).why(task) for task in tasks("process", 3)] == [[], [], []]


def test_an_error_of_a_task_leaves_as_it_was_with_the_task_named(quick_path, two):
    with pytest.raises(ValueError, match="three is no even number") as caught:
        Work(quick_path, two).run(tasks("fail"), "x")
    assert "fail/00000" in caught.value.__notes__[0]


def test_a_stop_ends_all_workers_at_once(quick_path, two):
    def watch() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Work(quick_path, two, watch).run(tasks("process", 40), "x")
    assert workers() == []


def test_closing_leaves_no_process(quick_path):
    with open_work(quick_path, Processes(2)) as work:
        work.run(tasks("process", 2), "x")
        assert workers()
    assert workers() == []


PROGRAM = """
    import sys
    from pathlib import Path
    sys.path.insert(0, {tests!r})
    from corpus.executors import small_work as small
    from mothertongue.corpus.executors import Processes, processes
    from mothertongue.corpus.task import Task
    from mothertongue.corpus.work import open_work
    if __name__ == "__main__":
        with open_work(Path(sys.argv[1]), Processes(2)) as work:
            work.run([Task("hold", n, "corpus.executors.small_work:hold") for n in range(2)], "holding")
"""


def holding(folder: Path) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """A program with two workers in the middle of their tasks."""
    script = folder / "program.py"
    script.write_text(textwrap.dedent(PROGRAM.format(tests=str(TESTS))))
    ready, names = folder / "ready", folder / "work"
    os.mkfifo(ready)
    child = subprocess.Popen(
        [sys.executable, str(script), str(names)],
        env={**os.environ, small.NOTES: str(folder)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    # Opened for both directions, the pipe has no end when one worker has written and the other has not begun.
    with os.fdopen(os.open(ready, os.O_RDWR), "rb", buffering=0) as stream:
        pids = [int(stream.readline()) for _ in range(2)]
    return child, [psutil.Process(pid) for pid in pids]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_workers_end_with_the_process_that_started_them(quick_path, number):
    child, pair = holding(quick_path)
    if number == signal.SIGINT:
        os.killpg(child.pid, number)  # as a terminal does
    else:
        os.kill(child.pid, number)
    _, error = child.communicate(timeout=60)
    assert child.returncode == -number
    assert psutil.wait_procs(pair, timeout=30)[1] == []
    assert "Process SpawnProcess" not in error


def test_the_key_of_a_job_is_that_of_its_task_and_inputs():
    task = small.plan_square()[0]
    keys = {Job("/a", task, {"x": "1"}).key, Job("/b", task, {"x": "1"}).key}
    assert len(keys) == 1
    assert Job("/a", task, {"x": "2"}).key not in keys
