"""Windows score every token exactly once; trees hold every sequence, each seeing its own past alone."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mothertongue.evaluation.plan import Window, batches, common_prefix, plan_rows, windows

IDS = st.lists(st.integers(0, 3), max_size=40)


@given(
    prefix=st.lists(st.integers(0, 9), min_size=1, max_size=30), target=IDS, context=st.integers(1, 20), data=st.data()
)
def test_windows_score_every_target_once_within_the_context(prefix, target, context, data) -> None:
    overlap = data.draw(st.integers(1, context))
    parts = windows(0, prefix, target, context, overlap)
    whole = [*prefix, *target]
    scored = []
    for part in parts:
        assert 1 <= part.first < len(part.ids)
        assert len(part.inputs) <= context
        begin = len(prefix) + part.offset - part.first
        assert part.ids.tolist() == whole[begin : begin + len(part.ids)]
        assert part.first >= min(overlap, len(prefix) + part.offset)
        scored += range(part.offset, part.offset + len(part.targets))
    assert scored == list(range(len(target)))


def test_windows_worked_by_hand() -> None:
    parts = windows(7, [0], [1, 2, 3, 4, 5, 6], context=4, overlap=2)
    assert [(part.ids.tolist(), part.first, part.offset) for part in parts] == [
        ([0, 1, 2, 3, 4], 1, 0),
        ([2, 3, 4, 5, 6], 3, 4),
    ]
    assert {part.request for part in parts} == {7}


@given(
    sequences=st.lists(st.lists(st.integers(0, 2), min_size=2, max_size=12), min_size=1, max_size=8),
    limit=st.integers(0, 30),
)
def test_each_sequence_sees_exactly_its_own_past(sequences, limit) -> None:
    parts = [Window(k, np.array(ids, np.int64), 1, 0) for k, ids in enumerate(sequences)]
    seen = []
    for group in batches(plan_rows(parts, limit), 64):
        width = max(row.size for row in group)
        assert len(group) == 1 or len(group) * width <= 64
        for row in group:
            assert row.size <= max(limit, max(len(part.inputs) for part, _ in row.members))
            tokens, depths = np.zeros((2, width), np.int64)
            mask = np.zeros((width, width), bool)
            row.fill(tokens, depths, mask)
            if row.linear:
                assert (mask[: row.size, : row.size] == np.tri(row.size, dtype=bool)).all()
            for part, path in row.members:
                seen.append(part.request)
                assert tokens[path].tolist() == part.inputs.tolist()
                assert depths[path].tolist() == list(range(len(path)))
                for place, node in enumerate(path):
                    assert np.flatnonzero(mask[node]).tolist() == path[: place + 1].tolist()
    assert sorted(seen) == list(range(len(sequences)))


def test_shared_prefixes_are_computed_once() -> None:
    parts = [Window(k, np.array([1, 2, 3, 4, 5, 10 + k, 20], np.int64), 5, 0) for k in range(4)]
    rows = plan_rows(parts, 100)
    assert [row.size for row in rows] == [5 + 4]  # the answers' first token differs; the last is never an input
    assert [row.size for row in plan_rows(parts, 0)] == [6] * 4


def test_common_prefix() -> None:
    assert common_prefix(np.array([1, 2, 3]), np.array([1, 2, 4, 5])) == 2
    assert common_prefix(np.array([1, 2]), np.array([1, 2, 4])) == 2
    assert common_prefix(np.array([], np.int64), np.array([1])) == 0
