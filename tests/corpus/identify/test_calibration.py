"""Calibration: probabilities by hand, fits whose answer is known, and the error of calibration by hand."""

import numpy as np
import pytest

from mothertongue.corpus.identify.calibration import (
    Calibration,
    Labelled,
    expected_calibration_error,
    fit,
    least,
    logistic,
    reliability,
    typicality_facts,
    usual,
    with_share,
)


def test_probabilities_by_hand():
    # mass 4, so sqrt(mass) = 2: the second label is 2 * ln(3) behind, at scale 1 its odds are 1 to 3.
    scores = np.array([[10.0, 10 - 2 * np.log(3)]])
    made = Calibration(1.0, (np.log(0.25), 0.0, 0.0, 0.0, 0.0))
    found = made.probabilities(scores, np.array([2.0]), np.array([4.0]), np.array([1.0, 5.0]))
    # "none" has log-odds ln(1/4): 0.2; the rest is shared 3 to 1.
    assert np.allclose(found, [[0.6, 0.2, 0.2]])


def test_facts_by_hand():
    scores = np.array([[10.0, 4.0, 7.0]])
    facts = typicality_facts(scores, np.array([2.0]), np.array([4.0]), np.array([1.5, 0.0, 0.0]))
    # ((10 - 2) / 4 - 1.5) / sqrt(1.5); ln(1 + (10 - 7) / 2); 1 / 2; what is expected of the first label
    assert np.allclose(facts, [[1.0, 0.5 / np.sqrt(1.5), np.log(2.5), 0.5, 1.5]])


def test_a_label_that_does_not_stand_out_makes_no_text_untypical_without_limit():
    facts = typicality_facts(np.array([[3.0, 1.0]]), np.array([4.0]), np.array([1.0]), np.array([0.0, 0.0]))
    # ((3 - 4) / 1 - 0) / sqrt(0.1)
    assert facts[0, 1] == pytest.approx(-np.sqrt(10))


def test_one_label_has_no_margin():
    facts = typicality_facts(np.array([[3.0]]), np.array([1.0]), np.array([1.0]), np.array([0.0]))
    assert facts[0, 2] == 0


def test_the_share_of_unknown_texts_moves_the_odds():
    made = with_share(Calibration(1.0, (0.5, 1.0, 2.0, 3.0, 4.0)), 0.2)
    assert made.unknown[0] == pytest.approx(0.5 + np.log(0.25), abs=1e-5)
    assert made.unknown[1:] == (1.0, 2.0, 3.0, 4.0)


def test_logistic_finds_the_odds():
    # A constant alone: 30 of 40 are true, so its weight is ln 3.
    facts = np.ones((40, 1))
    target = np.array([1.0] * 30 + [0.0] * 10)
    assert logistic(facts, target, np.ones(40), np.zeros(1), 1e-9)[0] == pytest.approx(np.log(3))
    # Twice the weight of the false ones: 30 to 20.
    weights = np.where(target > 0, 1.0, 2.0)
    assert logistic(facts, target, weights, np.zeros(1), 1e-9)[0] == pytest.approx(np.log(1.5))
    # Without evidence the start is kept; with a strong pull almost.
    assert logistic(facts, target, np.zeros(40), np.array([7.0]), 1.0)[0] == pytest.approx(7.0)
    assert logistic(facts, target, np.ones(40), np.zeros(1), 1e9)[0] == pytest.approx(0, abs=1e-6)


def test_the_golden_section_finds_the_valley():
    assert least(lambda x: (x - 1.25) ** 2, -8, 4) == pytest.approx(1.25, abs=1e-6)


def drawn(scale: float, number: int = 20_000) -> Labelled:
    draw = np.random.default_rng(0)
    scores = draw.normal(0, 3, (number, 3))
    odds = np.exp(scale * scores)
    chance = odds / odds.sum(1, keepdims=True)
    truth = (draw.random(number)[:, None] > np.cumsum(chance, axis=1)).sum(1)
    return Labelled(scores, np.zeros(number), np.ones(number), truth)


@pytest.mark.parametrize("scale", [0.3, 1.0])
def test_the_scale_of_drawn_labels_is_found_again(scale):
    made = fit(drawn(scale), np.zeros(3), Calibration(scale, usual().unknown), ridge=1e-6)
    assert made.scale == pytest.approx(scale, rel=0.05)


def test_the_usual_weights_have_the_right_signs():
    _, typical, margin, _, _ = usual().unknown
    # the more typical and the clearer, the less "none of these"
    assert typical < 0
    assert margin < 0


def test_calibration_error_by_hand():
    # bins [0.6, 0.7) and [0.9, 1]: |0.65 - 0.5| * 2/4 + |0.95 - 1| * 2/4
    confidence, right = [0.65, 0.65, 0.9, 1.0], [True, False, True, True]
    assert expected_calibration_error(confidence, right) == pytest.approx(0.1)
    rows = reliability(confidence, right)
    assert [row["share"] for row in rows] == [0.5, 0.5]
    assert [row["accuracy"] for row in rows] == [0.5, 1.0]
