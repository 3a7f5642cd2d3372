"""Next-token prediction on packed rows (card 50, step 2; cards 01 and 46 train with it)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from mothertongue.models.device import autocast
from mothertongue.training.fused import linear_cross_entropy
from mothertongue.training.objectives.protocol import Loss
from mothertongue.training.packing import Row


class CausalObjective:
    """Mean -log p(token | its own document so far) over all tokens but each document's first.

    Documents packed into one row do not see each other: positions start again at every document, from which
    transformers builds the block mask.
    """

    def collate(self, rows: Sequence[Row]) -> Mapping[str, Any]:
        """ids, positions, targets, weights [batch, length - 1] and the stream of every row."""
        ids = torch.tensor([row.ids for row in rows])
        positions = torch.tensor([row.positions for row in rows])
        learned = torch.tensor([row.weights for row in rows])
        return {
            "ids": ids[:, :-1],
            "positions": positions[:, :-1],
            "targets": ids[:, 1:],
            "weights": (positions[:, 1:] > 0).float() * learned[:, 1:],
            "streams": [row.stream for row in rows],
        }

    def loss(self, model: PreTrainedModel, batch: Mapping[str, Any]) -> Loss:
        """The summed loss of a batch, with nats per token of each stream as metrics."""
        device = model.device
        ids, positions = batch["ids"].to(device), batch["positions"].to(device)
        targets, weights = batch["targets"].to(device), batch["weights"].to(device)
        with autocast(device):
            hidden = model.base_model(input_ids=ids, position_ids=positions, use_cache=False).last_hidden_state
        head = model.get_output_embeddings().weight
        total, losses = linear_cross_entropy(
            hidden.flatten(0, 1).to(head.dtype), head, targets.flatten(), weights.flatten()
        )
        metrics = _by_stream(losses.view_as(weights).sum(dim=1), weights.sum(dim=1), batch["streams"])
        return Loss(total, float(weights.sum()), metrics)


def _by_stream(parts: Tensor, weights: Tensor, streams: Sequence[str]) -> dict[str, float]:
    sums: dict[str, list[float]] = {}
    for part, weight, stream in zip(parts.tolist(), weights.tolist(), streams, strict=True):
        entry = sums.setdefault(stream, [0.0, 0.0])
        entry[0] += part
        entry[1] += weight
    return {f"nats_{stream}": total / max(weight, 1.0) for stream, (total, weight) in sums.items()}


def check_plain_head(model: PreTrainedModel) -> bool:
    """Whether the model's logits really are hidden states times the head's rows.

    Some architectures scale or cap their logits; for those `linear_cross_entropy` would be a different loss.
    """
    ids = torch.arange(4, device=model.device)[None]
    with torch.inference_mode():
        logits = model(input_ids=ids).logits
        hidden = model.base_model(input_ids=ids).last_hidden_state
        return bool(torch.allclose(logits, hidden @ model.get_output_embeddings().weight.t(), atol=1e-3))
