"""The page: complete, self-contained, accessible, small, and the same every time."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from mothertongue.errors import InputError
from mothertongue.report import Report, build_verdict
from mothertongue.report.html import read_report, render_page, write_report
from mothertongue.report.words import load_words

from .attacks import outline
from .example import ARABIC, HEBREW, example, example_data


def test_both_files_are_written_and_read_back(tmp_path: Path) -> None:
    write_report(example(), tmp_path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["report.html", "report.json"]
    report = read_report(tmp_path)
    assert report.verdict == build_verdict(example())
    assert report.measures == example().measures
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == render_page(example())


def test_the_verdict_of_a_file_is_never_believed() -> None:
    report = example()
    report.verdict = "The model learned everything."
    assert report.verdict not in render_page(report)


def test_the_policy_allows_exactly_the_style_and_the_script_of_the_page() -> None:
    page = render_page(example())
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].replace("&#x27;", "'").split(";"))
    assert rules["default-src"] == "'none'"
    for name in ("script", "style"):
        texts = re.findall(rf"<{name}[^>]*>(.*?)</{name}>", page, re.DOTALL)
        assert len(texts) == 1
        digest = base64.b64encode(hashlib.sha256(texts[0].encode()).digest()).decode()
        assert rules[f"{name}-src"] == f"'sha256-{digest}'"
    assert page.index("Content-Security-Policy") < page.index("<style")
    assert " style=" not in page


def test_nothing_is_asked_of_the_network() -> None:
    page = render_page(example())
    assert all(address.startswith("#") or address == "data:," for address in outline(page).addresses)
    assert "@import" not in page
    assert set(re.findall(r"url\([^)]*\)", page)) == {"url(#hatch)"}


def test_ids_are_unique_and_links_lead_somewhere() -> None:
    found = outline(render_page(example()))
    assert len(found.ids) == len(set(found.ids))
    assert {address[1:] for address in found.addresses if address.startswith("#")} <= set(found.ids)


def test_every_plot_has_a_title_and_its_numbers_below() -> None:
    page = render_page(example())
    figures = re.findall(r"<figure>.*?</figure>", page, re.DOTALL)
    assert len(figures) == 8
    assert all("<table" in figure for figure in figures)
    plots = re.findall(r'<svg [^>]*class="plot">.*?</svg>', page, re.DOTALL)
    assert len(plots) == len(figures) + 1 + 3
    assert all(re.search(r"<title[^>]*>[^<]+</title><desc[^>]*>[^<]+</desc>", plot) for plot in plots)


def test_every_section_of_the_example_is_there() -> None:
    names = [key.removeprefix("section.") for key in load_words("en").texts if key.startswith("section.")]
    names = [name for name in names if not name.startswith("card-")]  # those of the data card
    assert set(names) <= set(outline(render_page(example())).ids)


@pytest.mark.parametrize("tag", ["en", "nl"])
def test_an_empty_report_is_a_page_that_says_so(tag: str) -> None:
    page = render_page(Report(language="sw", base="b"), load_words(tag))
    assert load_words(tag)("figures.not_measured") in page
    assert load_words(tag)("say.no_warnings") in page
    assert "None" not in page


def test_user_text_keeps_its_own_direction() -> None:
    page = render_page(example())
    assert f'<p dir="auto" lang="ar">{ARABIC}</p>' in page
    assert f'<p dir="auto" lang="ar">{HEBREW}</p>' in page
    for physical in ("margin-left", "margin-right", "padding-left", "padding-right", "text-align: left", "float: left"):
        assert physical not in page


def test_secrets_are_taken_out_of_both_files(tmp_path: Path) -> None:
    canary = "hf_" + "abcdefghijklmnopqrstuvwxyzABCDEF12"
    data = example_data() | {"command": f"curl -H 'Authorization: Bearer {canary}'", "warnings": [canary]}
    write_report(Report.model_validate(data), tmp_path)
    for name in ("report.json", "report.html"):
        assert canary not in (tmp_path / name).read_text(encoding="utf-8")


def test_a_large_report_stays_below_five_megabytes() -> None:
    data = example_data()
    item = {"prompt": "x" * 5000, "options": ["y" * 50] * 4, "before": "z" * 900, "after": "z" * 900}
    data["measures"]["tasks"]["village questions"]["items"] = [item] * 1000
    data["samples"] = [{"prompt": "p" * 9000, "before": "q" * 50_000, "after": "r" * 50_000}] * 8
    data["curves"][2]["points"] *= 40
    data["corpus"]["dropped_samples"]["repetition"] = ["w" * 10_000] * 500
    page = render_page(Report.model_validate(data))
    assert len(page.encode()) < 5_000_000
    assert "46,000 more characters are in report.json." in page
    assert "800 more are in report.json." in page


def test_the_page_is_the_same_every_time() -> None:
    assert render_page(example()) == render_page(Report.model_validate(json.loads(json.dumps(example_data()))))


def test_the_base_value_before_the_interval_is_where_the_whisker_starts() -> None:
    """Both ends of the whisker are the value before plus the interval of the change."""
    page = render_page(example())
    first = re.search(r'x1="([\d.]+)" y1="[\d.]+" x2="([\d.]+)" y2="[\d.]+" class="whisker"', page)
    assert first is not None
    full = 440 - 76
    assert float(first[1]) == pytest.approx(full * (1.8412 - 0.2391) / 1.8412, abs=0.01)
    assert float(first[2]) == pytest.approx(full * (1.8412 - 0.1963) / 1.8412, abs=0.01)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"language": 3}', '{"language": "nl", "base": "b", "x": 1}', "[" * 90_000]
)
def test_a_damaged_report_is_refused_with_its_place(text: str, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_report(tmp_path)
    assert {problem.code for problem in caught.value.problems} == {"MT701"}
    assert all("report.json" in problem.where and problem.do for problem in caught.value.problems)


def test_a_missing_report_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="MT701"):
        read_report(tmp_path)
