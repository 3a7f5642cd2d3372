"""Taggers, one file each, and their table. See `mothertongue.corpus.tagger` for what a tagger is."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from mothertongue.corpus.tagger import Tagger
from mothertongue.errors import InputError, Problem
from mothertongue.recipe_words import nearest

TAGGERS: Mapping[str, str] = {}
"""Name -> module:class. Modules are loaded when they are asked for, since some compile or import large libraries."""


def make_tagger(name: str, settings: Mapping[str, Any] | None = None) -> Tagger:
    """Return the tagger `name` made with `settings`; raises InputError MT223 for a name that is not in the table."""
    if name not in TAGGERS:
        hint = nearest(name, list(TAGGERS))
        raise InputError(
            Problem(
                code="MT223",
                message="is not a tagger" + (f"; nearest: {hint}" if hint else ""),
                key="corpus.taggers",
                value=name,
                allowed=", ".join(TAGGERS),
                do="correct the name",
            )
        )
    module, _, kind = TAGGERS[name].partition(":")
    made: Tagger = getattr(import_module(module), kind)(**(settings or {}))
    return made
