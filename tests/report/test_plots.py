"""Plots: axes by hand, lengths in proportion, nothing that is not a number, whatever is drawn."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mothertongue.report.markup import render
from mothertongue.report.model import Bin
from mothertongue.report.plots import BarPair, Mark, Plot, Series, bars, funnel, histogram, lines, scatter, shorten
from mothertongue.report.scales import Scale, decimals, log_ticks, padded, smooth, thin, ticks
from mothertongue.report.words import load_words

PLOT = Plot(load_words("en"), "p", "A title", "A sentence")
NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)


def lengths(page: str, class_: str) -> list[float]:
    return [float(found) for found in re.findall(rf'width="([\d.]+)" height="17" class="bar {class_}"', page)]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 10, [0, 2, 4, 6, 8, 10]),
        (0.9, 1.9, [1.0, 1.2, 1.4, 1.6, 1.8]),
        (-1, 1, [-1, -0.5, 0, 0.5, 1]),
        (3, 3, [3]),
    ],
)
def test_ticks(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high, 5) == pytest.approx(expected)


def test_log_ticks() -> None:
    assert log_ticks(1, 10_000) == [1, 10, 100, 1000, 10_000]
    assert log_ticks(100, 1000) == [100, 200, 500, 1000]


@given(NUMBERS, NUMBERS)
def test_ticks_lie_within(low: float, high: float) -> None:
    low, high = min(low, high), max(low, high)
    room = (high - low) * 1e-6 + 1e-9 + abs(high) * 1e-9
    assert all(low - room <= value <= high + room for value in ticks(low, high))
    assert len(ticks(low, high)) <= 15


def test_scale() -> None:
    assert [Scale(0, 10, 100, 200)(value) for value in (0, 5, 10, 99)] == [100, 150, 200, 200]
    assert [Scale(1, 100, 0, 10, True)(value) for value in (0, 1, 10, 100)] == [0, 0, pytest.approx(5), 10]


def test_small_helpers() -> None:
    assert decimals([0.1, 0.15, 0.2]) == 2
    assert decimals([0, 10]) == 0
    assert padded([1.0, 1.0])[0] < 1 < padded([1.0, 1.0])[1]
    assert smooth([3.0, 3.0, 3.0]) == pytest.approx([3.0, 3.0, 3.0])
    assert thin(5, 60) == [0, 1, 2, 3, 4]
    assert thin(1000, 60)[0] == 0
    assert thin(1000, 60)[-1] == 999
    assert len(thin(1000, 60)) <= 61
    assert shorten("a  b\n c", 9) == "a b c"
    assert shorten("abcdef", 4) == "abc\u2026"


def test_bars_are_in_proportion_and_start_at_zero() -> None:
    page = render(bars(PLOT, [BarPair("x", 2.0, 1.0), BarPair("y", 0.5, 0.25)], str))
    longest, half = lengths(page, "before")
    assert half == pytest.approx(longest / 4, abs=0.02)
    assert lengths(page, "after") == pytest.approx([longest / 2, longest / 8], abs=0.02)


def test_a_whisker_spans_its_interval() -> None:
    page = render(bars(PLOT, [BarPair("x", 2.0, 1.0, 0.5, 1.5)], str))
    left, right = re.findall(r'x1="([\d.]+)" y1="[\d.]+" x2="([\d.]+)" y2="[\d.]+" class="whisker"', page)[0]
    assert float(right) == pytest.approx(3 * float(left), abs=0.05)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=80), st.booleans())
@example([(0.0, 0.0), (5e-324, 0.0)], False)
@example([(5e-324, 0.0)], True)
@example([(1.0, -1e308), (2.0, 1e308)], False)
def test_any_curve_is_drawn_with_numbers_inside(points: list[tuple[float, float]], logarithmic: bool) -> None:
    ordered = sorted((abs(x), y) for x, y in points)
    page = render(lines(PLOT, [Series("s", ordered), Series("t", ordered, 1)], "x", logarithmic))
    _check(page)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=20), st.booleans())
def test_any_scatter_is_drawn_with_numbers_inside(points: list[tuple[float, float]], diagonal: bool) -> None:
    _check(render(scatter(PLOT, [Mark(x, y, "m") for x, y in points], ("x", "y"), diagonal)))


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=30))
def test_any_counts_are_drawn(counts: list[int]) -> None:
    _check(render(funnel(PLOT, [("step", count, count // 3) for count in counts])))
    _check(render(histogram(PLOT, [Bin(low=i, high=i + 1, count=count) for i, count in enumerate(counts)])))


def _check(page: str) -> None:
    assert "nan" not in page
    assert "inf" not in page
    for coordinate in re.findall(r'\b(?:c?[xy][12]?|width|height)="([^"]*)"', page):
        assert math.isfinite(float(coordinate))
    assert page.startswith("<svg")
    assert '<title id="p-title">A title</title><desc id="p-description">A sentence</desc>' in page


def test_a_plot_is_readable_without_colour() -> None:
    page = render(lines(PLOT, [Series("a", [(0, 1), (1, 2)], 0), Series("b", [(0, 2), (1, 1)], 1)], "x"))
    assert "<circle" in page
    assert "<polygon" in page
    assert "fill=" not in page
    assert "style=" not in page
