"""Which of a model's parameters are trained, and at which learning rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from torch import nn
from transformers import PreTrainedModel

from mothertongue.models.lora import attach_lora, merge_lora

Method = Literal["lora", "full"]


@dataclass(frozen=True)
class TrainableOptions:
    """What to train: everything (`full`) or low-rank adapters (`lora`), with or without the embedding matrix."""

    method: Method
    rank: int
    learning_rate: float
    embedding_learning_rate: float
    train_embeddings: bool
    seed: int


def prepare(model: PreTrainedModel, options: TrainableOptions) -> dict[str, nn.Parameter]:
    """Freezes and unfreezes the model in place; the trained parameters by name, tied ones once.

    Full training leaves the embeddings alone unless `train_embeddings`; an untied head follows the embeddings.
    """
    embeddings = {id(model.get_input_embeddings().weight), id(model.get_output_embeddings().weight)}
    for parameter in model.parameters():
        parameter.requires_grad_(id(parameter) in embeddings and options.train_embeddings)
    if options.method == "lora":
        attach_lora(model, options.rank, options.seed)
    else:
        for parameter in model.parameters():
            if id(parameter) not in embeddings:
                parameter.requires_grad_(True)
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def parameter_groups(
    model: PreTrainedModel, trained: dict[str, nn.Parameter], options: TrainableOptions, weight_decay: float
) -> list[dict[str, Any]]:
    """The optimiser's groups: matrices with weight decay, vectors without, embeddings at their own rate."""
    embeddings = {id(model.get_input_embeddings().weight), id(model.get_output_embeddings().weight)}
    groups: dict[str, dict[str, Any]] = {
        "matrices": {"params": [], "lr": options.learning_rate, "weight_decay": weight_decay},
        "vectors": {"params": [], "lr": options.learning_rate, "weight_decay": 0.0},
        "embeddings": {"params": [], "lr": options.embedding_learning_rate, "weight_decay": 0.0},
    }
    for parameter in trained.values():
        kind = "embeddings" if id(parameter) in embeddings else "matrices" if parameter.ndim > 1 else "vectors"
        groups[kind]["params"].append(parameter)
    return [group for group in groups.values() if group["params"]]


def finish(model: PreTrainedModel, options: TrainableOptions) -> None:
    """Merges adapters, unfreezes nothing, leaves a plain model in evaluation mode."""
    if options.method == "lora":
        merge_lora(model)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    model.eval()
