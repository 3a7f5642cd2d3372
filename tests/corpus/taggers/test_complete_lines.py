"""Complete lines of the tagger `fineweb`: by hand, and as defined on any text."""

import pyarrow as pa
from hypothesis import given
from tests.corpus.kernels.slicing import TEXTS, anything
from tests.corpus.taggers.samples import batch_of, tag_one

from mothertongue.corpus.profile import LanguageProfile, neutral_profile
from mothertongue.corpus.taggers import make_tagger

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


def test_complete_lines_and_their_sentences():
    text = (
        "One is. Two is! Three?\nno end here\nToo short.\nWe need javascript for this.\n"
        "Read our Privacy Policy here.\nIt trails off...\nCited well here.[1][edit]\n" + "x" * 1001 + " b c.\n"
    )
    found = tag_one("fineweb", text, settings=DATATROVE)
    assert found["complete_lines"] == 2
    assert found["sentences_in_complete_lines"] == 4
    assert "".join(texts_of(found["incomplete_lines"])) == text.replace("One is. Two is! Three?\n", "").replace(
        "Cited well here.[1][edit]\n", ""
    )
    assert texts_of(found["citations"]) == ["[1]", "[edit]"]


def test_braces_and_placeholders_count_in_complete_lines_only():
    assert not tag_one("fineweb", "a { b\nlorem ipsum", settings=DATATROVE)["complete_line_with_curly_brace"]
    found = tag_one("fineweb", "this is a { b.\nlorem ipsum dolor.", settings=DATATROVE)
    assert found["complete_line_with_curly_brace"]
    assert found["complete_line_with_lorem_ipsum"]
    assert not tag_one("fineweb", "javascript { b c.", settings=DATATROVE)["complete_line_with_curly_brace"]


def test_sentences_end_with_the_marks_of_any_script():
    text = "यह एक है। यह दो है। e.g. 3.5 is."
    found = tag_one("fineweb", text, settings={"line_ends": ["."]})
    assert found["sentences_in_complete_lines"] == 4
    found = tag_one("fineweb", text, settings={"line_ends": ["."], "exceptions": ["e.g."]})
    assert found["sentences_in_complete_lines"] == 3


def test_any_line_end_of_unicode_ends_a_line():
    batch = pa.record_batch({"text": pa.array(["one two three.\u2028no\x85four five six."])})
    (found,) = make_tagger("fineweb", DATATROVE).tag(batch, ENGLISH).to_pylist()
    assert found["complete_lines"] == 2


def test_without_line_ends_nothing_is_complete_or_not():
    found = tag_one("fineweb", "lorem ipsum {.[1]", neutral_profile("nl"))
    assert found["citations"] == [("[1]", 1.0)]
    names = ("complete_lines", "sentences_in_complete_lines", "incomplete_lines", "complete_line_with_curly_brace")
    assert {found[name] for name in names} == {None}


def test_the_profile_gives_line_ends_and_phrases():
    profile = LanguageProfile(language="nl", line_ends=("۔",), boilerplate=("cookies gebruiken",))
    found = tag_one("fineweb", "hier is het۔\nwij willen cookies gebruiken۔\nRotzak", profile)
    assert found["complete_lines"] == 1
    assert texts_of(found["incomplete_lines"]) == ["wij willen cookies gebruiken۔\n", "Rotzak"]


@anything
@given(TEXTS)
def test_lines_are_complete_as_defined_on_any_text(texts):
    batch = batch_of(texts, "en")
    rows = batch.column("text").to_pylist()
    tagger = make_tagger("fineweb", {"complete_line_ends": [".", "?"]})
    for found, text in zip(tagger.tag(batch, ENGLISH).to_pylist(), rows, strict=True):
        assert found["complete_lines"] == sum(map(complete, text.splitlines()))


def complete(line):
    line = line.strip()
    return line.endswith((".", "?")) and not line.endswith("...") and len(line.split()) >= 3
