"""Tagger `script`: shares among letters by hand, and words made of two alphabets."""

import pytest
from tests.corpus.taggers.samples import tag_one

from mothertongue.corpus.profile import LanguageProfile, neutral_profile

DUTCH = LanguageProfile(language="nl", scripts=("Latn",), letters="enatirodslghvkmubpwjczfxyq")


def test_shares_by_hand():
    found = tag_one("script", "De кот, ça?", DUTCH)
    assert found["main"] == "Latn"
    assert found["expected_share"] == found["main_share"] == pytest.approx(4 / 7)
    assert found["foreign_letter_share"] == pytest.approx(4 / 7)  # к о т ç
    assert found["mixed_word_share"] == 0


def test_nothing_is_said_without_letters_or_knowledge():
    assert set(tag_one("script", "123 !?", DUTCH).values()) == {None}
    found = tag_one("script", "abc", LanguageProfile(language="nl"))
    assert (found["expected_share"], found["foreign_letter_share"], found["main"]) == (None, None, "Latn")


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("Pаypal is hier", 1 / 3),  # the second letter is Cyrillic
        ("Вrоwser", 1),
        ("5 µm en 3 kg", 0),  # the micro sign belongs to no alphabet
        ("USB를 연결", 0),
        ("iPhoneを買う", 0),
        ("кот/cat", 0),
        ("кот-cat Москва", 0),
    ],
)
def test_words_of_two_alphabets(text, share):
    assert tag_one("script", text)["mixed_word_share"] == pytest.approx(share)


def test_a_writing_system_of_several_scripts_is_expected_as_a_whole():
    assert tag_one("script", "漢字とカナ", neutral_profile("ja"))["expected_share"] == 1
