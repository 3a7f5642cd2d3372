"""Verdicts worked out by hand, and findings that cannot be changed after they were measured."""

import json
import math
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mothertongue.errors import InputError
from mothertongue.studies.finding import (
    Finding,
    Statistic,
    finding_schema,
    judge,
    read_finding,
    t_interval,
    t_quantile,
    write_finding,
)

FACTS = {
    "study": 1,
    "title": "ChocoLlama",
    "claim": "Mean rows start better than random rows.",
    "seeds": (0, 1, 2),
    "seconds": 12.5,
    "versions": {"python": "3.11"},
    "command": "mothertongue reproduce 1 --scale mini",
}
# mean - random is -1, -2, -3: mean -2, standard deviation 1, half width 4.302653 / sqrt(3) = 2.484138.
ARMS = {"random": [4.0, 5.0, 6.0], "mean": [3.0, 3.0, 3.0]}
LESS = Statistic(arm="mean", against="random", expected="less")


def finding(scale="mini", arms=ARMS, statistic=LESS, **facts):
    return Finding.of(arms=arms, statistic=statistic, scale=scale, **{**FACTS, **facts})


@pytest.mark.parametrize(
    ("interval", "expected", "threshold", "verdict"),
    [
        ((0.1, 0.3), "greater", 0.0, "reproduced"),
        ((-0.3, -0.1), "greater", 0.0, "contradicted"),
        ((-0.1, 0.3), "greater", 0.0, "inconclusive"),
        ((0.0, 0.3), "greater", 0.0, "inconclusive"),  # it touches the threshold
        ((0.0, 0.0), "greater", 0.0, "inconclusive"),
        ((0.1, 0.3), "greater", 0.2, "inconclusive"),
        ((0.1, 0.15), "greater", 0.2, "contradicted"),
        ((-0.01, 0.3), "greater", -0.02, "reproduced"),  # "no worse than"
        ((-0.3, -0.1), "less", 0.0, "reproduced"),
        ((0.1, 0.3), "less", 0.0, "contradicted"),
        ((-0.3, -0.1), "less", -0.2, "inconclusive"),
        ((-0.3, -0.25), "less", -0.2, "reproduced"),
        ((-0.1, 0.1), "within", 0.2, "reproduced"),
        ((-0.1, 0.3), "within", 0.2, "inconclusive"),
        ((0.25, 0.3), "within", 0.2, "contradicted"),
        ((-0.3, -0.25), "within", 0.2, "contradicted"),
        (None, "greater", 0.0, "inconclusive"),
    ],
)
def test_verdicts_by_hand(interval, expected, threshold, verdict):
    assert judge(interval, expected, threshold, "mini") == verdict
    assert judge(interval, expected, threshold, "smoke") == "inconclusive"


@given(st.floats(-5, 5), st.floats(0, 5), st.floats(-5, 5))
def test_less_is_greater_seen_in_a_mirror(low, width, threshold):
    mirrored = judge((-low - width, -low), "less", -threshold, "mini")
    assert mirrored == judge((low, low + width), "greater", threshold, "mini")


def test_t_interval_by_hand():
    low, high = t_interval([1.0, 2.0, 3.0])
    assert low == pytest.approx(2 - 4.302653 / math.sqrt(3))
    assert high == pytest.approx(2 + 4.302653 / math.sqrt(3))
    assert t_interval([1.0]) is None
    assert t_interval([2.0, 2.0]) == (2.0, 2.0)


def test_t_quantiles_are_those_of_printed_tables():
    for degrees, quantile in ((1, 12.7062), (4, 2.7764), (30, 2.0423), (31, 2.0395), (60, 2.0003), (1000, 1.9623)):
        assert t_quantile(degrees) == pytest.approx(quantile, abs=1e-4)
    steps = [t_quantile(degrees) for degrees in range(1, 200)]
    assert steps == sorted(steps, reverse=True)


def test_effect_interval_and_verdict_follow_from_the_arms():
    measured = finding()
    assert measured.effect == pytest.approx(-2.0)
    assert measured.interval == pytest.approx((-4.484138, 0.484138), abs=1e-5)
    assert measured.verdict == "inconclusive"
    steady = finding(arms={"random": [4.0, 5.0, 6.0], "mean": [3.0, 4.1, 5.0]})
    assert steady.verdict == "reproduced"
    assert finding(scale="smoke", arms=steady_arms(steady)).verdict == "inconclusive"


def steady_arms(measured):
    return {arm.name: arm.values for arm in measured.arms}


def test_a_ratio_and_a_single_arm():
    ratio = Statistic(arm="mean", against="random", kind="ratio", expected="less")
    assert ratio.per_seed({"mean": [1.0, 3.0], "random": [2.0, 4.0]}) == [-0.5, -0.25]
    assert Statistic(arm="mean").per_seed({"mean": [0.25, 0.5]}) == [0.25, 0.5]


@pytest.mark.parametrize(
    "change",
    [
        {"arms": {"random": [4.0, 5.0], "mean": [3.0, 3.0]}},
        {"arms": {"random": [4.0, 5.0, math.nan], "mean": [3.0, 3.0, 3.0]}},
        {"arms": {"random": [1e308] * 3, "mean": [-1e308] * 3}},
        {"statistic": Statistic(arm="best", against="random")},
        {
            "arms": {"random": [0.0, 1.0, 1.0], "mean": [1.0] * 3},
            "statistic": LESS.model_copy(update={"kind": "ratio"}),
        },
        {"seeds": (0, 0, 1)},
        {"claim": ""},
    ],
)
def test_what_is_no_finding_cannot_be_made(change):
    with pytest.raises(ValueError):
        finding(**change)


def test_a_finding_survives_its_file(tmp_path: Path):
    measured = finding()
    write_finding(tmp_path / "01-mini.json", measured)
    assert read_finding(tmp_path / "01-mini.json") == measured
    stored = json.loads((tmp_path / "01-mini.json").read_text("utf-8"))
    contract = "study title claim scale seeds arms effect interval verdict seconds versions command statistic"
    assert list(stored) == contract.split()
    assert stored["arms"] == [{"name": "random", "values": [4, 5, 6]}, {"name": "mean", "values": [3, 3, 3]}]
    jsonschema.validate(stored, finding_schema())


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("verdict", "reproduced", "MT904"),
        ("effect", -2.1, "MT904"),
        ("interval", [-2.1, -1.9], "MT904"),
        ("interval", None, "MT904"),
        ("arms", [{"name": "random", "values": [4, 5, 6]}, {"name": "mean", "values": [1, 1, 1]}], "MT904"),
        ("verdict", "proved", "MT903"),
        ("seeds", [0, 1], "MT903"),
        ("mood", "good", "MT903"),
        ("seconds", "long", "MT903"),
    ],
)
def test_a_finding_changed_by_hand_is_refused(tmp_path: Path, key, value, code):
    path = tmp_path / "01-mini.json"
    write_finding(path, finding())
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), key: value}), "utf-8")
    with pytest.raises(InputError) as caught:
        read_finding(path)
    assert {problem.code for problem in caught.value.problems} == {code}
    assert caught.value.problems[0].where == str(path)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"study": 1}'])
def test_what_is_no_finding_is_refused(tmp_path: Path, content):
    path = tmp_path / "01-mini.json"
    path.write_text(content, "utf-8")
    with pytest.raises(InputError, match="MT903"):
        read_finding(path)
    with pytest.raises(InputError, match="MT903"):
        read_finding(tmp_path / "02-mini.json")
