"""Language tags: known tags become canonical, everything else is refused with the tag that was meant."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mothertongue.errors import InputError
from mothertongue.language import LanguageTag, display_name, nearest_tags, parse_language


@pytest.mark.parametrize(
    ("written", "tag", "name"),
    [
        ("nl", "nl", "Dutch"),
        ("NL", "nl", "Dutch"),
        ("nld", "nl", "Dutch"),
        ("dut", "nl", "Dutch"),
        ("nld_Latn", "nl-Latn", "Dutch (Latin)"),
        ("sr-latn", "sr-Latn", "Serbian (Latin)"),
        ("pt-br", "pt-BR", "Portuguese (Brazil)"),
        ("zh-Hant-TW", "zh-Hant-TW", "Chinese (traditional, Taiwan, Province of China)"),
        ("sw", "sw", "Swahili"),
        ("fi", "fi", "Finnish"),
        ("no", "no", "Norwegian"),
        ("yue", "yue", "Yue Chinese"),
        ("grc", "grc", "Ancient Greek (to 1453)"),
        ("iw", "he", "Hebrew"),
    ],
)
def test_known_tags_become_canonical(written: str, tag: str, name: str) -> None:
    assert parse_language(written).tag == tag
    assert display_name(written) == name


def test_the_parts_of_a_tag() -> None:
    assert parse_language("sr_latn_rs") == LanguageTag("sr-Latn-RS", "sr", "Latn", "RS")


@pytest.mark.parametrize(
    "written",
    [
        "",
        "x",
        "xx",
        "und",
        "mul",
        "zxx",
        "qaa",
        "qtz",
        "bat",
        "x-klingon",
        "en-",
        "nl-Xxxx",
        "nl-XX",
        "nl nl",
        "Z" * 400,
        "😀",
    ],
)
def test_what_names_no_single_language_is_refused(written: str) -> None:
    with pytest.raises(InputError) as refusal:
        parse_language(written)
    [problem] = refusal.value.problems
    assert problem.code == "MT113"
    assert problem.do
    assert problem.allowed


@pytest.mark.parametrize(
    ("meant", "tag"),
    [
        ("Dutch", "nl"),
        ("dutch", "nl"),
        ("dutsch", "nl"),
        ("Nederlands", "nl"),
        ("nederlands", "nl"),
        ("Suomi", "fi"),
        ("kiswahili", "sw"),
        ("Türkçe", "tr"),
        ("jp", "ja"),
        ("cz", "cs"),
        ("farsi", "fa"),
        ("flemish", "nl-BE"),
    ],
)
def test_the_tag_that_was_meant_is_named(meant: str, tag: str) -> None:
    assert tag in [found for _, found in nearest_tags(meant)]
    with pytest.raises(InputError, match=f" is {tag}"):
        parse_language(meant)


def test_a_word_that_is_near_to_nothing_gets_no_hint() -> None:
    assert nearest_tags("qwertyuiop") == []
    assert nearest_tags("") == []


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_a_tag_or_a_refusal_and_canonical_form_is_stable(text: str) -> None:
    try:
        found = parse_language(text)
    except InputError as error:
        codes = [problem.code for problem in error.problems]
    else:
        codes = ["MT113"] if parse_language(found.tag).tag == found.tag else ["unstable"]
    assert codes == ["MT113"]
