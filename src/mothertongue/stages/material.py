"""Where a recipe's texts and test items come from: the user's paths, or the embedded sample."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from mothertongue.errors import InputError, Problem
from mothertongue.recipe import SAMPLE, Recipe

SAMPLE_LANGUAGE = "nl"


@dataclass(frozen=True)
class Material:
    """The paths a run reads. `replay` and `retention` may be the same folder of the embedded sample, whose documents
    say to which of the two they belong."""

    sources: tuple[Path | str, ...]
    """Files and folders, and names of datasets."""
    second_domain: Path | None
    replay: Path
    retention: Path
    chat: Path
    questions: Path | None
    minimal_pairs: Path | None
    retention_pairs: Path | None
    prompts: Path | None


def sample_folder() -> Path:
    """The embedded sample."""
    return Path(str(resources.files("mothertongue.data").joinpath("sample")))


def format_prompts() -> Path:
    """Short requests in English that a chat model answers in a sentence; they ask for form, not for knowledge."""
    return Path(str(resources.files("mothertongue.data").joinpath("format_prompts.jsonl")))


def resolve(recipe: Recipe) -> Material:
    """The paths of a recipe. Raises InputError (MT116) when the sample is asked to teach a language it is not in."""
    sample, corpus, asked = sample_folder(), recipe.corpus, recipe.evaluate
    embedded = corpus.sources == SAMPLE
    if embedded and recipe.language != SAMPLE_LANGUAGE:
        raise InputError(
            Problem(
                "MT116",
                "the embedded sample is Dutch",
                key="language",
                value=recipe.language,
                allowed=SAMPLE_LANGUAGE,
                do="set corpus.sources to a folder with text in your language",
            )
        )
    english = sample / "en"
    speaks = recipe.language == SAMPLE_LANGUAGE
    return Material(
        sources=(sample / SAMPLE_LANGUAGE,) if embedded else tuple(corpus.sources),
        second_domain=corpus.second_domain,
        replay=corpus.replay or english,
        retention=corpus.retention or english,
        chat=corpus.chat or sample / "dialogues.jsonl",
        questions=asked.questions or (sample / "questions.jsonl" if embedded else None),
        minimal_pairs=asked.minimal_pairs or (sample / f"minimal_pairs-{SAMPLE_LANGUAGE}.jsonl" if speaks else None),
        retention_pairs=sample / "minimal_pairs-en.jsonl" if corpus.replay_language == "en" else None,
        prompts=asked.prompts or sample / "prompts.jsonl",
    )
