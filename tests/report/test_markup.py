"""Markup is values: text can never become an element."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mothertongue.report.markup import clean, element, language_tag, number, render, user_text

from .attacks import PAYLOADS, outline


def test_a_page_piece_worked_out_by_hand() -> None:
    piece = element(
        "p", "a < b & c", element("br"), None, ["x", element("b", "y")], class_="k", data_n=1.5, hidden=True
    )
    assert render(piece) == '<p class="k" data-n="1.5" hidden="">a &lt; b &amp; c<br>x<b>y</b></p>'


@given(st.text())
def test_any_text_stays_one_text(text: str) -> None:
    found = outline(render(user_text(text)))
    assert found.shape == [("bdi", ("dir",)), ("/bdi", ())]


@given(st.text(), st.sampled_from(PAYLOADS))
def test_any_text_stays_one_attribute(text: str, payload: str) -> None:
    found = outline(render(element("i", title=text + payload, lang=language_tag(payload))))
    assert found.shape == [("i", ("lang", "title")), ("/i", ())]


@pytest.mark.parametrize("name", ["a b", "p>", "", "on\x00load", '"'])
def test_names_never_come_from_data(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        element(name)
    with pytest.raises(ValueError, match="name"):
        element("p", **{name + " x": "1"})


def test_forbidden_characters_are_shown_as_replacement() -> None:
    assert clean("a\x00b\ud800c\r\nd\re\tf") == "a\ufffdb\ufffdc\nd\ne\tf"


@pytest.mark.parametrize(
    ("tag", "shown"), [("nl", "nl"), ("sr-Latn", "sr-Latn"), ("a b", "und"), ("", "und"), ("x" * 99, "und")]
)
def test_language_tags(tag: str, shown: str) -> None:
    assert language_tag(tag) == shown


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (1.0, "1"), (1.256, "1.26"), (-3.5, "-3.5"), (100, "100")])
def test_coordinates(value: float, text: str) -> None:
    assert number(value) == text
