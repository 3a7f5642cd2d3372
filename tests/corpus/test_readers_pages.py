"""Pages: main text without navigation, facts about the page, and a guard that nesting cannot outwit."""

import random
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from mothertongue.corpus.readers.blocks import words
from mothertongue.corpus.readers.facts import facts, iso_date
from mothertongue.corpus.readers.html import decode_page, html_text
from mothertongue.corpus.readers.nesting import check_nesting
from mothertongue.corpus.readers.streams import USUAL_LIMITS, UnreadableError

PAGES = sorted((Path(__file__).parent / "pages").glob("*.html"))
# What the extractor is known to keep though it is no text: short links and lines beside the text of layout tables.
KNOWN_EXTRA = {
    "forum": {"Baratzea - Foroa", "Maite, 12 mezu", "Foro software librea"},
    "manual": {"Edellinen Seuraava"},
    "old": {"Dachaigh", "Sgeulachdan", "Òrain", "Ceanglaichean", "Post | Air ais"},
}


def text_of(source: str) -> str:
    return html_text(source, USUAL_LIMITS)[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_main_text_of_typical_pages_is_whole(page):
    """Pages of seven kinds in seven languages: every line of the text is there, and nothing else but what is known."""
    wanted = [line for line in page.with_suffix(".txt").read_text("utf-8").splitlines() if line]
    found = [line for line in text_of(page.read_text("utf-8")).splitlines() if line]
    kept = [line for line in found if line not in KNOWN_EXTRA.get(page.stem, set())]
    assert " ".join(kept) == " ".join(wanted)


def test_facts_of_a_page():
    _, meta = html_text((Path(__file__).parent / "pages" / "news.html").read_text("utf-8"), USUAL_LIMITS)
    assert meta == {
        "title": "Veerpont vaart weer | De Rivierbode",
        "declared_language": "nl",
        "url": "https://rivierbode.example/2024/05/veerpont",
        "date": "2024-05-03",
    }
    licence = '<p>Tekst</p><a rel="license nofollow" href="https://creativecommons.example/by/4.0">CC BY</a>'
    assert html_text(licence, USUAL_LIMITS)[1] == {"license": "https://creativecommons.example/by/4.0"}


def test_the_usual_one_of_hidden_keys_is_shown():
    """LibreOffice help hides the keys of two systems; the text of the usual one belongs into the sentence."""
    page = (
        '<body><div id="DisplayArea"><p class="paragraph">Druk op <span class="switchinline"><span hidden="true" '
        'class="MAC"><span>Cmd</span></span><span hidden="true" id="defaultx_1"><span>Ctrl</span></span></span>+C om '
        "te kopiëren.</p><p hidden>weg</p></div>"
    )
    assert text_of(page) == "Druk op Ctrl+C om te kopiëren."


def test_the_title_stands_for_a_missing_heading():
    assert text_of("<title>De pont</title><p>Hij vaart.</p>") == "De pont\n\nHij vaart."
    assert text_of("<title>De pont</title><h1>Kop</h1><p>Hij vaart.</p>") == "Kop\n\nHij vaart."
    assert text_of("<title>De pont</title>") == "De pont"


@pytest.mark.parametrize("name", ["punycode", "idna", "unicode_escape", "utf-7", "hex", "klingon"])
def test_codecs_that_no_page_uses_are_refused(name):
    with pytest.raises(UnreadableError, match="wrong_encoding"):
        decode_page(f'<meta charset="{name}">x'.encode())


def test_the_charset_of_the_transport_comes_before_that_of_the_page():
    assert decode_page(b'<meta charset="utf-8">\xe9\xe9n', "ISO-8859-1").endswith("één")


def depth(source: str) -> int:
    """Return how deep the elements of the parsed page really nest."""
    deepest, waiting = 0, [(LexborHTMLParser(source).root, 1)]
    while waiting:
        node, level = waiting.pop()
        deepest = max(deepest, level)
        child = node.child
        while child is not None:
            waiting.append((child, level + 1))
            child = child.next
    return deepest


def passes(source: str, most: int) -> bool:
    try:
        check_nesting(source, most)
    except UnreadableError:
        return False
    return True


NAMES = sorted(
    words("div span b i p table tr td a li ul ol font u section article h1 br em pre blockquote dl dt dd svg path")
)


def test_what_passes_the_guard_is_never_deep():
    """Random tag soup, repeated: a parser nests at most a few levels more than the guard counts (items, cells)."""
    draw = random.Random(5)
    for _ in range(600):
        unit = "".join(
            draw.choice(["<{}>", "<{}>", "</{}>", "<{}/>"]).format(draw.choice(sorted(NAMES))) for _ in range(6)
        )
        source = unit * draw.choice([1, 30, 80])
        if passes(source, 16):
            assert depth(source) <= 6 * 16 + 20, unit


@pytest.mark.parametrize(
    "source",
    [
        "<p>een<p>twee" * 500,
        "<li>een<li>twee" * 500,
        "<ul><li>een</ul>" * 500,
        "<table><tr><td><font>een<td><font>twee</table>" * 500,
        "<svg>" + "<path d='M0 0'/>" * 1000 + "</svg>",
        "<b>een</b><br><img src=x><input>" * 500,
        "<!-- " + "<div>" * 500 + " --><p>x",
        "<script>" + "'<div>'" * 500 + "</script><p>x",
        "<div>een</div></div></span>" * 500,
        "<a name=x>een<a name=y>" * 500,
    ],
)
def test_usual_pages_pass_the_guard(source):
    assert passes(source, 16)


@pytest.mark.parametrize(
    "source",
    [
        "<div>" * 500,
        "<DIV>" * 500,
        "<div/>" * 500,
        "<!--><div>" * 500,
        "<b><div></b>" * 500,
        "<table><tr><td>" * 500,
        "<span><div></span>" * 500,
        "<div><table></div>" * 500,
        "<p><font a=1></p>" * 500,
        "<ul><li>" * 500,
    ],
)
def test_deep_pages_do_not(source):
    assert not passes(source, 64)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2024-05-03T09:12:00+02:00", "2024-05-03"),
        ("D:20240131120000+01'00'", "2024-01-31"),
        ("D:2024", "2024"),
        ("Fri, 03 May 2024 09:12:00 GMT", "2024-05-03"),
        ("1890", "1890"),
        ("1890-05", "1890-05"),
        ("20240503", "2024-05-03"),
        ("2024-13-01", None),
        ("2024-02-30", None),
        ("12345", None),
        ("voorjaar", None),
        ("", None),
        ("٢٠٢٤", None),
    ],
)
def test_dates_in_one_form(text, date):
    assert iso_date(text) == date


def test_facts_are_single_short_lines():
    assert facts(title=" a\n b ", url="", date=None, license="x" * 900) == {"title": "a b", "license": "x" * 500}
