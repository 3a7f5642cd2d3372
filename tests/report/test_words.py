"""Catalogues: equal keys and placeholders, numbers in the language's notation."""

from __future__ import annotations

import re
import string
import tomllib
from pathlib import Path

import pytest

from mothertongue.errors import InputError
from mothertongue.report import words as module
from mothertongue.report.html import render_page
from mothertongue.report.words import Words, available, flatten, load_words

from .attacks import outline
from .example import example


def catalogue(tag: str) -> dict[str, str]:
    path = Path(module.__file__).parent / "strings" / f"{tag}.toml"
    return flatten(tomllib.loads(path.read_text(encoding="utf-8")))


def placeholders(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


def pseudo(words: Words) -> Words:
    """Every text long, accented and right-to-left, with its placeholders kept."""

    def longer(text: str) -> str:
        parts = re.split(r"(\{\w+\})", text)
        return "".join(part if part.startswith("{") else f"\u05d0\u0301{part}\u05ea\u00e9" * 2 for part in parts)

    kept = ("number.", "page.", "time.")
    texts = {key: text if key.startswith(kept) else longer(text) for key, text in words.texts.items()}
    return Words("ar", texts | {"page.direction": "rtl"})


@pytest.mark.parametrize("tag", [tag for tag in available() if tag != "en"])
def test_catalogues_have_equal_keys_and_placeholders(tag: str) -> None:
    english, other = catalogue("en"), catalogue(tag)
    assert other.keys() == english.keys()
    different = [key for key in english if placeholders(english[key]) != placeholders(other[key])]
    assert different == []
    same = [key for key in english if key.startswith(("verdict", "section", "say")) and english[key] == other[key]]
    assert set(same) <= {"verdict.sentence", "verdict.join", "section.tasks"}


def test_a_pseudo_language_gives_the_same_page_from_right_to_left() -> None:
    plain, odd = render_page(example()), render_page(example(), pseudo(load_words("en")))
    assert 'dir="rtl"' in odd
    assert outline(odd).shape == outline(plain).shape


@pytest.mark.parametrize(
    ("tag", "value", "digits", "signed", "text"),
    [
        ("en", 1234.5, 1, False, "1,234.5"),
        ("nl", 1234.5, 1, False, "1.234,5"),
        ("en", -0.04, 1, True, "0.0"),
        ("en", -0.05, 2, True, "\u22120.05"),
        ("en", 0.05, 2, True, "+0.05"),
    ],
)
def test_numbers(tag: str, value: float, digits: int, signed: bool, text: str) -> None:
    assert load_words(tag).decimal(value, digits, signed) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3.14, "3.1 s"), (59.6, "60 s"), (60, "1 min 0 s"), (471.3, "7 min 51 s"), (5400, "1 h 30 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert load_words("en").duration(seconds) == text


@pytest.mark.parametrize(
    ("amount", "text"), [(999, "999\u00a0B"), (1000, "1.0\u00a0kB"), (2.913e9, "2.9\u00a0GB"), (4e14, "400\u00a0TB")]
)
def test_bytes(amount: float, text: str) -> None:
    assert load_words("en").bytes(amount) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (5e-4, "5.00e-04"), (0.3, "0.300"), (12.345, "12.35"), (671.0, "671")]
)
def test_plain_numbers(value: float, text: str) -> None:
    assert load_words("en").plain(value) == text


def test_regional_tags_use_their_language_and_unknown_ones_are_refused() -> None:
    assert load_words("nl-BE").tag == "nl"
    with pytest.raises(InputError) as caught:
        load_words("tlh")
    problem = caught.value.problems[0]
    assert problem.code == "MT702"
    assert "en" in problem.allowed
    assert "nl" in problem.allowed


def test_counts_agree_with_their_noun() -> None:
    words = load_words("en")
    assert words.count("documents", 1) == "1 document"
    assert words.count("documents", 1200) == "1,200 documents"
