"""R18: an error of a writer in the background fails the run visibly; it is never called done."""

from __future__ import annotations

import threading

import pytest
from fake_stages import FakeRecipe

from mothertongue import durability
from mothertongue.background import BackgroundWriter
from mothertongue.errors import Problem, WorkError
from mothertongue.run import execute

ERRORS = (ValueError("bad row"), OSError(5, "Input/output error"), KeyboardInterrupt(), MemoryError(), StopIteration())


class Background:
    """A stage whose `action` is performed by a thread."""

    name, version, needs = "pages", 1, ()

    def __init__(self, work):
        self.work = work

    def options(self, recipe):
        return {}

    def inputs(self, context):
        return {}

    def run(self, context):
        self.work(context)


def raising(error):
    def action():
        raise error

    return action


def by_writer_at_the_end(context, error):
    context.background().submit(raising(error))


def by_writer_between(context, error):
    writer = context.background()
    for number in range(200):
        writer.submit(raising(error) if number == 3 else lambda: None)


def by_writer_and_a_check(context, error):
    writer = context.background("metrics")
    writer.submit(raising(error))
    while writer._queue.unfinished_tasks and writer._error is None and not writer._queue.empty():
        pass
    context.check_interrupt()


def by_a_thread_of_its_own(context, error):
    thread = threading.Thread(target=raising(error), name="upload")
    thread.start()
    thread.join()


WAYS = (by_writer_at_the_end, by_writer_between, by_writer_and_a_check, by_a_thread_of_its_own)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_an_error_in_the_background_fails_the_run(quick_path, way, error):
    folder = quick_path / "run"
    stage = Background(lambda context: way(context, error))
    with pytest.raises(WorkError) as caught:
        execute([stage], FakeRecipe(quick_path), folder)
    assert caught.value.problems[0].code == "MT827"
    assert type(error).__name__ in str(caught.value)
    assert not (folder / "pages").exists(), "the stage must not look finished"
    assert execute([Background(lambda context: None)], FakeRecipe(quick_path), folder).ran == ("pages",)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_without_an_error_the_run_is_done(quick_path, way, monkeypatch):
    monkeypatch.setitem(globals(), "raising", lambda error: lambda: None)
    stage = Background(lambda context: way(context, ValueError()))
    assert execute([stage], FakeRecipe(quick_path), quick_path / "run").ran == ("pages",)


def test_a_problem_of_ours_keeps_its_code(quick_path):
    error = WorkError(Problem("MT802", "full", where="/x"))
    with pytest.raises(WorkError, match="MT802"):
        execute([Background(lambda c: by_writer_between(c, error))], FakeRecipe(quick_path), quick_path / "run")


def test_actions_are_performed_in_order_before_the_stage_ends(quick_path):
    def work(context):
        writer = context.background()
        for number in range(100):
            writer.submit(lambda number=number: durability.append_line(context.folder / "lines", str(number)))

    execute([Background(work)], FakeRecipe(quick_path), quick_path / "run")
    assert (quick_path / "run" / "pages" / "lines").read_text().split() == [str(number) for number in range(100)]


def submit_many(writer, action):
    for _ in range(1000):
        writer.submit(action)
    writer.close()


def test_what_follows_an_error_is_not_written():
    done = []
    writer = BackgroundWriter()
    writer.submit(lambda: done.append(1))
    writer.submit(raising(ValueError("stop")))
    with pytest.raises(WorkError):
        submit_many(writer, lambda: done.append(2))
    assert done == [1]
    with pytest.raises(WorkError):
        writer.close()
    with pytest.raises(RuntimeError):
        writer.submit(lambda: None)
