"""Laws of the enlarged model: old logits as before, old rows bit-identical, ties kept, padding used and never cut."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from tokenizer_families import FRISIAN, small_llama
from transformers import AutoModelForCausalLM, PreTrainedModel

from mothertongue.errors import InputError, WorkError
from mothertongue.testing import TEXTS, tiny_model, tiny_tokenizer
from mothertongue.vocabulary.expand import expand_model
from mothertongue.vocabulary.extend import Extension, extend_tokenizer
from mothertongue.vocabulary.initialize import INITIALIZERS

MEAN = INITIALIZERS["subword_mean"]


@pytest.fixture(scope="module")
def extension() -> Extension:
    """Fifty new tokens after the tiny tokenizer's."""
    return extend_tokenizer(tiny_tokenizer(), FRISIAN, size=50)


def old_size() -> int:
    return len(tiny_tokenizer())


def head(model: PreTrainedModel) -> torch.Tensor:
    return model.get_output_embeddings().weight


def embedding(model: PreTrainedModel) -> torch.Tensor:
    return model.get_input_embeddings().weight


@torch.no_grad()
def logits(model: PreTrainedModel) -> torch.Tensor:
    ids = tiny_tokenizer().encode(" ".join(TEXTS), add_special_tokens=False, return_tensors="pt")
    return model(input_ids=ids).logits[..., : old_size()]


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
@pytest.mark.parametrize("padding", [0, 7, 300], ids=["exact", "odd", "padded"])
@pytest.mark.parametrize("name", ["subword_mean", "random"])
def test_laws_of_the_enlarged_model(extension: Extension, tied: bool, padding: int, name: str) -> None:
    rows = old_size() + padding
    model = small_llama(rows, tied)
    before, old_embedding, old_head = logits(model), embedding(model).clone(), head(model).clone()
    report = expand_model(model, extension, INITIALIZERS[name], seed=5)
    assert (logits(model) - before).abs().max() <= 1e-5
    kept = torch.arange(old_size())
    assert torch.equal(embedding(model)[kept], old_embedding[kept])
    assert torch.equal(head(model)[kept], old_head[kept])
    assert (head(model).data_ptr() == embedding(model).data_ptr()) is tied is report.tied
    assert len(embedding(model)) == len(head(model)) == model.config.vocab_size == report.rows_after
    assert report.rows_after % 64 == 0
    assert report.rows_after >= max(rows, len(extension.tokenizer))
    assert report.rows_after - max(rows, len(extension.tokenizer)) < 64
    assert max(extension.new_ids) < report.rows_after


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
def test_new_rows_are_the_mean_of_their_own_matrix(extension: Extension, tied: bool) -> None:
    model = small_llama(old_size(), tied)
    old_embedding, old_head = embedding(model).clone(), head(model).clone()
    expand_model(model, extension, MEAN, seed=0)
    for index in extension.new_ids:
        pieces = list(extension.pieces[index])
        torch.testing.assert_close(embedding(model)[index], old_embedding[pieces].mean(0))
        torch.testing.assert_close(head(model)[index], old_head[pieces].mean(0))
    assert torch.equal(embedding(model)[extension.new_ids], head(model)[extension.new_ids]) is tied


def test_new_ids_that_fall_into_padding_are_initialised_and_nothing_is_resized(extension: Extension) -> None:
    model = small_llama(512, tied=False)
    old = embedding(model).clone()
    address = embedding(model).data_ptr()
    report = expand_model(model, extension, MEAN, seed=0)
    assert (report.rows_before, report.rows_after) == (512, 512)
    assert embedding(model).data_ptr() == address
    first = extension.new_ids[0]
    torch.testing.assert_close(embedding(model)[first], old[list(extension.pieces[first])].mean(0))
    beyond = max(extension.new_ids) + 1
    assert torch.equal(embedding(model)[beyond:], old[beyond:])


