"""Arithmetic on whole sets of weights: interpolation, spherical interpolation, residuals, copied rows.

Cards 39 (instruction residual, steps 2-4) and 46 (ElChat merge and copy, steps 6-7). All sums run in float32.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from mothertongue.errors import Problem, WorkError

Weights = Mapping[str, Tensor]
ELCHAT_SHARES = {0: 0.3, 1: 0.5, -2: 0.5, -1: 0.3}
"""Share of the chat model in the merged first and last two layers (card 46, step 6)."""

_LAYER = re.compile(r"\.(?:layers|h|blocks)\.(\d+)\.")
_COLLINEAR = 0.9995


def linear(adapted: Tensor, source: Tensor, share: float) -> Tensor:
    """(1 - share) * adapted + share * source."""
    return (1 - share) * adapted.float() + share * source.float()


def spherical(adapted: Tensor, source: Tensor, share: float) -> Tensor:
    """Spherical interpolation over the flattened tensors (card 46, step 6); nearly collinear ones become linear."""
    a, s = adapted.float().flatten(), source.float().flatten()
    cosine = torch.dot(a / a.norm().clamp_min(1e-12), s / s.norm().clamp_min(1e-12)).clamp(-1, 1)
    if cosine.abs() > _COLLINEAR:
        return linear(adapted, source, share)
    angle = torch.arccos(cosine)
    mixed = (torch.sin((1 - share) * angle) * a + torch.sin(share * angle) * s) / torch.sin(angle)
    return mixed.view_as(adapted)


def interpolate(adapted: Weights, source: Weights, share: float) -> dict[str, Tensor]:
    """Every tensor moved by `share` from the adapted model back towards the source.

    Rows that only the adapted model has (an extended vocabulary) are kept as they are.
    """
    return {name: _keep_new_rows(tensor, _shared(source, name), share) for name, tensor in adapted.items()}


def residual(instruct: Weights, base: Weights) -> dict[str, Tensor]:
    """R = instruct - base, in float32 (card 39, step 2). WorkError (MT410) on other names or shapes."""
    if instruct.keys() != base.keys() or any(instruct[n].shape != base[n].shape for n in base):
        different = sorted(set(instruct) ^ set(base)) or [n for n in base if instruct[n].shape != base[n].shape]
        raise WorkError(Problem("MT410", f"the two models are not of one family: {', '.join(different[:5])}"))
    return {name: instruct[name].float() - base[name].float() for name in base}


def add_residual(adapted: Weights, difference: Weights, scale: float = 1.0) -> dict[str, Tensor]:
    """adapted + scale * R on all rows that both have (card 39, steps 4 and 6); new rows are copied."""
    restored = {}
    for name, tensor in adapted.items():
        change = _shared(difference, name)
        result = tensor.float().clone()
        result[: change.shape[0]] += (
            scale * change if change.shape == tensor.shape else scale * change[: tensor.shape[0]]
        )
        restored[name] = result
    return restored


def elchat(
    adapted: Weights, source: Weights, special_rows: Iterable[int], shares: Mapping[int, float] = ELCHAT_SHARES
) -> dict[str, Tensor]:
    """The chat model's outer layers merged back and its special rows copied (card 46, steps 6 and 7).

    `shares` maps a layer index (negative from the end) to the share of the source; other layers stay adapted, since
    here, unlike in the paper, every layer was trained. Attention biases inside a layer are merged with it.
    """
    count = 1 + max((int(m.group(1)) for name in adapted if (m := _LAYER.search(name))), default=-1)
    # in a very shallow model the first and the last layers are the same ones; they keep the larger share
    by_layer: dict[int, float] = {}
    for index, share in shares.items():
        if -count <= index < count:
            by_layer[index % count] = max(share, by_layer.get(index % count, 0.0))
    rows = torch.tensor(sorted(special_rows), dtype=torch.long)
    restored = {}
    for name, tensor in adapted.items():
        match = _LAYER.search(name)
        if match and int(match.group(1)) in by_layer:
            restored[name] = spherical(tensor, source[name], by_layer[int(match.group(1))])
        elif ("embed" in name or "lm_head" in name or "wte" in name) and tensor.ndim == 2:
            restored[name] = tensor.clone()
            restored[name][rows] = source[name][rows].to(tensor)
        else:
            restored[name] = tensor
    return restored


def _shared(source: Weights, name: str) -> Tensor:
    if name not in source:
        raise WorkError(Problem("MT410", f"the source model has no tensor {name}"))
    return source[name]


def _keep_new_rows(adapted: Tensor, source: Tensor, share: float) -> Tensor:
    if adapted.shape == source.shape:
        return linear(adapted, source, share).to(adapted)
    mixed = adapted.clone()
    rows = source.shape[0]
    mixed[:rows] = linear(adapted[:rows], source, share).to(adapted)
    return mixed
