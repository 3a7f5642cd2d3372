"""Which device and which precision a machine trains in."""

from __future__ import annotations

import contextlib
import os
from contextlib import AbstractContextManager

import torch


def pick_device() -> torch.device:
    """The first CUDA device if there is one, else the CPU; $MOTHERTONGUE_DEVICE overrides."""
    wanted = os.environ.get("MOTHERTONGUE_DEVICE")
    return torch.device(wanted or ("cuda" if torch.cuda.is_available() else "cpu"))


def autocast(device: torch.device) -> AbstractContextManager[object]:
    """bfloat16 autocast on GPUs that have it, nothing elsewhere.

    Without AVX512-bf16 or AMX a CPU multiplies bfloat16 matrices tens of times more slowly than float32 ones.
    """
    if device.type == "cuda" and torch.cuda.is_bf16_supported():
        return torch.autocast("cuda", dtype=torch.bfloat16)
    return contextlib.nullcontext()


def prepare_machine() -> None:
    """Sets what every run needs for speed and equal bits: denormals flushed, deterministic kernels preferred.

    AdamW's second moments sink into denormal range on rare rows, where CPUs are a hundred times slower.
    """
    torch.set_flush_denormal(True)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
