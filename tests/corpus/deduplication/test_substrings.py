"""Repeated substrings: the plain definition as oracle, and borders that cut nothing."""

from itertools import pairwise

import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus.deduplication.curations import OFF, deduplicated, doc, quick_folder, spans
from tests.corpus.texts import text

from mothertongue.corpus.deduplication.spans import merged, snapped

SIZE = 16
OPTIONS = {**OFF, "substrings": True, "substring_characters": SIZE}


def repeated_by_definition(texts: list[str], size: int) -> list[set[int]]:
    """Return for each text the places in windows that stand, not overlapping, before."""
    first: dict[str, tuple[int, int]] = {}
    places: list[set[int]] = []
    for number, body in enumerate(texts):
        found: set[int] = set()
        for start in range(len(body) - size + 1):
            row, place = first.setdefault(body[start : start + size], (number, start))
            if row != number or start >= place + size:
                found |= set(range(start, start + size))
        places.append(found)
    return places


def places_of(found: list[tuple[int, int]]) -> set[int]:
    return {place for start, end in found for place in range(start, end)}


PIECES = st.lists(st.text("abcdé漢😀 ", min_size=5, max_size=40), min_size=3, max_size=6)


@st.composite
def corpora(draw: st.DrawFn) -> list[str]:
    pool = draw(PIECES)
    piece = st.one_of(st.sampled_from(pool), st.text("ab", max_size=30), st.just("ab" * 25))
    return draw(st.lists(st.lists(piece, max_size=7).map("".join), min_size=1, max_size=8))


@settings(max_examples=40, deadline=None)
@given(corpora(), st.integers(1, 3))
def test_the_spans_are_those_of_the_definition(texts, shards):
    documents = [doc(f"{number:02d}", body) for number, body in enumerate(texts)]
    with quick_folder() as folder:
        found = spans(folder, deduplicated(folder, documents, shards=shards, **OPTIONS), "substrings")
    for number, wanted in enumerate(repeated_by_definition(texts, SIZE)):
        assert places_of(found.get(f"{number:02d}", [])) == wanted


def test_a_passage_goes_wherever_it_begins_and_its_first_occurrence_stays(tmp_path):
    passage = text(50, 60)
    documents = [doc("a", text(1, 30) + passage), doc("b", "x" + passage + text(2, 30)), doc("c", text(3, 60))]
    tables = deduplicated(tmp_path, documents, **{**OFF, "substrings": True})
    assert spans(tmp_path, tables, "substrings") == {"b": [(1, 1 + len(passage))]}
    counts = tables.tables["substrings"].counts
    assert (counts["documents_with_spans"], counts["characters"]) == (1, len(passage))


def test_a_period_keeps_one_window(tmp_path):
    tables = deduplicated(tmp_path, [doc("a", "ab" * 50), doc("b", "a" * 15)], **OPTIONS)
    assert spans(tmp_path, tables, "substrings") == {"a": [(16, 100)]}


def test_no_sign_is_cut(tmp_path):
    passage = "e\u0301e\u0301" * 20 + "👨\u200d👩\u200d👧"
    # The passage repeats from the accent on, and up to the first half of the family.
    documents = [doc("a", passage), doc("b", "o" + passage[1:-2] + "\u200d🐈 en verder")]
    tables = deduplicated(tmp_path, documents, shards=1, **OPTIONS)
    (start, end), *rest = spans(tmp_path, tables, "substrings")["b"]
    assert (documents[1].text[:start], rest) == ("o\u0301", [])
    assert documents[1].text[end:].startswith("👨")


@settings(max_examples=200, deadline=None)
@given(
    st.text("ab\r\n\u0301\u200d👨👩🇳🇱กำ한ᄒ", max_size=40), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)))
)
def test_snapped_borders_are_borders_of_clusters(body, borders):
    clusters = {match.start() for match in regex.finditer(r"\X", body)} | {len(body)}
    inside = [(min(pair), min(max(pair), len(body)), 1.0) for pair in borders if min(pair) < min(max(pair), len(body))]
    joined = merged(inside)
    found = snapped(body, joined)
    for start, end, _ in found:
        assert start in clusters
        assert end in clusters
        assert start < end
        assert any(first <= start and end <= last for first, last, _ in joined)
    whole = places_of([span[:2] for span in joined])
    bounds = sorted(clusters)
    for first, last in pairwise(bounds):
        if any(a <= first and last <= b for a, b, _ in joined):
            assert set(range(first, last)) <= places_of([span[:2] for span in found]) <= whole


def test_merged_spans_by_hand():
    assert merged([(5, 9, 1.0), (0, 3, 1.0), (8, 12, 2.0)]) == [(0, 3, 1.0), (5, 12, 2.0)]
    assert merged([(0, 3, 1.0), (3, 5, 1.0), (5, 6, 2.0)]) == [(0, 6, 2.0)]
