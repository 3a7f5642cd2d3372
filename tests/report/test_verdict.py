"""The verdict says no more than the intervals do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mothertongue.report import Report, build_verdict
from mothertongue.report.model import BitsPerByte, TaskMeasure
from mothertongue.report.verdict import MINIMUM_DOCUMENTS, Outcome, gain, kept, main_set, task_outcome
from mothertongue.report.words import load_words

from .example import example


def bits(low: float, high: float, documents: int = 40, role: str = "target", before: float = 2.0) -> BitsPerByte:
    after = before + (low + high) / 2
    data = {"before": before, "after": after, "interval": {"low": low, "high": high}, "documents": documents}
    return BitsPerByte.model_validate(data | {"bytes": 1000, "role": role})


def report(**sets: BitsPerByte) -> Report:
    return Report.model_validate({"language": "nl", "base": "b", "measures": {"bits_per_byte": sets}})


@pytest.mark.parametrize(
    ("low", "high", "documents", "outcome"),
    [
        (-0.3, -0.1, 40, Outcome.BETTER),
        (0.1, 0.3, 40, Outcome.WORSE),
        (-0.3, 0.0, 40, Outcome.UNCLEAR),
        (0.0, 0.0, 40, Outcome.UNCLEAR),
        (-0.3, -0.1, MINIMUM_DOCUMENTS - 1, Outcome.FEW),
        (-0.3, -0.1, MINIMUM_DOCUMENTS, Outcome.BETTER),
    ],
)
def test_gain(low: float, high: float, documents: int, outcome: Outcome) -> None:
    assert gain(bits(low, high, documents)) is outcome


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [
        (-0.2, -0.1, Outcome.BETTER),
        (-0.2, 0.0, Outcome.BETTER),
        (-0.2, 0.02, Outcome.HELD),
        (0.01, 0.02, Outcome.HELD),
        (0.0, 0.03, Outcome.UNCLEAR),
        (0.021, 0.03, Outcome.WORSE),
    ],
)
def test_kept_within_one_percent_of_two_bits(low: float, high: float, outcome: Outcome) -> None:
    assert kept(bits(low, high), limit_percent=1.0) is outcome


@pytest.mark.parametrize(
    ("low", "high", "higher", "outcome"),
    [
        (0.1, 0.2, True, Outcome.BETTER),
        (0.1, 0.2, False, Outcome.WORSE),
        (-0.2, -0.1, True, Outcome.WORSE),
        (-0.2, -0.1, False, Outcome.BETTER),
        (-0.1, 0.1, True, Outcome.UNCLEAR),
    ],
)
def test_tasks(low: float, high: float, higher: bool, outcome: Outcome) -> None:
    task = {"metric": "m", "before": 0, "after": 0, "interval": {"low": low, "high": high}, "n": 50}
    assert task_outcome(TaskMeasure.model_validate(task | {"higher_is_better": higher})) is outcome
    assert task_outcome(TaskMeasure.model_validate(task | {"n": 3})) is Outcome.FEW


def test_the_whole_sentence_worked_out_by_hand() -> None:
    sentence = build_verdict(report(stories=bits(-0.3, -0.1), old=bits(0.0, 0.01, role="retention")))
    assert sentence == (
        "The model learned nl: text it had never seen costs it 10.0% fewer bits per byte (95% interval \u221215.0% to "
        "\u22125.0%, 40 documents); it kept its English within the agreed 1.0% (+0.2%, 0.0% to +0.5%)."
    )


def test_nothing_learned_is_said() -> None:
    sentence = build_verdict(report(stories=bits(-0.3, 0.1), old=bits(0.3, 0.4, role="retention")))
    assert "not shown to have taught the model nl" in sentence
    assert "lost some of its English" in sentence
    assert "learned" not in sentence.replace("not shown", "")


def test_what_was_not_measured_is_said() -> None:
    sentence = build_verdict(Report(language="nl", base="b"))
    assert sentence == "Whether the model learned nl was not measured; whether it kept its English was not measured."


@given(
    st.floats(-1, 1),
    st.floats(0, 1),
    st.integers(0, 100),
    st.sampled_from(["en", "nl"]),
)
def test_learned_is_claimed_only_below_zero(low: float, width: float, documents: int, tag: str) -> None:
    row = bits(low, low + width, documents)
    sentence = build_verdict(report(a=row), load_words(tag))
    claims = {"en": "The model learned", "nl": "Het model heeft nl geleerd"}
    assert sentence.startswith(claims[tag]) == (low + width < 0 and documents >= MINIMUM_DOCUMENTS)


def test_the_set_with_most_documents_speaks() -> None:
    found = main_set(report(small=bits(-0.3, -0.2, 6), large=bits(0.2, 0.3, 60)), "target")
    assert found is not None
    assert found[0] == "large"


def test_the_example_names_its_loss() -> None:
    assert "2 got better and 1 got worse beyond chance" in build_verdict(example())
