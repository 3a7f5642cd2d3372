"""The table of identifiers, and the one function that makes them by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Final

from mothertongue.corpus.identify.identifier import Described
from mothertongue.errors import InputError, Problem
from mothertongue.recipe_words import nearest

PLAIN: Final[Mapping[str, str]] = {
    "py3langid": "mothertongue.corpus.identify.py3langid:Py3LangId",
    "heliport": "mothertongue.corpus.identify.heliport:Heliport",
}
"""Name -> module:class, made without arguments."""
FROM_FILE: Final[Mapping[str, str]] = {
    "taught": "mothertongue.corpus.identify.taught:read_taught",
    "fasttext": "mothertongue.corpus.identify.fasttext:FastText",
}
"""Name before the colon -> module:function of the path behind it."""
ALLOWED: Final = ", ".join([*PLAIN, *(f"{name}:PATH" for name in FROM_FILE)])


def make_identifier(name: str, *, key: str = "corpus.identifier") -> Described:
    """Return the identifier of a name: one of `ALLOWED`, with the path of its file where there is one.

    Raises InputError MT240 for another name, MT241 when its package is not installed, MT242 when its file is not a
    model of its kind.
    """
    kind, colon, path = name.partition(":")
    if not colon and kind in PLAIN:
        return _load(PLAIN[kind])()
    if path and kind in FROM_FILE:
        return _load(FROM_FILE[kind])(Path(path))
    hint = nearest(kind, [*PLAIN, *FROM_FILE])
    message = "is not an identifier" + (f"; nearest: {hint}" if hint and hint != kind else "")
    if kind in FROM_FILE:
        message = "names no file"
    raise InputError(Problem("MT240", message, key=key, value=name, allowed=ALLOWED, do="correct the name"))


def _load(place: str) -> Callable[..., Described]:
    module, _, name = place.partition(":")
    made: Callable[..., Described] = getattr(import_module(module), name)
    return made
