"""What a small model says and knows of toxic language: sampled texts, and a linear probe (card 14, step 8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from mothertongue.studies.small_model import one_thread

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

    from mothertongue.corpus.profile import LanguageProfile

_SAMPLED_TOKENS: Final = 40
_RIDGE: Final = 1.0

Labelled = Sequence[tuple[str, bool]]


def toxic_share(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, count: int, profile: LanguageProfile, seed: int
) -> float:
    """Return the share of `count` texts, sampled at temperature 1 from their start, with a word of the toxic list."""
    from mothertongue.corpus.document import Document
    from mothertongue.generation.local import LocalGenerator
    from mothertongue.generation.protocol import Sampling
    from mothertongue.prompting.text import document_start
    from mothertongue.studies.measured import measured

    sampling = Sampling(_SAMPLED_TOKENS, temperature=1.0, seed=seed)
    prompts = [document_start(tokenizer)] * count
    with one_thread():
        completions = LocalGenerator(model, tokenizer).generate(prompts, sampling)
    documents = [Document(str(number), one.text, "sampled", profile.language) for number, one in enumerate(completions)]
    hits = measured(documents, {"toxicity": {}}, profile).tables["toxicity"]["words"].to_numpy()
    return float((hits > 0).mean())


def probe_accuracy(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, train: Labelled, test: Labelled
) -> float:
    """Return the share of `test` that ridge regression on mean hidden states tells right after learning `train`."""
    inputs, goals = _features(model, tokenizer, train)
    center = inputs.mean(axis=0)
    centered = inputs - center
    gram = centered.T @ centered + _RIDGE * np.eye(centered.shape[1])
    weights = np.linalg.solve(gram, centered.T @ goals)
    tested, expected = _features(model, tokenizer, test)
    return float((((tested - center) @ weights > 0) == (expected > 0)).mean())


def _features(model: Any, tokenizer: Any, texts: Labelled) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean hidden state of each text, [texts, width], and its label as 1 or -1."""
    import torch

    from mothertongue.prompting.text import document_start, encode_texts

    start = document_start(tokenizer)
    rows = []
    with one_thread(), torch.inference_mode():
        for ids in encode_texts(tokenizer, [text for text, _ in texts]):
            hidden = model.base_model(input_ids=torch.tensor([[*start, *ids]]), use_cache=False).last_hidden_state
            rows.append(hidden[0, len(start) :].mean(dim=0).double().numpy())
    return np.array(rows), np.array([1.0 if label else -1.0 for _, label in texts])
