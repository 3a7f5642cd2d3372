"""Tagger `language`: documents, lines and words, with the identifier inside py3langid."""

import pytest
from tests.corpus.taggers.samples import SENTENCES, tag_one, texts_in

from mothertongue.corpus.profile import LanguageProfile, neutral_profile
from mothertongue.corpus.taggers import make_tagger
from mothertongue.errors import InputError


def test_foreign_lines_are_marked_with_their_line_end():
    dutch, english = SENTENCES["nl"], SENTENCES["en"]
    text = f"{dutch}\n{english}\nkort\n{dutch}"
    found = tag_one("language", text)
    assert found["label"] == "nl"
    assert found["probability"] > 0.9
    assert [part for part, _ in found["foreign_lines"]] == [f"{english}\n"]
    assert found["foreign_line_share"] == pytest.approx((len(english) + 1) / len(text))


def test_a_language_that_the_identifier_does_not_know_is_not_judged():
    found = tag_one("language", texts_in("nl", 1), neutral_profile("mi-x-test"))
    assert found["label"] == "nl"
    assert found["probability"] is found["foreign_lines"] is found["foreign_line_share"] is None


def test_long_documents_are_judged_in_parts():
    text = "\n".join([SENTENCES["nl"]] * 1200 + [SENTENCES["en"]] * 1200)
    found = tag_one("language", text)
    assert len(found["foreign_lines"]) <= 500
    assert found["foreign_line_share"] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(("text", "share"), [("de og het og", 0.5), ("Og så", 1), ("niets", None), ("", None)])
def test_words_of_a_neighbour_among_function_words(text, share):
    profile = LanguageProfile(language="nl", function_words=("de", "het"), foreign_words=("og", "så"))
    assert tag_one("language", text, profile)["foreign_word_share"] == share
    assert tag_one("language", text)["foreign_word_share"] is None


def test_another_content_of_the_identifier_is_refused():
    with pytest.raises(InputError, match="MT276"):
        make_tagger("language", {"identifier_sha256": "0" * 64})
