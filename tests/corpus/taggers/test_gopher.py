"""Tagger `gopher`: the answers of card 49 by hand, and the definitions written out in Python on any text."""

import re
import statistics
from collections import Counter

import pytest
from hypothesis import given
from tests.corpus.kernels.slicing import TEXTS, anything
from tests.corpus.taggers.samples import batch_of, tag_one

from mothertongue.corpus.profile import LanguageProfile, neutral_profile
from mothertongue.corpus.taggers import make_tagger

DOLMA = {"required_words": ["the", "be"], "bullets": ["*", "-"], "ellipses": ["…"]}
ENGLISH = neutral_profile("en")


def grams(found, kind):
    return {
        int(found_[1]): value for name, value in found.items() if (found_ := re.search(rf"{kind}_(\d+)grams", name))
    }


def test_repeated_sequences_of_the_card():
    found = tag_one("gopher", "the cat sat the cat sat")
    assert found["character_count"] == 18
    assert grams(found, "most_common") == pytest.approx({2: 12 / 18, 3: 1.0, 4: 12 / 18})
    assert grams(found, "duplicate") == {5: 0, 6: 0, 7: None, 8: None, 9: None, 10: None}


def test_overlapping_sequences_count_more_than_once():
    common = grams(tag_one("gopher", "ab " * 6), "most_common")
    assert common == pytest.approx({2: 20 / 12, 3: 24 / 12, 4: 24 / 12})


def test_lines_of_the_card():
    found = tag_one("gopher", "- a\n- a\n- b…", settings=DOLMA)
    assert found["fraction_of_lines_starting_with_bullet_point"] == 1.0
    assert found["fraction_of_lines_ending_with_ellipsis"] == pytest.approx(1 / 3)
    assert found["fraction_of_duplicate_lines"] == pytest.approx(2 / 3)
    assert found["fraction_of_characters_in_duplicate_lines"] == pytest.approx(6 / 7)
    assert found["symbol_to_word_ratio"] == pytest.approx(1 / 6)
    assert found["fraction_of_words_with_alpha_character"] == 0.5
    assert found["median_word_length"] == 1.0


def test_required_words_count_as_written_and_as_often_as_they_occur():
    assert tag_one("gopher", "the the The be. be", settings=DOLMA)["required_word_count"] == 3


def test_empty_lines_are_lines_when_every_newline_counts():
    text = "a\n\n\nb"
    assert tag_one("gopher", text)["fraction_of_duplicate_lines"] == 0
    assert tag_one("gopher", text, settings={"every_newline": True})["fraction_of_duplicate_lines"] == 0.5


def test_words_come_from_the_profile_and_nothing_from_english():
    text = "de het the\n• een"
    neutral = tag_one("gopher", text, neutral_profile("nl"))
    assert neutral["required_word_count"] is None
    assert neutral["fraction_of_lines_starting_with_bullet_point"] == 0.5
    dutch = LanguageProfile(language="nl", function_words=("de", "het"), bullets=("e",))
    found = tag_one("gopher", text, dutch)
    assert found["required_word_count"] == 2
    assert found["fraction_of_lines_starting_with_bullet_point"] == 0


def test_letters_are_words_where_writers_put_no_spaces():
    assert tag_one("gopher", "我爱你 abc", neutral_profile("zh"))["word_count"] == 4
    assert tag_one("gopher", "我爱你 abc", ENGLISH)["word_count"] == 2


def test_a_text_without_words_is_not_judged():
    found = tag_one("gopher", " \n ")
    assert (found["word_count"], found["character_count"]) == (0, 0)
    assert found["median_word_length"] is None
    assert found["symbol_to_word_ratio"] is None
    assert {*grams(found, "most_common").values(), *grams(found, "duplicate").values()} == {None}


def in_python(text):
    """Return the attributes by the definitions of card 49, step 3."""
    words, lines = text.split(), re.split(r"\n+", text)
    characters, counts = sum(map(len, words)), Counter(lines)
    found = {
        "word_count": len(words),
        "character_count": characters,
        "median_word_length": statistics.median(map(len, words)) if words else None,
        "symbol_to_word_ratio": share(sum("#" in word or "…" in word for word in words), len(words)),
        "fraction_of_words_with_alpha_character": share(sum(any(map(str.isalpha, w)) for w in words), len(words)),
        "required_word_count": sum(word in ("the", "be") for word in words),
        "fraction_of_lines_starting_with_bullet_point": share(sum(x.startswith(("*", "-")) for x in lines), len(lines)),
        "fraction_of_lines_ending_with_ellipsis": share(sum(line.endswith("…") for line in lines), len(lines)),
        "fraction_of_duplicate_lines": share(sum(n for n in counts.values() if n > 1), len(lines)),
        "fraction_of_characters_in_duplicate_lines": share(
            sum(len(line) * n for line, n in counts.items() if n > 1), characters
        ),
    }
    for n in range(2, 11):
        sequences = Counter(zip(*(words[start:] for start in range(n)), strict=False))
        size = {one: sum(map(len, one)) * count for one, count in sequences.items()}
        if n < 5:
            best = sequences.most_common(1)
            found[f"fraction_of_characters_in_most_common_{n}grams"] = size[best[0][0]] / characters if best else None
        else:
            twice = sum(size[one] for one, count in sequences.items() if count > 1)
            found[f"fraction_of_characters_in_duplicate_{n}grams"] = share(twice, sum(size.values()))
    return found


def share(part, whole):
    return part / whole if whole else None


@anything
@given(TEXTS)
def test_the_definitions_hold_on_any_text(texts):
    tagged = make_tagger("gopher", DOLMA).tag(batch_of(texts, "en"), ENGLISH)
    rows = batch_of(texts, "en").column("text").to_pylist()
    for row, text in zip(tagged.to_pylist(), rows, strict=True):
        assert row == in_python(text)
