"""A tiny model with sharper predictions than a fresh one, so that differences between sequences are large."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from mothertongue.evaluation.scorer import Scorer
from mothertongue.testing import tiny_model, tiny_tokenizer


def sharp_model(tokenizer: Any, seed: int = 0) -> Any:
    model = tiny_model(tokenizer, seed=seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.mul_(4)
    return model


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    return tiny_tokenizer()


@pytest.fixture(scope="session")
def model(tokenizer: Any) -> Any:
    return sharp_model(tokenizer)


@pytest.fixture
def scorer(model: Any, tokenizer: Any) -> Scorer:
    return Scorer(model, tokenizer)
