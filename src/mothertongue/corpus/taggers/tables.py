"""The data tables of content taggers: one TOML file each in data/taggers."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any


@cache
def table(name: str) -> dict[str, Any]:
    """Return the table data/taggers/NAME.toml."""
    file = resources.files("mothertongue").joinpath("data", "taggers", f"{name}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))
