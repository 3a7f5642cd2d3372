"""The MinHash kernel: invariants, the chance of detection, and exact Jaccard as the oracle."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mothertongue.corpus.deduplication import minhash
from mothertongue.corpus.deduplication.minhash import band_hashes, bands_for, jaccard, shingles, signature
from mothertongue.corpus.tokens import _TOKEN, tokens

HASHES = st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=300).map(lambda values: np.array(values, np.uint64))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Het ANKER, oud-stad!", ["het", "anker", "oud", "stad"]),
        ("e\u0301\u0301n é ﬁn", ["é\u0301n", "é", "fin"]),
        ("東京タワー x", ["東", "京", "タ", "ワ", "ー", "x"]),
        ("ที่นี่", ["ที่", "นี่"]),
        ("می\u200cخواهم", ["می\u200cخواهم"]),
        ("කෘ\u0dca\u200dෂ", ["කෘ\u0dca\u200dෂ"]),
        ("", []),
        (" ... ", []),
    ],
)
def test_tokens_by_hand(text, expected):
    assert tokens(text) == expected


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(max_codepoint=0x2FF), max_size=60))
def test_the_quick_way_for_latin_text_gives_the_same_tokens(text):
    assert tokens(text) == _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())


def test_shingles_are_the_set_of_runs_of_five():
    assert len(shingles("a b c d e f g")) == 3
    assert len(shingles("a b c d e a b c d e")) == 5  # the run "a b c d e" comes twice
    assert len(shingles("a b c")) == 1
    assert len(shingles("")) == 0
    assert jaccard(shingles("a b c d e f"), shingles("x a b c d e f")) == 2 / 3
    assert jaccard(shingles("a b"), shingles("b a")) == 0
    assert jaccard(shingles(""), shingles("")) == 0


@settings(max_examples=60, deadline=None)
@given(HASHES, st.integers(0, 5))
def test_a_signature_depends_on_the_set_only(hashes, seed):
    whole = signature(hashes, seed=seed)
    shuffled = np.random.default_rng(seed).permutation(np.concatenate([hashes, hashes[:3]]))
    assert (signature(shuffled, seed=seed) == whole).all()
    halves = np.minimum(signature(hashes[::2], seed=seed), signature(hashes[1::2], seed=seed))
    assert (halves == whole).all()


@pytest.mark.parametrize("block", [1, 7, 4999, 5000, 70_000])
def test_the_size_of_a_block_changes_nothing(block):
    hashes = np.random.default_rng(0).integers(0, 2**64, 5000, dtype=np.uint64)
    assert (signature(hashes, block=block) == signature(hashes)).all()


def test_lanes_agree_as_often_as_the_sets_are_similar():
    draw = np.random.default_rng(1)
    for shared in (100, 500, 900):
        common, first, second = (draw.integers(0, 2**64, size, dtype=np.uint64) for size in (shared, 500, 500))
        one, two = np.concatenate([common, first]), np.concatenate([common, second])
        exact = jaccard(np.unique(one), np.unique(two))
        agreed = np.mean(signature(one, lanes=2048) == signature(two, lanes=2048))
        # Four standard deviations of a mean of 2,048 coin tosses.
        assert abs(agreed - exact) < 4 * (exact * (1 - exact) / 2048) ** 0.5


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.5, 0.7, 0.9, 1.0])
def test_bands_find_a_pair_at_the_threshold(threshold):
    bands, rows = bands_for(threshold)
    assert bands * rows <= minhash.LANES
    if threshold >= 0.3:
        assert 1 - (1 - threshold**rows) ** bands >= 0.995


def test_band_hashes_are_equal_exactly_where_the_bands_are():
    signatures = np.array([[1, 2, 3, 4], [1, 2, 9, 4], [2, 1, 3, 4]], np.uint32)
    first, second = band_hashes(signatures, 2, 0), band_hashes(signatures, 2, 1)
    assert first[0] == first[1] != first[2]
    assert second[0] == second[2] != second[1]
