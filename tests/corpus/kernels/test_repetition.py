"""What repeats, against the definitions written out in Python."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.corpus.kernels.slicing import anything, cut

from mothertongue.corpus.kernels.repetition import DUPLICATE, TOP, repeated_parts, repeated_sequences

WORDS = st.lists(st.sampled_from(["a", "a", "bb", "ccc", "漢字"]), max_size=60)


def sequences(words, n):
    return [tuple(words[start : start + n]) for start in range(len(words) - n + 1)]


def size(sequence):
    return sum(map(len, sequence))


def met_again(words, n):
    """Characters of repeated sequences when a reader goes on behind each of them."""
    seen, place, total = set(), 0, 0
    while place + n <= len(words):
        sequence = tuple(words[place : place + n])
        total += size(sequence) * (sequence in seen)
        place += n if sequence in seen else 1
        seen.add(sequence)
    return total


@anything
@given(st.lists(WORDS, min_size=1, max_size=3))
def test_sequences_are_counted_as_defined(texts):
    parts = cut([" ".join(words) for words in texts]).words(alone=False)
    top, duplicate = repeated_sequences(parts.hashes, parts.begin, parts.end, parts.first)
    for row, words in enumerate(texts):
        expected = []
        for n in TOP:
            common = Counter(sequences(words, n)).most_common(1)
            expected += [common[0][1], size(common[0][0])] if common else [0, 0]
        assert top[row].tolist() == expected
        expected = []
        for n in DUPLICATE:
            counts = Counter(sequences(words, n))
            twice = sum(count * size(one) for one, count in counts.items() if count > 1)
            expected += [twice, sum(count * size(one) for one, count in counts.items()), met_again(words, n)]
        assert duplicate[row].tolist() == expected


@anything
@given(st.lists(st.lists(st.sampled_from(["a", "bb", ""]), min_size=1, max_size=8), min_size=1, max_size=3))
def test_lines_are_counted_as_defined(texts):
    parts = cut(["\n".join(lines) for lines in texts]).lines()
    found = repeated_parts(parts.hashes, parts.begin, parts.end, parts.first)
    for row, lines in enumerate(texts):
        counts = Counter(lines)
        again = [line for place, line in enumerate(lines) if line in lines[:place]]
        expected = [
            sum(count for count in counts.values() if count > 1),
            sum(count * len(line) for line, count in counts.items() if count > 1),
            len(again),
            size(again),
        ]
        assert found[row].tolist() == expected


def test_the_earliest_of_equally_common_sequences_counts():
    parts = cut(["a bb a bb ccc d ccc d"]).words(alone=False)
    top, _ = repeated_sequences(parts.hashes, parts.begin, parts.end, parts.first)
    assert top[0, :2].tolist() == [2, 3]


def test_a_text_between_others_is_counted_as_alone():
    texts = ["a b " * 40, "a b c", "b a " * 90]
    together = cut(texts).words(alone=False)
    found = repeated_sequences(together.hashes, together.begin, together.end, together.first)
    for row, text in enumerate(texts):
        alone = cut([text]).words(alone=False)
        expected = repeated_sequences(alone.hashes, alone.begin, alone.end, alone.first)
        for left, right in zip(found, expected, strict=True):
            assert np.array_equal(left[row], right[0])
