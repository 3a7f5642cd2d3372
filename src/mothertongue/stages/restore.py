"""The restore stage: chat ability and the old language brought back by the best rule (cards 39 and 46)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from mothertongue import durability
from mothertongue.console import progress
from mothertongue.errors import InputError, Problem
from mothertongue.evaluation import ChatFormat, Scorer, Subject
from mothertongue.generation.local import LocalGenerator
from mothertongue.models.arithmetic import add_residual, elchat, interpolate, residual
from mothertongue.models.device import prepare_machine
from mothertongue.models.load import Loaded, folder_hash, load
from mothertongue.models.save import save_model
from mothertongue.recipe import Recipe
from mothertongue.run import StageContext
from mothertongue.stages.corpus import read_set
from mothertongue.stages.items import DECISION_PROMPTS, FORMAT_TOKENS, chat_prompts
from mothertongue.stages.start import base_folder
from mothertongue.stages.training import measure

SHARE = 0.2
"""Share of the source model in plain interpolation: a fifth gives back most of the old language at almost no cost."""

Weights = dict[str, Tensor]


class RestoreStage:
    """Tries each rule of `restore.rules` on the trained model and keeps the best one that stays within the limits."""

    name = "restore"
    version = 1
    needs: tuple[str, ...] = ("corpus", "pretrain")

    def options(self, recipe: Recipe) -> Mapping[str, Any]:
        """The restore section without its path."""
        return recipe.restore.model_dump(mode="json", exclude={"chat_base"}) | {"format_tokens": FORMAT_TOKENS}

    def inputs(self, context: StageContext) -> Mapping[str, str]:
        """The base's content, and that of the plain model below it where the residual needs one."""
        chat_base = context.recipe.restore.chat_base
        below = {"chat base": folder_hash(chat_base)} if chat_base else {}
        return {"base": folder_hash(base_folder(context))} | below

    def run(self, context: StageContext) -> None:
        """Writes model/ (the chosen weights) and restore.json with every rule's measurements."""
        prepare_machine()
        source, trained = load(base_folder(context)), load(context.output("pretrain") / "model")
        rules = _rules(context, source)
        trained.tokenizer.chat_template = source.tokenizer.chat_template
        adapted = _weights(trained.model)
        rows: list[dict[str, Any]] = [_row(context, "base", source)]
        with progress("restoring rules", len(rules), "rules") as advance:
            for name, rule in rules.items():
                context.check_interrupt()
                _set(trained.model, rule(adapted))
                rows.append(_row(context, name, trained))
                advance(1)
        chosen, reason = choose(rows, context.recipe.restore.max_retention_loss, context.recipe.restore.max_format_loss)
        _set(trained.model, rules[chosen](adapted))
        save_model(trained.model, trained.tokenizer, context.folder / "model")
        durability.write_json(context.folder / "restore.json", {"chosen": chosen, "reason": reason, "rules": rows})


def choose(rows: list[dict[str, Any]], max_retention_loss: float, max_format_loss: float) -> tuple[str, str]:
    """The rule to apply and one sentence why; the first row is the untouched base.

    Among the rules that keep the old language and the chat format within the limits, the one with the fewest bits per
    byte in the new language; when none does, the one that breaks the limits least.
    """
    base, *tried = rows

    def excess(row: Mapping[str, Any]) -> float:
        forgotten: float = row["retention"] / base["retention"] - 1 - max_retention_loss
        unformed: float = base["format"] - row["format"] - max_format_loss
        return max(forgotten, 0.0) + max(unformed, 0.0)

    within = [row for row in tried if excess(row) <= 0]
    best = (
        min(within, key=lambda row: row["target"])
        if within
        else min(tried, key=lambda row: (excess(row), row["target"]))
    )
    forgotten = 100 * (best["retention"] / base["retention"] - 1)
    gain = 100 * (1 - best["target"] / base["target"])
    state = (
        "fewest bits per byte in the new language within the limits"
        if within
        else "no rule is within the limits; closest"
    )
    return best[
        "name"
    ], f"{state}: new language {-gain:+.1f} %, old language {forgotten:+.1f} %, format {100 * best['format']:.0f} %"


def _rules(context: StageContext, source: Loaded) -> dict[str, Callable[[Weights], Weights]]:
    wanted = context.recipe.restore
    old = _weights(source.model)
    specials = source.tokenizer.all_special_ids
    rules: dict[str, Callable[[Weights], Weights]] = {}
    for name in wanted.rules:
        if name == "none":
            rules[name] = lambda adapted: adapted
        elif name == "interpolate":
            rules[name] = lambda adapted: interpolate(adapted, old, SHARE)
        elif name == "elchat":
            rules[name] = lambda adapted: elchat(adapted, old, specials)
        else:
            rules[name] = _residual_rule(context, old)
    return rules


def _residual_rule(context: StageContext, instruct: Weights) -> Callable[[Weights], Weights]:
    folder = context.recipe.restore.chat_base
    if folder is None:
        raise InputError(
            Problem(
                "MT505",
                "this rule subtracts the plain model from the chat model and needs both",
                key="restore.rules",
                value="residual",
                do="set restore.chat_base to the folder of the plain model, or leave the rule out",
            )
        )
    difference = residual(instruct, _weights(load(folder).model))
    return lambda adapted: add_residual(adapted, difference)


def _row(context: StageContext, name: str, loaded: Loaded) -> dict[str, Any]:
    scorer, generator = Scorer(loaded.model, loaded.tokenizer), LocalGenerator(loaded.model, loaded.tokenizer)
    task = ChatFormat("chat format", chat_prompts()[:DECISION_PROMPTS], FORMAT_TOKENS)
    return {
        "name": name,
        "target": measure(loaded, read_set(context, "decision")),
        "retention": measure(loaded, read_set(context, "retention_decision")),
        "format": task.run(Subject(loaded.model, loaded.tokenizer, scorer, generator)).value,
    }


def _weights(model: PreTrainedModel) -> Weights:
    """A copy of the parameters by name; tied ones appear once."""
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


@torch.no_grad()
def _set(model: PreTrainedModel, weights: Mapping[str, Tensor]) -> None:
    for name, parameter in model.named_parameters():
        parameter.copy_(weights[name])
