"""Words, lines and paragraphs are those of Python's own functions on any text."""

import re

import numpy as np
import pyarrow as pa
from hypothesis import given
from tests.corpus.kernels.slicing import TEXTS, anything, cut, strings_of

from mothertongue.corpus.kernels import texts as module
from mothertongue.corpus.kernels.characters import classes
from mothertongue.corpus.kernels.texts import slices


@anything
@given(TEXTS)
def test_points_are_code_points(texts):
    made = cut(texts)
    assert made.points.tobytes().decode("utf-32-le") == "".join(texts)
    assert made.lengths.tolist() == [len(text) for text in texts]


@anything
@given(TEXTS)
def test_words_are_those_of_split(texts):
    made = cut(texts)
    assert strings_of(made.words(alone=False), made) == [text.split() for text in texts]


@anything
@given(TEXTS)
def test_lines_are_those_of_split_and_splitlines(texts):
    made = cut(texts)
    assert strings_of(made.lines(), made) == [text.split("\n") for text in texts]
    assert strings_of(made.solid_lines(), made) == [re.split(r"\n+", text) for text in texts]
    assert strings_of(made.any_lines(), made) == [text.splitlines() for text in texts]


def test_all_line_ends_of_unicode():
    text = "".join(f"a{chr(point)}" for point in range(0x3000))
    made = cut([text])
    assert strings_of(made.any_lines(), made) == [text.splitlines()]


def test_chosen_parts_keep_their_hashes():
    lines = cut(["a\n\nb", "\n\nc"]).lines()
    hashes = lines.hashes
    chosen = lines.where(lines.end > lines.begin)
    assert chosen.first.tolist() == [0, 2, 3]
    assert chosen.hashes.tolist() == [hashes[0], hashes[2], hashes[5]]


@anything
@given(TEXTS)
def test_paragraphs_stand_between_empty_lines(texts):
    made = cut(texts)
    assert strings_of(made.paragraphs(), made) == [re.split(r"\n{2,}", text.strip()) for text in texts]


@anything
@given(TEXTS)
def test_stripped_parts_are_stripped_strings(texts):
    made = cut(texts)
    lines = made.lines()
    assert strings_of(lines.stripped(classes()), made) == [[line.strip() for line in t.split("\n")] for t in texts]


@anything
@given(TEXTS)
def test_hashes_are_equal_for_equal_parts_only(texts):
    made = cut([*texts, *texts])
    words = made.words(alone=False)
    flat = [word for text in strings_of(words, made) for word in text]
    assert len(set(zip(flat, words.hashes.tolist(), strict=True))) == len(set(flat)) == len(set(words.hashes.tolist()))


def test_letters_without_spaces_stand_alone_with_their_marks():
    made = cut(["ไป ที่ ab漢字kana カ\u3099", "漢"])
    assert strings_of(made.words(alone=True), made) == [
        ["ไ", "ป", "ที่", "ab", "漢", "字", "kana", "カ\u3099"],
        ["漢"],
    ]


def test_slices_change_nothing(monkeypatch):
    texts = [f"{'é漢😀 ' * number}\n" for number in range(50)] + ["", "x"]
    batch = pa.record_batch({"text": pa.array(texts)})
    monkeypatch.setattr(module, "SLICE_BYTES", 64)
    parts = list(slices(batch.slice(3)))
    assert len(parts) > 10
    assert np.concatenate([part.points for part in parts]).tobytes().decode("utf-32-le") == "".join(texts[3:])
    assert sum(len(part.lengths) for part in parts) == len(texts) - 3


def test_a_batch_is_cut_once_for_all_taggers():
    batch = pa.record_batch({"text": pa.array(["a b", "c"], pa.large_string())})
    assert slices(batch) is slices(batch)
    other = pa.record_batch({"text": pa.array(["d"], pa.large_string())})
    assert strings_of(next(iter(slices(other))).words(alone=False), next(iter(slices(other)))) == [["d"]]


def test_a_large_batch_is_not_kept(monkeypatch):
    monkeypatch.setattr(module, "KEPT_BYTES", 8)
    batch = pa.record_batch({"text": pa.array(["a b c d e f g"], pa.large_string())})
    assert slices(batch) is not slices(batch)
