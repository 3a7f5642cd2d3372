"""What an import costs: no light module brings torch, transformers, files or the network."""

from __future__ import annotations

import subprocess
import sys

import pytest

import mothertongue

HEAVY = ("torch", "transformers", "tokenizers", "numpy", "pyarrow", "huggingface_hub", "httpx", "requests")
LIGHT = ["mothertongue", "mothertongue.cli", "mothertongue.errors", "mothertongue.language", "mothertongue.plan"]


def modules_after(code: str) -> set[str]:
    child = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sorted(sys.modules), sep='\\n', file=sys.stderr)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(child.stderr.split())


@pytest.mark.parametrize("module", [*LIGHT, "mothertongue.recipe", "mothertongue.run", "mothertongue.corpus"])
def test_light_modules_bring_no_torch(module: str) -> None:
    found = modules_after(f"import {module}")
    assert module in found
    assert not found & {"torch", "transformers", "tokenizers", "huggingface_hub"}


@pytest.mark.parametrize("module", LIGHT)
def test_what_help_needs_brings_no_heavy_library_at_all(module: str) -> None:
    assert not modules_after(f"import {module}") & {*HEAVY, "pydantic", "yaml", "rich"}


def test_help_itself_brings_no_heavy_library() -> None:
    found = modules_after("from mothertongue.cli import main; assert main(['teach', '--help']) == 0")
    # typer itself takes its parameters apart with pydantic
    assert not found & {*HEAVY, "yaml", "rich"}


def test_the_control_a_heavy_import_is_seen() -> None:
    assert "pydantic" in modules_after("import mothertongue.recipe")


def test_public_names_are_the_ones_promised_and_all_of_them_resolve() -> None:
    assert mothertongue.__all__ == [
        "InputError",
        "Interrupted",
        "MothertongueError",
        "Problem",
        "Recipe",
        "WorkError",
        "__version__",
        "load_recipe",
    ]
    assert all(getattr(mothertongue, name) is not None for name in mothertongue.__all__)
    assert dir(mothertongue) == sorted(mothertongue.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = mothertongue.nonsense
