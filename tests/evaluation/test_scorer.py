"""Scores equal transformers' own loss under every shortcut (law 2), and are comparable by byte (law 3)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    MistralConfig,
    MistralForCausalLM,
)

from mothertongue.errors import InputError
from mothertongue.evaluation import scorer as module
from mothertongue.evaluation.scorer import Scorer, TokenScores, bits_per_byte, tiled_logsumexp
from mothertongue.prompting.text import document_start, encode_text
from mothertongue.testing import TEXTS


def plain(model: Any, prefix: list[int], target: list[int]) -> np.ndarray:
    """The textbook formula: one sequence, all logits, log_softmax."""
    ids = torch.tensor([[*prefix, *target]])
    with torch.no_grad():
        logits = model(ids).logits[0, :-1].double()
    values = torch.log_softmax(logits, 1).gather(1, ids[0, 1:, None])[:, 0]
    return values[len(prefix) - 1 :].numpy()


def requests_of_many_shapes(size: int = 390) -> list[tuple[list[int], list[int]]]:
    random = np.random.default_rng(0)
    made = [
        (random.integers(0, size, 1 + k % 7).tolist(), random.integers(0, size, 1 + k % 23).tolist()) for k in range(20)
    ]
    question = random.integers(0, size, 30).tolist()
    made += [(question, random.integers(0, size, length).tolist()) for length in (1, 3, 2, 5)]
    made += [(question[:20], question[20:]), (question, [5, 6]), (question, [5, 6]), (question, []), ([1], [2])]
    return made


@pytest.mark.parametrize("batch_tokens", [1, 64, 1024])
@pytest.mark.parametrize("share", [True, False])
def test_equals_the_plain_formula(model: Any, tokenizer: Any, batch_tokens: int, share: bool) -> None:
    requests = requests_of_many_shapes()
    found = Scorer(model, tokenizer, batch_tokens, share_prefixes=share).token_logprobs(requests)
    for (prefix, target), values in zip(requests, found, strict=True):
        assert values.dtype == np.float64
        np.testing.assert_allclose(values, plain(model, prefix, target) if target else [], atol=1e-4, rtol=0)


def test_agrees_with_transformers_own_loss(model: Any, tokenizer: Any, scorer: Scorer) -> None:
    for text in TEXTS:
        ids = [*document_start(tokenizer), *encode_text(tokenizer, text)]
        with torch.no_grad():
            loss = model(torch.tensor([ids]), labels=torch.tensor([ids])).loss.item()
        assert scorer.score([ids[:1]], [ids[1:]])[0].per_token == pytest.approx(-loss, abs=1e-4)


def other_models() -> list[Any]:
    sizes = {"vocab_size": 396, "num_attention_heads": 4, "num_hidden_layers": 2, "hidden_size": 32}
    torch.manual_seed(0)
    gpt2 = GPT2LMHeadModel(GPT2Config(vocab_size=396, n_positions=128, n_embd=32, n_layer=2, n_head=4))
    neox = GPTNeoXForCausalLM(GPTNeoXConfig(**sizes, intermediate_size=64, max_position_embeddings=128))
    mistral = MistralForCausalLM(
        MistralConfig(
            **sizes, intermediate_size=64, num_key_value_heads=2, sliding_window=16, max_position_embeddings=128
        )
    )
    return [gpt2, neox, mistral]


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_other_architectures(number: int, attention: str, tokenizer: Any) -> None:
    other = other_models()[number].eval()
    other.set_attn_implementation(attention)
    with torch.no_grad():
        for parameter in other.parameters():
            if parameter.ndim == 2:
                parameter.mul_(4)
    requests = requests_of_many_shapes()
    scorer = Scorer(other, tokenizer)
    for (prefix, target), values in zip(requests, scorer.token_logprobs(requests), strict=True):
        np.testing.assert_allclose(values, plain(other, prefix, target) if target else [], atol=1e-4, rtol=0)
    assert scorer._paths == module._Paths(apart=True, tree=True)


class Capped(torch.nn.Module):
    """A model whose logits are not head(trunk): Gemma 2 caps them."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner, self.config = inner, inner.config
        self.get_input_embeddings, self.get_output_embeddings = inner.get_input_embeddings, inner.get_output_embeddings

    @property
    def base_model(self) -> Any:
        return self.inner.base_model

    def forward(self, *arguments: Any, **options: Any) -> Any:
        output = self.inner(*arguments, **options)
        output.logits = 2 * torch.tanh(output.logits / 2)
        return output


