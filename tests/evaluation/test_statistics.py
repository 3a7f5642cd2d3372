"""The bootstrap: hand-worked answers, agreement with scipy, and coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap

from mothertongue.evaluation.statistics import Interval, mean_interval, paired_bootstrap, wins_and_losses


def test_identical_lists_have_no_change() -> None:
    values = [3.0, 1.0, 4.0, 1.5]
    for relative in (False, True):
        found = paired_bootstrap(values, values, [1, 2, 3, 4], seed=0, relative=relative)
        assert (found.estimate, found.low, found.high, found.n) == (0.0, 0.0, 0.0, 4)


def test_a_change_in_proportion_is_certain() -> None:
    before = np.array([10.0, 20.0, 5.0])
    found = paired_bootstrap(before, 0.9 * before, [3, 9, 1], seed=1, relative=True)
    assert found.estimate == pytest.approx(-10)
    assert (found.low, found.high) == (pytest.approx(-10), pytest.approx(-10))
    assert found.excludes_zero


def test_absolute_change_is_a_ratio_of_sums() -> None:
    found = paired_bootstrap([8.0, 4.0], [6.0, 5.0], [4, 1], seed=0)
    assert found.estimate == pytest.approx((11 - 12) / 5)
    # only three samples exist: both, the first twice, the second twice
    assert (found.low, found.high) == (pytest.approx(-0.5), pytest.approx(1.0))


def test_mean_interval_is_the_mean() -> None:
    found = mean_interval([1.0, 2.0, 6.0], seed=0)
    assert found.estimate == pytest.approx(3)
    assert 1 <= found.low <= found.estimate <= found.high <= 6


def test_one_item_says_nothing() -> None:
    found = paired_bootstrap([1.0], [2.0], seed=0)
    assert (found.low, found.high, found.excludes_zero) == (-math.inf, math.inf, False)
    assert found.to_json() == {"estimate": 1.0, "low": None, "high": None, "n": 1, "level": 0.95}


def test_seeded() -> None:
    random = np.random.default_rng(0)
    before, after = random.normal(size=(2, 30))
    first, again, other = (paired_bootstrap(before, after, seed=seed) for seed in (5, 5, 6))
    assert first == again
    assert first != other


@pytest.mark.parametrize("relative", [False, True])
def test_agrees_with_scipy(relative: bool) -> None:
    random = np.random.default_rng(3)
    weights = random.integers(50, 500, 60).astype(float)
    before = weights * random.normal(2.0, 0.3, 60)
    after = before * random.normal(0.95, 0.1, 60)

    def statistic(b: np.ndarray, a: np.ndarray, w: np.ndarray, axis: int = -1) -> np.ndarray:
        difference = (a - b).sum(axis)
        return 100 * difference / b.sum(axis) if relative else difference / w.sum(axis)

    theirs = bootstrap(
        (before, after, weights), statistic, paired=True, method="percentile", n_resamples=10_000, rng=1
    ).confidence_interval
    ours = paired_bootstrap(before, after, weights, seed=2, samples=10_000, relative=relative)
    width = theirs.high - theirs.low
    assert ours.low == pytest.approx(theirs.low, abs=0.04 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.04 * width)


def test_coverage_is_near_its_level() -> None:
    random = np.random.default_rng(4)
    hits = 0
    for trial in range(400):
        difficulty = random.normal(0, 5, 50)
        before, after = difficulty, difficulty + random.normal(0.3, 1, 50)
        found = paired_bootstrap(before, after, seed=trial, samples=500)
        hits += found.low <= 0.3 <= found.high
    assert 0.90 <= hits / 400 <= 0.98  # 0.95 less the percentile method's known deficit, with 4 standard errors


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=2, max_size=20))
def test_interval_holds_the_extremes_only(pairs: list[tuple[float, float]]) -> None:
    before, after = zip(*pairs, strict=True)
    found = paired_bootstrap(before, after, seed=0, samples=200)
    differences = [b - a for a, b in pairs]
    assert min(differences) - 1e-9 <= found.low <= found.high <= max(differences) + 1e-9


def test_wins_and_losses() -> None:
    assert wins_and_losses([1, 2, 3, 4], [2, 2, 1, 5], higher_is_better=True) == (2, 1)
    assert wins_and_losses([1, 2, 3, 4], [2, 2, 1, 5], higher_is_better=False) == (1, 2)


@pytest.mark.parametrize(("before", "after"), [([], []), ([1.0], [1.0, 2.0])])
def test_lists_that_are_not_paired_are_refused(before: list[float], after: list[float]) -> None:
    with pytest.raises(ValueError, match="paired"):
        paired_bootstrap(before, after, seed=0)


def test_excludes_zero() -> None:
    assert Interval(1, 0.1, 2, 5).excludes_zero
    assert not Interval(1, -0.1, 2, 5).excludes_zero
