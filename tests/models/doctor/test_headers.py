"""Headers: what safetensors writes is read back; whatever is wrong is a ValueError, quickly and without memory."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from mothertongue.models.doctor.headers import blocks, read_header, read_rows


def written(path: Path, header: object, data: bytes = b"") -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def test_what_the_library_writes_is_read_back(tmp_path: Path):
    tensors = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(4, dtype=torch.bfloat16), "c": torch.tensor(3)}
    save_file(tensors, tmp_path / "x.safetensors")
    found = read_header(tmp_path / "x.safetensors")
    assert {name: (stored.dtype, stored.shape, stored.size) for name, stored in found.items()} == {
        "a": ("F32", (2, 3), 24),
        "b": ("BF16", (4,), 8),
        "c": ("I64", (), 8),
    }
    assert read_rows(found["a"], [1]).tolist() == [[3.0, 4.0, 5.0]]
    assert [(first, block.tolist()) for first, block in blocks(found["a"])] == [(0, [[0, 1, 2], [3, 4, 5]])]


ENTRY = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


@pytest.mark.parametrize(
    ("header", "data", "says"),
    [
        (b"{", b"", "is no JSON"),
        (b"[" * 100_000, b"", "is no JSON"),
        ([], b"", "no JSON object"),
        ({"a": 1}, b"", "malformed"),
        ({"a": {**ENTRY, "shape": [-1]}}, b"1234", "malformed"),
        ({"a": {**ENTRY, "shape": ["1"]}}, b"1234", "malformed"),
        ({"a": {**ENTRY, "shape": [2**62, 2**62]}}, b"1234", "has shape"),
        ({"a": {**ENTRY, "data_offsets": [0, 2**63]}}, b"1234", "it is cut off"),
        ({"a": {**ENTRY, "data_offsets": [4, 0]}}, b"1234", "it is cut off"),
        ({"a": ENTRY}, b"12345", "end at byte 4 of 5"),
    ],
)
def test_a_wrong_header_is_refused_with_its_reason(tmp_path: Path, header: object, data: bytes, says: str):
    with pytest.raises(ValueError, match=says):
        read_header(written(tmp_path / "x.safetensors", header, data))


def test_a_header_that_claims_more_than_the_file_is_not_read(tmp_path: Path):
    (tmp_path / "x.safetensors").write_bytes(struct.pack("<Q", 2**63) + b"{}")
    with pytest.raises(ValueError, match="the header claims"):
        read_header(tmp_path / "x.safetensors")
    (tmp_path / "x.safetensors").write_bytes(b"1234")
    with pytest.raises(ValueError, match="no header"):
        read_header(tmp_path / "x.safetensors")


def test_five_hundred_mutated_headers_are_read_or_refused(tmp_path: Path):
    """R32: any byte of the header may be wrong; the only exception is ValueError."""
    save_file({"a": torch.ones(3, 4), "b": torch.ones(5)}, tmp_path / "x.safetensors")
    data = (tmp_path / "x.safetensors").read_bytes()
    length = 8 + struct.unpack("<Q", data[:8])[0]
    source = random.Random(5)
    refused = 0
    for _ in range(500):
        mutated = bytearray(data)
        for _ in range(source.randint(1, 3)):
            mutated[source.randrange(length)] = source.randrange(256)
        (tmp_path / "y.safetensors").write_bytes(mutated)
        try:
            read_header(tmp_path / "y.safetensors")
        except ValueError:
            refused += 1
    assert refused > 200
