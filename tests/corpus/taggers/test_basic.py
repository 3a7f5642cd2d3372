"""Tagger `basic`: attributes worked out by hand, in scripts of several kinds."""

import pytest
from tests.corpus.taggers.samples import tag_one

from mothertongue.corpus.taggers.basic import measure


@pytest.mark.parametrize(
    ("text", "attribute", "value"),
    [
        ("abc", "characters", 3),
        ("ab 1!", "letter_share", 0.5),
        ("\u0915\u094d\u200d\u0937", "letter_share", 1),  # marks and joiners are letters of their script
        ("", "letter_share", 0),
        ("", "longest_run_share", 0),
        ("abbbb c", "longest_run_share", 4 / 6),
        ("a  \n\n  bb", "longest_run_share", 2 / 3),
        ("a b c", "longest_run_share", 1 / 3),
        ("aa\nbb\naa\naa", "repeated_line_share", 0.5),
        ("a b c d e a b c d e", "repeated_gram_share", 1 - 5 / 6),
        ("A b, c d e! a B c d e", "repeated_gram_share", 1 - 5 / 6),
        ("我爱你的猫我爱你的猫", "repeated_gram_share", 1 - 5 / 6),
        ("a b c", "repeated_gram_share", 0),
    ],
)
def test_attributes_by_hand(text, attribute, value):
    assert measure(text)[attribute] == pytest.approx(value)
    assert tag_one("basic", text)[attribute] == pytest.approx(value)
