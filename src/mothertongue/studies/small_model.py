"""Small models from scratch on one budget, so that a study can say what a choice of texts is worth (card 14, step 1).

Enters: texts by arm. Leaves: one model per arm, all with the same tokenizer, first weights, number of steps and tokens
per step, and their bits per byte on held-out texts. An arm with fewer texts sees them more often: tokens are fixed,
not epochs, unless the budget says otherwise. Two models are trained at a time, each with one thread of arithmetic, so
the result depends neither on the number of cores nor on what else the machine does.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

    from mothertongue.evaluation.scorer import DocumentBits

_AT_ONCE = 2
Arm = TypeVar("Arm")
In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(frozen=True)
class Budget:
    """Size and training of the models of a study: `steps` of `batch` rows of `row` tokens at the peak `rate`.

    `most_epochs` ends training sooner where an arm has few texts, as one would before they are known by heart; 0 means
    that all arms get the same tokens.
    """

    steps: int
    layers: int = 2
    width: int = 96
    vocabulary: int = 800
    row: int = 128
    batch: int = 4
    rate: float = 4e-3
    most_epochs: int = 0


class SmallModels:
    """Models of one budget and one seed. `texts` teach the tokenizer that they share."""

    def __init__(self, texts: Sequence[str], budget: Budget, seed: int) -> None:
        from mothertongue.testing import tiny_model, tiny_tokenizer

        self.budget, self.seed = budget, seed
        self.tokenizer: PreTrainedTokenizerFast = tiny_tokenizer(texts, budget.vocabulary)
        self.untrained: LlamaForCausalLM = tiny_model(self.tokenizer, budget.layers, budget.width, seed)

    def train(
        self, arms: Mapping[Arm, Sequence[str]], start: LlamaForCausalLM | None = None
    ) -> dict[Arm, LlamaForCausalLM]:
        """Return one model per arm, trained on its texts from the weights of `start` (default: untrained).

        Raises ValueError for an arm whose texts do not fill one row.
        """
        first = self.untrained if start is None else start
        models = each(lambda texts: self._train(copy.deepcopy(first), texts), arms.values())
        return dict(zip(arms, models, strict=True))

    def score(
        self, models: Mapping[Arm, LlamaForCausalLM], groups: Mapping[str, Sequence[str]]
    ) -> dict[Arm, dict[str, DocumentBits]]:
        """Return bits and bytes of every text of every group under every model: model -> group -> DocumentBits.

        Texts longer than a row of training are outside of what the models have seen; give short ones.
        """
        from mothertongue.evaluation.scorer import Scorer, bits_per_byte

        def of(model: LlamaForCausalLM) -> dict[str, DocumentBits]:
            scorer = Scorer(model, self.tokenizer)
            return {name: bits_per_byte(scorer, texts) for name, texts in groups.items()}

        return dict(zip(models, each(of, models.values()), strict=True))

    def _train(self, model: LlamaForCausalLM, texts: Sequence[str]) -> LlamaForCausalLM:
        from mothertongue.training.loop import Loop, LoopOptions
        from mothertongue.training.objectives.causal import CausalObjective
        from mothertongue.training.order import MixedOrder
        from mothertongue.training.packing import encode_documents, pack
        from mothertongue.training.trainable import TrainableOptions, finish

        budget = self.budget
        rows = pack(encode_documents(self.tokenizer, texts), budget.row, "text")
        if not rows:
            raise ValueError(f"{len(texts)} texts do not fill one row of {budget.row} tokens")
        steps = budget.steps
        if budget.most_epochs:
            steps = min(steps, math.ceil(budget.most_epochs * len(rows) / budget.batch))
        trainable = TrainableOptions("full", 1, budget.rate, budget.rate, True, self.seed)
        order = MixedOrder({"text": len(rows)}, {"text": 1.0}, budget.batch, self.seed)
        Loop(model, CausalObjective(), {"text": rows}, order, trainable, LoopOptions(steps)).run()
        finish(model, trainable)
        return model


def each(function: Callable[[In], Out], items: Iterable[In]) -> list[Out]:
    """Return what `function` makes of every item, in order, two at a time with one thread of arithmetic each.

    PyTorch lets go of the interpreter while it computes; random numbers of its global generator must not be drawn.
    """
    with one_thread(), ThreadPoolExecutor(_AT_ONCE, initializer=_prepare_thread) as pool:
        return list(pool.map(function, items))


@contextmanager
def one_thread() -> Iterator[None]:
    """Arithmetic on one thread inside; models this small gain nothing from more, and lose much on a busy machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _prepare_thread() -> None:
    import torch

    from mothertongue.models.device import prepare_machine

    torch.set_num_threads(1)
    prepare_machine()  # in each thread, since denormals are flushed by thread
