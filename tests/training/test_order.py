"""The mixture is exact, epochs are permutations, and a state continues with the same examples."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mothertongue.training.order import MixedOrder


def take(order, steps):
    return [example for _ in range(steps) for example in order.next()]


@given(st.floats(0.05, 0.95), st.integers(1, 60), st.integers(1, 4))
def test_every_prefix_has_its_share_within_one_row(share, steps, batch):
    drawn = take(MixedOrder({"target": 7, "replay": 5}, {"target": 1 - share, "replay": share}, batch, 0), steps)
    for count in range(1, len(drawn) + 1):
        replayed = sum(stream == "replay" for stream, _ in drawn[:count])
        assert abs(replayed - share * count) <= 1


def test_an_epoch_shows_every_row_once_and_the_next_one_in_another_order():
    drawn = [index for _, index in take(MixedOrder({"target": 50}, {"target": 1.0}, 1, 3), 100)]
    assert sorted(drawn[:50]) == sorted(drawn[50:]) == list(range(50))
    assert drawn[:50] != drawn[50:]


@pytest.mark.parametrize("stop", [0, 1, 7, 23])
def test_a_state_continues_with_the_same_examples(stop):
    def fresh():
        return MixedOrder({"target": 9, "replay": 4}, {"target": 0.8, "replay": 0.2}, 3, 11)

    whole, first, second = fresh(), fresh(), fresh()
    expected = take(whole, 30)
    head = take(first, stop)
    second.load_state(first.state())
    assert head + take(second, 30 - stop) == expected


def test_a_stream_without_rows_gives_its_share_to_the_others():
    assert Counter(
        stream for stream, _ in take(MixedOrder({"target": 3, "replay": 0}, {"target": 0.5, "replay": 0.5}, 2, 0), 9)
    ) == {"target": 18}
