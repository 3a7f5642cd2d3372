"""The test items of a run: which tasks the untouched and the taught model are given, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mothertongue.evaluation.readers import Prompt, read_pairs, read_prompts, read_questions
from mothertongue.evaluation.tasks import Bits, ChatFormat, Choices, MinimalPairs, Task
from mothertongue.language import parse_language
from mothertongue.recipe import Recipe
from mothertongue.run import StageContext
from mothertongue.stages.corpus import read_set
from mothertongue.stages.material import format_prompts, resolve

Role = Literal["target", "second_domain", "retention", "other"]
BITS_SETS: dict[str, Role] = {"held_out": "target", "second_domain": "second_domain", "retention": "retention"}
"""Document sets whose bits per byte are reported, with what each shows."""
FORMAT_TOKENS = 64
"""Tokens in which a short answer must have ended."""
DECISION_PROMPTS = 16
"""The first of the format prompts serve choices within a run; the reported ones are the others."""
_ANSWERED_PROMPTS = 12


@dataclass(frozen=True)
class Asked:
    """A task with what its result says about the model, and the language of its items."""

    task: Task
    role: Role
    language: str


def tasks(context: StageContext) -> list[Asked]:
    """Every task of the recipe: bits per byte of the three sets, questions, minimal pairs, and the chat form."""
    recipe, material = context.recipe, resolve(context.recipe)
    target, old = recipe.language, recipe.corpus.replay_language
    asked = []
    for name, role in BITS_SETS.items():
        documents = [(document.id, document.text) for document in read_set(context, name)]
        if documents:
            asked.append(Asked(Bits(name, documents), role, old if role == "retention" else target))
    if material.questions:
        language = parse_language(target).language
        asked.append(Asked(Choices("questions", read_questions(material.questions, language)), "target", target))
    if material.minimal_pairs:
        asked.append(Asked(MinimalPairs("minimal pairs", read_pairs(material.minimal_pairs)), "target", target))
    if material.retention_pairs:
        pairs = read_pairs(material.retention_pairs)
        asked.append(Asked(MinimalPairs(f"minimal pairs, {old}", pairs), "retention", old))
    prompts = chat_prompts()[DECISION_PROMPTS:]
    asked.append(Asked(ChatFormat("chat format", prompts, FORMAT_TOKENS), "retention", "en"))
    return asked


def chat_prompts() -> list[Prompt]:
    """The short requests by which the chat form is judged."""
    return read_prompts(format_prompts())


def shown_prompts(recipe: Recipe) -> Sequence[Prompt]:
    """The prompts that both models answer for the report: those in the target language first, then the others."""
    path = resolve(recipe).prompts
    if path is None:
        return []
    prompts = read_prompts(path)
    language = parse_language(recipe.language).language
    own = [prompt for prompt in prompts if parse_language(prompt.language).language == language]
    count = min(recipe.report.samples, _ANSWERED_PROMPTS)
    spread = [own[index * len(own) // count] for index in range(count)] if len(own) > count else own
    return spread or prompts[:count]
