"""The decision on the vocabulary, case by case, with the reason a reader sees."""

from __future__ import annotations

import json
import math

import pytest

from mothertongue.vocabulary.decide import Arm, VocabularyPolicy, decide_initializer, decide_vocabulary


def arm(trial: float, seconds: float = 60.0, ratio: float | None = None, bytes_per_token: float = 2.8) -> Arm:
    return Arm(1.5, trial, bytes_per_token, seconds, ratio)


@pytest.mark.parametrize(
    ("keep", "extend", "chosen", "because"),
    [
        (arm(1.20), arm(1.19), "extend", "not worse"),
        (arm(1.20), arm(1.20), "extend", "not worse"),
        (arm(1.20), arm(1.21), "keep", "0.8 % worse"),
        (arm(1.20, ratio=3.5), arm(1.21), "extend", "3.5 times"),
        (arm(1.20, ratio=3.0), arm(1.21), "keep", "worse"),
        (arm(1.20, ratio=3.5), arm(1.30), "keep", "8.3 % worse"),
        (arm(1.20), arm(1.10, seconds=67.0), "keep", "ran longer"),
        (arm(1.20), arm(1.10, seconds=66.0), "extend", "not worse"),
        (arm(1.20), arm(math.nan), "keep", "diverged"),
        (arm(math.inf), arm(1.30), "extend", "diverged"),
        (arm(math.inf), arm(math.inf), "keep", "diverged"),
    ],
)
def test_cases(keep: Arm, extend: Arm, chosen: str, because: str) -> None:
    decision = decide_vocabulary(keep, extend)
    assert decision.name == "vocabulary"
    assert decision.chosen == chosen
    assert because in decision.reason


def test_reason_is_one_sentence_with_the_numbers_and_both_arms_are_kept() -> None:
    decision = decide_vocabulary(arm(1.2), arm(1.1, bytes_per_token=4.4))
    assert "1.100 bits per byte extended against 1.200 kept" in decision.reason
    assert "4.40 against 2.80 bytes per token" in decision.reason
    assert decision.reason.endswith(".")
    assert [one["name"] for one in decision.arms] == ["keep", "extend"]
    assert decision.arms[1]["values"]["bits_per_byte_trial"] == 1.1


def test_arms_are_json_also_after_a_diverged_trial() -> None:
    decision = decide_vocabulary(arm(1.2), arm(math.nan))
    assert json.loads(json.dumps(decision.arms, allow_nan=False))[1]["values"]["bits_per_byte_trial"] is None


def test_the_policy_moves_the_thresholds() -> None:
    keep, extend = arm(1.20, ratio=2.5), arm(1.25)
    assert decide_vocabulary(keep, extend).chosen == "keep"
    assert decide_vocabulary(keep, extend, VocabularyPolicy(extreme_fertility=2.0, small_loss=0.05)).chosen == "extend"


def test_the_initializer_with_the_fewest_bits_wins_and_ties_go_to_the_first() -> None:
    decision = decide_initializer({"random": 2.4, "merge": 1.7, "subword_mean": 1.7, "mean": math.nan})
    assert decision.chosen == "merge"
    assert decision.reason == "merge starts at 1.700 bits per byte, against 2.400 random, 1.700 subword_mean."
    assert decision.arms[3] == {"name": "mean", "values": {"bits_per_byte_start": None}}
    with pytest.raises(ValueError, match="finite"):
        decide_initializer({"mean": math.inf})
