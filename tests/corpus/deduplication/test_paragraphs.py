"""Repeated paragraphs by hand, and a Bloom filter that keeps its promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus.deduplication.curations import OFF, contents, deduplicated, doc, removed, rows_of, spans
from tests.corpus.texts import text

from mothertongue.corpus.deduplication.bloom import MOST_HASHES, Bloom
from mothertongue.corpus.deduplication.paragraphs import paragraphs
from mothertongue.corpus.executors import Processes
from mothertongue.errors import InputError

OPTIONS = {**OFF, "paragraph_characters": 1}


@pytest.mark.parametrize("way", ["sorted", "bloom"])
def test_paragraphs_by_hand(tmp_path, way):
    documents = [doc("a", "A\nB\nA\nC"), doc("b", "C\n\n b \nB"), doc("c", "Ä\nB\n"), doc("d", "\n\n")]
    tables = deduplicated(tmp_path, documents, paragraphs=way, **OPTIONS)
    # A span takes its newline with it and counts code points; blank lines never repeat.
    assert spans(tmp_path, tables, "paragraphs") == {"a": [(4, 6)], "b": [(0, 2), (7, 8)], "c": [(2, 4)]}
    rows = rows_of(tmp_path, tables, "paragraphs")
    assert rows["a"]["share"] == 2 / 7
    if way == "sorted":
        assert [span["score"] for span in rows["b"]["repeated"]] == [2.0, 3.0]


@given(st.text("ab \n\r", max_size=30), st.integers(1, 4))
def test_paragraphs_are_lines_of_enough_characters(body, characters):
    found = list(paragraphs(body, characters))
    lines = body.split("\n")
    assert [body[start:end].removesuffix("\n") for start, end in found] == [
        line for line in lines if len(line.strip()) >= characters
    ]


def test_the_filter_finds_what_sorting_finds_with_any_number_of_workers(tmp_path):
    documents = [
        doc(f"d{n}", "\n".join(text(100 + n % place, 12) for place in (2, 3, 5)), url=f"http://w.nl/{n % 4}")
        for n in range(12)
    ]
    options = {"exact": False, "near": False, "paragraph_characters": 20}
    bloom = {"paragraphs": "bloom", "url": "bloom"}
    found = deduplicated(tmp_path / "1", documents, **options, **bloom)
    again = deduplicated(tmp_path / "2", documents, **options, **bloom, executor=Processes(2))
    assert contents(tmp_path / "1", found) == contents(tmp_path / "2", again)
    plain = deduplicated(tmp_path / "3", documents, **options, paragraphs="sorted", url="off")
    alone = deduplicated(tmp_path / "4", documents, **options, paragraphs="bloom", url="off")
    assert spans(tmp_path / "3", plain, "paragraphs") == spans(tmp_path / "4", alone, "paragraphs")
    # Without names, the first document of an address stays.
    assert removed(tmp_path / "1", found, "url") == dict.fromkeys(f"d{n}" for n in range(4, 12))
    counts = found.tables["paragraphs"].counts
    assert counts["actual_rate"] <= counts["wanted_rate"] == 1e-6


@pytest.mark.parametrize(
    ("expected", "rate", "mebibytes", "hashes"),
    [(10**6, 1e-6, 4, 24), (10**7, 1e-6, 64, MOST_HASHES), (10**6, 1e-3, 2, 12)],
)
def test_sizes_by_hand(expected, rate, mebibytes, hashes):
    """The sizes of card 49; 38 hash functions for ten million keys are more than anybody needs."""
    made = Bloom.sized(expected, rate)
    assert (made.bits, made.hashes) == (mebibytes * 2**23, hashes)


def test_a_small_filter_has_few_hash_functions():
    assert Bloom.sized(1000, 1e-6).hashes <= MOST_HASHES
    assert Bloom.sized(0, 1e-6).hashes <= MOST_HASHES


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)), max_size=200))
def test_what_was_added_is_always_found(keys):
    made = Bloom.sized(len(keys), 0.01)
    high, low = (np.array([key[side] for key in keys], np.uint64) for side in (0, 1))
    seen = made.add(high, low)
    assert made.contains(high, low).all()
    first = {key: place for place, key in reversed(list(enumerate(keys)))}
    assert all(seen[place] for place, key in enumerate(keys) if first[key] != place)


def test_the_rate_is_kept_and_told():
    draw = np.random.default_rng(3)
    made = Bloom.sized(20_000, 0.01)
    made.add(*draw.integers(0, 2**64, (2, 20_000), dtype=np.uint64))
    wrong = made.contains(*draw.integers(0, 2**64, (2, 50_000), dtype=np.uint64)).mean()
    assert made.actual_rate() <= 0.01
    # Five standard deviations of 50,000 tosses.
    assert abs(wrong - made.actual_rate()) < 5 * (0.01 / 50_000) ** 0.5


def test_a_saved_filter_comes_back_and_a_damaged_one_is_refused(tmp_path):
    made = Bloom.sized(100, 0.001)
    keys = np.random.default_rng(0).integers(0, 2**64, (2, 100), dtype=np.uint64)
    made.add(*keys)
    made.save(tmp_path / "filter")
    again = Bloom.load(tmp_path / "filter")
    assert (again.words == made.words).all()
    assert (again.expected, again.rate, again.hashes, again.inserted) == (100, 0.001, made.hashes, made.inserted)
    (tmp_path / "filter").write_bytes((tmp_path / "filter").read_bytes()[:-9])
    for name in ("filter", "none"):
        with pytest.raises(InputError, match="MT234"):
            Bloom.load(tmp_path / name)
