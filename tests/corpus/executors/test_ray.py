"""Ray tasks on a real local Ray: the bits of one process, killed workers, and nothing left behind (R8, R15)."""

from __future__ import annotations

import builtins
import os
import signal
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from corpus.executors import small_work as small
from mothertongue.corpus.executors import Processes, RayTasks
from mothertongue.corpus.executors import ray as ray_module
from mothertongue.corpus.executors.executor import appeared
from mothertongue.corpus.task import Job, Task
from mothertongue.corpus.work import Work
from mothertongue.errors import InputError, WorkError


@pytest.fixture(scope="module")
def cluster():
    """A local Ray with two workers, for all tests of this file."""
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    executor = RayTasks(workers=2)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTHONPATH", str(Path(__file__).parents[2]))  # where workers find `small_work`
        executor._join()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    logs = executor._logs
    assert any(logs.iterdir())
    yield executor
    executor.close()
    assert not logs.exists()
    assert not [child for child in psutil.Process().children(recursive=True) if "ray" in " ".join(child.cmdline())]


def tasks(function: str, count: int = 1) -> list[Task]:
    return [Task(function, number, f"{small.__name__}:{function}") for number in range(count)]


def test_ray_processes_and_one_process_give_the_same_bits(quick_path, cluster):
    inline = small.everything(Work(quick_path / "inline"))
    assert small.everything(Work(quick_path / "ray", cluster)) == inline
    processes = Processes(2)
    assert small.everything(Work(quick_path / "processes", processes)) == inline
    processes.close()
    trees = [small.tree(quick_path / name) for name in ("inline", "ray", "processes")]
    assert trees[0] == trees[1] == trees[2]
    assert len(trees[0]) > 25


def test_another_executor_goes_on_where_ray_stopped(quick_path, cluster):
    Work(quick_path, cluster).run(small.plan_make(), "making")
    assert small.everything(Work(quick_path))[2] == [{"sum": small.SUM_OF_SQUARES}]


def test_tasks_run_in_other_processes(quick_path, cluster):
    pids = {part["pid"] for part in Work(quick_path, cluster).run(tasks("process", 4), "x")}
    assert os.getpid() not in pids


def test_a_worker_killed_in_the_middle_of_a_shard_is_replaced(quick_path, cluster):
    assert Work(quick_path, cluster).run(tasks("kill_once") + tasks("process", 3), "x")[0] == {"done": 1}


def test_a_shard_that_kills_every_worker_fails_the_run_which_can_go_on(quick_path, cluster):
    impatient = RayTasks(retries=1)
    with pytest.raises(WorkError) as caught:
        Work(quick_path, impatient).run(tasks("process", 2) + tasks("kill_always"), "x")
    problem = caught.value.problems[0]
    assert problem.code == "MT261"
    assert "kill_always/00000" in problem.message
    assert "run the same command again" in problem.do
    assert Work(quick_path, cluster).run(tasks("process", 2), "x")


def test_an_error_of_a_task_leaves_as_it_was(quick_path, cluster):
    with pytest.raises(ValueError, match="three is no even number") as caught:
        Work(quick_path, cluster).run(tasks("fail"), "x")
    assert type(caught.value) is ValueError
    assert "fail/00000" in caught.value.__notes__[0]


def test_a_node_that_does_not_see_the_folder_is_refused(quick_path, cluster):
    with pytest.raises(InputError) as caught:
        list(cluster.run([Job("/proc/none/work", tasks("process")[0])]))
    assert caught.value.problems[0].code == "MT263"


def test_a_node_with_another_version_is_refused(quick_path):
    with pytest.raises(InputError) as caught:
        ray_module._perform(Job(str(quick_path), tasks("process")[0]), "0.0.1")
    assert caught.value.problems[0].code == "MT262"


def test_a_manifest_that_shows_up_late_is_waited_for(quick_path):
    job = Job(str(quick_path), tasks("process")[0])
    pauses = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            (quick_path / job.task.manifest).parent.mkdir(parents=True)
            (quick_path / job.task.manifest).touch()

    appeared(job, pause)
    assert pauses == [0.1, 0.2, 0.4]


def test_a_manifest_that_never_shows_up_means_another_disk(quick_path):
    pauses = []
    with pytest.raises(InputError) as caught:
        appeared(Job(str(quick_path), tasks("process")[0]), pauses.append)
    assert caught.value.problems[0].code == "MT263"
    assert 60 < sum(pauses) < 70


def test_leaving_early_leaves_no_task_at_work(quick_path, cluster):
    def watch() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Work(quick_path, cluster, watch).run(tasks("process", 30), "x")
    assert len(list((quick_path / "manifests/process").glob("*.json"))) < 30
    assert Work(quick_path, cluster).run(tasks("process", 2), "x")


def test_no_usage_is_reported_and_no_dashboard_listens(cluster):
    import ray

    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    assert ray._private.worker.global_worker.node.webui_url in (None, "")
    assert os.environ["RAY_AUTH_MODE"] == "token", "other users of this machine are kept out"


def test_without_the_package_the_install_line_is_shown(monkeypatch):
    real = builtins.__import__

    def no_ray(name, *rest, **more):
        if name.partition(".")[0] == "ray":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", no_ray)
    with pytest.raises(InputError) as caught:
        next(RayTasks().run([Job("/", tasks("process")[0])]))
    assert caught.value.problems[0].code == "MT260"
    assert "pip install 'mothertongue[ray]'" in caught.value.problems[0].do


def test_no_jobs_start_no_ray(monkeypatch):
    monkeypatch.setattr(ray_module, "_import", lambda: pytest.fail("Ray was looked for"))
    assert list(RayTasks().run([])) == []


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "127.0.0.1:99999"])
def test_an_address_where_nothing_listens_is_refused_at_once(monkeypatch, address):
    fake = SimpleNamespace(
        is_initialized=lambda: False, shutdown=lambda: None, init=lambda *_, **__: pytest.fail("Ray was started")
    )
    monkeypatch.setattr(ray_module, "_import", lambda: fake)
    with pytest.raises(InputError) as caught:
        next(RayTasks(address).run([Job("/", tasks("process")[0])]))
    problem = caught.value.problems[0]
    assert (problem.code, problem.value) == ("MT264", address)
