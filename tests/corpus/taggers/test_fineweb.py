"""Tagger `fineweb`: datatrove's definitions by hand, and written out in Python on any text."""

import re

import pytest
from hypothesis import given
from tests.corpus.kernels.slicing import TEXTS, anything, cut, strings_of
from tests.corpus.taggers.samples import batch_of, tag_one

from mothertongue.corpus.kernels.strings import word_rules
from mothertongue.corpus.profile import LanguageProfile, neutral_profile
from mothertongue.corpus.taggers import make_tagger

ENGLISH = neutral_profile("en")
SETTINGS = {"required_words": ["the", "be"], "bullets": ["•", "-"], "ellipses": ["...", "…"], "line_ends": [".", "!"]}


def test_tokens_by_hand():
    found = tag_one("fineweb", "The cat, the #1 cat... be the end.", settings=SETTINGS)
    # The | cat | , | the | # | 1 | cat | ... | be | the | end | .
    assert found["token_count"] == 8
    assert found["mean_token_length"] == pytest.approx(21 / 8)
    assert found["hash_to_token_ratio"] == pytest.approx(1 / 12)
    assert found["ellipsis_to_token_ratio"] == pytest.approx(1 / 12)
    assert found["fraction_of_tokens_with_alpha_character"] == pytest.approx(7 / 12)
    assert found["distinct_required_tokens"] == 2


def test_only_later_occurrences_are_repeated():
    text = "a b\n\nx\n\na b\nx"
    found = tag_one("fineweb", text)
    assert found["fraction_of_repeated_lines"] == 0.5
    assert found["fraction_of_characters_in_repeated_lines"] == pytest.approx(4 / len(text))
    assert found["fraction_of_repeated_paragraphs"] == 0
    again = "a b\n\nx\n\na b"
    assert tag_one("fineweb", again)["fraction_of_repeated_paragraphs"] == pytest.approx(1 / 3)


def test_the_most_common_sequence_counts_with_its_spaces():
    assert tag_one("fineweb", "ab ab ab")["fraction_of_characters_in_top_2grams"] == pytest.approx(2 * 5 / 8)


def test_a_reader_goes_on_behind_what_is_repeated():
    found = tag_one("fineweb", "a " * 15 + "a")
    # After the first five, each further five are met again: at places 1, 6 and 11, so 15 of 31 characters.
    assert found["fraction_of_characters_in_repeated_5grams"] == pytest.approx(15 / 31)


def test_own_measures_of_fineweb():
    text = "One line.\n\nTwo lines\nTwo lines\n" + "long " * 10 + "!"
    found = tag_one("fineweb", text, settings=SETTINGS)
    assert found["line_punctuation_ratio"] == 0.5
    assert found["short_line_ratio"] == 0.75
    assert found["character_duplicates_ratio"] == pytest.approx(9 / (len(text) - 4))
    assert found["new_line_ratio"] == pytest.approx(4 / 18)


def test_line_ends_and_words_come_from_the_profile():
    text = "der Müller।\nund"
    neutral = tag_one("fineweb", text, neutral_profile("de"))
    assert (neutral["line_punctuation_ratio"], neutral["distinct_required_tokens"]) == (None, None)
    german = LanguageProfile(language="de", function_words=("der", "und"), line_ends=("।",))
    found = tag_one("fineweb", text, german)
    assert (found["line_punctuation_ratio"], found["distinct_required_tokens"]) == (0.5, 2)


def test_marks_that_make_no_word_can_be_given():
    text = "a © b $"
    assert tag_one("fineweb", text)["token_count"] == 2
    assert tag_one("fineweb", text, settings={"mark_characters": "$"})["token_count"] == 3
    assert tag_one("fineweb", "a. b।", settings={"mark_characters": "$"})["token_count"] == 2


def test_an_empty_text_is_not_judged():
    found = tag_one("fineweb", "", settings=SETTINGS)
    assert found["token_count"] == 0
    assert found["fraction_of_repeated_lines"] == 0
    assert {found[name] for name in ("mean_token_length", "short_line_ratio", "new_line_ratio")} == {None}


def in_python(text, tokens):
    """Return what datatrove's filters compute, for tokens cut elsewhere."""
    lines, filled = text.splitlines(), [line for line in text.split("\n") if line.strip()]
    content = [token for token in tokens if any(c not in "…,-'’:@/+()" and (c.isalnum() or c in "्́") for c in token)]
    again, paragraphs, again_filled = (
        repeated(parts) for parts in (re.split("\n+", text), re.split("\n{2,}", text.strip()), filled)
    )
    return {
        "token_count": len(content),
        "mean_token_length": share(sum(map(len, content)), len(content)),
        "hash_to_token_ratio": share(text.count("#"), len(tokens)),
        "ellipsis_to_token_ratio": share(text.count("...") + text.count("…"), len(tokens)),
        "fraction_of_tokens_with_alpha_character": share(sum(any(map(str.isalpha, t)) for t in tokens), len(tokens)),
        "distinct_required_tokens": len({"the", "be"} & set(tokens)),
        "fraction_of_lines_starting_with_bullet_point": share(
            sum(line.lstrip().startswith(("•", "-")) for line in lines), len(lines)
        ),
        "fraction_of_lines_ending_with_ellipsis": share(
            sum(line.rstrip().endswith(("...", "…")) for line in lines), len(lines)
        ),
        "fraction_of_repeated_lines": again[0],
        "fraction_of_characters_in_repeated_lines": share(again[1], len(text)),
        "fraction_of_repeated_paragraphs": paragraphs[0],
        "fraction_of_characters_in_repeated_paragraphs": share(paragraphs[1], len(text)),
        "line_punctuation_ratio": share(sum(line.endswith((".", "!")) for line in filled), len(filled)),
        "short_line_ratio": share(sum(len(line) <= 30 for line in filled), len(filled)),
        "character_duplicates_ratio": share(again_filled[1], len(text) - text.count("\n")),
        "new_line_ratio": share(text.count("\n"), len(tokens)),
    }


def repeated(parts):
    again = [part for place, part in enumerate(parts) if part in parts[:place]]
    return share(len(again), len(parts)), sum(map(len, again))


def share(part, whole):
    return part / whole if whole else None


@anything
@given(TEXTS)
def test_the_definitions_hold_on_any_text(texts):
    batch = batch_of(texts, "en")
    rows = batch.column("text").to_pylist()
    made = cut(rows)
    tokens = strings_of(made.marks(word_rules(), False), made)
    tagged = make_tagger("fineweb", SETTINGS).tag(batch, ENGLISH).to_pylist()
    for row, text, parts in zip(tagged, rows, tokens, strict=True):
        expected = in_python(text, parts)
        assert {name: row[name] for name in expected} == expected