def test_rows_are_addressed_by_id_and_not_as_the_last_ones(extension: Extension) -> None:
    gap = 10
    moved = {index: index + gap for index in extension.new_ids}
    shifted = dataclasses.replace(
        extension,
        new_ids=[moved[index] for index in extension.new_ids],
        pieces={moved[index]: pieces for index, pieces in extension.pieces.items()},
        merges={},
        alignments={},
    )
    model, other = small_llama(512, tied=True), small_llama(512, tied=True)
    expand_model(model, shifted, MEAN, seed=0)
    expand_model(other, extension, MEAN, seed=0)
    assert torch.equal(embedding(model)[shifted.new_ids], embedding(other)[extension.new_ids])


def test_spare_rows_hold_the_mean_so_that_none_of_them_wins(extension: Extension) -> None:
    model = small_llama(old_size(), tied=True)
    mean = embedding(model).mean(0)
    expand_model(model, extension, MEAN, seed=0)
    spare = embedding(model)[max(extension.new_ids) + 1 :]
    assert len(spare) > 0
    torch.testing.assert_close(spare, mean.expand_as(spare))


def test_a_head_bias_grows_with_the_head(extension: Extension) -> None:
    model = small_llama(old_size(), tied=False)
    model.lm_head = torch.nn.Linear(32, old_size(), bias=True)
    before, bias = logits(model), model.lm_head.bias.detach().clone()
    expand_model(model, extension, MEAN, seed=0)
    assert (logits(model) - before).abs().max() <= 1e-5
    first = extension.new_ids[0]
    torch.testing.assert_close(model.lm_head.bias[first], bias[list(extension.pieces[first])].mean())


def test_half_precision_models_keep_their_type_and_their_rows(extension: Extension) -> None:
    model = small_llama(old_size(), tied=True).bfloat16()
    old = embedding(model).clone()
    expand_model(model, extension, MEAN, seed=0)
    assert embedding(model).dtype == torch.bfloat16
    assert torch.equal(embedding(model)[: len(old)], old)


def test_saved_and_loaded_it_is_the_same(extension: Extension, tmp_path) -> None:
    model = tiny_model(tiny_tokenizer())
    expand_model(model, extension, MEAN, seed=0)
    model.save_pretrained(tmp_path)
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path, local_files_only=True)
    assert torch.equal(embedding(loaded), embedding(model))
    assert head(loaded).data_ptr() == embedding(loaded).data_ptr()
    ids = extension.tokenizer.encode(FRISIAN[0], return_tensors="pt")
    assert set(ids[0].tolist()) & set(extension.new_ids)
    with torch.no_grad():
        torch.testing.assert_close(loaded(ids).logits, model(ids).logits, rtol=0, atol=1e-5)


def test_norms_are_means_of_row_lengths(extension: Extension) -> None:
    model = small_llama(512, tied=True)
    with torch.no_grad():
        embedding(model).copy_(torch.tensor([3.0, 4.0] + [0.0] * 30).expand(512, -1))
    report = expand_model(model, extension, MEAN, seed=0)
    assert report.norms == pytest.approx({"embedding_old": 5.0, "embedding_new": 5.0})
    assert set(expand_model(small_llama(512, False), extension, MEAN, 0).norms) == {
        "embedding_old",
        "embedding_new",
        "head_old",
        "head_new",
    }


def test_a_tokenizer_of_another_model_is_refused(extension: Extension) -> None:
    with pytest.raises(InputError, match="MT307"):
        expand_model(small_llama(old_size() - 64, tied=True), extension, MEAN, seed=0)


def test_a_resize_that_breaks_the_tie_is_found(extension: Extension, monkeypatch) -> None:
    model = small_llama(old_size(), tied=True)
    resize = model.resize_token_embeddings

    def and_untie(*arguments, **options):
        resize(*arguments, **options)
        model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())

    monkeypatch.setattr(model, "resize_token_embeddings", and_untie)
    with pytest.raises(WorkError, match="MT312"):
        expand_model(model, extension, MEAN, seed=0)
