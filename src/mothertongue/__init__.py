"""Mothertongue teaches an open language model a new language from a folder of text.

The command line is the main way in; from Python, a recipe is loaded, checked and given to the stages::

    from mothertongue import load_recipe

    recipe = load_recipe("recipe.yaml", ["pretrain.rank=8"])

Importing this package imports no torch, opens no file and touches no network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mothertongue.errors import InputError, Interrupted, MothertongueError, Problem, WorkError
    from mothertongue.recipe import Recipe, load_recipe

__version__ = "0.1.0"
__all__ = [
    "InputError",
    "Interrupted",
    "MothertongueError",
    "Problem",
    "Recipe",
    "WorkError",
    "__version__",
    "load_recipe",
]

_HOMES = {"Recipe": "mothertongue.recipe", "load_recipe": "mothertongue.recipe"}


def __getattr__(name: str) -> Any:
    """Return a public name from its module at first use, so that the import itself stays instant."""
    if name in __all__:
        from importlib import import_module

        return getattr(import_module(_HOMES.get(name, "mothertongue.errors")), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
