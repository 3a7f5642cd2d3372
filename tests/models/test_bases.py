"""What may become a base: no pickle, no code, no encoder (R34); what looks like a path never asks a network (R37)."""

from __future__ import annotations

import io
import json
import pickle
import shutil
import socket
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mothertongue.errors import InputError
from mothertongue.models import bases
from mothertongue.models.load import load

_EVENTS: list[str] = []
_WATCHING = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _WATCHING and (event.startswith("pickle.") or event in ("os.system", "subprocess.Popen")):
        _EVENTS.append(event)


sys.addaudithook(_hook)


@pytest.fixture
def watched() -> Iterator[list[str]]:
    """Every unpickling and every started program while the test runs."""
    global _WATCHING
    _EVENTS.clear()
    _WATCHING = True
    yield _EVENTS
    _WATCHING = False


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every attempt to reach a network; none gets through."""
    tried: list[str] = []

    def refuse(*arguments: Any, **options: Any) -> None:
        tried.append(repr(arguments))
        raise OSError("no network in tests")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    for name in ("getaddrinfo", "gethostbyname", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    return tried


@pytest.fixture
def copied(tiny_folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_folder, tmp_path / "model")


class Payload:
    """Unpickling this leaves a file behind."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> Any:
        return Path.touch, (self.canary,)


def payload(suffix: str, canary: Path) -> bytes:
    data = pickle.dumps(Payload(canary))
    buffer = io.BytesIO()
    if suffix in (".bin", ".pt", ".pth", ".ckpt"):  # torch's own form: a zip with data.pkl
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("archive/data.pkl", data)
            archive.writestr("archive/version", "3\n")
        return buffer.getvalue()
    if suffix in (".npy", ".npz"):
        holder = np.empty(1, dtype=object)
        holder[0] = Payload(canary)
        (np.save if suffix == ".npy" else np.savez)(buffer, holder, allow_pickle=True)
        return buffer.getvalue()
    return data


def test_the_control_the_payloads_do_run_when_they_are_read(tmp_path: Path, watched: list[str]):
    pickle.loads(payload(".pkl", tmp_path / "canary"))
    assert (tmp_path / "canary").exists()
    assert "pickle.find_class" in watched


PICKLES = {
    "pytorch_model.bin", "model.bin", "model.pt", "consolidated.00.pth", "last.ckpt", "model.pkl", "model.joblib",
    "weights.npy", "weights.npz",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(PICKLES))
def test_pickled_weights_alone_are_refused_with_a_remedy_and_never_read(
    name: str, copied: Path, tmp_path: Path, watched: list[str]
):
    (copied / "model.safetensors").unlink()
    (copied / name).write_bytes(payload(Path(name).suffix, tmp_path / "canary"))
    for attempt in (bases.check_base, bases.resolve_base, lambda folder: load(Path(folder))):
        with pytest.raises(InputError, match="MT407") as caught:
            attempt(str(copied))
        assert caught.value.problems[0].do
    assert not (tmp_path / "canary").exists()
    assert watched == []


@pytest.mark.parametrize("name", sorted(PICKLES | {"training_args.bin", "optimizer.pt", "rng_state.pth"}))
def test_pickles_beside_safetensors_are_never_read(name: str, copied: Path, tmp_path: Path, watched: list[str]):
    (copied / name).write_bytes(payload(Path(name).suffix, tmp_path / "canary"))
    load(copied)
    assert not (tmp_path / "canary").exists()
    assert [event for event in watched if event.startswith("pickle")] == []


@pytest.mark.parametrize("config", ["config.json", "tokenizer_config.json", "generation_config.json"])
@pytest.mark.parametrize("kind", ["AutoConfig", "AutoModelForCausalLM", "AutoTokenizer"])
def test_code_that_a_config_names_is_never_run(config: str, kind: str, copied: Path, tmp_path: Path):
    canary = tmp_path / "canary"
    (copied / "evil.py").write_text(f"from pathlib import Path\nPath({str(canary)!r}).touch()\nclass A: pass\n")
    values = json.loads((copied / config).read_text())
    values["auto_map"] = {kind: ["evil.A", "evil.A"] if kind == "AutoTokenizer" else "evil.A"}
    (copied / config).write_text(json.dumps(values))
    if config == "config.json":
        with pytest.raises(InputError, match="MT406"):
            load(copied)
    else:
        load(copied)  # the classes of transformers are used instead
    assert not canary.exists()
    assert "evil" not in sys.modules


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"architectures": ["BertForMaskedLM"]}, "MT403"),
        ({"architectures": ["T5ForConditionalGeneration"], "is_encoder_decoder": True}, "MT403"),
        ({"architectures": []}, "MT403"),
        ({"architectures": None}, "MT403"),
    ],
)
def test_what_is_no_decoder_is_refused(change: dict[str, Any], code: str, copied: Path):
    values = json.loads((copied / "config.json").read_text())
    (copied / "config.json").write_text(json.dumps({**values, **change}))
    with pytest.raises(InputError, match=code):
        bases.check_base(str(copied))


