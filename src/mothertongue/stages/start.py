"""What stages read of the stages before them: models, decisions, time spent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mothertongue.models.bases import resolve_base
from mothertongue.run import StageContext, read_decisions


def base_folder(context: StageContext) -> Path:
    """The plain folder of the untouched base."""
    return resolve_base(context.recipe.base)


def training_base(context: StageContext) -> Path:
    """The folder whose weights are trained: the base, or the plain model below it when the recipe names one.

    Training the plain model and adding the instruction residual afterwards is card 39; without a plain model the chat
    model itself is trained (card 46).
    """
    below = context.recipe.restore.chat_base
    return Path(below) if below else base_folder(context)


def started_folder(context: StageContext) -> Path:
    """The folder training starts from: the training base, or that with the extended vocabulary."""
    extended = context.output("vocabulary") / "model"
    return extended if extended.is_dir() else training_base(context)


def chosen_folder(context: StageContext) -> Path:
    """The taught model after the restoring rule."""
    return context.output("restore") / "model"


def elapsed(context: StageContext) -> float:
    """Seconds that the run has worked so far, over all its stages and attempts."""
    others = (float(entry["seconds"]) for name, entry in context.ledger().items() if name != context.stage)
    return sum(others) + context.seconds


def decided(context: StageContext, stage: str, key: str) -> dict[str, Any] | None:
    """What a stage decided under a key, None when it had nothing to decide."""
    value: dict[str, Any] | None = read_decisions(context.run).get(stage, {}).get(key)
    return value


def read_json(path: Path) -> Any:
    """The value in a JSON file."""
    return json.loads(path.read_text("utf-8"))
