"""How finely a tokenizer cuts a text: characters, bytes and words against tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from transformers import PreTrainedTokenizerFast


@dataclass(frozen=True)
class Fertility:
    """The sizes of a set of texts in characters, UTF-8 bytes, words (split at white space) and tokens."""

    characters: int
    bytes: int
    words: int
    tokens: int

    @property
    def characters_per_token(self) -> float:
        """Characters that one token stands for; 0.0 without tokens."""
        return self.characters / self.tokens if self.tokens else 0.0

    @property
    def bytes_per_token(self) -> float:
        """UTF-8 bytes that one token stands for; 0.0 without tokens."""
        return self.bytes / self.tokens if self.tokens else 0.0

    @property
    def tokens_per_word(self) -> float:
        """Tokens per word between white space; says little for scripts that do not space words; 0.0 without words."""
        return self.tokens / self.words if self.words else 0.0


def fertility(tokenizer: PreTrainedTokenizerFast, texts: Iterable[str]) -> Fertility:
    """The sizes of the texts under a tokenizer, without the tokens that a template would put around them."""
    characters = size = words = tokens = 0
    for text in texts:
        characters += len(text)
        size += len(text.encode("utf-8", errors="replace"))
        words += len(text.split())
        tokens += token_count(tokenizer, text)
    return Fertility(characters, size, words, tokens)


def characters_per_token(tokenizer: PreTrainedTokenizerFast, texts: Iterable[str]) -> float:
    """Characters per token over all texts together (not a mean of texts)."""
    return fertility(tokenizer, texts).characters_per_token


def share_not_longer(old: PreTrainedTokenizerFast, new: PreTrainedTokenizerFast, texts: Sequence[str]) -> float:
    """The share of texts that take no more tokens under `new` than under `old` (card 46: at least 0.99 of lines)."""
    if not texts:
        return 1.0
    return sum(token_count(new, text) <= token_count(old, text) for text in texts) / len(texts)


def token_count(tokenizer: PreTrainedTokenizerFast, text: str) -> int:
    """The number of tokens of one text."""
    return len(tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids)
