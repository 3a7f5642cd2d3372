"""The last check: transformers builds the model, takes every tensor, and its logits are finite numbers."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

import psutil
import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.utils import logging as transformers_logging

from mothertongue.models.doctor.finding import Found, NotApplicable, listed
from mothertongue.models.doctor.folder import ModelFolder, attempt

_LARGEST_LOAD = 4 << 30
_PROBE_TOKENS = 8
_LAYER = re.compile(r"\.(?:layers|h|blocks)\.(\d+)\.")


def loads(folder: ModelFolder) -> Iterator[Found]:
    """The config builds a model whose tensors are those in the files; small models are loaded and asked for logits.

    The sizes are compared on a model without memory first, so that a config with absurd numbers allocates nothing.
    """
    _precondition(folder)
    found = list(_against_config(folder))
    yield from found
    if found:
        return
    size = sum(stored.size for stored in folder.tensors.values())
    if not folder.load:
        raise NotApplicable("names and shapes fit; loading was not asked for")
    if size > min(_LARGEST_LOAD, psutil.virtual_memory().available // 2):
        raise NotApplicable(f"names and shapes fit; {size / 2**30:.1f} GiB of weights are too large to be loaded here")
    yield from _loaded(folder)


def _precondition(folder: ModelFolder) -> None:
    if folder.config.get("auto_map"):
        raise NotApplicable("the model needs code from its own folder, which is never run")
    if folder.config.get("quantization_config") is not None:
        raise NotApplicable("config.json states a quantisation")
    if any(matrix.shape[0] != folder.text_config("vocab_size") for matrix in folder.matrices):
        raise NotApplicable("the matrices do not have vocab_size rows")


def _against_config(folder: ModelFolder) -> Iterator[Found]:
    stored_layers = 1 + max((int(m.group(1)) for name in folder.tensors for m in _LAYER.finditer(name)), default=-1)
    stated = folder.text_config("num_hidden_layers")
    if stored_layers and isinstance(stated, int) and stated != stored_layers:
        yield Found("error", f"config.json says {stated:,} layers, the files hold {stored_layers:,}")
        return
    problem, empty = attempt(lambda: _empty_model(folder))
    if empty is None:
        yield Found("error", f"transformers cannot build the model of config.json: {problem}")
        return
    wrong = [
        f"{name} {list(folder.tensors[name].shape)} instead of {list(tensor.shape)}"
        for name, tensor in empty.state_dict().items()
        if name in folder.tensors and tuple(tensor.shape) != folder.tensors[name].shape
    ]
    if wrong:
        yield Found("error", f"{len(wrong):,} tensors do not have the shape that config.json asks for: {wrong[0]}")


def _empty_model(folder: ModelFolder) -> nn.Module:
    config = AutoConfig.from_pretrained(folder.path, trust_remote_code=False, local_files_only=True)
    with torch.device("meta"):
        model: nn.Module = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    return model


def _loaded(folder: ModelFolder) -> Iterator[Found]:
    level = transformers_logging.get_verbosity()
    bar = transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity(logging.CRITICAL)
    transformers_logging.disable_progress_bar()
    try:
        problem, made = attempt(lambda: _load(folder))
    finally:
        transformers_logging.set_verbosity(level)
        if bar:
            transformers_logging.enable_progress_bar()
    if made is None:
        yield Found("error", f"transformers cannot load the model: {problem}")
        return
    model, info = made
    names = {matrix.name for matrix in folder.matrices} | {"lm_head.weight"}  # the tied flag has its own check
    missing = sorted(set(info["missing_keys"]) - names)
    if missing:
        text = f"{len(missing):,} tensors of the model are in no file and would be drawn anew: {listed(missing)}"
        yield Found("error", text)
    extra = sorted(info["unexpected_keys"])
    if extra:
        yield Found("warning", f"{len(extra):,} stored tensors belong to no part of the model: {listed(extra)}")
    if not missing:
        yield from _logits(folder, model)


def _load(folder: ModelFolder) -> tuple[Any, dict[str, Any]]:
    made: Any = AutoModelForCausalLM.from_pretrained(
        folder.path,
        dtype="auto",
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
        output_loading_info=True,
    )
    model, info = made
    return model.eval(), info


@torch.no_grad()
def _logits(folder: ModelFolder, model: Any) -> Iterator[Found]:
    """Rows that are damaged themselves are left to the check of the rows."""
    finite = folder.row_facts(folder.embedding).finite
    columns = folder.row_facts(folder.matrices[-1]).finite
    probe = finite.nonzero().flatten()[:_PROBE_TOKENS].unsqueeze(0)
    problem, logits = attempt(lambda: model(input_ids=probe).logits)
    if logits is None:
        yield Found("error", f"the model cannot be run: {problem}")
        return
    broken = int((~logits[..., : len(columns)][..., columns].isfinite()).sum())
    if broken:
        yield Found("error", f"{broken:,} of {logits.numel():,} logits are NaN or infinite")
