"""The decision table and ageing, with answers worked out by hand."""

import numpy as np
import pytest

from mothertongue.evaluation.scorer import DocumentBits
from mothertongue.studies.interventions import as_markdown, as_values, decision_table, temporal_degradation

YEARS = (2013, 2016, 2019, 2022)


def bits(*values: float) -> DocumentBits:
    return DocumentBits(np.array(values), np.full(len(values), 10))


def table(groups, scores):
    names = [name for name in scores if name != "full"]
    rates = {name: {"toxic": 0.5 if name == "full" else 0.25} for name in scores}
    return decision_table(scores, dict.fromkeys(names, 0.8), rates, groups, seed=0)


def test_half_a_point_a_year_is_found_exactly():
    found = temporal_degradation({(p, e): 70 - 0.5 * abs(p - e) for p in YEARS for e in YEARS})
    assert found.per_year == pytest.approx(0.5)
    assert found.correlation == pytest.approx(1)


def test_what_makes_a_test_year_hard_cancels_out():
    hard = dict(zip(YEARS, (0, 5, -3, 11), strict=True))
    found = temporal_degradation({(p, e): 70 - 0.5 * abs(p - e) - hard[e] for p in YEARS for e in YEARS})
    assert found.per_year == pytest.approx(0.5)


def test_no_ageing_is_zero_and_one_distance_is_refused():
    flat = temporal_degradation({(p, e): 3.0 for p in YEARS for e in YEARS})
    assert (flat.per_year, flat.correlation) == (0, 0)
    with pytest.raises(ValueError, match="two distances"):
        temporal_degradation({(2013, 2013): 1.0, (2016, 2016): 1.0})


def test_of_two_equally_close_years_the_later_is_the_measure():
    # Test year 2 lies between 1 and 3; the loss of 3 is 0 and that of 1 is 4, both at distance 1.
    found = temporal_degradation({(1, 2): 6.0, (3, 2): 10.0, (1, 1): 0.0, (3, 1): -6.0})
    # distances 1 1 0 2, losses 4 0 0 6: slope = sum((d-1)(l-2.5)) / 2 = (2.5 + 3.5) / 2
    assert found.per_year == pytest.approx(3)


def test_equal_models_differ_by_nothing():
    scores = {"full": {"a": bits(10, 20, 30)}, "same": {"a": bits(10, 20, 30)}}
    (row,) = table({"a": ["a"]}, scores)
    assert (row.deltas["a"].estimate, row.deltas["a"].low, row.deltas["a"].high) == (0, 0, 0)
    assert row.rates == {"toxic": -0.25}


def test_deltas_are_bits_over_bytes_and_a_part_counts_in_both_of_its_groups():
    scores = {
        "full": {"a": bits(10, 20), "b": bits(30, 40)},
        "less": {"a": bits(12, 24), "b": bits(30, 40)},
    }
    (row,) = table({"a": ["a"], "b": ["b"], "all": ["a", "b"]}, scores)
    assert row.deltas["a"].estimate == pytest.approx(6 / 20)
    assert row.deltas["b"].estimate == 0
    assert row.deltas["all"].estimate == pytest.approx(6 / 40)
    assert row.deltas["a"].n == 2
    assert row.deltas["all"].n == 4
    assert row.deltas["all"].low <= 6 / 40 <= row.deltas["all"].high


def test_the_table_is_written_with_every_group_and_rate():
    scores = {"full": {"a": bits(10, 20)}, "less": {"a": bits(10, 20)}}
    rows = table({"a": ["a"]}, scores)
    assert as_markdown(rows) == (
        "| intervention | kept | a | toxic |\n|---|---|---|---|\n| less | 80.0% | +0 (+0 to +0) | -0.250 |\n"
    )
    assert as_values(rows)[0]["deltas"]["a"] == {"estimate": 0.0, "low": 0.0, "high": 0.0, "n": 2, "level": 0.95}
