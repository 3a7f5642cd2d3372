"""Checks of a recipe beyond single values: contradictions between keys, an unknown base, paths that do not exist."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mothertongue.errors import Problem
from mothertongue.recipe_words import nearest, path_keys
from mothertongue.recipe_yaml import Entry, shorten

if TYPE_CHECKING:
    from mothertongue.recipe import Recipe

_HUB_ID_PARTS: Final = 2


def contradictions(recipe: Recipe, tree: Entry) -> list[tuple[Problem, tuple[str, ...]]]:
    """Return what cannot hold together, each with the keys that it involves."""
    found: list[tuple[Problem, tuple[str, ...]]] = []
    for keys, message, do in _contradictory(recipe):
        entry = next((entry for key in keys if (entry := tree.find(key.split("."))) is not None), tree)
        values = " and ".join(f"{key} = {_shown(recipe, key, tree)}" for key in keys)
        problem = Problem(
            code="MT116",
            message=message,
            where=entry.where,
            line=entry.line,
            key=keys[0],
            value=values.partition(" = ")[2],
            do=do,
        )
        found.append((problem, keys))
    return found


def missing_paths(recipe: Recipe, tree: Entry) -> list[Problem]:
    """Return one problem for every path that does not exist or is of the wrong kind."""
    problems: list[Problem] = []
    for keys, kind in path_keys(type(recipe)):
        value = getattr(getattr(recipe, keys[0]), keys[1])
        paths = value if isinstance(value, list) else [value]
        for index, path in enumerate(paths):
            reason = _path_fault(path, kind) if isinstance(path, Path) and kind != "new" else ""
            if not reason:
                continue
            entry = tree.find([*keys, index]) or tree.find(keys) or tree
            problems.append(
                Problem(
                    code="MT114",
                    message=reason,
                    where=entry.where,
                    line=entry.line,
                    key=".".join(keys),
                    value=shorten(str(path), 200),
                    allowed={"file": "an existing file", "folder": "an existing folder"}.get(
                        kind, "an existing file or folder"
                    ),
                    do="correct the path; relative paths start at the folder of the recipe",
                )
            )
    return problems


def _contradictory(recipe: Recipe) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield (keys, message, remedy) of each rule that the recipe breaks."""
    corpus, vocabulary, pretrain, restore = recipe.corpus, recipe.vocabulary, recipe.pretrain, recipe.restore
    if pretrain.steps is not None and pretrain.seconds is not None:
        yield (
            ("pretrain.steps", "pretrain.seconds"),
            "pretrain.seconds is given too; one length is enough",
            "remove one of the two",
        )
    if recipe.budget is not None and pretrain.seconds is not None and pretrain.seconds > recipe.budget:
        yield (
            ("pretrain.seconds", "budget"),
            "exceeds the budget of the whole run",
            "raise budget, or lower pretrain.seconds",
        )
    if vocabulary.strategy == "extend" and vocabulary.size == 0:
        yield (
            ("vocabulary.size", "vocabulary.strategy"),
            "extends the vocabulary by nothing",
            "write strategy: keep, or a size above 0",
        )
    if corpus.minimum_characters >= corpus.maximum_characters:
        keys = ("corpus.minimum_characters", "corpus.maximum_characters")
        yield keys, "is not below corpus.maximum_characters: no document would be left", "lower it"
    if not pretrain.train_embeddings and pretrain.embedding_learning_rate is not None:
        keys = ("pretrain.embedding_learning_rate", "pretrain.train_embeddings")
        yield keys, "has no effect while train_embeddings is false", "remove it, or write train_embeddings: true"
    if "residual" in restore.rules and restore.chat_base is None:
        yield (
            ("restore.rules", "restore.chat_base"),
            "residual needs restore.chat_base",
            "name the plain model's folder in restore.chat_base",
        )
    if "residual" not in restore.rules and restore.chat_base is not None:
        yield (
            ("restore.chat_base", "restore.rules"),
            "is only used by the rule residual",
            "remove it, or add residual to restore.rules",
        )
    if len(set(restore.rules)) < len(restore.rules):
        yield ("restore.rules",), "names a rule twice", "keep each rule once"
    if corpus.replay_share == 0 and corpus.replay is not None:
        yield (
            ("corpus.replay", "corpus.replay_share"),
            "is never used while replay_share is 0",
            "remove it, or raise replay_share",
        )
    if corpus.sources == "sample" and recipe.language.split("-")[0] != "nl":
        message = "the embedded sample is Dutch"
        yield ("language", "corpus.sources"), message, "write language: nl, or name your own texts in corpus.sources"
    yield from _overlapping(recipe)


def _overlapping(recipe: Recipe) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield the pairs of text sets that share a file: a measure on trained text would prove nothing."""
    corpus = recipe.corpus
    named = corpus.sources if isinstance(corpus.sources, list) else []
    sources = [source for source in named if isinstance(source, Path)]
    sets: list[tuple[str, list[Path | None]]] = [
        ("corpus.second_domain", [corpus.second_domain]),
        ("corpus.retention", [corpus.retention]),
        ("corpus.replay", [corpus.replay]),
        ("corpus.sources", list(sources)),
    ]
    for index, (key, paths) in enumerate(sets):
        for other, others in sets[index + 1 :]:
            if any(a is not None and b is not None and _nested(a, b) for a in paths for b in others):
                yield (key, other), f"overlaps {other}: the same text would count twice", "give each set its own folder"
    repeated = [path for index, path in enumerate(sources) if path in sources[:index]]
    if repeated:
        yield ("corpus.sources",), f"names {shorten(str(repeated[0]))} twice", "keep each source once"


def _nested(one: Path, other: Path) -> bool:
    return one == other or one in other.parents or other in one.parents


def base_problems(recipe: Recipe, tree: Entry) -> list[Problem]:
    """Return the problem of a base that is neither alias, nor folder, nor hub id; the models room looks inside."""
    aliases = list(tomllib.loads((resources.files("mothertongue") / "data" / "bases.toml").read_text(encoding="utf-8")))
    base = recipe.base
    if base in aliases or Path(base).is_dir():
        return []
    like_path = base.startswith((".", "/", "~", "\\")) or base.endswith(("/", "\\")) or ":" in base
    if not like_path and len(base.split("/")) == _HUB_ID_PARTS and all(base.split("/")):
        return []
    hint = nearest(base, aliases)
    entry = tree.find(["base"]) or tree
    return [
        Problem(
            code="MT118",
            message=("is not an existing folder" if like_path else "is no known base")
            + (f"; nearest: {hint}" if hint else ""),
            where=entry.where,
            line=entry.line,
            key="base",
            value=shorten(entry.text or base, 200),
            allowed=f"{', '.join(aliases)}, the folder of a saved model, or a hub id owner/model",
            do=f"write base: {hint}" if hint else "correct the name; write ./ before the name of a folder",
        )
    ]


def _path_fault(path: Path, kind: str) -> str:
    try:
        if not path.exists():
            return "does not exist"
        if kind == "folder" and not path.is_dir():
            return "is not a folder"
        return "is not a file" if kind == "file" and not path.is_file() else ""
    except OSError as error:
        return f"cannot be looked at: {error.strerror}"


def _shown(recipe: Recipe, key: str, tree: Entry) -> str:
    entry = tree.find(key.split("."))
    if entry is not None:
        return shorten(entry.text)
    value: Any = recipe
    for part in key.split("."):
        value = getattr(value, part)
    return f"{shorten(str(value))} (default)"
