"""Held-out documents: chosen by hash, capped, disjoint from training in text and in likeness (law 5)."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus.texts import document

from mothertongue.corpus import Document, overlap
from mothertongue.corpus.document import size_of, write_shard
from mothertongue.corpus.steps.hold_out import hold_out
from mothertongue.corpus.work import Work
from mothertongue.errors import InputError


def split(documents, share=0.05, most_bytes=16_000, seed=0):
    """Hold out from the documents, given in two shards."""
    with tempfile.TemporaryDirectory() as place:
        work, names = Work(Path(place)), []
        for number, part in enumerate((documents[: len(documents) // 2], documents[len(documents) // 2 :])):
            names.append(f"kept/{number:05d}.parquet")
            write_shard(work.path(names[-1]), part)
        found = hold_out(work, names, share=share, most_bytes=most_bytes, near_duplicate_threshold=0.7, seed=seed)
        return replace(found, train=[*found.train])


def test_the_share_and_the_cap_are_kept():
    documents = [document(seed) for seed in range(200)]
    total = sum(map(size_of, documents))
    found = split(documents)
    held = sum(map(size_of, found.held_out))
    assert 0.03 * total < held <= 0.05 * total
    assert (found.notes, found.removed) == ([], [])
    assert sorted(item.id for item in found.train + found.held_out) == sorted(item.id for item in documents)
    capped = split(documents, share=0.5, most_bytes=3000)
    assert 0.8 * 3000 <= sum(map(size_of, capped.held_out)) <= 3000


def test_the_choice_is_by_id_and_seed_alone():
    documents = [document(seed) for seed in range(100)]
    wanted = {item.id for item in split(documents).held_out}
    assert {item.id for item in split(documents[::-1]).held_out} == wanted
    assert {item.id for item in split(documents, seed=1).held_out} != wanted


def test_a_split_that_the_documents_bring_is_respected():
    kinds = ["train"] * 8 + ["held_out", "second_domain"]
    documents = [document(seed, split=kind) for seed, kind in enumerate(kinds)]
    found = split(documents)
    assert [item.id for item in found.held_out] == [documents[8].id]
    assert [item.id for item in found.second_domain] == [documents[9].id]
    assert len(found.train) == 8


def test_training_loses_what_repeats_a_held_out_document():
    documents = [document(seed, 150, split="train") for seed in range(8)]
    documents.append(replace(documents[0], id="test", meta={"split": "held_out"}))
    documents.append(
        replace(documents[1], id="far", text=documents[1].text + " en meer", meta={"split": "second_domain"})
    )
    found = split(documents)
    assert [row.id for row in found.removed] == [documents[0].id, documents[1].id]
    assert {row.reason for row in found.removed} == {"near_held_out"}
    assert len(found.train) == 6


def test_a_few_long_texts_give_their_openings():
    documents = [document(seed, 5000) for seed in range(3)]
    found = split(documents)
    assert len(found.held_out) >= 2
    assert sum(map(size_of, found.held_out)) <= 16_000
    for opening in found.held_out:
        assert opening.meta["cut"] == "opening"
        (rest,) = [item for item in found.train if item.id == f"{opening.id}-rest"]
        (whole,) = [item for item in documents if item.id == opening.id]
        assert whole.text.startswith(opening.text)
        assert whole.text.endswith(rest.text)
        assert len(opening.text) + len(rest.text) <= len(whole.text)
    assert "in training" in found.notes[0]


def test_parts_of_one_text_are_never_on_both_sides():
    documents = [document(10 * whole + part, part_of=f"book{whole}") for whole in range(40) for part in range(3)]
    found = split(documents, share=0.2)
    books = {item.meta["part_of"] for item in found.held_out}
    assert books
    assert books.isdisjoint(item.meta["part_of"] for item in found.train)


@pytest.mark.parametrize(
    "documents",
    [
        [document(1), document(2)],
        [document(1, 20)] * 2,
        [document(seed, 10) for seed in range(3)],
        [document(1, split="train"), replace(document(1), id="x", meta={"split": "held_out"})],
    ],
)
def test_too_little_is_refused(documents):
    with pytest.raises(InputError) as caught:
        split(documents)
    problem = caught.value.problems[0]
    assert problem.code == "MT206"
    assert all([problem.key, problem.value, problem.do])


@settings(max_examples=40, deadline=None)
@given(st.integers(8, 40), st.sets(st.integers(0, 39), max_size=10), st.floats(0.02, 0.3), st.integers(0, 9))
def test_no_training_document_is_like_a_held_out_one(count, copied, share, seed):
    documents = [document(number, 100) for number in range(count)]
    documents += [
        Document(f"copy{number}", documents[number].text + f" en nog iets {number}", "", "nl", {})
        for number in sorted(copied)
        if number < count
    ]
    try:
        found = split(documents, share=share, seed=seed)
    except InputError:
        # Too small to hold out, which the test above covers; nothing was split.
        return
    assert overlap(found.train, found.held_out, 0.7) == set()
    assert {item.id for item in found.train}.isdisjoint(item.id for item in found.held_out)
    assert len(found.train) + len(found.held_out) + len(found.removed) >= count
