"""Decisions follow from the measured numbers alone."""

import pytest

from mothertongue.training.decide import Trial, decide_method

FAST = Trial("lora", 2.0, 1.9, 1.0, 1.005, 3000, 15.0)
DEEP = Trial("full", 2.0, 1.8, 1.0, 1.01, 3000, 20.0)
RUINOUS = Trial("full", 2.0, 1.6, 1.0, 1.2, 3000, 20.0)


def test_gains_by_hand():
    assert FAST.gain == pytest.approx(0.05)
    assert FAST.gain_per_minute == pytest.approx(0.2)
    assert DEEP.gain_per_minute == pytest.approx(0.3)
    assert FAST.tokens_per_second == 200
    assert RUINOUS.loss == pytest.approx(0.2)


@pytest.mark.parametrize(("trials", "chosen"), [([FAST, DEEP], "full"), ([FAST, RUINOUS], "lora"), ([RUINOUS], "full")])
def test_most_learned_per_minute_among_those_that_keep(trials, chosen):
    assert decide_method(trials, 0.02)[0] == chosen


def test_when_all_forget_the_one_that_forgets_least_is_taken():
    worse = Trial("lora", 2.0, 1.5, 1.0, 1.4, 3000, 15.0)
    name, reason = decide_method([RUINOUS, worse], 0.02)
    assert name == "full"
    assert "20.0 %" in reason


def test_the_report_gets_every_measured_value():
    assert {
        "target_before",
        "target_after",
        "tokens_per_second",
        "gain_percent",
        "forgotten_percent",
    } <= FAST.values().keys()
