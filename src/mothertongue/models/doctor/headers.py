"""Reads safetensors headers without the weights, and single rows of a matrix out of the file.

Every number in a header is held against the size of the file before it is used, so a damaged file costs nothing.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

_LONGEST_HEADER = 100_000_000  # the limit of the safetensors library
_BYTES = {
    "F64": 8, "I64": 8, "U64": 8, "C64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2,
    "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1, "I8": 1, "U8": 1, "BOOL": 1,
}  # fmt: skip
_FLOATS = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
DTYPE_NAMES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
"""Stored floating point types and how config.json spells them."""
_BLOCK_BYTES = 32 << 20


@dataclass(frozen=True)
class Stored:
    """Where a tensor lies: file, type as safetensors names it, shape, and the absolute offset of its first byte."""

    name: str
    file: Path
    dtype: str
    shape: tuple[int, ...]
    offset: int

    @property
    def is_float(self) -> bool:
        """Whether the values are plain floating point numbers of 16 bits or more."""
        return self.dtype in _FLOATS

    @property
    def size(self) -> int:
        """The number of bytes."""
        return math.prod(self.shape) * _BYTES.get(self.dtype, 0)


def read_header(path: Path) -> dict[str, Stored]:
    """Name -> place of every tensor of a safetensors file; ValueError says what is wrong with it."""
    total = path.stat().st_size
    with path.open("rb") as stream:
        start = stream.read(8)
        if len(start) < 8:
            raise ValueError(f"the file has {total} bytes, which is no header")
        length = struct.unpack("<Q", start)[0]
        if length > min(total - 8, _LONGEST_HEADER):
            raise ValueError(f"the header claims {length:,} bytes, the file has {total:,}")
        try:
            header = json.loads(stream.read(length))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"the header is no JSON: {error}"[:200]) from None
    if not isinstance(header, dict):
        raise ValueError("the header is no JSON object")
    header.pop("__metadata__", None)
    data = total - 8 - length
    found = {name: _stored(name, entry, path, 8 + length, data) for name, entry in header.items()}
    end = max((entry["data_offsets"][1] for entry in header.values()), default=0)
    if end != data:
        raise ValueError(f"the tensors end at byte {end:,} of {data:,}")
    return found


def _stored(name: str, entry: Any, path: Path, base: int, data: int) -> Stored:
    try:
        dtype, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
    except (TypeError, KeyError, ValueError):
        raise ValueError(f"the entry of {name[:80]} is malformed") from None
    numbers = [*shape, begin, end] if isinstance(shape, list) else [None]
    if not all(isinstance(number, int) and number >= 0 for number in numbers):
        raise ValueError(f"the entry of {name[:80]} is malformed")
    if not begin <= end <= data:
        raise ValueError(f"{name[:80]} ends at byte {end:,}, the file holds {data:,}: it is cut off")
    needed = math.prod(shape) * _BYTES.get(dtype, 0)
    if dtype in _BYTES and needed != end - begin:
        raise ValueError(f"{name[:80]} has shape {shape} but {end - begin:,} bytes")
    return Stored(name, path, str(dtype), tuple(shape), base + begin)


def read_rows(stored: Stored, wanted: Sequence[int] | slice) -> Tensor:
    """The chosen rows of a stored float matrix, as float32 [rows, width]."""
    rows, width = stored.shape
    if rows == 0 or width == 0:
        return torch.empty(0, width)
    bytes_wide = width * _BYTES[stored.dtype]
    raw = np.memmap(stored.file, np.uint8, "r", stored.offset, (rows, bytes_wide))
    chosen = np.array(raw[wanted if isinstance(wanted, slice) else list(wanted)])
    return torch.from_numpy(chosen).view(_FLOATS[stored.dtype]).reshape(-1, width).float()


def blocks(stored: Stored) -> Iterator[tuple[int, Tensor]]:
    """The rows of a stored float matrix in blocks: number of the first row, float32 [rows, width]."""
    rows, width = stored.shape
    step = max(1, _BLOCK_BYTES // max(1, 4 * width))
    for first in range(0, rows, step):
        yield first, read_rows(stored, slice(first, first + step))
