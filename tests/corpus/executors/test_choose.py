"""From the words of a recipe to an executor; every wrong word is refused, all at once."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from mothertongue.corpus.executors import (
    ExecutorOptions,
    Inline,
    Processes,
    RayTasks,
    Slurm,
    SlurmOptions,
    choose,
    choose_executor,
    usual_executor,
)
from mothertongue.errors import InputError

MANY = 1 << 40


@pytest.mark.parametrize(
    ("options", "executor"),
    [
        (ExecutorOptions("inline"), Inline()),
        (ExecutorOptions("processes", 3), Processes(3)),
        (ExecutorOptions("ray", 2), RayTasks(None, 2)),
        (ExecutorOptions("ray", address="auto"), RayTasks("auto")),
        (ExecutorOptions("slurm", 7, slurm=SlurmOptions("long")), Slurm(SlurmOptions("long"), 7)),
        (ExecutorOptions("slurm", dry_run=True), Slurm(dry_run=True)),
        (ExecutorOptions(workers=5), Processes(5)),
        (ExecutorOptions(workers=1), Inline()),
    ],
)
def test_each_word_names_its_executor(options, executor):
    assert choose_executor(options, MANY) == executor
    assert json.loads(json.dumps(asdict(options)))["executor"] == options.executor


def test_small_corpora_start_no_processes():
    assert choose_executor(ExecutorOptions(workers=5), choose.SMALL_BYTES) == Inline()
    assert usual_executor(1000) == Inline()


@pytest.mark.parametrize(
    ("cores", "fitting", "executor"), [(4, 9, Processes(4)), (4, 3, Processes(3)), (1, 9, Inline())]
)
def test_workers_are_as_many_as_cores_and_memory_allow(monkeypatch, cores, fitting, executor):
    monkeypatch.setattr(choose, "cores", lambda: cores)
    monkeypatch.setattr(choose, "_fitting", lambda: fitting)
    assert usual_executor(MANY) == executor


def test_a_machine_without_free_memory_still_has_one_worker(monkeypatch):
    monkeypatch.setattr(choose, "WORKER_BYTES", MANY)
    assert choose._fitting() == 1
    assert choose.cores() >= 1


def test_all_mistakes_are_named_at_once():
    with pytest.raises(InputError) as caught:
        ExecutorOptions("procesess", 0, "head:6379", SlurmOptions("long"), True)
    problems = caught.value.problems
    assert {problem.code for problem in problems} == {"MT265"}
    assert [problem.key for problem in problems] == ["executor", "workers", "address", "slurm", "dry_run"]
    assert "nearest: processes" in problems[0].message
