"""Slurm arrays on a fake Slurm that really runs them: failures, losses, arrays that outlive their process (R8)."""

from __future__ import annotations

import json
import multiprocessing
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from corpus.executors import fake_slurm
from corpus.executors import small_work as small
from mothertongue import durability
from mothertongue.corpus.executors import Slurm, SlurmOptions, slurm, slurm_array
from mothertongue.corpus.task import Job, Task
from mothertongue.corpus.work import Work, open_work
from mothertongue.errors import InputError, Interrupted, WorkError


class Cluster:
    """A fake Slurm: its commands are on the PATH, its queue is a folder, and its elements are real processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes = multiprocessing.get_context("forkserver")
        self.processes.set_forkserver_preload([slurm.__name__, small.__name__])

    def step(self) -> None:
        """Run everything that waits in the queue, one element after another."""
        for path in sorted(self.folder.glob("job-*.json")):
            job = json.loads(path.read_text())
            for index, state in enumerate(job["states"]):
                if state == "PENDING":
                    job["states"][index] = self._element(Path(job["script"]), index)
            path.write_text(json.dumps(job))

    def _element(self, script: Path, index: int) -> str:
        log = fake_slurm.options(script)["output"].replace("%%", "\0").replace("%a", str(index)).replace("\0", "%")
        command = shlex.split(script.read_text().splitlines()[-1])
        process = self.processes.Process(target=element, args=([*command[4:-1], str(index)], log))
        process.start()
        process.join()
        return {0: "COMPLETED", 1: "FAILED"}.get(process.exitcode, "OUT_OF_MEMORY")

    def calls(self, command: str) -> list[list[str]]:
        """The arguments of all calls of one command."""
        path = self.folder / "calls"
        rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [row[1:] for row in rows if row[0] == command]

    def sizes(self) -> list[int]:
        """The numbers of elements of all arrays so far."""
        return [json.loads(path.read_text())["elements"] for path in sorted(self.folder.glob("job-*.json"))]

    def executor(self, *happens, **options) -> Slurm:
        """Instead of pauses, `happens` happens, one after another; after that the queue is run at every pause."""
        return Slurm(pause=Pauses(self, happens), **options)


class Pauses:
    def __init__(self, cluster: Cluster, happens) -> None:
        self.cluster, self.happens, self.seconds = cluster, list(happens), []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        assert len(self.seconds) < 200, "waits for ever"
        self.happens.pop(0)() if self.happens else self.cluster.step()


def element(arguments: list[str], log: str) -> None:
    """What the script of an array starts, with its output in the log."""
    with open(log, "w") as stream:  # noqa: PTH123
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    sys.exit(slurm.main(arguments))


def nothing() -> None:
    pass


@pytest.fixture
def cluster(quick_path, monkeypatch):
    state = quick_path / "cluster"
    (state / "bin").mkdir(parents=True)
    for name in ("sbatch", "squeue", "scancel", "sacct"):
        command = state / "bin" / name
        command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -IS {fake_slurm.__file__} {name} "$@"\n')
        command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{state / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_SLURM", str(state))
    return Cluster(state)


@pytest.fixture
def folder(quick_path):
    return quick_path / "the work's folder"


def tasks(function: str, count: int = 1) -> list[Task]:
    return [Task(function, number, f"{small.__name__}:{function}") for number in range(count)]


def test_an_array_gives_the_bits_of_one_process(quick_path, folder, cluster):
    with open_work(folder, cluster.executor(workers=2)) as work:
        counts = small.everything(work)
    with open_work(quick_path / "inline") as work:
        assert small.everything(work) == counts
    assert small.tree(folder) == small.tree(quick_path / "inline"), "scripts and logs are gone, too"
    assert len(cluster.calls("sbatch")) == 3


def test_the_script_asks_for_what_the_options_say_and_survives_quotes(folder, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/a b/it's")
    options = SlurmOptions("long", "team", "2:00:00", "4G", 2, ("--qos=a b",))
    jobs = [Job(str(folder), task) for task in tasks("process", 5)]
    array = slurm_array.write_array(folder, jobs, 1, options, 3)
    lines = array.script.read_text().splitlines()
    asked = [shlex.split(line.removeprefix("#SBATCH ")) for line in lines if line.startswith("#SBATCH ")]
    assert [word for (word,) in asked] == [
        "--job-name=mothertongue-process",
        "--array=0-4%3",
        f"--output={array.folder}/logs/%a.log",
        "--cpus-per-task=2",
        "--partition=long",
        "--account=team",
        "--time=2:00:00",
        "--mem=4G",
        "--qos=a b",
    ]
    assert shlex.split(lines[-2]) == ["export", "PYTHONPATH=/a b/it's"]
    assert shlex.split(lines[-1]) == [
        *("exec", sys.executable, "-m", "mothertongue.corpus.executors.slurm"),
        str(array.folder / "tasks.json"),
        "$SLURM_ARRAY_TASK_ID",
    ]
    assert subprocess.run(["bash", "-n", str(array.script)], check=False).returncode == 0


def test_a_percent_sign_in_the_folder_is_no_pattern(quick_path):
    array = slurm_array.write_array(quick_path / "100%a", [Job("/x", tasks("process")[0])], 1, SlurmOptions(), None)
    assert "/100%%a/slurm/" in array.script.read_text()


def test_more_jobs_than_elements_share_them(folder, monkeypatch):
    monkeypatch.setattr(slurm_array, "MOST_ELEMENTS", 4)
    jobs = [Job(str(folder), task) for task in tasks("process", 10)]
    array = slurm_array.write_array(folder, jobs, 1, SlurmOptions(), None)
    assert "--array=0-3" in array.script.read_text()
    assert [array.element(job.key) for job in jobs] == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]
    assert slurm.main([str(array.folder / "tasks.json"), "1"]) == 0
    assert [job.task.number for job in jobs if not Work(folder).why(job.task)] == [1, 5, 9]


def test_an_element_killed_once_is_submitted_again_alone(folder, cluster, capsys):
    work = Work(folder, cluster.executor())
    assert work.run(tasks("kill_once") + tasks("process", 3), "x")[0] == {"done": 1}
    assert cluster.sizes() == [4, 1]
    assert "1 Slurm tasks ended without a result and are submitted again" in capsys.readouterr().err


def test_an_element_that_always_dies_is_reported_with_the_end_of_its_log(folder, cluster):
    with pytest.raises(WorkError) as caught:
        Work(folder, cluster.executor(attempts=2)).run(tasks("kill_always") + tasks("process", 2), "x")
    (problem,) = caught.value.problems
    assert problem.code == "MT266"
    assert "kill_always/00000 ended without a result 2 times; Slurm says OUT_OF_MEMORY" in problem.message
    assert "its log is empty" in problem.message
    assert problem.where.endswith("/logs/0.log")
    assert Path(problem.where).exists()
    assert [Work(folder).why(task) for task in tasks("process", 2)] == [[], []]


def test_an_error_of_a_task_is_not_submitted_again(folder, cluster):
    with pytest.raises(WorkError) as caught:
        Work(folder, cluster.executor()).run(tasks("fail") + tasks("process", 2), "x")
    (problem,) = caught.value.problems
    assert problem.code == "MT267"
    assert "fail/00000 failed: ValueError: three is no even number" in problem.message
    assert "in the task fail/00000" in Path(problem.where).read_text()
    assert len(cluster.sizes()) == 1


def test_a_refusal_of_a_task_keeps_its_code(folder, cluster):
    with pytest.raises(InputError) as caught:
        Work(folder, cluster.executor()).run(tasks("refuse"), "x")
    assert [problem.code for problem in caught.value.problems] == ["MT209"]


def test_a_dry_run_writes_a_script_that_can_be_submitted_by_hand(folder, cluster):
    with pytest.raises(Interrupted) as caught, open_work(folder, cluster.executor(dry_run=True)) as work:
        small.everything(work)
    assert cluster.calls("sbatch") == []
    assert "an array for 6 tasks was written and not submitted" in str(caught.value)
    subprocess.run(caught.value.command, shell=True, check=True, capture_output=True)
    cluster.step()
    assert Work(folder).why(small.plan_make()[5]) == []
    assert "square-all" in next_script(folder, cluster)


def next_script(folder: Path, cluster: Cluster) -> str:
    with pytest.raises(Interrupted) as caught:
        small.everything(Work(folder, cluster.executor(dry_run=True)))
    return Path(shlex.split(caught.value.command)[1]).read_text()


def test_the_script_itself_performs_its_element(folder, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    jobs = [Job(str(folder), task) for task in tasks("process", 2)]
    script = slurm_array.write_array(folder, jobs, 1, SlurmOptions(), None).script
    environment = {"SLURM_ARRAY_TASK_ID": "1", "PATH": os.environ["PATH"], "HOME": str(folder)}
    subprocess.run(["bash", str(script)], env=environment, check=True, cwd="/")
    assert [Work(folder).why(job.task) for job in jobs] == [["it was not finished"], []]


def test_an_array_that_outlived_its_process_is_waited_for(folder, cluster, capsys):
    jobs = [Job(str(folder), task) for task in tasks("process", 4)]
    durability.make_folder(folder)
    slurm_array.write_array(folder, jobs, 1, SlurmOptions(), None).submit()
    (folder / ".half.mt-tmp.json").write_text("an element may be writing this")
    with open_work(folder, cluster.executor(lambda: (folder / ".half.mt-tmp.json").read_text(), cluster.step)) as work:
        work.run(tasks("process", 4), "x")
    assert "waiting for the Slurm array 1 of an earlier run" in capsys.readouterr().err
    assert len(cluster.sizes()) == 1
    assert not (folder / "slurm").exists()
    assert not (folder / ".half.mt-tmp.json").exists()


def test_an_array_with_other_options_is_cancelled(folder, cluster):
    old = [Job(str(folder), Task("process", 0, f"{small.__name__}:process", {"other": 1}))]
    slurm_array.write_array(folder, old, 1, SlurmOptions(), None).submit()
    Work(folder, cluster.executor()).run(tasks("process"), "x")
    assert cluster.calls("scancel") == [["1"]]


def test_a_stop_cancels_the_array(folder, cluster):

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Work(folder, cluster.executor(stop)).run(tasks("process", 4), "x")
    assert cluster.calls("scancel") == [["1"]]


def test_looks_become_rare_while_nothing_happens(folder, cluster):
    patient = cluster.executor(*[nothing] * 20)
    Work(folder, patient).run(tasks("process", 2), "x")
    assert patient.pause.seconds[:3] == [1.0, 1.5, 2.25]
    assert max(patient.pause.seconds) == 30.0


def test_a_silent_queue_is_borne_for_a_while(folder, cluster, monkeypatch):
    monkeypatch.setattr(slurm, "_MOST_SILENT", 6)
    (cluster.folder / "silent").touch()
    patient = cluster.executor(*[nothing] * 4, (cluster.folder / "silent").unlink)
    Work(folder, patient).run(tasks("process", 2), "x")


def test_a_queue_that_stays_silent_fails_the_run(folder, cluster, monkeypatch):
    monkeypatch.setattr(slurm, "_MOST_SILENT", 6)
    (cluster.folder / "silent").touch()
    with pytest.raises(WorkError, match="squeue does not answer"):
        Work(folder, cluster.executor(*[nothing] * 20)).run(tasks("process", 2), "x")


def test_a_refused_array_shows_what_slurm_said(folder, cluster):
    (cluster.folder / "refuse").write_text("invalid partition specified: fast")
    with pytest.raises(WorkError) as caught:
        Work(folder, cluster.executor()).run(tasks("process"), "x")
    assert caught.value.problems[0].code == "MT268"
    assert "invalid partition specified: fast" in caught.value.problems[0].message


def test_without_slurm_the_user_is_told(folder, monkeypatch, cluster):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(InputError) as caught:
        Work(folder, cluster.executor()).run(tasks("process"), "x")
    assert caught.value.problems[0].code == "MT269"


@pytest.mark.parametrize(
    "values", [{"partition": "a\nb"}, {"more": ("qos=1",)}, {"more": ("--a\x00",)}, {"cpus": 0}, {"memory": "\t"}]
)
def test_options_that_cannot_stand_in_a_script_are_refused(values):
    with pytest.raises(InputError) as caught:
        SlurmOptions(**values)
    assert [problem.code for problem in caught.value.problems] == ["MT265"]
