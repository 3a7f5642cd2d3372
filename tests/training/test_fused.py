"""A chunked cross-entropy is the plain one: law 7."""

import pytest
import torch

from mothertongue.training import fused
from mothertongue.training.fused import linear_cross_entropy


@pytest.mark.parametrize("chunk_rows", [1, 3, 7, 64])
@pytest.mark.parametrize("train_head", [True, False])
def test_value_and_gradients_equal_the_plain_formula(monkeypatch, chunk_rows, train_head):
    generator = torch.Generator().manual_seed(chunk_rows)
    hidden = torch.randn(17, 8, generator=generator, dtype=torch.float64).requires_grad_()
    head = torch.randn(23, 8, generator=generator, dtype=torch.float64).requires_grad_(train_head)
    targets = torch.randint(23, (17,), generator=generator)
    weights = torch.rand(17, generator=generator, dtype=torch.float64).float().double()
    monkeypatch.setattr(fused, "_CHUNK_ELEMENTS", chunk_rows * 23)

    loss, each = linear_cross_entropy(hidden, head, targets, weights)
    assert each.sum().item() == pytest.approx(loss.item())
    assert not each.requires_grad
    (3 * loss).backward()
    found = hidden.grad.clone(), head.grad.clone() if train_head else None

    hidden.grad = head.grad = None
    plain = (torch.nn.functional.cross_entropy(hidden @ head.t(), targets, reduction="none") * weights).sum()
    (3 * plain).backward()
    assert loss.item() == pytest.approx(plain.item(), rel=1e-6)
    torch.testing.assert_close(found[0], hidden.grad, rtol=1e-6, atol=1e-7)
    if train_head:
        torch.testing.assert_close(found[1], head.grad, rtol=1e-6, atol=1e-7)


def test_a_uniform_head_costs_the_log_of_the_vocabulary():
    loss, _ = linear_cross_entropy(torch.ones(4, 3), torch.zeros(16, 3), torch.tensor([0, 5, 9, 15]), torch.ones(4))
    assert loss.item() == pytest.approx(4 * 2.7725887, rel=1e-6)


def test_weight_zero_means_no_loss_and_no_gradient():
    hidden = torch.randn(2, 3).requires_grad_()
    loss, _ = linear_cross_entropy(hidden, torch.randn(5, 3), torch.tensor([1, 2]), torch.zeros(2))
    loss.backward()
    assert loss.item() == 0
    assert not hidden.grad.any()
