"""Opens the models of a run (or one model folder) for chatting, with the same seed and settings for both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from mothertongue.errors import InputError, Problem
from mothertongue.generation.local import LocalGenerator
from mothertongue.generation.protocol import Sampling
from mothertongue.models.bases import resolve_base
from mothertongue.models.load import Loaded, load
from mothertongue.recipe import load_recipe
from mothertongue.report.chat import Streamer

NEW_TOKENS = 200


class ModelStreamer:
    """One model that answers a chat piece by piece."""

    def __init__(self, name: str, loaded: Loaded) -> None:
        self.name = name
        self._generator = LocalGenerator(loaded.model, loaded.tokenizer)

    def stream(self, messages: list[dict[str, str]]) -> Iterator[str]:
        """The answer to the messages, in pieces of text."""
        return self._generator.stream(messages, Sampling(max_new_tokens=NEW_TOKENS))


def open_subjects(folder: Path, compare: bool) -> Mapping[str, Streamer]:
    """The taught model of a run folder under the name `taught`, with `compare` the untouched one as `base` before it.

    A plain model folder is opened as it is. Raises InputError (MT701) for a folder with neither.
    """
    recipe = folder / "recipe.yaml"
    if not recipe.is_file():
        return {"model": ModelStreamer("model", load(folder))}
    model = folder / "model"
    if not (model / "config.json").is_file():
        raise InputError(
            Problem(
                "MT701", "this run has no finished model yet", where=str(folder), do=f"run  mothertongue teach {folder}"
            )
        )
    subjects: dict[str, Streamer] = {}
    if compare:
        base = load_recipe(recipe, check_paths=False).base
        subjects["base"] = ModelStreamer("base", load(resolve_base(base)))
    subjects["taught"] = ModelStreamer("taught", load(model))
    return subjects
