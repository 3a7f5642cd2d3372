"""The vocabulary stage: an extended tokenizer and its rows are made, tried against the base's, and kept if they pay."""

from __future__ import annotations

from collections.abc import Mapping
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
from mothertongue.vocabulary import Extension, characters_per_token, expand_model, extend_tokenizer, initializer_named
from mothertongue.vocabulary.decide import Arm, decide_vocabulary

TRIAL_METHOD = "full"
"""New rows learn fastest when everything trains; the trial compares vocabularies, not methods."""


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
        texts = [document.text for document in read_set(context, "held_out")]
        facts: dict[str, Any] = {"characters_per_token": characters_per_token(base.tokenizer, texts), "chosen": "keep"}
        if wanted.strategy != "keep":
            extended, extension, report = self._extend(context)
            facts["extension"] = _facts(extension) | {"rows": report}
            facts["characters_per_token_extended"] = characters_per_token(extended.tokenizer, texts)
            if wanted.strategy == "extend" or self._decide(context, base, extended, facts) == "extend":
                facts["chosen"] = "extend"
                again = extended if wanted.strategy == "extend" else self._extend(context)[0]
                save_model(again.model, again.tokenizer, context.folder / "model")
        durability.write_json(context.folder / "vocabulary.json", facts)

    def _extend(self, context: StageContext) -> tuple[Loaded, Extension, dict[str, Any]]:
        wanted = context.recipe.vocabulary
        fresh = load(training_base(context))
        texts = [document.text for document in read_set(context, "train")]
        extension = extend_tokenizer(fresh.tokenizer, texts, wanted.size)
        report = expand_model(fresh.model, extension, initializer_named(wanted.initializer), context.seed)
        return Loaded(fresh.model, extension.tokenizer, fresh.folder), extension, asdict(report)

    def _decide(self, context: StageContext, base: Loaded, extended: Loaded, facts: Mapping[str, Any]) -> str:
        def make() -> dict[str, Any]:
            trials = [
                run_trial(context, name, loaded, pack_rows(context, loaded.tokenizer), TRIAL_METHOD)
                for name, loaded in (("keep", base), ("extend", extended))
            ]
            fertility = facts["characters_per_token"], facts["characters_per_token_extended"]
            decision = decide_vocabulary(*(_arm(trial, value) for trial, value in zip(trials, fertility, strict=True)))
            arms = [
                {"name": t.name, "values": t.values() | {"characters_per_token": value}}
                for t, value in zip(trials, fertility, strict=True)
            ]
            return {"chosen": decision.chosen, "reason": decision.reason, "arms": arms, "trials": [asdict(t) for t in trials]}

        chosen: str = context.decide("vocabulary", make)["chosen"]
        return chosen


def _arm(trial: Trial, characters: float) -> Arm:
    return Arm(trial.name, trial.target_before, trial.target_after, characters, trial.seconds)


def _facts(extension: Extension) -> dict[str, Any]:
    ordered = sorted(extension.new_ids, key=lambda i: -extension.counts.get(i, 0))
    names = dict(zip(extension.new_ids, extension.tokens, strict=True))
    return {
        "tokens": len(extension.new_ids),
        "reachability": extension.reachability,
        "examples": [names[i] for i in ordered[:40]],
        "never_used": sum(1 for i in extension.new_ids if not extension.counts.get(i)),
    }
