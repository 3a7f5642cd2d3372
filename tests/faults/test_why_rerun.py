"""R20: the cause of a rerun is named; a comment, a time or a path is none."""

from __future__ import annotations

import os
import random
import shutil

import pytest
from fake_stages import Corpus, FakeRecipe, Report, Training, stages
from harness import SEED

from mothertongue.run import NOT_RUN, execute, why_rerun

CAUSES = ("key", "list", "byte", "seed", "version", "damage")
HARMLESS = ("comment", "mtime", "path", "order", "unused", "format")
STAGES = {"corpus": Corpus, "training": Training, "report": Report}
KEYS = {"corpus.share": "share", "training.rate": "rate", "report.title": "title"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    source = folder / "source.txt"
    source.write_text("een twee drie vier vijf zes zeven")
    execute(stages(), FakeRecipe(source), folder / "run")
    return folder


def changed(kind: str, draw: random.Random, folder) -> tuple[list, FakeRecipe, dict[str, list[str]]]:
    """Stages and recipe after a change of `kind`, and what has to be named: stage -> parts of its causes."""
    source, values, seed, chosen = folder / "source.txt", {}, 0, stages()
    expected: dict[str, list[str]] = {}
    if kind == "key":
        key = draw.choice(sorted(KEYS))
        values[KEYS[key]] = draw.choice([draw.random(), draw.randint(2, 99), f"new {draw.random()}"])
        expected = {
            key.partition(".")[0]: [f"{key} changed: ", f" -> {values[KEYS[key]]}".replace(" -> new", ' -> "new')]
        }
    elif kind == "list":
        values["names"] = [draw.choice("abc") for _ in range(draw.randint(1, 3))]
        expected = {"corpus": ["corpus.names changed: [] -> ["]}
    elif kind == "byte":
        data = bytearray(source.read_bytes())
        data[draw.randrange(len(data))] ^= 1
        source.write_bytes(data)
        expected = {"corpus": ["input source changed"]}
    elif kind == "seed":
        seed = draw.randint(1, 10**6)
        expected = {name: [f"seed changed: 0 -> {seed}"] for name in STAGES}
    elif kind == "version":
        name = draw.choice(sorted(STAGES))
        stage = next(stage for stage in chosen if stage.name == name)
        stage.version = draw.randint(2, 9)
        expected = {name: [f"the version of stage {name} changed: 1 -> {stage.version}"]}
    elif kind == "damage":
        path = draw.choice(
            [path for path in (folder / "run").glob("*/*") if path.is_file() and path.parent.name != "model"]
        )
        path.write_bytes(path.read_bytes() + b"x" if path.name != "manifest.json" else b"x")
        expected = {path.parent.name: [path.name]}
    return chosen, FakeRecipe(source, seed, values), expected


def harmless(kind: str, draw: random.Random, folder) -> tuple[list, FakeRecipe]:
    source, values, comment = folder / "source.txt", {}, ""
    if kind == "comment":
        comment = f"# {draw.random()}"
    elif kind == "mtime":
        for path in (source, *(folder / "run").rglob("*")):
            os.utime(path, (draw.randint(0, 2**31), draw.randint(0, 2**31)))
    elif kind == "path":
        moved = folder / f"moved {draw.random()}"
        shutil.copytree(folder / "run", moved / "run")
        shutil.copy(source, moved / "anders.txt")
        source = moved / "anders.txt"
        shutil.rmtree(folder / "run")
        shutil.move(moved / "run", folder / "run")
    elif kind == "order":
        values = {"title": "é", "rate": 0.1, "share": 0.05}
    elif kind == "unused":
        values = {f"colour_{draw.random()}": "blue"}
    elif kind == "format":
        values = {"rate": float("1e-1"), "names": ()}
    return stages(), FakeRecipe(source, 0, values, comment)


@pytest.mark.parametrize("case", range(30))
def test_a_change_that_matters_is_named(quick_path, finished, case):
    shutil.copytree(finished, quick_path, dirs_exist_ok=True)
    draw = random.Random(SEED + case)
    chosen, recipe, expected = changed(CAUSES[case % len(CAUSES)], draw, quick_path)
    causes = why_rerun(chosen, recipe, quick_path / "run")
    for stage, parts in expected.items():
        assert all(part in "; ".join(causes[stage]) for part in parts), causes
    first = min(list(STAGES).index(stage) for stage in expected)
    for position, stage in enumerate(STAGES):
        if position < first:
            assert causes[stage] == []
        elif stage not in expected and position > first:
            assert not causes[stage] or all("runs first" in cause for cause in causes[stage]), causes
    result = execute(chosen, recipe, quick_path / "run", rerun=True)
    assert result.ran[0] == list(STAGES)[first]
    assert set(result.ran) <= {stage for stage, found in causes.items() if found}
    assert why_rerun(chosen, recipe, quick_path / "run") == {stage: [] for stage in STAGES}


@pytest.mark.parametrize("case", range(30))
def test_a_change_without_meaning_is_no_cause(quick_path, finished, case):
    shutil.copytree(finished, quick_path, dirs_exist_ok=True)
    draw = random.Random(SEED + case)
    chosen, recipe = harmless(HARMLESS[case % len(HARMLESS)], draw, quick_path)
    assert why_rerun(chosen, recipe, quick_path / "run") == {stage: [] for stage in STAGES}
    assert execute(chosen, recipe, quick_path / "run").ran == ()


def test_a_stage_that_never_ran_says_so(quick_path, finished):
    recipe = FakeRecipe(finished / "source.txt")
    causes = why_rerun(stages(), recipe, quick_path / "none")
    assert causes["corpus"] == [NOT_RUN]
    assert causes["report"] == [NOT_RUN, "stage corpus runs first", "stage training runs first"]
    assert not (quick_path / "none").exists()
