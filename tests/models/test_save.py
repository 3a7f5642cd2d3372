"""Saving: what is loaded again is what was in memory, also over the very files that are mapped (R17)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, PreTrainedModel

from mothertongue import testing
from mothertongue.errors import WorkError
from mothertongue.models.load import load, load_tokenizer
from mothertongue.models.save import save_model

torch.set_num_threads(1)


@pytest.fixture
def copied(tiny_folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_folder, tmp_path / "model")


def ours(folder: Path) -> PreTrainedModel:
    return load(folder, torch.device("cpu")).model


def theirs(folder: Path) -> PreTrainedModel:
    return AutoModelForCausalLM.from_pretrained(folder, dtype="auto")


def mapped(folder: Path) -> PreTrainedModel:
    """Parameters that are views of the mapped file, as safetensors gives them."""
    model = testing.tiny_model(load_tokenizer(folder), seed=9)
    tensors = load_file(folder / "model.safetensors")
    tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"]
    model.load_state_dict(tensors, assign=True)
    model.tie_weights()
    return model


def nothing(model: PreTrainedModel) -> None:
    """No edit: the file is replaced by itself while it is mapped."""


def one_value(model: PreTrainedModel) -> None:
    model.get_input_embeddings().weight[5, 3] = 7.0


def every_value(model: PreTrainedModel) -> None:
    for parameter in model.parameters():
        parameter.mul_(1.5).add_(0.25)


def more_rows(model: PreTrainedModel) -> None:
    model.resize_token_embeddings(448, mean_resizing=False)
    model.get_input_embeddings().weight[396:] = torch.arange(52.0).unsqueeze(1)


EDITS = (nothing, one_value, every_value, more_rows)


@pytest.mark.parametrize("loader", [ours, theirs, mapped])
@pytest.mark.parametrize("edit", EDITS)
@torch.no_grad()
def test_saving_over_the_source_keeps_the_values(
    loader: Callable[[Path], PreTrainedModel], edit: Callable[[PreTrainedModel], None], copied: Path
):
    model, tokenizer = loader(copied), load_tokenizer(copied)
    edit(model)
    expected = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    save_model(model, tokenizer, copied)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, expected[name]), f"{name} changed in memory"
    again = theirs(copied).state_dict()
    assert again.keys() == expected.keys()
    assert all(torch.equal(again[name], expected[name]) for name in expected)


def test_reloaded_is_in_memory_for_weights_logits_tokens_and_template(tmp_path: Path):
    tokenizer = testing.tiny_tokenizer()
    model = testing.tiny_model(tokenizer, seed=4)
    save_model(model, tokenizer, tmp_path / "model", card="# card\n")
    loaded = load(tmp_path / "model", torch.device("cpu"))
    ids = torch.tensor([tokenizer("De molenaar opende de sluis.")["input_ids"]])
    with torch.no_grad():
        assert torch.equal(model(ids).logits, loaded.model(ids).logits)
    assert loaded.tokenizer.get_vocab() == tokenizer.get_vocab()
    assert loaded.tokenizer.chat_template == tokenizer.chat_template
    assert loaded.tokenizer("Wie bewaart de sleutel?")["input_ids"] == tokenizer("Wie bewaart de sleutel?")["input_ids"]
    assert (tmp_path / "model" / "README.md").read_text() == "# card\n"


def test_the_folder_holds_what_other_programs_read(tmp_path: Path):
    tokenizer = testing.tiny_tokenizer()
    save_model(testing.tiny_model(tokenizer), tokenizer, tmp_path / "model")
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [
        "chat_template.jinja", "config.json", "generation_config.json", "model.safetensors", "tokenizer.json",
        "tokenizer_config.json",
    ]  # fmt: skip
    config: dict[str, Any] = json.loads((tmp_path / "model" / "tokenizer_config.json").read_text())
    assert config["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert not {"is_local", "local_files_only", "gguf_file"} & config.keys()
    with safe_open(tmp_path / "model" / "model.safetensors", "pt") as file:
        assert file.metadata() == {"format": "pt"}
        assert "lm_head.weight" not in file.keys()  # noqa: SIM118 - no mapping; tied weights are stored once


def test_an_id_without_a_row_is_refused_and_nothing_is_written(tmp_path: Path):
    tokenizer = testing.tiny_tokenizer()
    model = testing.tiny_model(tokenizer)
    tokenizer.add_tokens(["brêge"])
    with pytest.raises(WorkError, match=r"MT411(?s:.)*id 396 but the matrix has 396 rows"):
        save_model(model, tokenizer, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["ENOSPC:1", "ENOSPC:2", "EIO:3", "EIO:4"])
def test_a_failed_save_leaves_the_old_folder_whole(
    step: str, copied: Path, inject: Callable[[str], Callable[[], list[str]]]
):
    before = {path.name: path.read_bytes() for path in copied.iterdir()}
    model, tokenizer = ours(copied), load_tokenizer(copied)
    with torch.no_grad():
        every_value(model)
    fired = inject(step)
    with pytest.raises(WorkError):
        save_model(model, tokenizer, copied)
    assert fired()
    inject("")
    assert {path.name: path.read_bytes() for path in copied.iterdir()} == before
