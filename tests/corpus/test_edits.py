"""Edits: nothing of a named span survives, whatever the order and the overlaps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mothertongue.corpus.edits import Edit, apply_edits, merged

SPAN = st.integers(0, 18).flatmap(lambda start: st.tuples(st.just(start), st.integers(start + 1, 20)))
EDITS = st.lists(st.builds(lambda span, text: Edit(*span, text), SPAN, st.sampled_from(["", "<x>", "<y>"])), max_size=6)


def test_an_answer_worked_out_by_hand():
    text = "mail a@b.nl or c@d.nl now"
    assert apply_edits(text, [Edit(15, 21, "<email>"), Edit(5, 11, "<email>")]) == "mail <email> or <email> now"
    assert apply_edits(text, [Edit(4, 21)]) == "mail now"
    assert apply_edits("één\ntwee\n", [Edit(0, 4)]) == "twee\n"


def test_no_edit_changes_nothing():
    text = "e\u0301\ud800 x"
    assert apply_edits(text, []) is text


def test_the_tail_of_an_overlapping_span_is_covered():
    assert apply_edits("abcdef", [Edit(0, 3, "1"), Edit(2, 5, "2")]) == "1f"
    assert apply_edits("abcdef", [Edit(1, 5), Edit(2, 4, "<email>")]) == "af"
    assert apply_edits("abcdef", [Edit(0, 2, "<email>"), Edit(0, 6)]) == ""
    assert apply_edits("abcdef", [Edit(0, 2, "1"), Edit(2, 4, "2")]) == "12ef"
    assert apply_edits("abcdef", [Edit(0, 2, "first"), Edit(0, 2, "second")]) == "firstcdef"


@pytest.mark.parametrize("span", [(3, 3), (4, 3), (-1, 2), (2, 7)])
def test_spans_that_cannot_be_are_refused(span):
    with pytest.raises(ValueError, match="span"):
        apply_edits("abcdef", [Edit(*span)])


@given(EDITS)
def test_merged_edits_cover_exactly_the_characters_named(edits):
    found = merged(edits, 20)
    named = {place for edit in edits for place in range(edit.start, edit.end)}
    covered = [place for edit in found for place in range(edit.start, edit.end)]
    assert covered == sorted(named)


@given(EDITS.map(lambda edits: [Edit(e.start, e.end) for e in edits]), st.randoms(use_true_random=False))
def test_deletions_leave_what_no_span_names_in_any_order(edits, draw):
    text = "abcdefghijklmnopqrst"
    named = {place for edit in edits for place in range(edit.start, edit.end)}
    shuffled = draw.sample(edits, len(edits))
    assert apply_edits(text, shuffled) == "".join(c for place, c in enumerate(text) if place not in named)
