"""Tagger `code`: lines of programs, markup and data among prose of several languages."""

import pytest
from tests.corpus.taggers.samples import SENTENCES, tag_one

from mothertongue.corpus.taggers.code import Code

CODE = """def f(x):
    return x + 1
from x import y
for (int i = 0; i < n; i++) {
}
  <div class="a">hello</div>
// comment
public static void main(String[] args) {
    System.out.println("hi");
if err != nil {
SELECT * FROM t WHERE a = 1;
#include <stdio.h>
let mut v = Vec::new();""".splitlines()
DATA = """{"a": 1, "b": [1,2]}
"name": "x",
12,34,Jan,56
a\t12\tb\t13
2024-01-02 10:11:12 INFO start
127.0.0.1 - - [10/Oct/2000:13:55:36] "GET /\"""".splitlines()
PROSE = [
    *SENTENCES.values(),
    "For example: this is it.",
    "If you want (see below), go.",
    'He said: "class is over".',
    "Jan (1980) was hier [1].",
    "De prijs is 5 = vijf euro.",
    "1. Open het menu Bestand > Opslaan als.",
    "The email is joe_doe@example.com",
    "De appel, de peer, de banaan, 3 kersen",
    "import van goederen: duur",
    "2024-01-02 was een dinsdag",
    "- item een",
    "See https://example.org/a_b?c=d&e=f",
    "while walking: fun",
    "일요일(기본값)",
    "星期日（默认）",
]


@pytest.mark.parametrize(("score", "lines"), [(1.0, CODE), (0.5, DATA), (0.0, PROSE)])
def test_lines_by_hand(score, lines):
    assert [line for line in lines if Code().judge(line) != score] == []


def test_shares_and_lines():
    text = "Zo gaat het.\nreturn total;\n12,34,Jan,56\n<b>vet</b>"
    found = tag_one("code", text)
    assert found["lines"] == [("return total;\n", 1), ("12,34,Jan,56\n", 0.5), ("<b>vet</b>", 1)]
    assert found["code_share"] == pytest.approx(24 / len(text))
    assert found["data_share"] == pytest.approx(13 / len(text))
    assert found["markup_share"] == pytest.approx(7 / len(text))
    assert found["symbol_share"] == pytest.approx(6 / len("".join(text.split())))
    assert tag_one("code", " \n")["code_share"] is None
