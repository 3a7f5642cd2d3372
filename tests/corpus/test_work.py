"""A folder of work: only what is missing, changed or damaged runs again; totals and bits are always the same (R12)."""

from __future__ import annotations

import json
import os
import random
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.executors import small_work as small
from mothertongue import durability, lease
from mothertongue.corpus import work as work_module
from mothertongue.corpus.executors import Inline, Processes
from mothertongue.corpus.task import Job, Task, job_of
from mothertongue.corpus.work import Work, costs, manifests, open_work, total
from mothertongue.errors import InputError, WorkError

TRUNCATIONS, FLIPS = 20, 50


@pytest.fixture
def notes(quick_path, monkeypatch):
    folder = quick_path / "notes"
    folder.mkdir()
    monkeypatch.setenv(small.NOTES, str(folder))
    return folder


@pytest.fixture
def folder(quick_path):
    return quick_path / "work"


def begun(notes) -> list[str]:
    """The tasks begun since the last call."""
    path = notes / "begun"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


def whole(folder, executor=None, shards=small.SHARDS):
    with open_work(folder, executor) as work:
        return small.everything(work, shards)


def test_counts_files_and_totals_are_those_worked_out_by_hand(folder):
    made, squared, joined = whole(folder)
    assert [part["names"] for part in made] == [[f"shard {number}"] for number in range(6)]
    assert total(made)["numbers"] == total(squared)["numbers"] == 60
    assert total(made)["even"] == {"yes": 30, "no": 30}
    assert joined == [{"sum": small.SUM_OF_SQUARES}]
    assert json.loads((folder / "sum.json").read_text()) == small.SUM_OF_SQUARES
    assert dict(manifests(folder, "square/all")) == dict(enumerate(squared))


def test_what_is_finished_is_not_begun_again(folder, notes):
    first = whole(folder)
    assert len(begun(notes)) == 13
    before = small.tree(folder)
    assert whole(folder) == first
    assert begun(notes) == []
    assert small.tree(folder) == before


def test_a_moved_folder_stays_finished(folder, notes):
    first = whole(folder)
    begun(notes)
    moved = folder.with_name("moved")
    shutil.move(folder, moved)
    assert whole(moved) == first
    assert begun(notes) == []


