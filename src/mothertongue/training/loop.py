"""The one training loop. Every objective, order and choice of parameters goes through it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from mothertongue.errors import Problem, WorkError
from mothertongue.training.checkpoint import load_checkpoint, save_checkpoint
from mothertongue.training.objectives.protocol import Objective
from mothertongue.training.order import Order
from mothertongue.training.packing import Row
from mothertongue.training.trainable import TrainableOptions, parameter_groups, prepare

_CHECKPOINT_SHARE = 0.02
"""Checkpoints may take this share of the time; a slower disk stretches the interval."""


@dataclass(frozen=True)
class LoopOptions:
    """Length and schedule: rates rise linearly for `warmup_share` of the steps, then fall to `final_share`."""

    steps: int
    warmup_share: float = 0.05
    final_share: float = 0.0
    weight_decay: float = 0.0
    gradient_clip: float = 1.0
    second_moment: float = 0.99
    checkpoint_seconds: float = 60.0


@dataclass(frozen=True)
class StepReport:
    """What one step did: losses in nats per token, the norm of the gradient, the rate, tokens and seconds."""

    step: int
    loss: float
    metrics: Mapping[str, float]
    gradient_norm: float
    learning_rate: float
    tokens: int
    seconds: float


def rate_at(step: int, options: LoopOptions) -> float:
    """The factor on the learning rates at a step (0-based): linear warm-up to 1, linear decay to `final_share`."""
    warmup = max(1, math.ceil(options.warmup_share * options.steps))
    if step < warmup:
        return (step + 1) / warmup
    left = (options.steps - step) / max(1, options.steps - warmup)
    return options.final_share + (1 - options.final_share) * left


class Loop:
    """Training of one model, resumable at every checkpoint to the same bits.

    `rows` maps a stream to its packed rows; `order` names rows in them. `checkpoint` is a folder of the loop's own.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        objective: Objective,
        rows: Mapping[str, Sequence[Row]],
        order: Order,
        trainable: TrainableOptions,
        options: LoopOptions,
        checkpoint: Path | None = None,
    ) -> None:
        self.model, self.objective, self.rows, self.order, self.options = model, objective, rows, order, options
        self.trained: dict[str, nn.Parameter] = prepare(model, trainable)
        groups = parameter_groups(model, self.trained, trainable, options.weight_decay)
        self._rates = [group["lr"] for group in groups]
        self.optimizer = torch.optim.AdamW(groups, betas=(0.9, options.second_moment), fused=True)
        self.step, self.tokens, self._checkpoint = 0, 0, checkpoint
        self._interval, self._saved_at = options.checkpoint_seconds, time.monotonic()

    def resume(self) -> bool:
        """Continues from the checkpoint folder if it holds one; whether it did."""
        state = None if self._checkpoint is None else load_checkpoint(self._checkpoint, self.trained, self.optimizer)
        if state is None:
            return False
        self.step, self.tokens = int(state["step"]), int(state["tokens"])
        self.order.load_state(state["order"])
        return True

    def run(self, observe: Callable[[StepReport], object] = bool, between: Callable[[], None] = lambda: None) -> None:
        """Trains to the last step; `observe` gets every step's report, `between` may raise to stop in good order.

        Raises WorkError (MT501) at the first loss that is not finite; the last checkpoint is then still good.
        """
        self.model.train()
        while self.step < self.options.steps:
            try:
                between()
            except BaseException:
                self.save()
                raise
            observe(self._step())
            if time.monotonic() - self._saved_at >= self._interval and self.step < self.options.steps:
                self.save()
        self.model.eval()

    def save(self) -> None:
        """Writes a checkpoint of the current step, and stretches the interval when writing was slow."""
        if self._checkpoint is None:
            return
        started = time.monotonic()
        state: dict[str, Any] = {"step": self.step, "tokens": self.tokens, "order": self.order.state()}
        save_checkpoint(self._checkpoint, self.trained, self.optimizer, state)
        self._saved_at = time.monotonic()
        self._interval = max(self.options.checkpoint_seconds, (self._saved_at - started) / _CHECKPOINT_SHARE)

    def _step(self) -> StepReport:
        started = time.monotonic()
        examples = self.order.next()
        batch = self.objective.collate([self.rows[stream][index] for stream, index in examples])
        loss = self.objective.loss(self.model, batch)
        mean = loss.total / max(loss.weight, 1.0)
        if not torch.isfinite(mean):
            raise WorkError(
                Problem(
                    "MT501",
                    f"the loss of step {self.step} is {mean.item()}",
                    value=str(examples),
                    do="lower pretrain.learning_rate; the last checkpoint is kept",
                )
            )
        mean.backward()
        norm = torch.nn.utils.clip_grad_norm_(list(self.trained.values()), self.options.gradient_clip)
        factor = rate_at(self.step, self.options)
        for group, rate in zip(self.optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.order.observe(loss.metrics)
        self.step += 1
        self.tokens += int(loss.weight)
        seconds = time.monotonic() - started
        rate = self._rates[0] * factor
        return StepReport(self.step, float(mean.detach()), loss.metrics, float(norm), rate, int(loss.weight), seconds)
