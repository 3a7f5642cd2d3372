"""Keeps what the model will be asked out of what it is taught (law 5), by shared runs of five words."""

from __future__ import annotations

import re
from pathlib import Path

from mothertongue.evaluation.readers import read_prompts, read_questions
from mothertongue.language import parse_language
from mothertongue.recipe import Recipe
from mothertongue.stages.material import format_prompts, resolve

_RUN = 5
_WORD = re.compile(r"\w+")

Shingles = set[tuple[str, ...]]


def shingles(text: str) -> Shingles:
    """Every run of five words of a text in lower case; a shorter text is one run."""
    words = _WORD.findall(text.lower())
    return {tuple(words[at : at + _RUN]) for at in range(max(1, len(words) - _RUN + 1))} if words else set()


def evaluation_shingles(recipe: Recipe) -> Shingles:
    """The runs of words of every question and prompt that the evaluation of a recipe asks."""
    material = resolve(recipe)
    asked = [prompt.prompt for path in (material.prompts, format_prompts()) if path for prompt in read_prompts(path)]
    if material.questions:
        language = parse_language(recipe.language).language
        asked += [question.question for question in read_questions(Path(material.questions), language)]
    return {run for text in asked for run in shingles(text)}
