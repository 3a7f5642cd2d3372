"""Laws of the adapter: zero at first, merged = adapter, and PEFT reads it as we do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, LlamaForCausalLM, PreTrainedModel

from mothertongue import testing
from mothertongue.models.load import load
from mothertongue.models.lora import LoraLinear, attach_lora, lora_layers, merge_lora, save_adapter
from mothertongue.models.save import save_model

torch.set_num_threads(1)

TOKENIZER = testing.tiny_tokenizer()
IDS = torch.tensor([TOKENIZER("De molenaar opende de sluis en het water liep over het rad.")["input_ids"]])


def tied_model(seed: int = 0) -> LlamaForCausalLM:
    return testing.tiny_model(TOKENIZER, seed=seed)


def untied_model(seed: int = 0) -> LlamaForCausalLM:
    config = tied_model().config
    config.tie_word_embeddings = False
    torch.manual_seed(seed)
    return LlamaForCausalLM(config).float().eval()


MODELS = {"tied": tied_model, "untied": untied_model}


@torch.no_grad()
def train(model: PreTrainedModel, seed: int = 1, embeddings: bool = False) -> None:
    """Stand-in for training: every adapter matrix, and with `embeddings` both matrices, take other values."""
    generator = torch.Generator().manual_seed(seed)
    for _, layer in lora_layers(model):
        layer.up.copy_(torch.randn(layer.up.shape, generator=generator) * 0.1)
    if embeddings:
        for module in {model.get_input_embeddings(), model.get_output_embeddings()}:
            module.weight.add_(torch.randn(module.weight.shape, generator=generator) * 0.05)


@torch.no_grad()
def logits(model: nn.Module) -> Tensor:
    return model(IDS).logits


def test_a_layer_worked_out_by_hand():
    """W = identity, down = [1 1], up = [2 0], rank 1, alpha 3: x = [1 2] -> [1 2] + 3 * [2 0] * 3 = [19 2]."""
    inner = nn.Linear(2, 2, bias=False)
    inner.weight.data = torch.eye(2)
    layer = LoraLinear(inner, rank=1, alpha=3.0, generator=torch.Generator())
    layer.down.data = torch.tensor([[1.0, 1.0]])
    layer.up.data = torch.tensor([[2.0], [0.0]])
    assert layer(torch.tensor([[1.0, 2.0]])).tolist() == [[19.0, 2.0]]
    assert layer.delta().tolist() == [[6.0, 6.0], [0.0, 0.0]]


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_logits_are_unchanged_while_up_is_zero(make):
    model = make()
    before = logits(model)
    attach_lora(model, rank=4, seed=0)
    assert torch.equal(logits(model), before)


def test_every_linear_layer_of_the_body_is_wrapped_and_the_head_is_not():
    model = untied_model()
    linear = {name for name, module in model.named_modules() if isinstance(module, nn.Linear)} - {"lm_head"}
    attach_lora(model, rank=4, seed=0)
    assert {name for name, _ in lora_layers(model)} == linear
    assert len(linear) == 14
    assert type(model.get_output_embeddings()) is nn.Linear


def test_the_start_depends_on_the_seed_alone():
    first, second, other = tied_model(), tied_model(), tied_model()
    attach_lora(first, rank=4, seed=7)
    torch.manual_seed(123)
    attach_lora(second, rank=4, seed=7)
    attach_lora(other, rank=4, seed=8)
    pairs = list(zip(lora_layers(first), lora_layers(second), lora_layers(other), strict=True))
    assert all(torch.equal(a.down, b.down) for (_, a), (_, b), _ in pairs)
    assert not any(torch.equal(a.down, c.down) for (_, a), _, (_, c) in pairs)


@pytest.mark.parametrize("alpha", [None, 16.0])
@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_the_merged_model_gives_the_adapters_logits(make, alpha):
    model = make()
    before = logits(model)
    attach_lora(model, rank=4, seed=0, alpha=alpha)
    train(model)
    adapted = logits(model)
    assert (adapted - before).abs().max() > 1e-3
    merge_lora(model)
    assert list(lora_layers(model)) == []
    assert not any("inner" in name for name in model.state_dict())
    assert (logits(model) - adapted).abs().max() < 1e-4


def test_the_merged_model_survives_saving(tmp_path: Path):
    model = tied_model()
    attach_lora(model, rank=4, seed=0)
    train(model)
    adapted = logits(model)
    merge_lora(model)
    save_model(model, TOKENIZER, tmp_path / "model")
    assert (logits(load(tmp_path / "model", torch.device("cpu")).model) - adapted).abs().max() < 1e-4


def test_gradients_reach_the_two_thin_matrices_only():
    model = tied_model()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    attach_lora(model, rank=2, seed=0)
    train(model)
    model(IDS, labels=IDS).loss.backward()
    assert {name.rsplit(".", 1)[-1] for name, p in model.named_parameters() if p.grad is not None} == {"up", "down"}


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")  # PEFT asks for it
@pytest.mark.parametrize("alpha", [None, 16.0])
@pytest.mark.parametrize("embeddings", [False, True], ids=["plain", "trained rows"])
@pytest.mark.parametrize("kind", MODELS)
def test_peft_reads_the_adapter_and_gives_the_same_logits(kind, embeddings, alpha, tmp_path: Path):
    model = MODELS[kind]()
    save_model(model, TOKENIZER, tmp_path / "base")
    attach_lora(model, rank=4, seed=0, alpha=alpha)
    train(model, embeddings=embeddings)
    save_adapter(model, tmp_path / "adapter", str(tmp_path / "base"), embeddings)
    base = AutoModelForCausalLM.from_pretrained(tmp_path / "base", dtype=torch.float32)
    loaded = PeftModel.from_pretrained(base, tmp_path / "adapter").eval()
    assert (logits(loaded) - logits(model)).abs().max() < 1e-5
    tied = loaded.get_output_embeddings().weight is loaded.get_input_embeddings().weight
    assert tied == (kind == "tied")
    merged = loaded.merge_and_unload()
    merge_lora(model)
    assert (logits(merged) - logits(model)).abs().max() < 1e-4


def test_the_adapter_file_names_its_base_and_layers(tmp_path: Path):
    model = tied_model()
    attach_lora(model, rank=4, seed=0, alpha=8.0)
    save_adapter(model, tmp_path, "owner/base", embeddings=False)
    config = json.loads((tmp_path / "adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["r"], config["lora_alpha"]) == ("owner/base", 4, 8.0)
    assert config["target_modules"] == [
        "down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj",
    ]  # fmt: skip
    assert "modules_to_save" not in config
