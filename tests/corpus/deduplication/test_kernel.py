"""The compiled kernel: tokens as `corpus.tokens` has them, invariants, and the chance of detection."""

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.corpus.texts import text as sample

from mothertongue.corpus.deduplication.kernel import BLOCK
from mothertongue.corpus.deduplication.minhash import (
    bands_for,
    ordered_shingles,
    shingle_sets,
    shingles,
    sign,
    signature,
    token_spans,
)
from mothertongue.corpus.tokens import tokens

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
HARD = st.text("aÀéß\u0301\u0323ﬁ½ǅ İıﬀ漢字かなガｶﾞ한글ᄒำ\u0e33\u0e48ที่\u200c\u200d\u0dcaකﷺ٣_-.\n😀", max_size=40)


@settings(max_examples=400, deadline=None)
@given(st.one_of(TEXTS, HARD))
@example("ﷺ x")
@example("a\u0301b e\u0301\u0301n")
def test_tokens_are_those_of_the_plain_function(body):
    """Same number of tokens, equal exactly where the plain ones are, in the same places."""
    plain = [unicodedata.normalize("NFKD", token) for token in tokens(unicodedata.normalize("NFC", body))]
    hashes = ordered_shingles(body, 1).tolist()
    known: dict[str, int] = {}
    assert len(hashes) == len(plain)
    assert all(known.setdefault(token, value) == value for token, value in zip(plain, hashes, strict=True))
    assert len(set(known.values())) == len(known)


@settings(max_examples=200, deadline=None)
@given(st.one_of(TEXTS, HARD))
def test_the_form_of_composition_changes_nothing(body):
    wanted = ordered_shingles(body).tolist()
    for form in ("NFC", "NFD"):
        assert ordered_shingles(unicodedata.normalize(form, body)).tolist() == wanted


def test_places_of_tokens_by_hand():
    body = "Eén, 東京 twée!"
    assert [body[start:end] for start, end in token_spans(body)] == ["Eén", "東", "京", "twée"]
    assert token_spans("ab c", characters=True).tolist() == [[0, 1], [1, 2], [3, 4]]
    assert token_spans("").shape == (0, 2)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(TEXTS, HARD), max_size=6), st.integers(0, 5))
def test_a_batch_is_signed_like_its_texts_wherever_it_begins(bodies, first):
    array = pa.array(["voor"] * first + bodies, pa.large_string()).slice(first)
    take = np.arange(len(bodies)) % 3 != 2
    signatures, counts = sign(array, take, lanes=16, seed=4)
    for row, body in enumerate(bodies):
        expected = shingles(body) if take[row] else np.empty(0, np.uint64)
        assert (signatures[row] == signature(expected, 16, 4)).all()
        assert (counts[row] > 0) == (len(expected) > 0)
    sets = {row: found.tolist() for row, found in shingle_sets(array, take)}
    assert sets == {row: shingles(body).tolist() for row, body in enumerate(bodies) if take[row]}


def test_a_text_longer_than_a_block_has_all_its_shingles():
    body = " ".join(str(number) for number in range(BLOCK + 1000))
    assert len(shingles(body)) == BLOCK + 996
    signatures, counts = sign(pa.array([body, "kort"], pa.large_string()), np.ones(2, bool), lanes=8)
    assert counts.tolist() == [BLOCK + 996, 1]
    assert (signatures[0] == signature(shingles(body), 8)).all()


def test_repeated_text_and_reordered_paragraphs_hardly_matter_to_the_set():
    one, two = " ".join(sample(1, 40).split()), " ".join(sample(2, 40).split())
    assert set(shingles(one)) | set(shingles(two)) <= set(shingles(f"{one} {two} {one} {two}"))
    assert (shingles(f"{one} {one} {one}") == shingles(f"{one} {one}")).all()


@pytest.mark.parametrize("wanted", [0.5, 0.6, 0.7, 0.8, 0.9])
def test_planted_pairs_are_found_as_often_as_the_formula_says(wanted):
    """Pairs of exact Jaccard s share a band with probability 1 - (1 - s^r)^b: within 4 standard deviations of 400."""
    bands, rows = bands_for(0.7)
    draw = np.random.default_rng(int(100 * wanted))
    shared = round(wanted * 300)
    found, pairs = 0, 400
    for _ in range(pairs):
        union = draw.integers(0, 2**64, 300, dtype=np.uint64)
        rest = (300 - shared) // 2
        one, two = np.delete(union, slice(shared, shared + rest)), np.delete(union, slice(300 - rest, 300))
        exact = len(np.intersect1d(one, two)) / 300
        first, second = signature(one)[: bands * rows], signature(two)[: bands * rows]
        found += bool((first == second).reshape(bands, rows).all(axis=1).any())
    chance = 1 - (1 - exact**rows) ** bands
    assert abs(found - pairs * chance) <= 4 * (pairs * chance * (1 - chance)) ** 0.5 + 1
