"""The evaluate stage: one model, all tasks. It runs twice, as `baseline` on the untouched base and as `evaluate`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mothertongue import durability
from mothertongue.console import progress, say
from mothertongue.evaluation import Scorer, Subject, TaskResult
from mothertongue.evaluation.readers import Prompt
from mothertongue.fingerprint import hash_input
from mothertongue.generation.local import LocalGenerator
from mothertongue.generation.protocol import Sampling
from mothertongue.language import display_name
from mothertongue.models.device import prepare_machine
from mothertongue.models.load import Loaded, folder_hash, load
from mothertongue.prompting.chat import render_chat
from mothertongue.recipe import Recipe
from mothertongue.run import StageContext
from mothertongue.stages.corpus import read_set
from mothertongue.stages.items import BITS_SETS, FORMAT_TOKENS, shown_prompts, tasks
from mothertongue.stages.material import resolve
from mothertongue.stages.start import base_folder, chosen_folder, read_json
from mothertongue.vocabulary.fertility import fertility


class EvaluateStage:
    """Gives one model every task of the recipe; `baseline` and `evaluate` differ in the model alone."""

    version = 1

    def __init__(self, name: str) -> None:
        self.name = name
        self.needs: tuple[str, ...] = ("corpus",) if name == "baseline" else ("corpus", "restore")

    def options(self, recipe: Recipe) -> Mapping[str, Any]:
        """What decides the items: the recipe's evaluate section without paths, the language, the shown answers."""
        section = recipe.evaluate.model_dump(mode="json", include={"new_tokens"})
        return section | {"language": recipe.language, "samples": recipe.report.samples, "format_tokens": FORMAT_TOKENS}

    def inputs(self, context: StageContext) -> Mapping[str, str]:
        """The items' contents, and the base's where it is the model under test."""
        material = resolve(context.recipe)
        files = {
            "questions": material.questions,
            "minimal pairs": material.minimal_pairs,
            "retention pairs": material.retention_pairs,
            "prompts": material.prompts,
        }
        found = {name: hash_input(path) for name, path in files.items() if path is not None}
        return found | ({"base": folder_hash(base_folder(context))} if self.name == "baseline" else {})

    def run(self, context: StageContext) -> None:
        """Writes results.json: every task's items, answers to the shown prompts, characters per token."""
        prepare_machine()
        loaded = load(base_folder(context) if self.name == "baseline" else chosen_folder(context))
        subject = Subject(
            loaded.model,
            loaded.tokenizer,
            Scorer(loaded.model, loaded.tokenizer),
            LocalGenerator(loaded.model, loaded.tokenizer),
        )
        answers = self._answers(context, loaded, subject)
        results = []
        asked = tasks(context)
        with progress("tasks", len(asked), "tasks") as advance:
            for one in asked:
                context.check_interrupt()
                result = one.task.run(subject)
                results.append({"role": one.role, "language": one.language, "result": result.to_json()})
                advance(1)
        texts = {role: [d.text for d in read_set(context, name)] for name, role in BITS_SETS.items()}
        sizes = {role: fertility(loaded.tokenizer, found) for role, found in texts.items() if found}
        facts = {
            "tasks": results,
            "answers": answers,
            "characters_per_token": {role: size.characters_per_token for role, size in sizes.items()},
            "tokens": sum(size.tokens for size in sizes.values()),
        }
        durability.write_json(context.folder / "results.json", facts)

    def _answers(self, context: StageContext, loaded: Loaded, subject: Subject) -> list[dict[str, str]]:
        prompts = shown_prompts(context.recipe)
        if not prompts or subject.generator is None:
            return []
        chats = [render_chat(loaded.tokenizer, _message(prompt), add_generation_prompt=True) for prompt in prompts]
        sampling = Sampling(max_new_tokens=context.recipe.evaluate.new_tokens)
        found = [
            {"prompt": prompt.prompt, "language": prompt.language, "answer": completion.text}
            for prompt, completion in zip(prompts, subject.generator.generate(chats, sampling), strict=True)
        ]
        if self.name == "baseline":
            first = found[0]
            say(f"before, {display_name(context.recipe.language)}: {first['prompt']}\n  {first['answer'].strip()}")
        return found


def read_results(folder: Path) -> tuple[list[tuple[str, str, TaskResult]], dict[str, Any]]:
    """(role, language, result) of every task in a stage's results.json, and the whole file."""
    facts: dict[str, Any] = read_json(folder / "results.json")
    rows = [(row["role"], row["language"], TaskResult.from_json(row["result"])) for row in facts["tasks"]]
    return rows, facts


def _message(prompt: Prompt) -> list[dict[str, str]]:
    return [{"role": "user", "content": prompt.prompt}]
