"""Tagger `c4`: flags and lines by hand, as dolma measures them."""

import re

from hypothesis import given
from tests.corpus.kernels.slicing import TEXTS, anything
from tests.corpus.taggers.samples import batch_of, tag_one

from mothertongue.corpus.profile import LanguageProfile, neutral_profile
from mothertongue.corpus.taggers import make_tagger

DOLMA = {
    "line_ends": [".", "?", "!", '"'],
    "placeholder_phrases": ["lorem ipsum"],
    "script_phrases": ["javascript"],
    "toxic_words": ["rot", "rot op"],
}
ENGLISH = neutral_profile("en")


def texts_of(spans):
    return [text for text, _ in spans]


def test_flags_of_documents():
    found = tag_one("c4", "Lorem IPSUM {\nJavaScript-free. ROT!", settings=DOLMA)
    assert found["has_curly_brace"]
    assert found["has_lorem_ipsum"]
    assert found["has_javascript"]
    assert not found["has_naughty_word"], "a word counts as a whole, with its marks"
    assert tag_one("c4", "a ROT b", settings=DOLMA)["has_naughty_word"]
    assert tag_one("c4", "Carrot optics", settings=DOLMA)["has_naughty_word"], "a phrase counts anywhere"


def test_lines_reach_over_their_newline():
    text = "Whole line here.\nno end of line\n\nToo short."
    found = tag_one("c4", text, settings=DOLMA)
    assert found["line_count"] == 4
    assert texts_of(found["lines_with_no_ending_punctuation"]) == ["no end of line\n", "\n"]
    assert texts_of(found["lines_with_too_few_words"]) == ["\n", "Too short."]


def test_what_nobody_gave_is_not_looked_for():
    found = tag_one("c4", "lorem ipsum javascript.", neutral_profile("nl"))
    nothing = {name for name, value in found.items() if value is None}
    assert nothing == {
        "has_lorem_ipsum",
        "has_javascript",
        "has_naughty_word",
        "lines_with_no_ending_punctuation",
    }


def test_the_profile_gives_line_ends_phrases_and_words():
    profile = LanguageProfile(language="nl", line_ends=("۔",), toxic_words=("rotzak",))
    found = tag_one("c4", "hier is het۔\nwij willen cookies gebruiken۔\nRotzak", profile)
    assert found["has_naughty_word"]
    assert len(found["lines_with_no_ending_punctuation"]) == 1


@anything
@given(TEXTS)
def test_lines_are_judged_as_defined_on_any_text(texts):
    batch = batch_of(texts, "en")
    rows = batch.column("text").to_pylist()
    for found, text in zip(make_tagger("c4", DOLMA).tag(batch, ENGLISH).to_pylist(), rows, strict=True):
        open_, short = [], []
        for kept in re.findall(r"[^\n]*\n|[^\n]+$", text):
            line = kept.removesuffix("\n")
            if not line.strip().endswith((".", "?", "!", '"')):
                open_.append(kept)
            if len(line.split()) < 3:
                short.append(kept)
        assert cut_out(text, found["lines_with_no_ending_punctuation"]) == open_
        assert cut_out(text, found["lines_with_too_few_words"]) == short


def cut_out(text, spans):
    return [text[span["start"] : span["end"]] for span in spans]
