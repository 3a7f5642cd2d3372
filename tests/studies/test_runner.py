"""A study is run once per seed, gives checked values, and continues where it was stopped."""

import json
from pathlib import Path

import pytest

from mothertongue.errors import InputError, WorkError
from mothertongue.studies import runner
from mothertongue.studies.finding import Statistic, read_finding
from mothertongue.studies.runner import command, measure, reproduce
from mothertongue.studies.study import Scale, Study, study_problems


class Coin:
    """A study without a model: arm `b` is `gain` above arm `a`, plus a little that depends on the seed."""

    number = 8
    claim = "b is greater than a."
    arms = ("a", "b")
    statistic = Statistic(arm="b", against="a")

    def __init__(self, gain=1.0, values=None):
        self.gain, self.values, self.calls = gain, values, []

    def run(self, scale, seed, folder):
        self.calls.append((scale, seed))
        assert folder.is_dir()
        return self.values if self.values is not None else {"b": seed + self.gain + seed / 100, "a": float(seed)}


def test_a_finding_follows_from_the_seeds(tmp_path: Path):
    study = Coin()
    assert isinstance(study, Study)
    finding = measure(study, Scale.MINI, (0, 1, 2), tmp_path)
    assert study.calls == [(Scale.MINI, 0), (Scale.MINI, 1), (Scale.MINI, 2)]
    assert {arm.name: arm.values for arm in finding.arms} == {"a": (0, 1, 2), "b": (1, 2.01, 3.02)}
    assert finding.effect == pytest.approx(1.01)
    assert finding.verdict == "reproduced"
    assert finding.title == "PCP (prompt-based continued pretraining)"
    assert {"python", "mothertongue", "torch"} <= set(finding.versions)
    assert measure(Coin(-1.0), Scale.MINI, (0, 1), tmp_path / "b").verdict == "contradicted"
    assert measure(Coin(), Scale.SMOKE, (0, 1), tmp_path / "c").verdict == "inconclusive"
    assert measure(Coin(), Scale.MINI, (0,), tmp_path / "d").interval is None


def test_finished_seeds_are_kept_and_others_are_run(tmp_path: Path):
    first = measure(Coin(), Scale.MINI, (0, 1), tmp_path)
    again = Coin()
    second = measure(again, Scale.MINI, (0, 1, 2), tmp_path)
    assert again.calls == [(Scale.MINI, 2)]
    assert second.arms[0].values[:2] == first.arms[0].values
    other = Coin()
    measure(other, Scale.LAPTOP, (0,), tmp_path)
    assert other.calls == [(Scale.LAPTOP, 0)]  # values of another scale are not used


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"study": 8}'])
def test_values_that_were_cut_off_are_measured_again(tmp_path: Path, content):
    (tmp_path / "seed-0").mkdir()
    (tmp_path / "seed-0" / "values.json").write_text(content, "utf-8")
    study = Coin()
    measure(study, Scale.MINI, (0,), tmp_path)
    assert study.calls == [(Scale.MINI, 0)]
    assert json.loads((tmp_path / "seed-0" / "values.json").read_text("utf-8"))["values"] == {"a": 0.0, "b": 1.0}


@pytest.mark.parametrize(
    ("values", "arms"),
    [
        ({"a": 1.0}, ["b"]),
        ({"a": 1.0, "b": 2.0, "c": 3.0}, ["c"]),
        ({"a": float("nan"), "b": float("inf")}, ["a", "b"]),
        ({}, ["a", "b"]),
    ],
)
def test_unusable_values_fail_with_the_arm_and_leave_nothing(tmp_path: Path, values, arms):
    with pytest.raises(WorkError) as caught:
        measure(Coin(values=values), Scale.MINI, (4,), tmp_path)
    assert [problem.value for problem in caught.value.problems] == arms
    assert {problem.code for problem in caught.value.problems} == {"MT905"}
    assert not (tmp_path / "seed-4" / "values.json").exists()


def test_reproduce_writes_the_finding(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(runner, "load_study", lambda _: Coin())
    finding = reproduce(8, "mini", json_path=tmp_path / "finding.json")
    assert finding.seeds == Scale.MINI.default_seeds
    assert read_finding(tmp_path / "finding.json") == finding
    assert finding.command == "mothertongue reproduce 8 --scale mini"
    assert command(8, Scale.MINI, (5, 7)) == "mothertongue reproduce 8 --scale mini --seeds 5,7"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"number": 99}, "MT901"),
        ({"number": 8, "scale": "huge"}, "MT906"),
        ({"number": 8, "seeds": []}, "MT906"),
        ({"number": 8, "seeds": [1, 1]}, "MT906"),
        ({"number": 8, "seeds": [-1]}, "MT906"),
    ],
)
def test_what_cannot_be_run_is_refused(arguments, code):
    with pytest.raises(InputError, match=code):
        reproduce(**arguments)


def test_a_slow_study_is_told_so(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr(runner, "load_study", lambda _: Coin())
    ticks = iter((0.0, 61.0))
    monkeypatch.setattr(runner, "clock", lambda: next(ticks))
    reproduce(8, "smoke", json_path=tmp_path / "finding.json")
    assert "promises at most 1 min 00 s" in capsys.readouterr().err


def test_a_study_that_does_not_fit_its_row_is_named():
    good = Coin()
    assert study_problems(good, "pcp", "s08_pcp") == []
    bad = Coin()
    bad.number, bad.claim, bad.arms = 9, " ", ("a", "a")
    messages = " ".join(problem.message for problem in study_problems(bad, "other", "s08_pcp"))
    for words in ("slug pcp", "number 9", "no claim", "named twice", "does not have"):
        assert words in messages
