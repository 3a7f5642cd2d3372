"""Hand-worked numbers and identities of cards 39 (a) and 46 (a)."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from transformers import LlamaForCausalLM

from mothertongue import testing
from mothertongue.errors import WorkError
from mothertongue.models.arithmetic import add_residual, elchat, interpolate, linear, residual, spherical
from mothertongue.models.load import load
from mothertongue.models.lora import attach_lora, lora_layers, merge_lora
from mothertongue.models.save import save_model

torch.set_num_threads(1)

TOKENIZER = testing.tiny_tokenizer()
OLD_IDS = torch.tensor([[3, 50, 120, 7, 300, 201]])
EMBEDDING = "model.embed_tokens.weight"


def model(seed: int, layers: int = 2) -> LlamaForCausalLM:
    return testing.tiny_model(TOKENIZER, layers=layers, seed=seed)


def weights(source: LlamaForCausalLM) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in source.state_dict().items()}


def with_weights(values: dict[str, Tensor], rows: int | None = None) -> LlamaForCausalLM:
    layers = 1 + max(int(name.split(".")[2]) for name in values if ".layers." in name)
    made = model(99, layers)
    if rows is not None:
        made.resize_token_embeddings(rows, mean_resizing=False)
    made.load_state_dict(values)
    return made


@torch.no_grad()
def logits(source: LlamaForCausalLM, ids: Tensor = OLD_IDS) -> Tensor:
    return source(ids).logits


def extended(values: dict[str, Tensor], extra: int) -> dict[str, Tensor]:
    """The same weights with `extra` new rows at the end of the tied matrices."""
    rows = torch.randn(extra, values[EMBEDDING].shape[1], generator=torch.Generator().manual_seed(5))
    grown = torch.cat([values[EMBEDDING], rows])
    return {**values, EMBEDDING: grown, "lm_head.weight": grown.clone()}


def equal(left: dict[str, Tensor], right: dict[str, Tensor], tolerance: float = 0.0) -> bool:
    return left.keys() == right.keys() and all((left[n] - right[n]).abs().max() <= tolerance for n in left)


# --- card 46 ---


@pytest.mark.parametrize(
    ("adapted", "source", "share", "expected"),
    [
        ([1.0, 0.0], [0.0, 1.0], 0.5, [0.7071, 0.7071]),
        ([1.0, 0.0], [0.0, 1.0], 0.3, [0.8910, 0.4540]),
        ([1.0, 0.0], [0.0, 2.0], 0.3, [0.8910, 0.9080]),
        ([2.0, 0.0], [4.0, 0.0], 0.25, [2.5, 0.0]),
        ([0.0, 0.0], [4.0, 0.0], 0.25, [1.5307, 0.0]),
    ],
)
def test_spherical_numbers_of_the_card(adapted, source, share, expected):
    """Collinear vectors become linear; a zero vector counts as orthogonal: 4 * sin(22.5 degrees) = 1.5307."""
    found = spherical(torch.tensor(adapted), torch.tensor(source), share)
    assert found.tolist() == pytest.approx(expected, abs=5e-5)


@given(share=st.floats(0, 1), angle=st.floats(0.1, 3.0))
def test_between_unit_vectors_the_result_is_a_unit_vector_at_the_share_of_the_angle(share: float, angle: float):
    a = torch.tensor([1.0, 0.0])
    b = torch.stack([torch.cos(torch.tensor(angle)), torch.sin(torch.tensor(angle))])
    found = spherical(a, b, share)
    assert found.norm().item() == pytest.approx(1, abs=1e-3)
    assert torch.atan2(found[1], found[0]).item() == pytest.approx(share * angle, abs=1e-3)


def test_a_share_of_nought_keeps_and_of_one_replaces():
    a, b = torch.randn(4, 6), torch.randn(4, 6)
    for mix in (linear, spherical):
        assert torch.allclose(mix(a, b, 0.0), a, atol=1e-6)
        assert torch.allclose(mix(a, b, 1.0), b, atol=1e-6)
    assert linear(torch.tensor([1.0]), torch.tensor([5.0]), 0.25).tolist() == [2.0]


def test_elchat_with_every_layer_and_old_row_of_the_source_gives_the_sources_logits():
    """t = 1 with the old rows copied: on old ids the merged model is the source, whatever the new rows are."""
    source = weights(model(1))
    adapted = extended(weights(model(2)), 6)
    rows = len(source[EMBEDDING])
    merged = elchat(adapted, source, range(rows), {0: 1.0, 1: 1.0})
    found = logits(with_weights(merged, rows + 6))
    assert torch.allclose(found[..., :rows], logits(model(1)), atol=1e-5)
    assert torch.equal(merged[EMBEDDING][rows:], adapted[EMBEDDING][rows:])
    assert torch.equal(merged[EMBEDDING], merged["lm_head.weight"])


def test_elchat_with_share_nought_and_no_rows_is_the_adapted_model():
    source, adapted = weights(model(1)), weights(model(2))
    assert equal(elchat(adapted, source, [], {}), adapted)
    assert equal(elchat(adapted, source, [], {0: 0.0, 1: 0.0}), adapted, 1e-6)


def test_elchat_touches_the_outer_layers_and_the_named_rows_only():
    source, adapted = weights(model(1, layers=6)), weights(model(2, layers=6))
    merged = elchat(adapted, source, [0, 5])
    changed = {name for name in adapted if not torch.equal(merged[name], adapted[name])}
    layers = {int(name.split(".")[2]) for name in changed if ".layers." in name}
    assert layers == {0, 1, 4, 5}
    assert {name for name in changed if ".layers." not in name} == {EMBEDDING, "lm_head.weight"}
    different = (merged[EMBEDDING] != adapted[EMBEDDING]).any(dim=1).nonzero().flatten()
    assert different.tolist() == [0, 5]
    assert torch.equal(merged[EMBEDDING][[0, 5]], source[EMBEDDING][[0, 5]])
    name = "model.layers.4.mlp.up_proj.weight"
    assert torch.allclose(merged[name], spherical(adapted[name], source[name], 0.5))
    name = "model.layers.5.mlp.up_proj.weight"
    assert torch.allclose(merged[name], spherical(adapted[name], source[name], 0.3))


def test_elchat_leaves_its_inputs_alone():
    source, adapted = weights(model(1)), weights(model(2))
    elchat(adapted, source, [0, 1, 2])
    assert equal(adapted, weights(model(2)))
    assert equal(source, weights(model(1)))


# --- card 39 ---


def test_base_plus_residual_is_the_instruct_model():
    instruct, base = weights(model(1)), weights(model(2))
    restored = add_residual(base, residual(instruct, base))
    for name in base:
        assert torch.allclose(restored[name], instruct[name], rtol=0, atol=1e-6), name
    assert torch.allclose(logits(with_weights(restored)), logits(model(1)), atol=1e-5)


def test_on_numbers_without_rounding_it_is_the_instruct_model_bit_for_bit():
    """Multiples of 1/1024 subtract and add exactly in float32."""
    exact = [{n: (t * 1024).round() / 1024 for n, t in weights(model(seed)).items()} for seed in (1, 2)]
    assert equal(add_residual(exact[1], residual(*exact)), exact[0])


def test_scale_nought_is_the_continued_base_and_two_halves_are_one():
    instruct, base, continued = (weights(model(seed)) for seed in (1, 2, 3))
    difference = residual(instruct, base)
    assert equal(add_residual(continued, difference, 0.0), continued)
    halves = add_residual(add_residual(continued, difference, 0.5), difference, 0.5)
    assert equal(halves, add_residual(continued, difference), 1e-6)


def test_the_residual_of_a_model_with_itself_is_zero():
    assert all(not tensor.any() for tensor in residual(weights(model(1)), weights(model(1))).values())


def test_new_rows_are_copied_and_old_ones_restored():
    instruct, base = weights(model(1)), weights(model(2))
    rows = len(base[EMBEDDING])
    adapted = extended(base, 6)
    restored = add_residual(adapted, residual(instruct, base))
    assert torch.allclose(restored[EMBEDDING][:rows], instruct[EMBEDDING], atol=1e-6)
    assert torch.equal(restored[EMBEDDING][rows:], adapted[EMBEDDING][rows:])


def test_another_family_is_refused_by_name_or_shape():
    base = weights(model(1))
    with pytest.raises(WorkError, match="MT410"):
        residual(weights(model(1, layers=3)), base)
    with pytest.raises(WorkError, match=r"MT410(?s:.)*model.norm.weight"):
        residual({**base, "model.norm.weight": torch.ones(3)}, base)
    with pytest.raises(WorkError, match="MT410"):
        interpolate(base, {}, 0.5)


def test_an_adapter_of_the_base_on_the_instruct_model_is_the_residual_method(tmp_path: Path):
    """Step 7: theta_b + BA + R = theta_i + BA."""
    instruct, base = model(1), model(2)
    difference = residual(weights(instruct), weights(base))
    for adapted in (base, instruct):
        attach_lora(adapted, rank=2, seed=0)
        generator = torch.Generator().manual_seed(6)
        for _, layer in lora_layers(adapted):
            layer.up.data = torch.randn(layer.up.shape, generator=generator) * 0.1
        merge_lora(adapted)
    restored = with_weights(add_residual(weights(base), difference))
    assert (logits(restored) - logits(instruct)).abs().max() < 1e-4


def test_with_tied_weights_the_residual_counts_once_and_they_stay_tied(tmp_path: Path):
    instruct, base = weights(model(1)), weights(model(2))
    restored = with_weights(add_residual(base, residual(instruct, base)))
    assert restored.get_output_embeddings().weight is restored.get_input_embeddings().weight
    save_model(restored, TOKENIZER, tmp_path / "model")
    loaded = load(tmp_path / "model", torch.device("cpu")).model
    assert torch.allclose(logits(loaded), logits(model(1)), atol=1e-5)


# --- interpolation ---


def test_interpolation_moves_shared_rows_and_keeps_new_ones():
    source, adapted = weights(model(1)), extended(weights(model(2)), 6)
    rows = len(source[EMBEDDING])
    assert equal(interpolate(adapted, source, 0.0), adapted)
    whole = interpolate(adapted, source, 1.0)
    assert torch.equal(whole[EMBEDDING][:rows], source[EMBEDDING])
    assert torch.equal(whole[EMBEDDING][rows:], adapted[EMBEDDING][rows:])
    half = interpolate(adapted, source, 0.5)
    name = "model.layers.0.mlp.up_proj.weight"
    assert torch.allclose(half[name], (adapted[name] + source[name]) / 2)


def test_half_precision_is_summed_in_float32_and_given_back_in_its_type():
    adapted = {"a": torch.tensor([1.0], dtype=torch.bfloat16)}
    source = {"a": torch.tensor([2.0], dtype=torch.bfloat16)}
    assert interpolate(adapted, source, 0.5)["a"].dtype is torch.bfloat16
    assert residual(source, adapted)["a"].dtype is torch.float32
