"""Turn a tree of recipe entries into a recipe, or into every problem it has, each with line, remedy and nearest key.

Three passes: the types and limits (pydantic), then contradictions between keys, then files that must exist. The later
passes run on whatever the first pass accepted, so that one message holds everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from mothertongue.errors import Problem
from mothertongue.recipe_checks import base_problems, contradictions, missing_paths
from mothertongue.recipe_words import allowed_text, default_text, nearest, path_keys, sections
from mothertongue.recipe_yaml import Entry, shorten

if TYPE_CHECKING:
    from mothertongue.recipe import Recipe

Keys = tuple[str | int, ...]
_CONVERSIONS: Final = {"duration": "MT115", "language": "MT113", "path": "MT112"}


def validate(model: type[Recipe], tree: Entry, *, check_paths: bool) -> tuple[Recipe | None, list[Problem]]:
    """Return the recipe, or as much of it as is valid, and all problems; None only where nothing could be built."""
    tree = _absolute_paths(model, _without_empty_sections(model, tree))
    try:
        recipe: Recipe | None = model.model_validate(tree.plain())
        problems: list[Problem] = []
        pruned: set[str] = set()
    except ValidationError as error:
        details = [(_written(model, detail["loc"]), detail) for detail in error.errors(include_url=False)]
        problems = _deduplicated(_problem(model, tree, keys, detail) for keys, detail in details)
        pruned = {_dotted(keys) for keys, _ in details}
        recipe = _valid_part(model, tree, [keys for keys, _ in details])
    if recipe is None:
        return None, problems
    checks = contradictions(recipe, tree)
    checks += [(problem, (problem.key,)) for problem in base_problems(recipe, tree)]
    if check_paths:
        checks += [(problem, (problem.key,)) for problem in missing_paths(recipe, tree)]
    problems += [problem for problem, keys in checks if not _touches(keys, pruned)]
    return recipe, problems


def _without_empty_sections(model: type[BaseModel], tree: Entry) -> Entry:
    """Read a section whose keys are all commented out as one that is not given."""
    for name, _ in sections(model):
        entry = tree.find([name])
        if entry is not None and entry.value is None:
            tree = tree.without([name])
    return tree


def _absolute_paths(model: type[BaseModel], tree: Entry) -> Entry:
    """Make every relative path absolute from the folder of its layer; a path-like base too."""
    for keys, kind in path_keys(model):
        entry = tree.find(keys)
        if entry is not None:
            tree = _replace(tree, keys, _absolute(entry, kind))
    base = tree.find(["base"])
    if base is not None and isinstance(base.value, str) and base.value and "\0" not in base.value:
        folder = base.folder / Path(base.value).expanduser()
        # the longest name a file system takes is 255 bytes; longer text is no folder and would raise
        if len(base.value) < 256 and (base.value.startswith((".", "/", "~")) or folder.is_dir()):
            tree = _replace(tree, ("base",), Entry(str(folder), base.text, base.where, base.line, base.folder))
    return tree


def _absolute(entry: Entry, kind: str) -> Entry:
    value = entry.value
    if isinstance(value, list):
        value = [_absolute(item, kind) for item in value]
    elif isinstance(value, str) and value.strip() and "\0" not in value:
        name, path = _name_and_path(value, kind)
        try:
            value = name + (str((entry.folder / Path(path).expanduser()).absolute()) if path else "")
        except RuntimeError:  # ~name of a user that does not exist: left as written, then reported as missing
            value = name + str(entry.folder / path)
    return Entry(value, entry.text, entry.where, entry.line, entry.folder)


def _name_and_path(value: str, kind: str) -> tuple[str, str]:
    """Return the part of a value that is a name and the part that is a path; either may be empty."""
    if kind == "identifier":
        name, colon, path = value.partition(":")
        return name + colon, path
    endings = {"rules": ".toml", "counter": ".json"}
    is_name = not value.endswith(endings[kind]) if kind in endings else value == "sample" or value.startswith("hf:")
    return (value, "") if is_name else ("", value)


def _replace(tree: Entry, keys: Sequence[str], value: Entry) -> Entry:
    if not keys:
        return value
    members = dict(tree.value)
    members[keys[0]] = _replace(members[keys[0]], keys[1:], value)
    return Entry(members, tree.text, tree.where, tree.line, tree.folder)


def _valid_part(model: type[Recipe], tree: Entry, wrong: Sequence[Keys]) -> Recipe | None:
    """Build the recipe from the keys without a problem, with stand-ins where a required one is missing."""
    for keys in wrong:
        tree = tree.without(keys)
    values = tree.plain()
    values.setdefault("language", "nl")
    corpus = values.setdefault("corpus", {})
    corpus.setdefault("sources", "sample")
    try:
        return model.model_validate(values)
    except ValidationError:
        return None


def _problem(model: type[BaseModel], tree: Entry, keys: Keys, detail: ErrorDetails) -> Problem:
    """Return the problem for one error of pydantic, worded for the person who wrote the key."""
    kind = detail["type"]
    entry = tree.find(keys)
    if kind == "extra_forbidden":
        return _unknown_key(model, keys, entry or tree)
    field = _field(model, keys)
    allowed = allowed_text(field) if field is not None else ""
    default = default_text(field) if field is not None else ""
    stated = f"{allowed}, default {default}" if default not in ("", "required") else allowed
    key = _dotted(keys)
    section = str(keys[0]) if len(keys) > 1 else ""
    if kind == "missing":
        parent = tree.find(keys[:-1]) or tree
        return Problem(
            code="MT110",
            message="is missing",
            where=parent.where,
            line=parent.line,
            key=key,
            allowed=allowed,
            do=f"add {_example(key)}",
        )
    entry = entry or tree
    context = detail.get("ctx", {})
    place: dict[str, Any] = {"where": entry.where, "line": entry.line, "key": key, "value": shorten(entry.text)}
    if kind == "language":
        return Problem(code="MT113", message=context["message"], allowed=context["allowed"], do=context["do"], **place)
    code = _CONVERSIONS.get(kind) or ("MT111" if _is_type_error(kind) else "MT112")
    message = str(detail["msg"]) if kind in _CONVERSIONS else _message(kind, entry, context)
    do = f"correct the value, or run  mothertongue schema {section}".rstrip() + " --keys"
    return Problem(code=code, message=message, allowed=stated, do=do, **place)


def _unknown_key(model: type[BaseModel], keys: Keys, entry: Entry) -> Problem:
    """Name the nearest key: of the same section, else the same name in another section."""
    prefix = _dotted(keys[:-1])
    name = str(keys[-1])
    parent = _model_at(model, keys[:-1]) or model
    near = nearest(name, parent.model_fields)
    if near:
        near = f"{prefix}.{near}" if prefix else near
    else:
        homes = [f"{section}.{name}" for section, inner in sections(model) if name in inner.model_fields]
        homes += [name] if prefix and name in model.model_fields else []
        near = homes[0] if len(homes) == 1 else ""
    field = _field(model, tuple(near.split("."))) if near else None
    allowed = (
        f"{allowed_text(field)}, default {default_text(field)}" if field is not None else ", ".join(parent.model_fields)
    )
    section = str(keys[0]) if len(keys) > 1 else ""
    look = f"mothertongue schema {section}".rstrip() + " --keys"
    return Problem(
        code="MT104",
        message="is not a known key" + (f"; nearest: {near}" if near else ""),
        where=entry.where,
        line=entry.line,
        key=shorten(_dotted(keys)),
        value=shorten(entry.text),
        allowed=allowed,
        do=f"write {near}, or run  {look}" if near else f"remove the key, or run  {look}",
    )


def _message(kind: str, entry: Entry, context: dict[str, Any]) -> str:
    """Say in a few words what is wrong with a value of the wrong type or size."""
    if _is_type_error(kind):
        return f"is {_kind_of(entry.value)}"
    limits = {
        "greater_than": ("is not above {gt}"),
        "greater_than_equal": ("is below {ge}"),
        "less_than": ("is not below {lt}"),
        "less_than_equal": ("is above {le}"),
        "string_too_long": ("is longer than {max_length} characters"),
        "finite_number": ("is not a finite number"),
    }
    if kind in limits:
        return limits[kind].format(
            **{name: f"{limit:g}" if isinstance(limit, float) else limit for name, limit in context.items()}
        )
    return "is empty" if kind in {"too_short", "string_too_short"} else "is not one of the values allowed"


def _kind_of(value: Any) -> str:
    names = {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        str: "text",
        dict: "a group of keys",
        list: "a list",
    }
    return "empty" if value is None else names.get(type(value), "of another kind")


def _is_type_error(kind: str) -> bool:
    return kind.endswith(("_type", "_parsing", "_attributes_type", "_from_float")) or kind == "is_instance_of"


def _example(key: str) -> str:
    return {
        "language": "language: followed by a tag such as nl",
        "corpus": "corpus: with the key sources below it",
        "corpus.sources": "sources: with your folder of texts",
    }.get(key, key)


def _deduplicated(problems: Iterable[Problem]) -> list[Problem]:
    """Keep the first problem for each key: the arms of a union each report the same value."""
    kept: dict[tuple[str, str, int | None], Problem] = {}
    for problem in problems:
        kept.setdefault((problem.where, problem.key, problem.line), problem)
    return list(kept.values())


def _written(model: type[BaseModel], location: Sequence[str | int]) -> Keys:
    """Return the keys as written: below a field pydantic adds the names of the arms of a union, which nobody wrote."""
    depth = 1
    if len(location) > 1 and _model_at(model, (location[0],)) is not None:
        depth = 2
    return (*location[:depth], *(key for key in location[depth:] if isinstance(key, int)))


def _dotted(keys: Keys) -> str:
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


def _touches(keys: tuple[str, ...], pruned: set[str]) -> bool:
    """Tell whether a check rests on a key, or on a key inside a section, that already has a problem."""
    return any(
        key == wrong or key.startswith((f"{wrong}.", f"{wrong}[")) or wrong.startswith((f"{key}.", f"{key}["))
        for key in keys
        for wrong in pruned
    )


def _model_at(model: type[BaseModel], keys: Keys) -> type[BaseModel] | None:
    return model if not keys else dict(sections(model)).get(str(keys[0])) if len(keys) == 1 else None


def _field(model: type[BaseModel], keys: Keys) -> FieldInfo | None:
    names = [key for key in keys if isinstance(key, str)]
    parent = _model_at(model, tuple(names[:-1]))
    return parent.model_fields.get(names[-1]) if parent is not None and names else None
