"""The state of training on disk: safetensors for tensors, JSON for the rest, complete or absent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from mothertongue import durability

_STATE, _TENSORS = "state.json", "tensors.safetensors"


def save_checkpoint(
    folder: Path, trained: Mapping[str, nn.Parameter], optimizer: torch.optim.Optimizer, state: Mapping[str, Any]
) -> None:
    """Writes parameters, optimiser moments and `state` to `folder`, replacing the checkpoint that was there."""
    names = {id(parameter): name for name, parameter in trained.items()}
    tensors = {f"parameter.{name}": parameter.detach().cpu() for name, parameter in trained.items()}
    for parameter, moments in optimizer.state.items():
        for key, value in moments.items():
            tensors[f"optimizer.{key}.{names[id(parameter)]}"] = torch.as_tensor(value).detach().cpu()
    with durability.writing_folder(folder) as temporary:
        with durability.writing(temporary / _TENSORS) as path:
            save_file(tensors, path)
        durability.write_json(temporary / _STATE, dict(state))


def load_checkpoint(
    folder: Path, trained: Mapping[str, nn.Parameter], optimizer: torch.optim.Optimizer
) -> dict[str, Any] | None:
    """Puts the saved tensors back in place; the saved state, or None when there is no checkpoint."""
    if not (folder / _STATE).is_file():
        return None
    with safe_open(folder / _TENSORS, framework="pt") as file:
        stored: dict[str, Tensor] = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    with torch.no_grad():
        for name, parameter in trained.items():
            parameter.copy_(stored[f"parameter.{name}"])
    for name, parameter in trained.items():
        prefix = "optimizer."
        moments = {
            key[len(prefix) : -len(name) - 1]: value.to(parameter.device)
            for key, value in stored.items()
            if key.startswith(prefix) and key.endswith("." + name)
        }
        if moments:
            moments["step"] = moments["step"].cpu()
            optimizer.state[parameter] = moments
    state: dict[str, Any] = json.loads((folder / _STATE).read_text("utf-8"))
    return state
