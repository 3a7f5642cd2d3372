"""Tagger `boilerplate`: shares by hand, and lines that many documents hold."""

import numpy as np
import pytest
from tests.corpus.taggers.samples import tag_one

from mothertongue.corpus import common_lines
from mothertongue.corpus.common_lines import count_lines, line_key, read_common_lines
from mothertongue.corpus.document import Document, write_shard
from mothertongue.corpus.profile import LanguageProfile, neutral_profile


def shards(folder, pages, size=3):
    paths = []
    for start in range(0, len(pages), size):
        paths.append(folder / f"{start:03d}.parquet")
        documents = [
            Document(str(start + number), page, "a", "nl") for number, page in enumerate(pages[start : start + size])
        ]
        write_shard(paths[-1], documents)
    return paths


def test_shares_by_hand():
    profile = LanguageProfile(language="nl", boilerplate=("accepteer cookies",))
    text = "Start\nContact\nEen hele zin staat hier wel.\nAccepteer cookies a.u.b.\nhttp://a.nl/b \ufffd\ufffd"
    found = tag_one("boilerplate", text, profile)
    assert found["lines"] == [("Accepteer cookies a.u.b.\n", 1)]
    assert found["phrase_share"] == pytest.approx(25 / len(text))
    assert found["link_share"] == pytest.approx(13 / len(text))
    assert found["menu_share"] == pytest.approx((5 + 7 + 16) / len(text))
    assert (found["filler"], found["replacement_characters"], found["common_share"]) == (False, 2, None)
    assert tag_one("boilerplate", "Lorem Ipsum", profile)["filler"]
    assert tag_one("boilerplate", text)["phrase_share"] is None


@pytest.mark.parametrize(
    ("language", "text"),
    [("zh", "首页\n今天早上风很大，磨坊主走到港口买鱼\n你好。"), ("th", "หน้าแรก\nคนโม่แป้งเดินไปที่ท่าเรือและซื้อปลา")],
)
def test_menus_without_spaces_are_counted_in_letters(language, text):
    assert tag_one("boilerplate", text, neutral_profile(language))["menu_share"] == pytest.approx(
        len(text.split()[0]) / len(text)
    )


def test_common_lines_are_counted_once_a_document_whatever_their_case(tmp_path):
    pages = [f"Naar  boven\nnaar boven\nEigen regel {number}\nZelden {number // 4}" for number in range(8)]
    table = count_lines(shards(tmp_path, pages), least_documents=5)
    assert (table.documents, table.least, len(table.keys)) == (8, 5, 1)
    assert table.documents_with([line_key("NAAR BOVEN"), line_key("Zelden 1")]) == [8, 0]
    table.write(tmp_path / "lines")
    again = read_common_lines(tmp_path / "lines")
    assert (again.keys == table.keys).all()
    assert (again.counts == table.counts).all()
    settings = {"common": str(tmp_path / "lines"), "least_documents": 5}
    found = tag_one("boilerplate", "Iets\nnaar boven\nanders", settings=settings)
    assert found["lines"] == [("naar boven\n", 1)]
    assert found["common_share"] == pytest.approx(11 / 22)


def test_counting_agrees_with_a_dictionary_when_counters_are_shared(tmp_path, monkeypatch):
    monkeypatch.setattr(common_lines, "BITS", 4)
    monkeypatch.setattr(common_lines, "COUNTERS", 16)
    draw = np.random.default_rng(1)
    pages = ["\n".join(f"regel {number}" for number in draw.geometric(0.05, 12)) for _ in range(60)]
    expected: dict[str, int] = {}
    for page in pages:
        for line in set(page.split("\n")):
            expected[line] = expected.get(line, 0) + 1
    table = count_lines(shards(tmp_path, pages, 7), least_documents=8)
    assert dict(zip(table.keys.tolist(), table.counts.tolist(), strict=True)) == {
        line_key(line): number for line, number in expected.items() if number >= 8
    }


def test_the_table_stays_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(common_lines, "MOST_LINES", 10)
    monkeypatch.setattr(common_lines, "BITS", 6)
    monkeypatch.setattr(common_lines, "COUNTERS", 64)
    pages = ["\n".join(f"regel {line}" for line in range(number, 40)) for number in range(40)]
    table = count_lines(shards(tmp_path, pages, 20), least_documents=2)
    assert table.least > 2
    assert len(table.keys) <= 10
    assert table.counts.min() >= table.least
