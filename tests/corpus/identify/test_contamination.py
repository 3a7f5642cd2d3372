"""Contamination lists by hand."""

from collections import Counter

from mothertongue.corpus.identify import contamination_words
from mothertongue.corpus.identify.contamination import merged


def test_frequent_there_absent_here():
    own = Counter({"o": 60, "no": 40})
    theirs = Counter({"el": 50, "no": 30, "y": 6, "muy": 5, "raro": 2, "z": 7})
    # Purity at 100 own words: rate / (rate + 0.01) >= 0.85, so a rate of 0.0567 or more: 5.67 of 100.
    assert contamination_words(own, {"es": theirs}) == {"es": ["el", "z", "y"]}


def test_little_own_text_gives_short_lists():
    theirs = Counter({"el": 50, "y": 50})
    assert contamination_words(Counter({"o": 100}), {"es": theirs})["es"] == ["el", "y"]
    assert contamination_words(Counter({"o": 5}), {"es": theirs})["es"] == []


def test_lists_take_turns():
    assert merged([["a", "b", "c"], ["d", "a"], []]) == ("a", "d", "b", "c")
    assert merged([]) == ()
