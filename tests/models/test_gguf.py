"""R33: the guard reads a sound header and refuses every other one at once, whatever it claims."""

from __future__ import annotations

import random
import struct
import time
from pathlib import Path

import pytest

from mothertongue.errors import InputError
from mothertongue.models.gguf import guard

UINT32, STRING, ARRAY, UINT64 = 4, 8, 9, 10
HUGE = 2**63


def string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def entry(key: str, kind: int, value: bytes) -> bytes:
    return string(key) + struct.pack("<I", kind) + value


def array(kind: int, count: int, items: bytes) -> bytes:
    return struct.pack("<IQ", kind, count) + items


def tensor(name: str, shape: tuple[int, ...]) -> bytes:
    return string(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, 0)


def head(tensors: int, entries: int, version: int = 3, magic: bytes = b"GGUF") -> bytes:
    return magic + struct.pack("<IQQ", version, tensors, entries)


SOUND = (
    head(1, 4)
    + entry("general.architecture", STRING, string("llama"))
    + entry("tokenizer.ggml.pre", STRING, string("smollm"))
    + entry("llama.block_count", UINT32, struct.pack("<I", 2))
    + entry("tokenizer.ggml.tokens", ARRAY, array(STRING, 3, string("a") + string("b") + string("ab")))
    + tensor("token_embd.weight", (4, 3))
    + bytes(48)
)


def guarded(folder: Path, data: bytes) -> dict[str, object]:
    (folder / "x.gguf").write_bytes(data)
    return guard(folder / "x.gguf")


def test_a_sound_header_gives_its_text_entries(tmp_path: Path):
    assert guarded(tmp_path, SOUND) == {"general.architecture": "llama", "tokenizer.ggml.pre": "smollm"}


def test_two_versions_are_known(tmp_path: Path):
    assert guarded(tmp_path, head(0, 0, version=2)) == {}
    for version in (0, 1, 4, 3 << 24):
        with pytest.raises(InputError, match=f"version {version} is not 2 or 3"):
            guarded(tmp_path, head(0, 0, version=version))


REFUSED = {
    "empty": b"",
    "magic": head(0, 0, magic=b"GGML"),
    "only the magic": b"GGUF",
    "tensors 2^63": head(HUGE, 0),
    "entries 2^63": head(0, HUGE),
    "key of 2^63 bytes": head(0, 1) + struct.pack("<Q", HUGE) + b"key",
    "43 bytes, key of 2^64-1": head(0, 1) + struct.pack("<Q", 2**64 - 1) + bytes(11),
    "43 bytes, a million tensors": head(99_999, 0) + struct.pack("<Q", 1) + bytes(11),
    "value of 2^63 bytes": head(0, 1) + entry("k", STRING, struct.pack("<Q", HUGE)),
    "array of 2^63 numbers": head(0, 1) + entry("k", ARRAY, array(UINT64, HUGE, b"")),
    "array of 2^63 strings": head(0, 1) + entry("k", ARRAY, array(STRING, HUGE, b"")),
    "array of 2^63 arrays": head(0, 1) + entry("k", ARRAY, array(ARRAY, HUGE, b"")),
    "unknown type": head(0, 1) + entry("k", 13, b"12345678"),
    "array of unknown type": head(0, 1) + entry("k", ARRAY, array(99, 1, b"12345678")),
    "arrays in arrays in arrays": head(0, 1)
    + entry("k", ARRAY, array(ARRAY, 1, array(ARRAY, 1, array(ARRAY, 1, array(UINT32, 1, bytes(4)))))),
    "tensor of 2^31 dimensions": head(1, 0) + string("t") + struct.pack("<I", 2**31) + bytes(64),
    "a tensor that is not there": head(2, 0) + tensor("t", (1,)),
    "an entry that is not there": head(0, 2) + entry("k", UINT32, bytes(4)),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_a_claim_that_the_file_cannot_hold_is_refused_within_a_second(data: bytes, tmp_path: Path):
    begin = time.process_time()
    with pytest.raises(InputError, match="MT404") as caught:
        guarded(tmp_path, data)
    assert time.process_time() - begin < 1
    assert str(tmp_path) in str(caught.value)


def test_the_files_called_43_bytes_have_43_bytes():
    assert {len(data) for name, data in REFUSED.items() if name.startswith("43")} == {43}


def test_every_cut_inside_the_header_is_refused(tmp_path: Path):
    for length in range(len(SOUND) - 48):
        with pytest.raises(InputError, match="MT404"):
            guarded(tmp_path, SOUND[:length])


def test_a_thousand_mutations_are_read_or_refused_each_within_a_second(tmp_path: Path):
    source = random.Random(33)
    refused = 0
    for _ in range(1000):
        data = bytearray(SOUND)
        for _ in range(source.randint(1, 4)):
            place = source.randrange(len(data) - 48)
            data[place : place + 1] = source.choice([b"\xff", b"\x00", b"\x80", bytes([source.randrange(256)]), b""])
        begin = time.process_time()
        try:
            guarded(tmp_path, bytes(data))
        except InputError as error:
            refused += error.problems[0].code == "MT404"
        assert time.process_time() - begin < 1
    assert refused > 500


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path):
    for path in (tmp_path, tmp_path / "absent.gguf"):
        with pytest.raises(InputError, match="MT404"):
            guard(path)
