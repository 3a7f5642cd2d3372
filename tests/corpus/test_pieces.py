"""Cutting: pieces join to the text, stay below the maximum, and end at the best border there is."""

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from mothertongue.corpus.pieces import split_text


@pytest.mark.parametrize(
    ("text", "maximum", "pieces"),
    [
        ("", 5, [""]),
        ("kort", 5, ["kort"]),
        ("aaaa\n\nbbbb cccc", 10, ["aaaa\n\n", "bbbb cccc"]),
        ("aaaa bbb\ncc dd", 10, ["aaaa bbb\n", "cc dd"]),
        ("Aaa bb. Cc dd ee", 10, ["Aaa bb. ", "Cc dd ee"]),
        ("aaaa bbbb cccc", 10, ["aaaa bbbb ", "cccc"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("一二三四。五六七八", 6, ["一二三四。", "五六七八"]),
        ("e\u0301e\u0301e\u0301", 3, ["e\u0301", "e\u0301", "e\u0301"]),
        ("👩\u200d👩\u200d👧👩\u200d👩\u200d👧", 7, ["👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"]),
    ],
)
def test_cut_by_hand(text, maximum, pieces):
    assert split_text(text, maximum) == pieces


def test_a_grapheme_longer_than_the_maximum_stays_whole():
    text = "e" + "\u0301" * 50 + "x"
    assert split_text(text, 10) == ["e" + "\u0301" * 50, "x"]


@settings(max_examples=300, deadline=None)
@given(st.text("ab .!\n\ré\u0301\u200d👩🇳🇱。ไท\u0e34", max_size=200), st.integers(1, 40))
def test_pieces_join_fit_and_keep_graphemes(text, maximum):
    pieces = split_text(text, maximum)
    assert "".join(pieces) == text
    borders = {0, *(match.end() for match in regex.finditer(r"\X", text))}
    place = 0
    for piece in pieces:
        place += len(piece)
        assert place in borders
        assert len(piece) <= maximum or len(regex.findall(r"\X", piece)) == 1


@pytest.mark.parametrize("unit", ["woord ", "zonderspatie", "🇳🇱", "漢字"])
def test_two_million_characters_in_one_line(unit):
    text = unit * (2_000_000 // len(unit))
    pieces = split_text(text, 100_000)
    assert "".join(pieces) == text
    assert max(map(len, pieces)) <= 100_000
    assert len(pieces) <= 41


def test_a_million_marks_on_one_letter_take_no_quadratic_time():
    text = "e" + "\u0301" * 1_000_000 + "x"
    assert list(map(len, split_text(text, 1000))) == [1_000_001, 1]
