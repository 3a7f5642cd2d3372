"""Every script in examples/ runs as its first lines say, with the tiny model."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

from stages.small import SHORT, World, make_world

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("examples"))


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """What a script prints for the words given."""

    def run(name: str, *words: object) -> str:
        monkeypatch.setattr(sys, "argv", [name, *map(str, words)])
        capsys.readouterr()
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
        return capsys.readouterr().out

    return run


def test_teaching_from_python(world, example, tmp_path):
    texts = [f"corpus.replay={world.english}", f"corpus.retention={world.retention}", f"base={world.base}"]
    said = example("teach_from_python", world.dutch, "nl", tmp_path / "run", *SHORT, *texts)
    assert len(re.findall(r"^\w+: \d\.\d{3} -> \d\.\d{3} bits per byte$", said, re.MULTILINE)) == 3
    assert (tmp_path / "run" / "model" / "model.safetensors").is_file()


def test_extending_a_tokenizer(world, example):
    said = example("extend_a_tokenizer", world.base, world.dutch, "nl", 50)
    found = re.search(r"(\d+) of (\d+) new tokens", said)
    assert found is not None
    assert found[1] == found[2]
    assert int(found[1]) >= 40


def test_comparing_two_models(world, example):
    said = example("compare_two_models", world.base, world.other_base, world.retention, "en")
    low, high = map(float, re.search(r"interval (\S+) to (\S+)", said).groups())
    assert low <= high
    same = example("compare_two_models", world.base, world.base, world.retention, "en")
    assert "interval +0.000 to +0.000" in same


def test_every_script_is_run_here():
    here = Path(__file__).read_text("utf-8")
    assert [path.stem for path in EXAMPLES.glob("*.py") if f'"{path.stem}"' not in here] == []
