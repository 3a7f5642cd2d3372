"""The contract of a generator: prompts and sampling in, completions out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Prompt = Sequence[int] | Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Sampling:
    """How to choose tokens: greedy at temperature 0, else from the `top_p` nucleus, repeatable by `seed`.

    At most `max_new_tokens` are generated; an answer also ends before any of the texts in `stop`.
    """

    max_new_tokens: int = 128
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1 or self.temperature < 0 or not 0 < self.top_p <= 1:
            raise ValueError(f"impossible sampling: {self}")


@dataclass(frozen=True)
class Completion:
    """An answer: its text without control tokens, all generated ids (the end token included), and why it ended."""

    text: str
    ids: list[int]
    finish_reason: Literal["stop", "length"]


class Generator(Protocol):
    """Anything that completes prompts: a model in this process, a server, a cache in front of either."""

    @property
    def identity(self) -> str:
        """A text that changes when the answers may change: a hash of weights, tokenizer and template, or a URL."""

    def generate(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Completion]:
        """One completion per prompt, in order; a prompt is a list of token ids or of chat messages.

        A completion depends on the prompt, the sampling and how many equal prompts stand before it in the call, not on
        the other prompts.
        """