def test_a_shortcut_that_changes_the_numbers_is_not_taken(model: Any, tokenizer: Any) -> None:
    capped = Capped(model).eval()
    scorer = Scorer(capped, tokenizer)
    requests = requests_of_many_shapes()
    for (prefix, target), values in zip(requests, scorer.token_logprobs(requests), strict=True):
        np.testing.assert_allclose(values, plain(capped, prefix, target) if target else [], atol=1e-4, rtol=0)
    assert scorer._paths is not None
    assert not scorer._paths.apart


def test_padding_does_not_matter(scorer: Scorer) -> None:
    short, long = ([1], [2, 3]), ([4], list(range(5, 90)))
    alone = scorer.token_logprobs([short])[0]
    np.testing.assert_allclose(scorer.token_logprobs([short, long])[0], alone, atol=1e-4, rtol=0)


def test_windows_give_what_each_window_gives_alone(model: Any, tokenizer: Any) -> None:
    ids = np.random.default_rng(1).integers(0, 390, 101).tolist()
    values = Scorer(model, tokenizer, context=40, overlap=10).token_logprobs([(ids[:1], ids[1:])])[0]
    expected = np.concatenate(
        [plain(model, ids[:1], ids[1:41]), plain(model, ids[31:41], ids[41:72]), plain(model, ids[60:72], ids[72:101])]
    )
    np.testing.assert_allclose(values, expected, atol=1e-4, rtol=0)


def test_windows_of_a_document_that_fits_are_one_pass(model: Any, tokenizer: Any) -> None:
    ids = np.random.default_rng(2).integers(0, 390, 64).tolist()
    whole = Scorer(model, tokenizer).token_logprobs([(ids[:1], ids[1:])])[0]
    fitting = Scorer(model, tokenizer, context=63, overlap=5).token_logprobs([(ids[:1], ids[1:])])[0]
    np.testing.assert_allclose(fitting, whole, atol=1e-4, rtol=0)
    np.testing.assert_allclose(whole, plain(model, ids[:1], ids[1:]), atol=1e-4, rtol=0)


def test_tiled_logsumexp_equals_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TILE_ROWS", 3)
    monkeypatch.setattr(module, "TILE_COLUMNS", 7)
    torch.manual_seed(0)
    rows, weight, bias = torch.randn(8, 5), 10 * torch.randn(31, 5), torch.randn(31)
    for offset in (None, bias):
        expected = torch.logsumexp(rows @ weight.t() + (0 if offset is None else offset), 1)
        torch.testing.assert_close(tiled_logsumexp(rows, weight, offset), expected)


def test_bits_per_byte_of_a_model_that_knows_nothing(tokenizer: Any) -> None:
    """All logits equal: log2(vocabulary) bits per token, whatever the text."""
    from mothertongue.testing import tiny_model

    blank = tiny_model(tokenizer)
    with torch.no_grad():
        for parameter in blank.parameters():
            parameter.zero_()
    texts = [*TEXTS, "", "é🙂"]
    found = bits_per_byte(Scorer(blank, tokenizer), texts)
    tokens = [len(encode_text(tokenizer, text)) for text in texts]
    np.testing.assert_allclose(found.bits, [count * math.log2(len(tokenizer)) for count in tokens], rtol=1e-6)
    assert found.bytes.tolist() == [len(text.encode()) for text in texts]
    assert found.bytes[-1] == 6
    assert found.bits_per_byte == pytest.approx(found.bits.sum() / found.bytes.sum())


def test_reductions() -> None:
    scores = TokenScores(np.array([-1.0, -2.0, -3.0]))
    assert (scores.sum, scores.per_token, scores.per_byte(12)) == (-6.0, -2.0, -0.5)
    assert TokenScores(np.zeros(0)).per_token == 0


def test_training_mode_and_precision_are_put_back(model: Any, tokenizer: Any) -> None:
    model.train()
    before = torch.get_float32_matmul_precision()
    try:
        Scorer(model, tokenizer, exact=False).token_logprobs([([1], [2])])
        assert model.training
        assert torch.get_float32_matmul_precision() == before
    finally:
        model.eval()


def test_progress_counts_every_token_once_without_sharing(model: Any, tokenizer: Any) -> None:
    scorer = Scorer(model, tokenizer, share_prefixes=False)
    told: list[float] = []
    requests = requests_of_many_shapes()
    scorer.token_logprobs(requests, told.append)
    assert sum(told) == scorer.count_tokens(requests)


@pytest.mark.parametrize(
    ("request_", "code"), [(([1], [400]), "MT601"), (([], [1]), "MT605"), (([0, 0], [1]), "MT602")]
)
def test_wrong_requests_are_refused(scorer: Scorer, request_: tuple[list[int], list[int]], code: str) -> None:
    with pytest.raises(InputError) as caught:
        scorer.token_logprobs([([1], [2]), request_])
    assert caught.value.problems[0].code == code