DAMAGE = {
    "truncated": lambda path: os.truncate(path, path.stat().st_size // 2),
    "emptied": lambda path: os.truncate(path, 0),
    "one bit": lambda path: path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:]),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("name", ["numbers/00002.json", "extra/00002.json"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_shard_damaged_after_its_manifest_is_made_again_alone(folder, notes, capsys, name, damage):
    first = whole(folder)
    before = small.tree(folder)
    begun(notes)
    DAMAGE[damage](folder / name)
    capsys.readouterr()
    assert whole(folder) == first
    assert begun(notes) == ["make 2"]
    assert small.tree(folder) == before
    assert f"making: 1 of 6 tasks run again: {name} " in capsys.readouterr().err


@pytest.mark.parametrize("damage", [*DAMAGE, "another number"])
def test_a_damaged_manifest_is_no_manifest(folder, notes, damage):
    first = whole(folder)
    before = small.tree(folder)
    begun(notes)
    path = folder / "manifests/square/all/00004.json"
    if damage == "another number":
        path.write_text(path.read_text().replace('"numbers": 10', '"numbers": 11'))
    else:
        DAMAGE[damage](path)
    assert whole(folder) == first
    assert begun(notes) == ["square 4"]
    assert small.tree(folder) == before


def test_why_a_task_runs_again_is_said(folder):
    whole(folder)
    work = Work(folder)
    task = small.plan_make()[3]
    assert work.why(task) == []
    assert work.why(small.plan_make(version=2)[3]) == ["arguments.version changed: 1 -> 2"]
    assert work.why(Task("make", 9, task.call)) == ["it was not finished"]
    os.truncate(folder / "numbers/00003.json", 2)
    assert work.why(task) == ["numbers/00003.json has 2 bytes instead of 63"]
    assert work.why(small.plan_square()[3])[0].startswith("input numbers/00003.json changed")
    (folder / "numbers/00003.json").unlink()
    assert work.why(task) == ["numbers/00003.json is missing"]
    (folder / task.manifest).write_text("{}")
    assert work.why(task) == ["manifests/make/00003.json is damaged"]


def test_long_arguments_decide_but_are_not_copied_beside_every_shard(folder):
    tasks = [Task("make", 0, f"{small.__name__}:process", {"words": [word] * 1000}) for word in ("a", "b")]
    work = Work(folder)
    with pytest.raises(TypeError):  # the function takes no words
        work.run(tasks[:1], "making")
    jobs = [Job(str(folder), task) for task in tasks]
    assert jobs[0].key != jobs[1].key
    assert len(json.dumps(durability.plain(jobs[0].parts))) < 500


def test_a_changed_argument_costs_its_step_and_equal_outputs_spare_the_next(folder, notes):
    whole(folder)
    begun(notes)
    with open_work(folder) as work:
        work.run(small.plan_make(version=2), "making")
        assert len(begun(notes)) == 6
        work.run(small.plan_square(), "squaring")
        assert begun(notes) == []


def test_where_outside_files_lie_decides_nothing(folder, notes):
    whole(folder)
    begun(notes)
    task = small.plan_make()[0]
    assert Work(folder).why(Task(**{**task.__dict__, "places": {"note": "elsewhere"}})) == []


def test_a_smaller_plan_removes_what_the_larger_one_wrote(folder):
    whole(folder)
    assert whole(folder, shards=4)[2] == [{"sum": sum(number**2 for number in range(40))}]
    other = folder.with_name("other")
    whole(other, shards=4)
    assert small.tree(folder) == small.tree(other)
    assert len(list(manifests(folder, "make"))) == 4


def test_the_same_step_and_number_twice_is_a_fault_of_the_plan(folder):
    with pytest.raises(ValueError, match="same step and number"):
        Work(folder).run(small.plan_make() + small.plan_make(), "making")


def test_a_missing_input_is_named(folder):
    with pytest.raises(WorkError) as caught:
        Work(folder).run(small.plan_square(), "squaring")
    assert caught.value.problems[0].code == "MT224"
    assert "numbers/00000.json" in caught.value.problems[0].where


def test_an_output_that_was_not_written_is_a_failure(folder):
    task = Task("make", 0, f"{small.__name__}:process", outputs=("never.json",))
    with pytest.raises(FileNotFoundError):
        Work(folder).run([task], "making")
    assert Work(folder).why(task) == ["it was not finished"]


def test_an_error_says_its_task(folder):
    with pytest.raises(ValueError, match="three is no even number") as caught:
        Work(folder).run([Task("bad", 7, f"{small.__name__}:fail")], "failing")
    assert "bad/00007" in caught.value.__notes__[0]


def test_totals_of_numbers_tables_and_lists():
    assert total([{"a": 1, "b": {"c": 0.5}}, {"a": True, "b": {"c": 1}, "d": ["x"]}, {"d": ["y"]}]) == {
        "a": 2,
        "b": {"c": 1.5},
        "d": ["x", "y"],
    }


PART = st.fixed_dictionaries(
    {},
    optional={"n": st.integers(), "t": st.dictionaries(st.sampled_from("ab"), st.integers()), "l": st.lists(st.text())},
)


@given(st.lists(PART), st.lists(PART))
def test_totals_of_totals_are_totals(first, second):
    parts = json.loads(json.dumps(first + second))
    assert total([total(first), total(second)]) == total(first + second)
    assert first + second == parts, "the parts are left as they were"


def test_a_second_process_is_refused_while_the_first_works(folder):
    with open_work(folder), pytest.raises(InputError) as caught, open_work(folder):
        pass
    assert caught.value.problems[0].code == "MT811"
    with open_work(folder):
        assert (folder / lease.FILE).exists()
    assert not (folder / lease.FILE).exists()


def test_what_dead_writers_left_is_removed(folder):
    whole(folder)
    before = small.tree(folder)
    for name in (".00003.aabbccdd.mt-tmp.json", "numbers/.00003.aabbccdd.mt-tmp.json"):
        (folder / name).write_text("half")
    whole(folder)
    assert small.tree(folder) == before


def test_two_without_a_lease_that_do_the_same_work_do_no_harm(folder, notes):
    jobs = [Job(str(folder), task) for task in small.plan_make()]
    first = [work_module.perform(job) for job in jobs]
    assert len(begun(notes)) == 6
    before = small.tree(folder)
    assert [work_module.perform(job) for job in jobs] == first
    assert begun(notes) == []
    assert small.tree(folder) == before


def test_watch_stops_after_a_task_and_keeps_what_is_done(folder, notes):
    def watch():
        if len(list(manifests(folder, "make"))) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), open_work(folder, watch=watch) as work:
        small.everything(work)
    assert len(begun(notes)) == 2
    whole(folder)
    assert len(begun(notes)) == 11


def test_what_tasks_cost_lies_apart_from_what_must_be_equal(folder):
    whole(folder)
    found = costs(folder)
    assert list(found) == ["join", "make", "square/all"]
    assert [cost["tasks"] for cost in found.values()] == [1, 6, 6]
    for cost in found.values():
        assert cost["peak_memory_bytes"] > 1_000_000
        assert cost["seconds"] > 0
        assert cost["cpu_seconds"] >= 0
    assert "seconds" not in "".join(path.read_text() for path in (folder / "manifests").rglob("*.json"))


def test_a_job_survives_json():
    job = Job("/folder", small.plan_square()[2], {"numbers/00002.json": "abc"})
    again = job_of(json.loads(json.dumps(durability.plain(job))))
    assert again == job
    assert again.key == job.key


def test_a_failure_of_the_disk_at_any_step_leaves_work_that_continues_to_the_same_bits(quick_path, inject, notes):
    unbroken = quick_path / "unbroken"
    counts = whole(unbroken, shards=2)
    inject("")
    whole(quick_path / "counted", shards=2)
    steps = work_module.durability.FAULTS.count
    assert steps > 40
    for ordinal in range(1, steps + 1):
        folder = quick_path / str(ordinal)
        evidence = inject(f"EIO:{ordinal}")
        with pytest.raises(WorkError, match="MT801"):
            whole(folder, shards=2)
        assert len(evidence()) == 1
        inject("")
        assert whole(folder, Inline(), shards=2) == counts
        assert small.tree(folder) == small.tree(unbroken)
        shutil.rmtree(folder)


def test_executors_and_workers_change_between_restarts(folder):
    with open_work(folder) as work:
        work.run(small.plan_make(), "making")
    with open_work(folder, Processes(2)) as work:
        work.run(small.plan_make(), "making")
        work.run(small.plan_square()[:6], "squaring")
    assert whole(folder, Processes(1))[2] == [{"sum": small.SUM_OF_SQUARES}]
    other = folder.with_name("inline")
    whole(other)
    assert small.tree(folder) == small.tree(other)


def damages(data: bytes, draw: random.Random):
    """Copies of a file's content that a broken disk might give: cut short, and with one bit changed."""
    yield from (data[: draw.randrange(len(data))] for _ in range(TRUNCATIONS))
    for _ in range(FLIPS):
        place = draw.randrange(len(data))
        yield data[:place] + bytes([data[place] ^ 1 << draw.randrange(8)]) + data[place + 1 :]


def test_every_damage_of_every_file_is_noticed(folder):
    whole(folder, shards=2)
    plan = [*small.plan_make(2), *small.plan_square(2), *small.plan_join(2)]
    files = [folder / name for name in small.tree(folder)]
    assert len(files) == 12
    draw = random.Random(5)
    for path in files:
        data = path.read_bytes()
        for damaged in damages(data, draw):
            path.write_bytes(damaged)
            work = Work(folder)
            assert any(map(work.why, plan)) or damaged.split() == data.split(), path
        path.write_bytes(data)
    assert not any(map(Work(folder).why, plan))
