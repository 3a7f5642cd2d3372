"""The vocabulary stage: an extended tokenizer and its rows are made, tried against the base's, and kept if they pay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from mothertongue import durability
from mothertongue.models.device import prepare_machine
from mothertongue.models.load import Loaded, folder_hash, load
from mothertongue.models.save import save_model
from mothertongue.recipe import Recipe
from mothertongue.run import StageContext
from mothertongue.stages.corpus import read_set
from mothertongue.stages.start import training_base
from mothertongue.stages.training import pack_rows, run_trial
from mothertongue.training.decide import Trial
from mothertongue.training.trainable import Method
from mothertongue.vocabulary.decide import Arm, VocabularyPolicy, decide_vocabulary
from mothertongue.vocabulary.expand import expand_model
from mothertongue.vocabulary.extend import Extension, extend_tokenizer
from mothertongue.vocabulary.fertility import Fertility, fertility
from mothertongue.vocabulary.initialize import find_initializer

TRIAL_METHOD: Method = "full"
"""New rows learn fastest when everything trains; the trial compares vocabularies, not methods."""
_TIME_SLACK = 0.3
"""Both trials see the same number of tokens, so their times differ by the noise of the machine alone."""
_SHOWN_TOKENS = 40


class VocabularyStage:
    """Keeps or extends the base's tokenizer, as the recipe says or as a short trial of both measured."""

    name = "vocabulary"
    version = 1
    needs: tuple[str, ...] = ("corpus",)

    def options(self, recipe: Recipe) -> Mapping[str, Any]:
        """The vocabulary section, and what a trial of it depends on."""
        return recipe.vocabulary.model_dump(mode="json") | {"seed": recipe.seed}

    def inputs(self, context: StageContext) -> Mapping[str, str]:
        """The base model's content."""
        return {"base": folder_hash(training_base(context))}

    def run(self, context: StageContext) -> None:
        """Writes vocabulary.json, and model/ with the expanded model when the vocabulary was extended."""
        prepare_machine()
        wanted = context.recipe.vocabulary
        base = load(training_base(context))
        held_out = [document.text for document in read_set(context, "held_out")]
        before = fertility(base.tokenizer, held_out)
        facts: dict[str, Any] = {"chosen": "keep", "size": len(base.tokenizer), "before": asdict(before)}
        if wanted.strategy != "keep":
            extended, extension = self._extend(context, held_out)
            facts["extension"] = _facts(extension)
            if wanted.strategy == "extend" or self._decide(context, base, extended, extension) == "extend":
                facts["chosen"] = "extend"
                fresh = extended if wanted.strategy == "extend" else self._extend(context, held_out)[0]
                save_model(fresh.model, fresh.tokenizer, context.folder / "model")
        durability.write_json(context.folder / "vocabulary.json", facts)

    def _extend(self, context: StageContext, held_out: Sequence[str]) -> tuple[Loaded, Extension]:
        wanted = context.recipe.vocabulary
        fresh = load(training_base(context))
        texts = [document.text for document in read_set(context, "train")]
        extension = extend_tokenizer(fresh.tokenizer, texts, wanted.size, evaluation=held_out)
        expand_model(fresh.model, extension, find_initializer(wanted.initializer), context.seed)
        return Loaded(fresh.model, extension.tokenizer, fresh.folder), extension

    def _decide(self, context: StageContext, base: Loaded, extended: Loaded, extension: Extension) -> str:
        def make() -> dict[str, Any]:
            old_texts = [document.text for document in read_set(context, "retention_decision")]
            old = fertility(base.tokenizer, old_texts)
            sides = {"keep": (base, extension.before), "extend": (extended, extension.after)}
            trials = [
                run_trial(context, name, loaded, pack_rows(context, loaded.tokenizer), TRIAL_METHOD)
                for name, (loaded, _) in sides.items()
            ]
            kept, grown = (_arm(trial, sides[trial.name][1], old) for trial in trials)
            decision = decide_vocabulary(kept, grown, VocabularyPolicy(time_slack=_TIME_SLACK))
            arms = [
                {"name": t.name, "values": t.values() | {"characters_per_token": sides[t.name][1].characters_per_token}}
                for t in trials
            ]
            trained = [asdict(trial) for trial in trials]
            return {"chosen": decision.chosen, "reason": decision.reason, "arms": arms, "trials": trained}

        chosen: str = context.decide("vocabulary", make)["chosen"]
        return chosen


def _arm(trial: Trial, target: Fertility, old: Fertility) -> Arm:
    ratio = target.tokens_per_word / old.tokens_per_word if old.tokens_per_word else None
    return Arm(trial.target_before, trial.target_after, target.bytes_per_token, trial.seconds, ratio)


def _facts(extension: Extension) -> dict[str, Any]:
    names = dict(zip(extension.new_ids, extension.tokens, strict=True))
    ordered = sorted(extension.new_ids, key=lambda index: -extension.counts.get(index, 0))
    shown = [extension.proofs.get(index, names[index]) for index in ordered[:_SHOWN_TOKENS]]
    return extension.summary() | {"examples": shown}
