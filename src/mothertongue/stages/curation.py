"""What can be done around a curation besides running it: learn from its texts, and have a native speaker judge it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mothertongue.recipe import Recipe


def learn(
    recipe: Recipe,
    profile: Path | None,
    identifier: Path | None,
    neighbours: Mapping[str, Path],
    json_path: Path | None,
) -> str:
    """Learn a language profile, an identifier, or both from the sources of a recipe; returns what to tell the user."""
    raise NotImplementedError


def audit(run: Path, sheet: Path | None, verdicts: Path | None, json_path: Path | None) -> str:
    """Write the audit sheet of a curated run, or read a judged one back; returns what to tell the user."""
    raise NotImplementedError
