"""A guard that reads the header of a GGUF file with limits, before any other reader touches it.

GGUF readers allocate what the header asks for; a file of 43 bytes can therefore hang them. Here every count and
length is held against the size of the file first.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import BinaryIO

from mothertongue.errors import InputError, Problem

_SCALAR_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING, _ARRAY = 8, 9
_MAXIMUM_ENTRIES = 100_000
_MAXIMUM_DIMENSIONS = 8


class _Header:
    """A reader over the header that never asks for more bytes than the file still has."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream, self._size = stream, size

    def take(self, count: int) -> bytes:
        left = self.left()
        if count < 0 or count > left:
            raise ValueError(f"a field asks for {count} bytes where {left} are left")
        return self._stream.read(count)

    def left(self) -> int:
        """Bytes of the file behind what was read."""
        return self._size - self._stream.tell()

    def integer(self, form: str) -> int:
        return int(struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))[0])

    def string(self) -> bytes:
        return self.take(self.integer("Q"))

    def value(self, kind: int, depth: int = 0) -> object:
        if kind in _SCALAR_BYTES:
            return self.take(_SCALAR_BYTES[kind])
        if kind == _STRING:
            return self.string()
        if kind != _ARRAY or depth > 1:
            raise ValueError(f"value type {kind} is not known")
        item, count = self.integer("I"), self.integer("Q")
        if item in _SCALAR_BYTES:
            return self.take(_SCALAR_BYTES[item] * count)
        if count > self._size:
            raise ValueError(f"an array claims {count} entries")
        for _ in range(count):
            self.value(item, depth + 1)
        return None


def guard(path: Path) -> dict[str, object]:
    """The string entries of a GGUF file's metadata (key -> text), after every count and length was checked.

    Raises InputError (MT404) when the header asks for more than the file holds or uses unknown types.
    """
    try:
        with path.open("rb") as stream:
            return _read(_Header(stream, path.stat().st_size))
    except (ValueError, struct.error, OSError) as error:
        raise InputError(
            Problem("MT404", f"{path} is not a sound GGUF file: {error}", key="base", value=str(path))
        ) from None


def _read(header: _Header) -> dict[str, object]:
    if header.take(4) != b"GGUF":
        raise ValueError("it does not begin with GGUF")
    version = header.integer("I")
    if version not in (2, 3):
        raise ValueError(f"version {version} is not 2 or 3")
    tensors, entries = header.integer("Q"), header.integer("Q")
    if tensors > _MAXIMUM_ENTRIES or entries > _MAXIMUM_ENTRIES:
        raise ValueError(f"it claims {tensors} tensors and {entries} metadata entries")
    metadata: dict[str, object] = {}
    for _ in range(entries):
        key = header.string().decode("utf-8", "replace")
        kind = header.integer("I")
        value = header.value(kind)
        if kind == _STRING and isinstance(value, bytes):
            metadata[key] = value.decode("utf-8", "replace")
    ends = [_tensor_end(header) for _ in range(tensors)]
    left = header.left()
    if ends and max(ends) > left:
        raise ValueError(f"its tensors claim {max(ends)} bytes where {left} are left")
    return metadata


def _tensor_end(header: _Header) -> int:
    """The least end of a tensor's data, counted from the end of the header: no type packs a weight below one bit."""
    header.string()
    dimensions = header.integer("I")
    if dimensions > _MAXIMUM_DIMENSIONS:
        raise ValueError(f"a tensor claims {dimensions} dimensions")
    elements = math.prod(header.integer("Q") for _ in range(dimensions))
    header.take(4)
    return header.integer("Q") + elements // 8
