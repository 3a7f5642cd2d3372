"""Which parts of the package say that they come from a card: found in docstrings, never listed by hand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).resolve().parent.parent
# "card 46, step 6", "cards 01 and 50", "cards 03, 22": numbers have two digits, so steps are not taken for cards.
_CARDS = re.compile(r"\bcards?\s+(\d\d\b(?:(?:\s*,\s*|\s+and\s+|\s+or\s+)(?:card\s+)?\d\d\b)*)", re.IGNORECASE)
_NUMBER = re.compile(r"\d\d")
_SENTENCE = re.compile(r"(?<=\.)\s")

_Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Citation:
    """A public name of the package whose docstring cites cards, and the first sentence of that docstring."""

    name: str
    cards: tuple[int, ...]
    sentence: str


def cited_cards(text: str) -> tuple[int, ...]:
    """The card numbers named in `text`, in order, each once."""
    numbers = (int(number) for group in _CARDS.findall(text) for number in _NUMBER.findall(group))
    return tuple(dict.fromkeys(numbers))


@cache
def citations(package: Path = PACKAGE) -> tuple[Citation, ...]:
    """Every public module, class, function and constant below `package` whose docstring cites a card, by name."""
    found: list[Citation] = []
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        source = path.read_text("utf-8")
        if not _CARDS.search(source) or any(part.startswith("_") and part != "__init__" for part in parts):
            continue
        name = ".".join((package.name, *(part for part in parts if part != "__init__")))
        for owner, text in _docstrings(ast.parse(source), name):
            cards = cited_cards(text)
            if cards:
                found.append(Citation(owner, cards, _first_sentence(text)))
    return tuple(found)


def cited_objects(number: int, package: Path = PACKAGE) -> list[Citation]:
    """The public names that cite the card `number`."""
    return [citation for citation in citations(package) if number in citation.cards]


def cited_recipes(number: int, package: Path = PACKAGE) -> list[str]:
    """The recipes whose text cites the card `number`: those in the package, and those of the checkout if it is one."""
    folders = {"data/recipes": package / "data" / "recipes", "recipes": package.parent.parent / "recipes"}
    if package.parent.name != "src":
        del folders["recipes"]  # installed: there is no checkout around the package
    files = [(name, path) for name, folder in folders.items() for path in sorted(folder.glob("*.yaml"))]
    return [f"{name}/{path.name}" for name, path in files if number in cited_cards(path.read_text("utf-8"))]


def _docstrings(tree: ast.Module | _Definition, name: str) -> Iterator[tuple[str, str]]:
    """Public names with their docstrings, depth first; a text under an assignment belongs to the assigned name."""
    text = ast.get_docstring(tree)
    if text:
        yield name, text
    if isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    target = ""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and _public(node.name):
            yield from _docstrings(node, f"{name}.{node.name}")
        elif target and (below := _text(node)):
            yield f"{name}.{target}", below
        target = _assigned(node)


def _text(node: ast.stmt) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return node.value.value
    return ""


def _assigned(node: ast.stmt) -> str:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    names = [target.id for target in targets if isinstance(target, ast.Name) and _public(target.id)]
    return names[0] if names else ""


def _public(name: str) -> bool:
    return not name.startswith("_")


def _first_sentence(text: str) -> str:
    return _SENTENCE.split(" ".join(text.split()), maxsplit=1)[0].rstrip(".")
