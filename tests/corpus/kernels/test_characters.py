"""Classes of characters agree with Python on every code point."""

import numpy as np
import pytest

from mothertongue.corpus.kernels.characters import (
    ALONE_LETTER,
    CODE_POINTS,
    DIGIT,
    LETTER,
    LOWER,
    MARK,
    PUNCTUATION,
    SENTENCE_END,
    SPACE,
    UPPER,
    classes,
    code_points,
    lower_case,
    with_bits,
)


@pytest.mark.parametrize(("bit", "method"), [(SPACE, str.isspace), (LETTER, str.isalpha)])
def test_classes_are_those_of_strings(bit, method):
    found = (classes() & bit) != 0
    assert found.tolist() == [method(chr(point)) for point in range(CODE_POINTS)]


def test_lower_case_is_that_of_strings_in_one_character():
    lowered = lower_case()
    for point in range(0x20000):
        small = chr(point).lower()
        assert chr(lowered[point]) == small[0], hex(point)


@pytest.mark.parametrize(
    ("bit", "yes", "no"),
    [
        (MARK, "\u0301\u093e", "a1."),
        (DIGIT, "1٣²Ⅻ", "a."),
        (PUNCTUATION, ".,-(»。", "+$a "),
        (SENTENCE_END, ".!?।。؟።", ",;:a"),
        (ALONE_LETTER, "漢カไ", "aक한"),
        (UPPER, "AÉ漢", "aé1"),
        (LOWER, "aé漢", "AÉ1"),
    ],
)
def test_classes_hold_what_their_names_say(bit, yes, no):
    table = classes()
    assert all(table[ord(character)] & bit for character in yes)
    assert not any(table[ord(character)] & bit for character in no)


def test_bits_of_a_tagger_are_added_to_a_copy():
    bit = 1 << 20
    table = with_bits([(bit, "x😀")])
    assert np.flatnonzero(table & bit).tolist() == [ord("x"), ord("😀")]
    assert not (classes() & bit).any()


def test_lone_surrogates_are_code_points():
    assert code_points("a\ud800").tolist() == [0x61, 0xD800]
