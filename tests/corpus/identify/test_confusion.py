"""The confusion table by hand."""

from dataclasses import dataclass

import pytest

from mothertongue.corpus.identify import confusion


@dataclass
class Says:
    """Gives each text the label that it consists of, with probability 0.75."""

    labels: frozenset[str] = frozenset({"a", "b"})

    def identify(self, texts):
        return [[(text, 0.75)] for text in texts]


def test_precision_recall_and_pairs_by_hand():
    rows = [("a", "a"), ("a", "a"), ("a", "b"), ("b", "b"), ("b", "und"), ("b", "und")]
    table = confusion(Says(), rows)
    a, b = table.scores["a"], table.scores["b"]
    assert (a.lines, a.precision, a.recall, a.f1) == (3, 1.0, pytest.approx(2 / 3), pytest.approx(0.8))
    assert (b.lines, b.precision, b.recall, b.f1) == (3, 0.5, pytest.approx(1 / 3), pytest.approx(0.4))
    assert table.macro_f1 == pytest.approx(0.6)
    assert table.accuracy == pytest.approx(0.5)
    assert table.pairs == (("b", "und", 2), ("a", "b", 1))
    assert table.calibration_error == pytest.approx(0.25)
    assert "2 lines of b taken for und" in str(table)
    assert table.to_json()["pairs"] == [["b", "und", 2], ["a", "b", 1]]


def test_no_lines_are_no_error():
    table = confusion(Says(), [])
    assert (table.macro_f1, table.accuracy, table.pairs, table.calibration_error) == (0, 0, (), 0)
