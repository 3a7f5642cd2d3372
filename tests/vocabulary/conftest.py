"""One tokenizer of every family, for laws that hold for all of them."""

from __future__ import annotations

import pytest
from tokenizer_families import FAMILIES
from transformers import PreTrainedTokenizerFast


@pytest.fixture(params=FAMILIES)
def base(request: pytest.FixtureRequest) -> PreTrainedTokenizerFast:
    """A fresh base tokenizer of each family."""
    return FAMILIES[request.param]()
