"""Results pair by item, survive JSON, and compare as worked out by hand."""

from __future__ import annotations

import json
import math

import pytest

from mothertongue.errors import InputError
from mothertongue.evaluation.result import ItemResult, TaskResult, compare


def bits(values: dict[str, float], size: int = 10) -> TaskResult:
    items = tuple(ItemResult(key, value, {"bytes": size}) for key, value in values.items())
    return TaskResult("held_out", "bits_per_byte", items, higher_is_better=False, weights="bytes", first_ids=(0, 5))


def test_value_is_a_ratio_of_sums_or_a_mean() -> None:
    assert bits({"a": 10, "b": 20}).value == 1.5
    assert TaskResult("t", "accuracy", (ItemResult("a", 1), ItemResult("b", 0))).value == 0.5
    assert math.isnan(TaskResult("t", "accuracy", ()).value)


def test_json_round_trip() -> None:
    result = bits({"a": 10, "b": 20})
    assert TaskResult.from_json(json.loads(json.dumps(result.to_json()))) == result


def test_compare_matches_by_id_and_counts_wins() -> None:
    before, after = bits({"a": 10, "b": 20, "c": 30}), bits({"c": 15, "a": 11, "b": 18})
    found = compare(before, after, seed=0)
    assert (found.before, found.after, found.n, found.won, found.lost) == (2.0, pytest.approx(44 / 30), 3, 2, 1)
    assert found.interval.estimate == pytest.approx(-16 / 30)
    assert found.percent is not None
    assert found.percent.estimate == pytest.approx(100 * (44 / 60 - 1))
    json.dumps(found.to_json(), allow_nan=False)


def test_compare_with_itself_is_nothing() -> None:
    found = compare(bits({"a": 1, "b": 2}), bits({"a": 1, "b": 2}), seed=0)
    assert (found.interval.low, found.interval.high, found.won, found.lost) == (0, 0, 0, 0)


def test_companions_and_groups() -> None:
    items = tuple(ItemResult(str(k), float(k), {"margin": -k, "kind": "xy"[k % 2]}) for k in range(4))
    result = TaskResult("t", "accuracy", items, companions=("margin",))
    assert result.of("margin").value == -1.5
    assert result.of("margin").metric == "margin"
    assert {key: part.value for key, part in result.by("kind").items()} == {"x": 1.0, "y": 2.0}


@pytest.mark.parametrize(
    "after",
    [bits({"a": 1}), bits({"a": 1, "c": 2}), bits({"a": 1, "b": 2}, size=11), TaskResult("held_out", "accuracy", ())],
)
def test_different_measures_are_not_compared(after: TaskResult) -> None:
    with pytest.raises(InputError) as caught:
        compare(bits({"a": 1, "b": 2}), after, seed=0)
    assert caught.value.problems[0].code == "MT621"
