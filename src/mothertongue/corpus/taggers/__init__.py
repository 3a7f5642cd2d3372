"""Taggers, one file each, and their table. See `mothertongue.corpus.tagger` for what a tagger is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from inspect import signature
from typing import Any

from pydantic import ValidationError

from mothertongue.corpus.tagger import Tagger
from mothertongue.errors import InputError, Problem
from mothertongue.recipe_words import nearest

TAGGERS: Mapping[str, str] = {
    "basic": "mothertongue.corpus.taggers.basic:Basic",
    "boilerplate": "mothertongue.corpus.taggers.boilerplate:Boilerplate",
    "c4": "mothertongue.corpus.taggers.c4:C4",
    "code": "mothertongue.corpus.taggers.code:Code",
    "contamination": "mothertongue.corpus.taggers.contamination:Contamination",
    "date": "mothertongue.corpus.taggers.date:Date",
    "domain": "mothertongue.corpus.taggers.domain:Domain",
    "fineweb": "mothertongue.corpus.taggers.fineweb:FineWeb",
    "fluency": "mothertongue.corpus.taggers.fluency:Fluency",
    "gopher": "mothertongue.corpus.taggers.gopher:Gopher",
    "language": "mothertongue.corpus.taggers.language:Language",
    "length": "mothertongue.corpus.taggers.length:Length",
    "licence": "mothertongue.corpus.taggers.licence:Licence",
    "lines": "mothertongue.corpus.taggers.lines:Lines",
    "pii": "mothertongue.corpus.taggers.pii:Pii",
    "quality": "mothertongue.corpus.taggers.quality:Quality",
    "script": "mothertongue.corpus.taggers.script:Script",
    "split": "mothertongue.corpus.taggers.split:Split",
    "toxicity": "mothertongue.corpus.taggers.toxicity:Toxicity",
}
"""Name -> module:class. Modules are loaded when they are asked for, since some compile or import large libraries."""


def make_tagger(name: str, settings: Mapping[str, Any] | None = None) -> Tagger:
    """Return the tagger `name` made with `settings`; raises InputError MT223 for a name that is not in the table.

    Settings that the tagger does not have, or with values that it does not allow, raise InputError MT275, all at once.
    """
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
    return _made(name, getattr(import_module(module), kind), dict(settings or {}))


def _made(name: str, maker: Callable[..., Tagger], settings: dict[str, Any]) -> Tagger:
    known = list(signature(maker).parameters)
    wrong = [
        (key, str(value), ", ".join(known) or "no settings") for key, value in settings.items() if key not in known
    ]
    try:
        if not wrong:
            return maker(**settings)
    except ValidationError as error:
        wrong = [(".".join(map(str, row["loc"])), str(row["input"]), row["msg"]) for row in error.errors()]
    do = "correct it, or leave it out to take the usual value"
    raise InputError(
        Problem("MT275", "is a wrong setting", key=f"{name}.{key}", value=value[:80], allowed=allowed, do=do)
        for key, value, allowed in wrong
    )
