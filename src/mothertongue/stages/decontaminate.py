"""What the evaluation of a recipe asks, to be kept out of what the model is taught (law 5)."""

from __future__ import annotations

from pathlib import Path

from mothertongue.corpus.decontaminate import Evaluation
from mothertongue.corpus.document import Document
from mothertongue.evaluation.readers import read_pairs, read_prompts, read_questions
from mothertongue.language import parse_language
from mothertongue.recipe import Recipe
from mothertongue.stages.material import format_prompts, resolve

RUN = 5
"""Tokens: what users say to a model is short, so a shorter run in common is enough to leave a dialogue out."""


def scored_items(recipe: Recipe) -> list[dict[str, str]]:
    """Every question and every minimal pair that is scored, as rows of id and text; no training text may hold them."""
    material = resolve(recipe)
    rows: list[dict[str, str]] = []
    if material.questions:
        language = parse_language(recipe.language).language
        questions = read_questions(Path(material.questions), language)
        rows += [{"id": one.id, "text": one.question} for one in questions]
    for path in (material.minimal_pairs, material.retention_pairs):
        rows += [{"id": pair.id, "text": pair.good} for pair in read_pairs(path)] if path else []
    return rows


def evaluation_of(recipe: Recipe) -> Evaluation:
    """Every question and prompt that the evaluation of a recipe asks, to be compared with other texts."""
    material = resolve(recipe)
    files = [path for path in (material.prompts, format_prompts()) if path]
    asked = [
        Document(prompt.id, prompt.prompt, path.name, prompt.language)
        for path in files
        for prompt in read_prompts(path)
    ]
    if material.questions:
        path, language = Path(material.questions), parse_language(recipe.language).language
        asked += [Document(one.id, one.question, path.name, language) for one in read_questions(path, language)]
    return Evaluation(asked, tokens=RUN)
