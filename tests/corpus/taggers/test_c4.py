"""Tagger `c4`: flags and lines by hand, in dolma's and in datatrove's way."""

import re

import pyarrow as pa
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
DATATROVE = {
    "complete_line_ends": [".", "?", "!", '"', "'"],
    "placeholder_phrases": ["lorem ipsum"],
    "script_phrases": ["javascript"],
    "policy_phrases": ["privacy policy"],
    "citation_texts": ["[edit]"],
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


def test_complete_lines_and_their_sentences():
    text = (
        "One is. Two is! Three?\nno end here\nToo short.\nWe need javascript for this.\n"
        "Read our Privacy Policy here.\nIt trails off...\nCited well here.[1][edit]\n" + "x" * 1001 + " b c.\n"
    )
    found = tag_one("c4", text, settings=DATATROVE)
    assert found["complete_lines"] == 2
    assert found["sentences_in_complete_lines"] == 4
    assert "".join(texts_of(found["incomplete_lines"])) == text.replace("One is. Two is! Three?\n", "").replace(
        "Cited well here.[1][edit]\n", ""
    )
    assert texts_of(found["citations"]) == ["[1]", "[edit]"]


def test_braces_and_placeholders_count_in_complete_lines_only():
    assert not tag_one("c4", "a { b\nlorem ipsum", settings=DATATROVE)["complete_line_with_curly_brace"]
    found = tag_one("c4", "this is a { b.\nlorem ipsum dolor.", settings=DATATROVE)
    assert found["complete_line_with_curly_brace"]
    assert found["complete_line_with_lorem_ipsum"]
    assert not tag_one("c4", "javascript { b c.", settings=DATATROVE)["complete_line_with_curly_brace"]


def test_sentences_end_with_the_marks_of_any_script():
    text = "यह एक है। यह दो है। e.g. 3.5 is."
    found = tag_one("c4", text, settings={"line_ends": ["."]})
    assert found["sentences_in_complete_lines"] == 4
    found = tag_one("c4", text, settings={"line_ends": ["."], "exceptions": ["e.g."]})
    assert found["sentences_in_complete_lines"] == 3


def test_other_line_ends_of_unicode_end_lines_of_datatrove_only():
    batch = pa.record_batch({"text": pa.array(["one two three.\u2028no\x85four five six."])})
    (found,) = make_tagger("c4", DOLMA).tag(batch, ENGLISH).to_pylist()
    assert found["line_count"] == 1
    assert found["complete_lines"] == 2


def test_what_nobody_gave_is_not_looked_for():
    found = tag_one("c4", "lorem ipsum javascript.", neutral_profile("nl"))
    nothing = {name for name, value in found.items() if value is None}
    assert nothing == {
        "has_lorem_ipsum",
        "has_javascript",
        "has_naughty_word",
        "lines_with_no_ending_punctuation",
        "complete_line_with_curly_brace",
        "complete_line_with_lorem_ipsum",
        "complete_lines",
        "sentences_in_complete_lines",
        "incomplete_lines",
    }


def test_the_profile_gives_line_ends_phrases_and_words():
    profile = LanguageProfile(
        language="nl", line_ends=("۔",), toxic_words=("rotzak",), boilerplate=("cookies gebruiken",)
    )
    found = tag_one("c4", "hier is het۔\nwij willen cookies gebruiken۔\nRotzak", profile)
    assert found["has_naughty_word"]
    assert found["complete_lines"] == 1
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
        assert found["complete_lines"] == sum(map(complete, text.splitlines()))


def cut_out(text, spans):
    return [text[span["start"] : span["end"]] for span in spans]


def complete(line):
    line = line.strip()
    return line.endswith((".", "?", "!", '"')) and not line.endswith("...") and len(line.split()) >= 3
