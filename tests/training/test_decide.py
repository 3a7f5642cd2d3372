"""Decisions follow from the measured numbers alone."""

import pytest

from mothertongue.training.decide import Trial, decide_method

FAST = Trial("lora", 2.0, 1.8, 1.0, 1.005, 4000, 16.0)
DEEP = Trial("full", 2.0, 1.84, 1.0, 1.01, 4000, 20.0)
RUINOUS = Trial("full", 2.0, 1.6, 1.0, 1.2, 4000, 20.0)


def tokens(count):
    return lambda trial: count


def test_gains_by_hand():
    assert FAST.gain == pytest.approx(0.1)
    assert FAST.tokens_per_second == 250
    assert RUINOUS.loss == pytest.approx(0.2)
    assert FAST.projected_gain(16000, 0.5) == pytest.approx(0.2)
    assert DEEP.projected_gain(4000, 0.5) == pytest.approx(0.08)


def test_a_projection_never_looks_back():
    assert FAST.projected_gain(10, 0.45) == pytest.approx(FAST.gain)


@pytest.mark.parametrize(
    ("trials", "horizon", "chosen"),
    [([FAST, DEEP], 4000, "lora"), ([FAST, DEEP], 40000, "full"), ([FAST, RUINOUS], 40000, "lora")],
)
def test_the_arm_that_learns_most_over_the_whole_training_wins_if_it_keeps(trials, horizon, chosen):
    assert decide_method(trials, tokens(horizon), 0.02)[0] == chosen


def test_when_all_forget_the_one_that_forgets_least_is_taken():
    worse = Trial("lora", 2.0, 1.5, 1.0, 1.4, 3000, 15.0)
    name, reason = decide_method([RUINOUS, worse], tokens(32000), 0.02)
    assert name == "full"
    assert "20.0 %" in reason


def test_the_report_gets_every_measured_value():
    wanted = {"target_before", "target_after", "tokens_per_second", "gain_percent", "forgotten_percent"}
    assert wanted <= FAST.values().keys()
