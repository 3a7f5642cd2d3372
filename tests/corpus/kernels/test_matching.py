"""Looking at parts, against Python's own string functions."""

import re
import statistics

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.corpus.kernels.slicing import TEXTS, anything, cut, strings_of

from mothertongue.corpus.kernels import matching
from mothertongue.corpus.kernels.characters import DIGIT, LETTER, SPACE, classes
from mothertongue.corpus.kernels.strings import keys, phrases, strings
from mothertongue.corpus.kernels.texts import Parts

LIST = ("...", "a", "n.", "漢", "İ")


@anything
@given(TEXTS)
def test_beginnings_and_ends(texts):
    made = cut(texts)
    words = made.words(alone=False)
    flat = [word for text in strings_of(words, made) for word in text]
    for at_end, method in ((False, str.startswith), (True, str.endswith)):
        found = matching.parts_matching(*words.places, *strings(LIST), at_end)
        assert found.tolist() == [method(word, LIST) for word in flat]


@anything
@given(TEXTS)
def test_parts_with_characters_of_a_class(texts):
    made = cut(texts)
    lines = made.lines()
    found = matching.count_classes(*lines.places, lines.first, classes(), np.array([LETTER, SPACE], np.uint32))
    for row, text in zip(found.tolist(), texts, strict=True):
        lists = [[line for line in text.split("\n") if any(map(method, line))] for method in (str.isalpha, str.isspace)]
        assert row == [number for chosen in lists for number in (len(chosen), sum(map(len, chosen)))]


@anything
@given(TEXTS)
def test_strings_are_counted_without_overlaps(texts):
    made = cut(texts)
    found = matching.count_strings(made.points, made.starts, *strings(("..", "n", "aA")))
    assert found.tolist() == [text.count("..") + text.count("n") + text.count("aA") for text in texts]


@anything
@given(TEXTS)
def test_known_words_have_their_number(texts):
    made = cut(texts)
    words = made.words(alone=False)
    known = ("a", "n", "aA", "漢", "😀")
    flat = [word for text in strings_of(words, made) for word in text]
    found = matching.known_parts(words.hashes, *keys(known))
    assert found.tolist() == [known.index(word) if word in known else -1 for word in flat]


def test_no_known_words():
    words = cut(["a b"]).words(alone=False)
    assert matching.known_parts(words.hashes, *keys(())).tolist() == [-1, -1]


@anything
@given(TEXTS)
def test_phrases_by_kind_in_lower_case(texts):
    kinds = (("no", "aa"), (), ("漢é", "an", "a"))
    made = cut(texts)
    lines = made.lines()
    found = matching.phrases_in(made.lowered, lines.begin, lines.end, *phrases(kinds))
    lowered = cut([made.lowered.tobytes().decode("utf-32-le")])
    whole = lowered.points.tobytes().decode("utf-32-le")
    flat = [whole[begin:end] for begin, end in zip(lines.begin.tolist(), lines.end.tolist(), strict=True)]
    expected = [
        sum(1 << kind for kind, row in enumerate(kinds) if any(len(one) > 1 and one in line for one in row))
        for line in flat
    ]
    assert found.tolist() == expected


@anything
@given(st.lists(st.lists(st.integers(1, 9), max_size=9), min_size=1, max_size=3))
def test_medians(texts):
    words = cut([" ".join("x" * length for length in lengths) for lengths in texts]).words(alone=False)
    found = matching.median_lengths(words.begin, words.end, words.first)
    for value, lengths in zip(found.tolist(), texts, strict=True):
        assert np.isnan(value) if not lengths else value == statistics.median(lengths)


@anything
@given(TEXTS)
def test_words_in_lines(texts):
    made = cut(texts)
    lines = made.lines()
    count, longest = matching.words_in_parts(*lines.places, classes(), False)
    flat = [line.split() for text in texts for line in text.split("\n")]
    assert count.tolist() == [len(line) for line in flat]
    assert longest.tolist() == [max(map(len, line), default=0) for line in flat]


@anything
@given(TEXTS)
def test_words_in_lines_without_spaces(texts):
    made = cut(texts)
    words = made.words(alone=True)
    whole = Parts(made.points, made.starts[:-1].astype(np.int32), made.starts[1:].astype(np.int32), words.first)
    count, longest = matching.words_in_parts(*whole.places, classes(), True)
    assert count.tolist() == words.count.tolist()
    assert longest.tolist() == [max(map(len, text), default=0) for text in strings_of(words, made)]


@anything
@given(st.lists(st.text(st.sampled_from("[]1٣aedit ."), max_size=20), min_size=1, max_size=3))
def test_citations(texts):
    made = cut(texts)
    lines = made.lines()
    begin, end, shorter = matching.citations_in(*lines.places, classes(), *strings(("[edit]",)))
    whole = "".join(texts)
    pattern = re.compile(r"\[\d*\]|\[edit\]")
    expected = [match.span() for line in spans(texts) for match in pattern.finditer(whole, *line)]
    assert list(zip(begin.tolist(), end.tolist(), strict=True)) == expected
    for (start, stop), found in zip(spans(texts), shorter.tolist(), strict=True):
        assert whole[start:found] == re.sub(rf"({pattern.pattern})+$", "", whole[start:stop])


def spans(texts):
    place = 0
    for text in texts:
        yield place, place + len(text)
        place += len(text)


def test_digits_of_citations_are_digits():
    assert classes()[ord("٣")] & DIGIT
