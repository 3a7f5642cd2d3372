"""R35: config, tokenizer and adapter files with mutated values give findings, never an exception, hang or code run."""

from __future__ import annotations

import copy
import json
import random
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from sick import adapter_folder, edit_json, healthy_folder

from mothertongue.models.doctor import examine

FILES = ("config.json", "generation_config.json", "tokenizer_config.json", "tokenizer.json", "adapter_config.json")
VALUES = (None, -1, 0, 2**63, 1.5, "", "x", [], {}, [[]], True, float("nan"), "\ud800", "/etc/passwd", [None] * 3)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = healthy_folder(tmp_path_factory.mktemp("hostile") / "model")
    adapter_folder(folder / "adapter", folder)
    return folder


def places(values: Any, depth: int = 0) -> list[tuple[Any, Any]]:
    """Every container with a key or an index in it; of long lists the first three."""
    found: list[tuple[Any, Any]] = []
    if isinstance(values, dict):
        items: list[tuple[Any, Any]] = list(values.items())[:40]
    else:
        items = list(enumerate(values))[:3] if isinstance(values, list) else []
    for key, value in items:
        found.append((values, key))
        found += places(value, depth + 1)
    return found


@pytest.mark.parametrize("name", FILES)
def test_forty_mutations_of_a_file_give_an_examination(name: str, healthy: Path, tmp_path: Path):
    folder = shutil.copytree(healthy, tmp_path / "model")
    path = folder / "adapter" / name if name.startswith("adapter") else folder / name
    original = json.loads(path.read_text("utf-8"))
    source = random.Random(name)
    for _ in range(40):
        values = copy.deepcopy(original)
        holder, key = source.choice(places(values))
        holder[key] = source.choice(VALUES)
        path.write_text(json.dumps(values), "utf-8")
        examination = examine(folder, load=source.random() < 0.1)
        assert set(examination.checked) | set(examination.not_applicable)
        json.dumps(examination.to_json())


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"\xff\xfe", b"[" * 200_000, b'{"a": ' * 50_000])
def test_a_file_that_is_no_json_object_is_named(name: str, data: bytes, healthy: Path, tmp_path: Path):
    folder = shutil.copytree(healthy, tmp_path / "model")
    place = folder / "adapter" if name.startswith("adapter") else folder
    (place / name).write_bytes(data)
    findings = examine(place).findings
    assert any(f.check == "files" and f.text.startswith(name) for f in findings)


def test_a_damaged_reference_is_not_blamed_on_the_folder(healthy: Path, tmp_path: Path):
    base = shutil.copytree(healthy, tmp_path / "base")
    (base / "tokenizer.json").write_text("{}")
    (base / "model.safetensors").write_bytes(b"123")
    examination = examine(healthy, reference=base)
    assert examination.findings == ()
    assert "tokenizer-parts" in examination.not_applicable


def test_code_in_the_folder_is_never_run(healthy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """auto_map in every config, with modules that would leave a canary."""
    folder = shutil.copytree(healthy, tmp_path / "model")
    canary = tmp_path / "canary"
    (folder / "evil.py").write_text(f"open({str(canary)!r}, 'w').write('ran')\nclass A: pass\n")
    maps = {"AutoConfig": "evil.A", "AutoModelForCausalLM": "evil.A", "AutoTokenizer": ["evil.A", "evil.A"]}
    for name in ("config.json", "tokenizer_config.json", "generation_config.json"):
        edit_json(folder, name, lambda values: values.update(auto_map=maps))
    edit_json(folder, "config.json", lambda values: values.update(model_type="evil"))
    (folder / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'touch " + str(canary).encode() + b"'\ntR.")
    assert examine(folder).worst == "error"
    assert not canary.exists()
    assert "evil" not in sys.modules
