"""R42: whatever stands in a field, the pages have the same elements and attributes as with plain text."""

from __future__ import annotations

import random
from typing import Any

import pytest

from mothertongue.report import Report
from mothertongue.report.html import render_page
from mothertongue.report.markup import element, render
from mothertongue.report.web import chat_page
from mothertongue.report.words import load_words

from .attacks import NAMED, PAYLOADS, Shape, outline, text_places, with_name, with_text
from .example import example_data

PLAIN = "plain"
SEED = 42


def small_data() -> dict[str, Any]:
    """The example without the long curves, which hold no text."""
    data = example_data()
    data["curves"] = [curve | {"points": curve["points"][:3]} for curve in data["curves"]]
    data["run_health"]["points"] = data["run_health"]["points"][:3]
    return data


PLACES = list(text_places(small_data()))


def shape(data: Any) -> Shape:
    found = outline(render_page(Report.model_validate(data)))
    assert all(address.startswith("#") or address == "data:," for address in found.addresses)
    return found.shape


def everywhere(text: str) -> Any:
    """The small example with a text in every field and every name at once."""
    data = small_data()
    for place in text_places(small_data()):
        data = with_text(data, place, text)
    for table in NAMED:
        data = with_name(data, table, text)
    return data


def test_the_payloads_would_change_a_page_that_does_not_escape() -> None:
    def naive(text: str) -> Shape:
        return outline(f"<p title=\"{text}\" lang='{text}'>{text}</p>").shape

    changed = [payload for payload in PAYLOADS if naive(payload) != naive(PLAIN)]
    assert len(PAYLOADS) == len(set(PAYLOADS)) == 200
    assert len(changed) > 160
    assert outline(render(element("p", title=PAYLOADS[0]))).shape == outline(render(element("p", title=PLAIN))).shape


@pytest.mark.parametrize("part", range(10))
def test_every_payload_in_every_field_at_once(part: int) -> None:
    expected = shape(everywhere(PLAIN))
    wrong = [payload for payload in PAYLOADS[part::10] if shape(everywhere(payload)) != expected]
    assert wrong == []


def test_payloads_in_single_fields() -> None:
    """A field on its own, so that two payloads cannot make up for each other."""
    source, data = random.Random(SEED), small_data()
    for place in source.sample(PLACES, 60):
        payload = source.choice(PAYLOADS)
        assert shape(with_text(data, place, payload)) == shape(with_text(data, place, PLAIN)), (place, payload)


@pytest.mark.parametrize("table", NAMED, ids=lambda path: ".".join(map(str, path)))
def test_payloads_as_names(table: tuple[str | int, ...]) -> None:
    expected = shape(with_name(small_data(), table, PLAIN))
    for payload in PAYLOADS[::17]:
        assert shape(with_name(small_data(), table, payload)) == expected


def test_the_chat_page_with_every_payload_as_a_name() -> None:
    words = load_words("en")
    expected = outline(chat_page([PLAIN, "other"], words)).shape
    assert [payload for payload in PAYLOADS if outline(chat_page([payload, "other"], words)).shape != expected] == []
