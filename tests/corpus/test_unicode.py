"""Repair: known damage is mended and counted, letters are left alone, and a second repair finds nothing."""

import unicodedata

import pytest
from ftfy.badness import MOJIBAKE_CATEGORIES, is_bad
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mothertongue.corpus import repair, unicode


@pytest.mark.parametrize(
    ("damaged", "whole", "counts"),
    [
        ("goed zo", "goed zo", {}),
        ("één ü ñ", "één ü ñ", {}),
        ("cafÃ© en coÃ¶rdinatie", "café en coördinatie", {"mojibake": 1}),
        ("1,50 â‚¬\n1,60 â‚¬", "1,50 €\n1,60 €", {"mojibake": 2}),
        ("\ufeffkop", "kop", {"byte_order_mark": 1}),
        ("a\ud800b", "a\ufffdb", {"surrogate": 1}),
        ("\ud83d\ude00", "\U0001f600", {}),
        ("e\u0301e\u0301n", "één", {"nfc": 1}),
        ("a\x00b\x07c\x7f", "abc", {"control": 3}),
        ("een\r\ntwee\rdrie", "een\ntwee\ndrie", {"line_end": 2}),
        ("tab\tblijft", "tab\tblijft", {}),
        ("quote \u2019 \u201ca\u201d", "quote \u2019 \u201ca\u201d", {}),
    ],
)
def test_damage_is_mended_and_counted(damaged, whole, counts):
    assert repair(damaged) == (whole, counts)


@pytest.mark.parametrize(
    "text",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, zero-width non-joiner
        "\u0dc1\u0dca\u200d\u0dbb\u0dd3",  # Sinhala, zero-width joiner
        "\u05d0\u200f\u05d1\u200e \u061c",  # right-to-left, left-to-right and Arabic letter marks
        "\u0d28\u0d4d\u200d \u0995\u09cd\u09b7 \u1780\u17d2\u1780",
        "👩\u200d👩\u200d👧 \U0001e900\u07ca",
        "soft\u00adhyphen \ue000",
    ],
)
def test_joiners_marks_and_private_letters_are_kept(text):
    assert repair(text) == (unicodedata.normalize("NFC", text), {})


@settings(max_examples=400, deadline=None)
@given(st.text(st.characters(), max_size=60) | st.text("Ã©â‚¬Â \x80\x85\r\n\ufeffe\u0301\ud800a", max_size=30))
@example("\x85 \r\ufeff\n")
def test_a_second_repair_finds_nothing(text):
    once, _ = repair(text)
    assert repair(once) == (once, {})
    once.encode("utf-8")
    assert unicodedata.is_normalized("NFC", once)
    assert not any(unicodedata.category(letter) == "Cc" and letter not in "\n\t" for letter in once)


@settings(max_examples=100, deadline=None)
@given(st.text("abc dé\n", max_size=80))
def test_clean_text_is_left_alone(text):
    assert repair(text) == (text, {})


def test_a_long_line_is_repaired_in_pieces():
    line = "cafÃ© " * 20_000
    assert repair(line)[0] == "café " * 20_000


SUSPICIOUS = "".join(MOJIBAKE_CATEGORIES.values()) + "ÃÂÎÐØÙàŒœ×√≈‚ÄВГРСвЂβ€ā ™Ά\xa0²³ abcZ.\n9°"
DAMAGED = SUSPICIOUS + "\r\u2028\ufeff\ufffe\x00\x85e\u0301\U0001fffe\U0001f600\ud800"


@settings(max_examples=1500, deadline=None)
@given(st.text(SUSPICIOUS, min_size=1, max_size=6))
def test_what_ftfy_finds_bad_is_never_taken_for_clean(text):
    assert not is_bad(text) or unicode._is_suspicious(text)


@settings(max_examples=500, deadline=None)
@given(st.text(DAMAGED, max_size=12))
def test_the_search_for_damage_changes_no_repair(text):
    quick = repair(text)
    with pytest.MonkeyPatch.context() as patch:
        for search in ("_is_odd", "_is_suspicious"):
            patch.setattr(unicode, search, lambda _: True)
        assert repair(text) == quick


def test_words_of_many_languages_are_not_suspicious():
    words = "één cœur naïve Übergröße żółć чистий текст Ελληνικά 日本語 हिन्दी العربية 👍 “so” – 5 € à 10 %"
    assert [word for word in words.split() if unicode._is_suspicious(word)] == ["cœur"]
