"""The contract of a task: what it is given and what it returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from mothertongue.evaluation.result import TaskResult
from mothertongue.evaluation.scorer import Scorer
from mothertongue.generation.protocol import Generator


@dataclass(frozen=True)
class Subject:
    """The model under test: what tasks may use of it. `generator` is None where only likelihoods are wanted."""

    model: Any
    tokenizer: Any
    scorer: Scorer
    generator: Generator | None = None


class Task(Protocol):
    """A test with items; `run` gives a result whose items can be paired with those of another model."""

    @property
    def name(self) -> str:
        """The name in reports; it stays the same for both sides of a comparison."""

    def run(self, subject: Subject) -> TaskResult:
        """The result on one model."""
