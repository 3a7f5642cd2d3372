"""The contract between an objective and the loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor
from transformers import PreTrainedModel

from mothertongue.training.packing import Row


@dataclass
class Loss:
    """A batch's loss as a sum, so that accumulation over micro-batches is exact: minimise total / weight."""

    total: Tensor
    """Sum of losses in nats (scalar with gradient)."""
    weight: float
    """Number of tokens (or their summed weights) behind the sum."""
    metrics: dict[str, float] = field(default_factory=dict)
    """Plain numbers worth logging, such as nats per stream."""


class Objective(Protocol):
    """Turns packed rows into a batch of tensors, and a batch into a loss."""

    def collate(self, rows: Sequence[Row]) -> Mapping[str, Any]:
        """The tensors of one micro-batch."""

    def loss(self, model: PreTrainedModel, batch: Mapping[str, Any]) -> Loss:
        """The batch's loss under the model."""
