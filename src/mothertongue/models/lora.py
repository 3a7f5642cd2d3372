"""Low-rank adapters (LoRA) on every linear layer, merged into plain weights at the end, saved in PEFT's format.

The layer is ours because it is the hot path of training on a CPU: the base product and two thin ones, nothing else.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import PreTrainedModel

from mothertongue import durability
from mothertongue.errors import Problem, WorkError


class LoraLinear(nn.Module):
    """A frozen linear layer plus `scale * up @ down`; with `up` at zero it is the layer it wraps."""

    def __init__(self, inner: nn.Linear, rank: int, alpha: float, generator: torch.Generator) -> None:
        super().__init__()
        self.inner, self.rank, self.scale = inner, rank, alpha / rank
        down = torch.empty(rank, inner.in_features)
        bound = 1 / math.sqrt(inner.in_features)
        self.down = nn.Parameter(down.uniform_(-bound, bound, generator=generator).to(inner.weight))
        self.up = nn.Parameter(
            torch.zeros(inner.out_features, rank, dtype=inner.weight.dtype, device=inner.weight.device)
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """The wrapped layer's output for inputs [..., in_features], with the low-rank update added."""
        update = nn.functional.linear(nn.functional.linear(inputs, self.down), self.up)
        return torch.add(self.inner(inputs), update, alpha=self.scale)

    def delta(self) -> Tensor:
        """The update as one matrix [out_features, in_features]."""
        return self.scale * (self.up @ self.down)


def attach_lora(model: PreTrainedModel, rank: int, seed: int, alpha: float | None = None) -> None:
    """Wraps every linear layer of the body (not the output head) in place; logits stay the same at first.

    `alpha` defaults to the rank, so that the learning rate does not depend on the rank.
    """
    generator = torch.Generator().manual_seed(seed)
    head = model.get_output_embeddings()
    for name, layer in list(model.named_modules()):
        if isinstance(layer, nn.Linear) and layer is not head:
            _replace(model, name, LoraLinear(layer, rank, alpha or rank, generator))


def lora_layers(model: nn.Module) -> Iterator[tuple[str, LoraLinear]]:
    """The adapters of a model with the names of the layers that they wrap."""
    for name, layer in model.named_modules():
        if isinstance(layer, LoraLinear):
            yield name, layer


@torch.no_grad()
def merge_lora(model: PreTrainedModel) -> None:
    """Adds every update to its weight and puts the plain layers back: the merged model gives the adapter's logits."""
    for name, layer in list(lora_layers(model)):
        layer.inner.weight += layer.delta()
        _replace(model, name, layer.inner)


def save_adapter(model: PreTrainedModel, folder: Path, base: str, embeddings: bool) -> None:
    """Writes adapter_config.json and adapter_model.safetensors as PEFT reads them.

    With `embeddings` the trained embedding matrix (and an untied head) goes along, explicitly: PEFT's own guess
    whether to save it compares sizes with the base path and loses trained rows when the sizes agree.
    """
    layers = list(lora_layers(model))
    if not layers:
        raise WorkError(Problem("MT412", "the model has no adapter to save", do="save the merged model instead"))
    tensors: dict[str, Tensor] = {}
    for name, layer in layers:
        tensors[f"base_model.model.{name}.lora_A.weight"] = layer.down.detach().contiguous()
        tensors[f"base_model.model.{name}.lora_B.weight"] = layer.up.detach().contiguous()
    if embeddings:
        tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
        names = {id(module): name for name, module in model.named_modules()}
        kept = [model.get_input_embeddings(), *([] if tied else [model.get_output_embeddings()])]
        for module in kept:
            matrix: Tensor = module.weight
            tensors[f"base_model.model.{names[id(module)]}.weight"] = matrix.detach().contiguous()
    targets = sorted({name.rsplit(".", 1)[-1] for name, _ in layers})
    rank = layers[0][1].rank
    alpha = layers[0][1].scale * rank
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "r": rank,
        "lora_alpha": alpha,
        "lora_dropout": 0.0,
        "bias": "none",
        "target_modules": targets,
        "inference_mode": True,
    }
    durability.make_folder(folder)
    durability.write_text(folder / "adapter_config.json", json.dumps(config, indent=2) + "\n")
    with durability.writing(folder / "adapter_model.safetensors") as temporary:
        save_file({name: tensor.cpu() for name, tensor in tensors.items()}, temporary, metadata={"format": "pt"})


def _replace(model: nn.Module, name: str, layer: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(model.get_submodule(parent), child, layer)
