"""The contract of initialisers, one row each, with rows worked out by hand; a new one without its row fails."""

from __future__ import annotations

import pytest
import torch

from mothertongue.errors import InputError
from mothertongue.vocabulary.initialize import INITIALIZERS, find_initializer
from mothertongue.vocabulary.rows import RowRequest

OLD = torch.tensor([[1.0, 0.0], [3.0, 2.0], [5.0, 10.0]])
# Token 3 = pieces 0 1; token 4 = token 3 and piece 2; token 5 = piece 2 alone.
REQUEST = RowRequest(
    new_ids=[3, 4, 5],
    pieces={3: (0, 1), 4: (0, 1, 2), 5: (2,)},
    merges={3: (0, 1), 4: (3, 2)},
    alignments={3: {(0,): 30, (1,): 10}, 4: {}},
    seed=7,
)
# By hand. Mean of 0 and 1: (2, 1). Mean of all: (3, 4). Merge of (2, 1) and (5, 10): (3.5, 5.5).
# Aligned 30 to 10: .75 (1, 0) + .25 (3, 2) = (1.5, .5) (card 01, the cat and dog of the oracle).
EXPECTED = {
    "subword_mean": [[2.0, 1.0], [3.0, 4.0], [5.0, 10.0]],
    "subword_first": [[1.0, 0.0], [1.0, 0.0], [5.0, 10.0]],
    "subword_mean_first": [[1.5, 0.5], [2.0, 2.0], [5.0, 10.0]],
    "merge": [[2.0, 1.0], [3.5, 5.5], [5.0, 10.0]],
    "align": [[1.5, 0.5], [3.0, 4.0], [5.0, 10.0]],
    "mean": [[3.0, 4.0]] * 3,
    "random": None,  # drawn: its own law below
}
FROM_PIECES = ["subword_mean", "subword_first", "subword_mean_first", "merge", "align"]


def test_every_initializer_has_its_row() -> None:
    assert set(INITIALIZERS) == set(EXPECTED)
    assert all(INITIALIZERS[name].name == name for name in EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_rows_worked_out_by_hand(name: str) -> None:
    before = OLD.clone()
    rows = INITIALIZERS[name].rows(OLD, REQUEST)
    assert rows.shape == (3, 2)
    assert rows.dtype == torch.float32
    assert torch.equal(OLD, before)
    if EXPECTED[name] is not None:
        torch.testing.assert_close(rows, torch.tensor(EXPECTED[name]), rtol=0, atol=1e-7)


@pytest.mark.parametrize("name", EXPECTED)
def test_no_new_ids_give_no_rows_and_the_width_stays(name: str) -> None:
    assert INITIALIZERS[name].rows(OLD, RowRequest([], {})).shape == (0, 2)


@pytest.mark.parametrize("name", EXPECTED)
def test_half_precision_rows_are_summed_in_float32(name: str) -> None:
    assert INITIALIZERS[name].rows(OLD.bfloat16(), REQUEST).dtype == torch.float32


@pytest.mark.parametrize("name", FROM_PIECES)
def test_a_token_equal_to_an_old_one_gets_its_row_exactly(name: str) -> None:
    old = torch.randn(50, 16, generator=torch.Generator().manual_seed(0))
    request = RowRequest(list(range(50, 100)), {50 + index: (index,) for index in range(50)})
    assert torch.equal(INITIALIZERS[name].rows(old, request), old)


@pytest.mark.parametrize("name", FROM_PIECES)
def test_rows_follow_the_order_of_the_ids(name: str) -> None:
    turned = RowRequest([5, 4, 3], REQUEST.pieces, REQUEST.merges, REQUEST.alignments)
    rows = INITIALIZERS[name].rows(OLD, REQUEST)
    assert torch.equal(INITIALIZERS[name].rows(OLD, turned), rows.flip(0))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_piece_without_a_row_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="MT308"):
        INITIALIZERS[name].rows(OLD, RowRequest([4], {4: (0, 3)}))
    with pytest.raises(InputError, match="MT308"):
        INITIALIZERS[name].rows(OLD, RowRequest([4], {}))


def test_random_rows_have_the_moments_of_the_old_ones_and_depend_on_the_seed_alone() -> None:
    scale = torch.tensor([0.1, 1.0, 5.0])
    old = torch.tensor([-3.0, 0.0, 40.0]) + scale * torch.randn(4000, 3, generator=torch.Generator().manual_seed(1))
    ids = list(range(4000, 8000))
    pieces = dict.fromkeys(ids, (0,))
    draw = INITIALIZERS["random"].rows
    rows = draw(old, RowRequest(ids, pieces, seed=3))
    # 4,000 draws: the error of the mean is std / 63, of the standard deviation std / 89.
    assert torch.all((rows.mean(0) - old.mean(0)).abs() < 5 * scale / 63)
    assert torch.all((rows.std(0) - old.std(0)).abs() < 5 * scale / 89)
    assert torch.equal(rows, draw(old, RowRequest(ids, pieces, seed=3)))
    assert not torch.equal(rows, draw(old, RowRequest(ids, pieces, seed=4)))


def test_a_token_without_pieces_takes_the_mean_of_all() -> None:
    rows = INITIALIZERS["subword_mean"].rows(OLD, RowRequest([3], {3: ()}))
    assert rows.tolist() == [[3.0, 4.0]]


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    assert find_initializer("merge") is INITIALIZERS["merge"]
    with pytest.raises(InputError, match="nearest: subword_mean"):
        find_initializer("subword_meen")
