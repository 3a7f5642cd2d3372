"""The pretrain stage: continued training, by the method that measured best, for as long as the budget says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from mothertongue import durability
from mothertongue.console import progress
from mothertongue.errors import InputError, Problem
from mothertongue.models.bases import upstream_name
from mothertongue.models.device import prepare_machine
from mothertongue.models.load import folder_hash, load
from mothertongue.models.lora import save_adapter
from mothertongue.models.save import save_model
from mothertongue.recipe import Recipe
from mothertongue.run import StageContext
from mothertongue.stages.start import base_folder, decided, started_folder, training_base
from mothertongue.stages.training import (
    Rows,
    build_loop,
    loop_options,
    pack_rows,
    run_trial,
    trainable_options,
    training_tokens,
)
from mothertongue.stages.vocabulary import TRIAL_METHOD
from mothertongue.training.decide import Trial, decide_method
from mothertongue.training.loop import Loop, StepReport
from mothertongue.training.trainable import Method, finish

_LOSS_LIMIT = 0.02
"""Relative rise of bits per byte in the old language that a trial may show; restoring takes some of it back."""
_SPEED_MARGIN = 0.94
"""Share of the trial's speed that a long run keeps: checkpoints, and a machine that is not alone."""
_METHODS: tuple[Method, ...] = ("full", "lora")


class PretrainStage:
    """Trains the started model on packed rows of both languages; leaves a plain merged model and its course."""

    name = "pretrain"
    version = 1
    needs: tuple[str, ...] = ("corpus", "baseline", "vocabulary")
    resumes = True

    def options(self, recipe: Recipe) -> Mapping[str, Any]:
        """The pretrain section, the shares of the mix, budget and seed; checkpoints do not change the result."""
        section = recipe.pretrain.model_dump(mode="json", exclude={"checkpoint_seconds"})
        shares = recipe.corpus.model_dump(mode="json", include={"replay_share", "chat_share"})
        return section | shares | {"budget": recipe.budget, "seed": recipe.seed}

    def inputs(self, context: StageContext) -> Mapping[str, str]:
        """The base model's content."""
        return {"base": folder_hash(training_base(context))}

    def run(self, context: StageContext) -> None:
        """Writes model/, adapter/ when one was trained, and course.json with every step."""
        prepare_machine()
        recipe, folder = context.recipe, started_folder(context)
        loaded = load(folder)
        rows = pack_rows(context, loaded.tokenizer)
        method = self._method(context, folder, rows)
        steps = self._steps(context, folder, rows, method)
        checkpoint = context.folder / "checkpoint"
        loop = build_loop(context, loaded.model, rows, method, loop_options(recipe, steps), checkpoint)
        self._train(context, loop)
        if method == "lora":
            # An adapter fits the rows it was trained on: those of the model that training started from.
            fits = str(folder) if folder != base_folder(context) else upstream_name(recipe.base)
            save_adapter(loaded.model, context.folder / "adapter", fits, recipe.pretrain.train_embeddings)
        finish(loaded.model, trainable_options(recipe, method))
        save_model(loaded.model, loaded.tokenizer, context.folder / "model")
        facts = {"method": method, "steps": steps, "tokens": loop.tokens, "bytes_per_token": rows.bytes_per_token}
        course = [
            {k: v for k, v in row.items() if k not in ("stage", "seconds", "step_seconds")} for row in context.metrics()
        ]
        durability.write_json(context.folder / "course.json", facts | {"course": course})
        durability.remove(checkpoint)

    def _method(self, context: StageContext, folder: Path, rows: Rows) -> Method:
        asked: str = context.recipe.pretrain.method
        if asked != "decide":
            return "full" if asked == "full" else "lora"

        def make() -> dict[str, Any]:
            known = _known_trial(context)
            trials = [
                known if known and name == TRIAL_METHOD else run_trial(context, name, load(folder), rows, name)
                for name in _METHODS
            ]
            chosen, reason = decide_method(trials, partial(_horizon, context, rows), _LOSS_LIMIT)
            arms = [{"name": trial.name, "values": trial.values()} for trial in trials]
            return {"chosen": chosen, "reason": reason, "arms": arms}

        return "full" if context.decide("method", make)["chosen"] == "full" else "lora"

    def _steps(self, context: StageContext, folder: Path, rows: Rows, method: Method) -> int:
        """The number of steps: as the recipe says, or what the remaining time buys at the measured speed, once."""
        recipe = context.recipe
        pretrain = recipe.pretrain
        per_step = int(pretrain.sequence_length * pretrain.batch_size)
        if pretrain.steps is not None or (pretrain.seconds is None and recipe.budget is None):
            return math.ceil(training_tokens(context, rows, 0.0) / per_step)

        def make() -> dict[str, Any]:
            speed = _SPEED_MARGIN * _measured_speed(context, folder, rows, method)
            tokens = training_tokens(context, rows, speed)
            return {"steps": int(tokens / per_step), "seconds": tokens / speed, "tokens_per_second": speed}

        found = context.decide("steps", make)
        if found["steps"] < 1:
            raise _too_short(recipe, found["seconds"], per_step / found["tokens_per_second"])
        return int(found["steps"])

    def _train(self, context: StageContext, loop: Loop) -> None:
        loop.resume()
        context.rewind_metrics(loop.step)
        with progress("training", loop.options.steps, "steps") as advance:
            advance(loop.step)

            def observe(report: StepReport) -> None:
                values = asdict(report)
                context.metric(step_seconds=values.pop("seconds"), **values)
                advance(1)

            loop.run(observe, context.check_interrupt)


def _too_short(recipe: Recipe, left: float, step: float) -> InputError:
    given = recipe.pretrain.seconds or recipe.budget or 0.0
    return InputError(
        Problem(
            "MT504",
            f"{left:.0f} s are left for training, and one step takes {step:.1f} s here",
            key="pretrain.seconds" if recipe.pretrain.seconds else "budget",
            value=f"{given:.0f}s",
            allowed=f"about {given - left + step + 1:.0f}s or more on this machine",
            do="start again in a new run folder with more time, or lower corpus.held_out_bytes",
        )
    )


def _horizon(context: StageContext, rows: Rows, trial: Trial) -> float:
    """The tokens that a trial's method would see in the whole training."""
    return training_tokens(context, rows, trial.tokens_per_second)


def _known_trial(context: StageContext) -> Trial | None:
    """The vocabulary stage's trial of the tokenizer that was chosen, under the name of its method."""
    decision = decided(context, "vocabulary", "vocabulary")
    if decision is None:
        return None
    found = next(trial for trial in decision["trials"] if trial["name"] == decision["chosen"])
    return Trial(**(found | {"name": TRIAL_METHOD}))


def _measured_speed(context: StageContext, folder: Path, rows: Rows, method: Method) -> float:
    """Tokens a second of a method: from the trial that decided, else from one made for this."""
    decision = decided(context, "pretrain", "method")
    if decision:
        return float(next(arm for arm in decision["arms"] if arm["name"] == method)["values"]["tokens_per_second"])
    known = _known_trial(context)
    trial = known if known and method == TRIAL_METHOD else run_trial(context, method, load(folder), rows, method)
    return trial.tokens_per_second
