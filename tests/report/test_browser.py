"""The pages in a real browser: no complaint, no sideways scrolling on a phone, one request, inert, right-to-left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mothertongue.report import Report
from mothertongue.report.html import render_page
from mothertongue.report.web import open_server
from mothertongue.report.words import load_words

from .attacks import PAYLOADS
from .browser import Page, browser, installed
from .example import ARABIC, example
from .fakes import Echo
from .test_inert import PLAIN, everywhere
from .test_words import pseudo

pytestmark = [pytest.mark.browser]
TREE = (
    "[...document.querySelectorAll('*')].map(e => e.tagName + ' ' + e.getAttributeNames().sort().join(' ')).join('\\n')"
)
OPEN_ALL = "document.querySelectorAll('details').forEach(part => part.open = true)"
SEND = """(text => {
  document.querySelector('textarea').value = text;
  document.querySelector('form').requestSubmit();
  return new Promise(resolve => {
    const wait = setInterval(() => {
      if (!document.querySelector('.send').disabled) { clearInterval(wait); resolve(true); }
    }, 20);
  });
})"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    assert installed(), "make test-browser needs Chromium: apt-get install chromium"
    with browser() as opened:
        yield opened


def show(page: Page, folder: Path, report: Report, words: Any = None, **view: Any) -> str:
    """Opens a report from disk; gives its address."""
    file = folder / "report.html"
    file.write_text(render_page(report, words), encoding="utf-8")
    page.view(**{"width": 390, "height": 844, **view})
    page.open(file.as_uri())
    return file.as_uri()


@pytest.mark.parametrize("width", [320, 390, 768, 1100, 1440])
@pytest.mark.parametrize("dark", [False, True])
def test_no_complaint_no_request_no_sideways_scrolling(page: Page, tmp_path: Path, width: int, dark: bool) -> None:
    address = show(page, tmp_path, example(), width=width, dark=dark)
    page.value(OPEN_ALL)
    assert page.value("document.documentElement.scrollWidth") <= width
    assert page.complaints() == []
    assert [request for request in page.requests() if not request.startswith("data:")] == [address]


def test_long_words_and_other_directions_do_not_widen_the_page(page: Page, tmp_path: Path) -> None:
    for text in ("x" * 400, ARABIC * 40, "<" * 300, "a\u00a0" * 200):
        report = Report.model_validate(everywhere(text))
        show(page, tmp_path, report)
        page.value(OPEN_ALL)
        assert page.value("document.documentElement.scrollWidth") <= 390, text[:10]


def test_a_right_to_left_page_fits_too(page: Page, tmp_path: Path) -> None:
    show(page, tmp_path, example(), pseudo(load_words("en")))
    page.value(OPEN_ALL)
    assert page.value("document.documentElement.scrollWidth") <= 390
    assert page.value("getComputedStyle(document.body).direction") == "rtl"


def test_user_text_has_its_own_direction(page: Page, tmp_path: Path) -> None:
    show(page, tmp_path, example())
    script = f"[...document.querySelectorAll('.passage p')].filter(p => p.textContent === '{ARABIC}')"
    assert page.value(script + ".map(p => getComputedStyle(p).direction)") == ["rtl", "rtl"]


@pytest.mark.parametrize("dark", [False, True])
def test_text_has_contrast(page: Page, tmp_path: Path, dark: bool) -> None:
    """At least 4.5 to 1 for every text on its own ground."""
    show(page, tmp_path, example(), width=1280, dark=dark)
    page.value(OPEN_ALL)
    assert page.value(CONTRAST) == []


CONTRAST = """(() => {
  const parts = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const found = parts(getComputedStyle(e).backgroundColor);
      if (found.length === 3 || found[3] > 0) { return found; }
    }
    return [255, 255, 255];
  };
  const poor = new Set();
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!own || ['SCRIPT', 'STYLE', 'title', 'desc', 'TITLE'].includes(e.tagName)) { continue; }
    const style = getComputedStyle(e);
    const ink = parts(e.namespaceURI.endsWith('svg') ? style.fill : style.color);
    const [high, low] = [light(ink), light(ground(e))].sort((a, b) => b - a);
    if ((high + 0.05) / (low + 0.05) < 4.5) { poor.add(e.tagName + '.' + e.getAttribute('class')); }
  }
  return [...poor];
})()"""


def test_tables_sort_by_number_and_the_axis_switches(page: Page, tmp_path: Path) -> None:
    show(page, tmp_path, example())
    column = "[...document.querySelectorAll('#tasks tbody tr')].map(r => r.cells[5].textContent)"
    button = "document.querySelectorAll('#tasks th button')[5].click()"
    page.value(button)
    assert page.value(column) == ["0", "2", "19", "24"]
    page.value(button)
    assert page.value(column) == ["24", "19", "2", "0"]
    visible = "['linear', 'logarithmic'].map(k => getComputedStyle(document.querySelector('.view.' + k)).display)"
    assert page.value(visible) == ["block", "none"]
    page.value("document.querySelector('#axis-logarithmic').click()")
    assert page.value(visible) == ["none", "block"]


def test_the_page_reads_without_scripts(page: Page, tmp_path: Path) -> None:
    show(page, tmp_path, example(), script=False)
    assert page.value("document.querySelectorAll('th button').length") == 0
    assert page.value("document.querySelectorAll('section').length") == 17
    assert page.complaints() == []


def test_payloads_do_not_change_the_tree_that_a_browser_builds(page: Page, tmp_path: Path) -> None:
    show(page, tmp_path, Report.model_validate(everywhere(PLAIN)))
    expected = page.value(TREE)
    for payload in PAYLOADS:
        address = show(page, tmp_path, Report.model_validate(everywhere(payload)))
        assert page.value(TREE) == expected, payload
        assert [request for request in page.requests() if not request.startswith("data:")] == [address], payload
        assert page.complaints() == [], payload


@pytest.mark.parametrize("width", [390, 1280])
def test_a_chat_side_by_side(page: Page, width: int) -> None:
    names = {"before": Echo("before", "b:"), "after <b>x</b>": Echo("after", "a:<img src=x onerror=alert(1)> ")}
    server = open_server(names)
    server.start()
    try:
        page.view(width, 844)
        page.open(server.url)
        page.value(SEND + f"('{ARABIC}')")
        words = page.value("[...document.querySelectorAll('.assistant .words')].map(p => p.textContent)")
        assert words == [f"b:{ARABIC} ", f"a:<img src=x onerror=alert(1)> {ARABIC} "]
        assert page.value("document.querySelectorAll('img').length") == 0
        assert page.value("getComputedStyle(document.querySelector('.user .words')).direction") == "rtl"
        page.value(SEND + "('again')")
        assert [len(messages) for messages in names["before"].asked] == [1, 3]
        assert page.value("document.documentElement.scrollWidth") <= width
        assert page.complaints() == []
    finally:
        server.close()