def test_all_problems_of_a_folder_are_told_at_once(copied: Path):
    (copied / "model.safetensors").unlink()
    (copied / "tokenizer.json").unlink()
    with pytest.raises(InputError) as caught:
        bases.check_folder(copied)
    assert [problem.code for problem in caught.value.problems] == ["MT405", "MT407"]
    (copied / "config.json").write_text("{")
    with pytest.raises(InputError, match="MT402"):
        bases.check_folder(copied)


PATH_LIKE = [
    ".", "..", "./", "./model", "../model", "./owner/model", "../owner/model", ".hidden", ".hidden/model", ".../model",
    "/", "/model", "/owner/model", "//owner/model", "/tmp/no/such/model", "/model.gguf", "~", "~/model", "~/a/b",
    "model/", "owner/model/", "owner/model//", "owner/", "owner/model/.", "./model ", "./mo\tdel", "./é/модель",
    "C:\\model", "C:/model", "c:model", "D:\\owner\\model", "C:\\", "\\\\server\\share\\model", "\\model", "model\\",
    "owner\\model\\", ".\\model", "..\\owner\\model", "file:///model", "file:model", "hf://owner/model",
    "https://huggingface.co/owner/model", "http://127.0.0.1:1/model", "s3://bucket/model", "git+ssh://host/model",
    "user@host:model", "owner/model:main", "", "/dev/null", "/proc/self/mem", "./model.safetensors", "./\x00",
]  # fmt: skip
NO_HUB_ID = [
    "smollm2-135m-instruc", "SmolLM2-135M-Instruct", "model", "owner\\model", "owner/model/extra", "owner model/x",
    "-owner/model", "owner/-model", "owner//model", "owner/model?x", "owner/model#x", "owner/mo del", "@owner/model",
]  # fmt: skip


def test_there_are_fifty_names():
    assert len(PATH_LIKE) >= 50


@pytest.mark.parametrize("name", [*PATH_LIKE, *NO_HUB_ID])
def test_what_looks_like_a_path_or_is_no_hub_id_never_reaches_a_network(
    name: str, network: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(InputError) as caught:
        bases.resolve_base(name)
    assert caught.value.problems[0].code in ("MT401", "MT402", "MT407")
    assert network == []


def test_an_existing_folder_with_the_form_of_a_hub_id_is_local(
    network: list[str], tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shutil.copytree(tiny_folder, tmp_path / "owner" / "model")
    monkeypatch.chdir(tmp_path)
    assert bases.resolve_base("owner/model") == tmp_path / "owner" / "model"
    assert network == []


def test_the_control_a_hub_id_would_reach_the_network(network: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    with pytest.raises(InputError, match="MT401"):
        bases.resolve_base("no-such-owner/no-such-model")
    assert network != []


def test_a_packaged_base_needs_its_package(monkeypatch: pytest.MonkeyPatch):
    alias = next(iter(bases.packaged_bases()))
    monkeypatch.setattr(bases.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="MT408") as caught:
        bases.check_base(alias)
    assert "pip install" in str(caught.value)


def test_a_packaged_file_that_was_not_reviewed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    alias, base = next(iter(bases.packaged_bases().items()))
    (tmp_path / "x.gguf").write_bytes(b"GGUF other")
    monkeypatch.setenv("MOTHERTONGUE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(bases, "_packaged_file", lambda name: tmp_path / "x.gguf")
    with pytest.raises(InputError, match="MT404") as caught:
        bases.resolve_base(alias)
    assert base.package in str(caught.value)
    assert not (tmp_path / "cache").exists()
