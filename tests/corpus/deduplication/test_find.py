"""Duplicates of shards: answers by hand, who may stand for whom, and the same bits from every executor."""

import random

import pytest
from tests.corpus.deduplication.curations import OFF, contents, deduplicated, doc, masks_of, removed, rows_of, shards_of
from tests.corpus.texts import text

from mothertongue.corpus.deduplicate import deduplicate_near
from mothertongue.corpus.deduplication import DeduplicationOptions, find_duplicates
from mothertongue.corpus.deduplication.keys import usual_url
from mothertongue.corpus.document import Document
from mothertongue.corpus.executors import Processes
from mothertongue.corpus.profile import neutral_profile
from mothertongue.corpus.work import Work
from mothertongue.errors import InputError


def changed(body: str, words: int, seed: int) -> str:
    draw = random.Random(seed)
    parts = body.split(" ")
    for place in draw.sample(range(len(parts)), words):
        parts[place] = f"nieuw{draw.random()}"
    return " ".join(parts)


def corpus(number: int = 24) -> list[Document]:
    """Documents of which every third has a near copy, every fourth an exact one, every fifth an address of another."""
    documents = [doc(f"d{n:02d}", text(n, 120), url=f"https://voorbeeld.nl/{n}") for n in range(number)]
    documents += [doc(f"n{n:02d}", changed(documents[n].text, 2, n)) for n in range(0, number, 3)]
    documents += [doc(f"e{n:02d}", documents[n].text.replace(" ", "  ")) for n in range(0, number, 4)]
    documents += [doc(f"u{n:02d}", text(900 + n, 60), url=f"http://voorbeeld.nl/{n}/#x") for n in range(0, number, 5)]
    random.Random(7).shuffle(documents)
    return documents


def test_exact_duplicates_by_hand(tmp_path):
    documents = [
        doc("a", "een twee"),
        doc("b", "een\n\ntwee  "),
        doc("c", "drie"),
        doc("d", "een  twee"),
        doc("e", "e\u0301\u0301n"),
        doc("f", "\u00e9\u0301n"),
    ]
    tables = deduplicated(tmp_path, documents, **{**OFF, "exact": True})
    rows = rows_of(tmp_path, tables, "exact")
    # The longest text stands for its cluster, then the smallest id.
    assert rows["b"] == {"duplicate": 0, "representative": "b", "cluster_size": 3}
    assert rows["a"] == rows["d"] == {"duplicate": 1, "representative": "b", "cluster_size": 3}
    assert rows["c"] == {"duplicate": 0, "representative": "c", "cluster_size": 1}
    assert removed(tmp_path, tables, "exact") == {"a": "b", "d": "b", "f": "e"}
    assert tables.rules() == ("exact.duplicate == 0",)
    assert tables.tables["exact"].counts["duplicates"] == 3


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("https://www.voorbeeld.nl/a/", "http://WWW.voorbeeld.nl:80/a#top"),
        ("https://voorbeeld.nl/?utm_source=x&id=3", "https://voorbeeld.nl?id=3"),
        ("  https://u@voorbeeld.nl./b", "https://voorbeeld.nl:443/b"),
    ],
)
def test_addresses_of_one_page_are_equal(one, two):
    assert usual_url(one) == usual_url(two)


@pytest.mark.parametrize("other", ["https://voorbeeld.nl/A", "https://voorbeeld.nl/a?id=4", "https://voorbeeld.nl:8/a"])
def test_addresses_of_other_pages_are_not(other):
    assert usual_url("https://voorbeeld.nl/a") != usual_url(other)
    assert usual_url("http://[broken") == "http://[broken"
    assert usual_url("geen adres") == "geen adres"


def test_documents_without_an_address_are_no_duplicates(tmp_path):
    documents = [
        doc("a", "x", url="http://w.nl"),
        doc("b", "yy", url="https://w.nl/"),
        doc("c", "z"),
        doc("d", "q", url=3),
    ]
    tables = deduplicated(tmp_path, documents, **{**OFF, "url": "sorted"})
    assert removed(tmp_path, tables, "url") == {"a": "b"}
    assert rows_of(tmp_path, tables, "url")["c"]["duplicate"] == 0


def test_near_duplicates_are_those_of_the_exact_comparison_in_memory(tmp_path):
    documents = corpus()
    tables = deduplicated(tmp_path, documents, **{**OFF, "near": True})
    expected = deduplicate_near(documents, 0.7)
    assert removed(tmp_path, tables, "near") == expected.removed
    rows = rows_of(tmp_path, tables, "near")
    sizes = {
        name: row["cluster_size"] for name, row in rows.items() if not row["duplicate"] and row["cluster_size"] > 1
    }
    assert sizes == expected.cluster_sizes
    assert all(row["similarity"] is None or 0.7 <= row["similarity"] <= 1 for row in rows.values())
    assert all((row["similarity"] is not None) == (row["cluster_size"] > 1) for row in rows.values())


