"""Local generation equals the naive loop, alone or in a batch, and never leaves the tokenizer's ids."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from mothertongue.errors import InputError
from mothertongue.generation.local import LocalGenerator, nucleus_choice
from mothertongue.generation.protocol import Sampling
from mothertongue.testing import tiny_model, tiny_tokenizer

PROMPTS = [[5, 6, 7], [40], list(range(10, 40)), [200, 201]]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return tiny_tokenizer()


@pytest.fixture(scope="module")
def model(tokenizer: Any) -> Any:
    model = tiny_model(tokenizer, seed=3)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.mul_(4)
    return model


def naive_greedy(model: Any, prompt: list[int], count: int, ends: frozenset[int]) -> list[int]:
    ids = list(prompt)
    while len(ids) < len(prompt) + count:
        with torch.no_grad():
            ids.append(int(model(torch.tensor([ids])).logits[0, -1].argmax()))
        if ids[-1] in ends:
            break
    return ids[len(prompt) :]


@pytest.mark.parametrize("batch_size", [1, 3, 8])
def test_greedy_equals_the_naive_loop(model: Any, tokenizer: Any, batch_size: int) -> None:
    # Common ids as ends make rows leave the batch at different steps.
    reference = [naive_greedy(model, prompt, 12, frozenset()) for prompt in PROMPTS]
    ends = frozenset({reference[0][3], reference[2][7]})
    found = LocalGenerator(model, tokenizer, batch_size, ends).generate(PROMPTS, Sampling(12))
    for prompt, completion in zip(PROMPTS, found, strict=True):
        assert completion.ids == naive_greedy(model, prompt, 12, ends)
        assert completion.finish_reason == ("stop" if completion.ids[-1] in ends else "length")
    assert {completion.finish_reason for completion in found} == {"stop", "length"}


def test_sampling_does_not_depend_on_the_batch_but_on_seed_and_place_among_equals(model: Any, tokenizer: Any) -> None:
    generator = LocalGenerator(model, tokenizer)
    sampling = Sampling(10, temperature=1.0, top_p=0.9, seed=4)
    together = generator.generate([*PROMPTS, PROMPTS[0]], sampling)
    alone = [generator.generate([prompt], sampling)[0] for prompt in PROMPTS]
    assert together[:4] == alone
    assert together[4] != together[0]
    assert generator.generate(PROMPTS[:1], Sampling(10, temperature=1.0, seed=5)) != alone[:1]


def test_ids_beyond_the_tokenizer_are_never_chosen(tokenizer: Any) -> None:
    model = tiny_model(tokenizer)
    model.resize_token_embeddings(len(tokenizer) + 64, mean_resizing=False)
    with torch.no_grad():
        model.lm_head.weight[len(tokenizer) :] = 50 * model.lm_head.weight[:1]  # the padding rows win wherever they can
        model.lm_head.weight[len(tokenizer) + 1 :: 2] *= -1
    generator = LocalGenerator(model, tokenizer)
    for sampling in (Sampling(8), Sampling(8, temperature=1.0)):
        for completion in generator.generate(PROMPTS, sampling):
            assert max(completion.ids) < len(tokenizer)


@pytest.mark.parametrize("sampling", [Sampling(20), Sampling(20, temperature=1.2, seed=2)])
def test_streamed_pieces_are_the_text(model: Any, tokenizer: Any, sampling: Sampling) -> None:
    generator = LocalGenerator(model, tokenizer)
    messages = [{"role": "user", "content": "Wie?"}]
    pieces = list(generator.stream(messages, sampling))
    assert "".join(pieces) == generator.generate([messages], sampling)[0].text
    assert all(pieces)


def test_stop_texts_end_an_answer_before_them(model: Any, tokenizer: Any) -> None:
    generator = LocalGenerator(model, tokenizer)
    full = generator.generate(PROMPTS[:1], Sampling(20))[0]
    stop = full.text[5:7]
    sampling = Sampling(20, stop=(stop, "never there"))
    cut = generator.generate(PROMPTS[:1], sampling)[0]
    assert cut.text == full.text[: full.text.index(stop)]
    assert cut.finish_reason == "stop"
    assert "".join(generator.stream(PROMPTS[0], sampling)) == cut.text


def test_nucleus_by_hand() -> None:
    logits = torch.log(torch.tensor([0.1, 0.5, 0.15, 0.25]))
    picks = [nucleus_choice(logits, Sampling(temperature=1, top_p=0.7), u) for u in (0.0, 0.66, 0.67, 0.999)]
    assert picks == [1, 1, 3, 3]  # the nucleus is {1: 0.5, 3: 0.25}, two thirds and one third of its mass
    assert nucleus_choice(logits, Sampling(temperature=1, top_p=1.0), 0.9999) == 0
    assert nucleus_choice(logits, Sampling(temperature=1, top_p=0.01), 0.9999) == 1


def test_nucleus_follows_the_distribution() -> None:
    chances = np.array([0.1, 0.5, 0.15, 0.25])
    logits = torch.log(torch.tensor(chances))
    random = np.random.default_rng(0)
    drawn = [nucleus_choice(logits, Sampling(temperature=1), random.random()) for _ in range(2000)]
    np.testing.assert_allclose(np.bincount(drawn) / 2000, chances, atol=0.04)


def test_an_answer_stops_at_the_end_of_the_context(model: Any, tokenizer: Any) -> None:
    longest = model.config.max_position_embeddings
    generator = LocalGenerator(model, tokenizer, ends=())
    assert len(generator.generate([[5] * (longest - 3)], Sampling(50))[0].ids) == 3
    with pytest.raises(InputError) as caught:
        generator.generate([[5] * longest, []], Sampling(1))
    assert [problem.code for problem in caught.value.problems] == ["MT641", "MT641"]


def test_identity_follows_the_weights(model: Any, tokenizer: Any) -> None:
    one, same = LocalGenerator(model, tokenizer).identity, LocalGenerator(model, tokenizer).identity
    assert one == same
    assert LocalGenerator(tiny_model(tokenizer, seed=9), tokenizer).identity != one


@pytest.mark.parametrize("options", [{"max_new_tokens": 0}, {"temperature": -1}, {"top_p": 0}, {"top_p": 1.5}])
def test_impossible_sampling(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="impossible"):
        Sampling(**options)
