"""Words and marks apart: cases worked out by hand, and what holds for any text."""

import numpy as np
import pytest
import regex
from hypothesis import given
from tests.corpus.kernels.slicing import TEXTS, anything, cut, strings_of

from mothertongue.corpus.kernels.strings import word_rules
from mothertongue.corpus.kernels.texts import sentences

ENGLISH = word_rules(("e.g.", "a.m.", "can|not", "and/or"), ("'s", "n't"))


def marks(text, rules=None, alone=False):
    made = cut([text])
    return strings_of(made.marks(rules or word_rules(), alone), made)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, world!", "Hello | , | world | !"),
        ("(see: «that»).", "( | see | : | « | that | » | ) | ."),
        ("well-known 3-4 a--b -x", "well | - | known | 3 | - | 4 | a | -- | b | -x"),
        ("wait... what…", "wait | ... | what | …"),
        ("5km 12% 3.5 1,000 7€", "5 | km | 12 | % | 3.5 | 1,000 | 7 | €"),
        ("end.Next A.B. U.S.", "end | . | Next | A.B. | U.S."),
        ("www.example.org/a,b http://x.org me@here.org.", "www.example.org/a,b | http://x.org | me@here.org | ."),
        ("a/b x:y 1:2", "a | / | b | x | : | y | 1:2"),
        ("+5 +x 5+ x²", "+5 | + | x | 5 | + | x²"),
        ("हम। 你好。ok", "हम | । | 你好。ok"),
        ("'quoted' \"this\"", "' | quoted | ' | \" | this | \""),
        ("☺x y☺z", "☺ | x | y | ☺ | z"),
        ("... . ,", "... | . | ,"),
        ("", ""),
    ],
)
def test_words_and_marks(text, expected):
    assert " | ".join(marks(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't, the miller's cannot", "Do | n't | , | the | miller | 's | can | not"),
        ("(e.g. 9 a.m.), and/or x/y", "( | e.g. | 9 | a.m. | ) | , | and/or | x | / | y"),
    ],
)
def test_exceptions_and_endings_come_from_the_settings(text, expected):
    assert " | ".join(marks(text, ENGLISH)) == expected


def test_letters_without_spaces_stand_alone():
    assert marks("漢字。abc ไป", alone=True) == ["漢", "字", "。", "abc", "ไ", "ป"]


@anything
@given(TEXTS)
def test_nothing_but_white_space_is_lost(texts):
    made = cut(texts)
    for rules in (word_rules(), ENGLISH):
        for alone in (False, True):
            found = strings_of(made.marks(rules, alone), made)
            assert ["".join(parts) for parts in found] == ["".join(text.split()) for text in texts]
            assert all(parts and not any(map(str.isspace, parts)) for text in found for parts in text)


@anything
@given(TEXTS)
def test_sentences_are_counted_over_words_and_marks(texts):
    made = cut(texts)
    for rules in (word_rules(), ENGLISH):
        lines = made.lines()
        found = sentences(lines, lines.end, rules, False)
        for line, number in zip([line for text in texts for line in text.split("\n")], found.tolist(), strict=True):
            assert number == in_python(marks(line, rules))


def in_python(parts):
    """Return the number of sentences: a mark that ends one, then any marks, then a word."""
    number, ended = 1, False
    for part in parts:
        ends = regex.fullmatch(r"\p{Sentence_Terminal}", part) is not None
        if ended and not ends and not regex.fullmatch(r"\p{P}+", part):
            number, ended = number + 1, False
        ended = ended or ends
    return number


def test_sentences_end_where_a_line_does():
    made = cut(["One. Two. Three"])
    assert sentences(made.lines(), np.array([9], np.int32), word_rules(), False).tolist() == [2]


@pytest.mark.parametrize("unit", [".", "(", "a.", "a-", "@", "a@", "://", "'", "1", "):", "x.y@", "n't"])
def test_work_grows_with_length_only(unit):
    # Quadratic work on a million characters would end at the limit of all tests, not within seconds.
    text = unit * (1_000_000 // len(unit))
    assert "".join(marks(text, ENGLISH)) == text