def test_a_kind_passes_over_what_the_one_before_called_a_duplicate_and_counts_its_copies(tmp_path):
    body = text(1, 150)
    documents = [doc("a", body), doc("b", body + " "), doc("c", changed(body, 2, 1)), doc("d", text(2, 150))]
    tables = deduplicated(tmp_path, documents, url="off")
    rows = rows_of(tmp_path, tables, "near")
    assert removed(tmp_path, tables, "exact") == {"a": "b"}
    assert rows["a"] == {"duplicate": None, "representative": None, "cluster_size": None, "similarity": None}
    assert rows["c"]["cluster_size"] == rows["b"]["cluster_size"] == 3
    assert rows["d"]["cluster_size"] == 1


def test_what_was_dropped_before_neither_stands_for_others_nor_is_a_duplicate(tmp_path):
    body = text(1, 150)
    documents = [doc("a", body + " langer"), doc("b", body), doc("c", body + " "), doc("d", changed(body, 1, 3))]
    all_in = deduplicated(tmp_path / "1", documents)
    assert removed(tmp_path / "1", all_in, "exact") == {"b": "c"}
    assert removed(tmp_path / "1", all_in, "near") == {"a": "d", "c": "d"}
    tables = deduplicated(tmp_path / "2", documents, dropped=["a", "c", "d"], paragraphs="sorted", substrings=True)
    for kind in ("url", "exact", "near"):
        assert removed(tmp_path / "2", tables, kind) == {}
        assert rows_of(tmp_path / "2", tables, kind)["a"]["duplicate"] is None
        assert rows_of(tmp_path / "2", tables, kind)["b"]["cluster_size"] == 1
    assert rows_of(tmp_path / "2", tables, "paragraphs")["a"]["repeated"] is None
    assert rows_of(tmp_path / "2", tables, "substrings")["b"]["repeated"] == []


def test_processes_and_one_process_write_the_same_bits_and_nothing_is_done_twice(tmp_path):
    options = {"paragraphs": "sorted", "substrings": True, "substring_characters": 64}
    documents = corpus(12)
    one = contents(tmp_path / "1", deduplicated(tmp_path / "1", documents, **options))
    names = shards_of(tmp_path / "2", documents)
    ran = []
    work = Work(tmp_path / "2", Processes(2), lambda: ran.append(1))
    arguments = (work, names, DeduplicationOptions(**options), neutral_profile("nl"))
    two = find_duplicates(*arguments)
    assert contents(tmp_path / "2", two) == one
    first = len(ran)
    assert find_duplicates(*arguments) == two
    assert len(ran) == first > 0


def test_how_documents_lie_in_shards_changes_no_representative(tmp_path):
    documents = corpus(12)
    found = []
    for number in (1, 2, 5):
        folder = tmp_path / str(number)
        tables = deduplicated(folder, documents, shards=number)
        found.append([removed(folder, tables, kind) for kind in ("url", "exact", "near")])
    assert found[0] == found[1] == found[2]
    assert all(found[0])


@pytest.mark.parametrize("verify", ["signature", "off"])
def test_other_ways_of_verification(tmp_path, verify):
    documents = [doc(f"d{n}", text(n, 150)) for n in range(8)] + [doc("near", changed(text(0, 150), 1, 0))]
    tables = deduplicated(tmp_path, documents, **{**OFF, "near": True}, near_verify=verify)
    assert set(removed(tmp_path, tables, "near").items()) <= {("near", "d0"), ("d0", "near")}
    assert len(removed(tmp_path, tables, "near")) == 1
    value = rows_of(tmp_path, tables, "near")["d0"]["similarity"]
    assert value is None if verify == "off" else abs(value - 0.94) < 0.15


def test_texts_without_spaces_and_texts_without_words(tmp_path):
    body = "磨坊主每天早上沿着堤坝走到他的磨坊因为风不会等他所以他总是第一个到达那里的人并且从不抱怨"
    documents = [doc("a", body), doc("b", body[:-2] + "生活"), doc("c", "..."), doc("d", "!!!"), doc("e", "")]
    tables = deduplicated(tmp_path, documents, language="zh")
    assert removed(tmp_path, tables, "near") == {"b": "a"}
    assert rows_of(tmp_path, tables, "near")["c"]["duplicate"] == 0


def test_no_documents(tmp_path):
    tables = deduplicated(tmp_path, [], shards=1, paragraphs="sorted", substrings=True)
    assert [table.counts["documents"] for table in tables.tables.values()] == [0] * 5
    assert find_duplicates(Work(tmp_path), [], DeduplicationOptions(), neutral_profile("nl")).tables == {}


def test_a_mask_of_other_documents_is_refused(tmp_path):
    names = shards_of(tmp_path, corpus(12), 2)
    keep = masks_of(tmp_path, names, [])[:1] * 2
    shards_of(tmp_path, corpus(4), 2)
    with pytest.raises(InputError, match="MT233"):
        find_duplicates(Work(tmp_path), names, DeduplicationOptions(), neutral_profile("nl"), keep=keep)


def test_wrong_options_are_refused_all_at_once():
    with pytest.raises(InputError) as error:
        DeduplicationOptions.parse({"near_threshold": 1.5, "url": "hash", "substring_characters": 3, "nonsense": 1})
    assert sorted(problem.key for problem in error.value.problems) == [
        "near_threshold",
        "nonsense",
        "substring_characters",
        "url",
    ]
    assert {problem.code for problem in error.value.problems} == {"MT230"}
