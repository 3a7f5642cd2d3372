"""Turn a tree of recipe entries into a recipe, or into every problem it has, each with its line, remedy and nearest key.

Three passes: the types and limits (pydantic), then contradictions between keys, then files that must exist. The later
passes run on whatever the first pass accepted, so that one message holds everything.
"""

from __future__ import annotations

import tomllib
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, get_args, get_origin

import annotated_types
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticUndefined

from mothertongue.errors import Problem
from mothertongue.recipe_yaml import Entry, shorten

if TYPE_CHECKING:
    from mothertongue.recipe import Recipe

Keys = tuple[str | int, ...]
_CONVERSIONS: Final = {"duration": "MT115", "language": "MT113", "path": "MT112"}
_HUB_ID_PARTS: Final = 2
_NEAREST_DISTANCE: Final = 2


def validate(model: type[Recipe], tree: Entry, *, check_paths: bool) -> tuple[Recipe | None, list[Problem]]:
    """Return the recipe, or as much of it as is valid, and all problems; None only where nothing could be built."""
    tree = _absolute_paths(model, tree)
    try:
        recipe: Recipe | None = model.model_validate(tree.plain())
        problems: list[Problem] = []
        pruned: set[str] = set()
    except ValidationError as error:
        details = error.errors(include_url=False)
        problems = _deduplicated(_problem(model, tree, detail) for detail in details)
        pruned = {_dotted(tuple(detail["loc"])) for detail in details}
        recipe = _valid_part(model, tree, [tuple(detail["loc"]) for detail in details])
    if recipe is None:
        return None, problems
    checks = contradictions(recipe, tree)
    checks += [(problem, (problem.key,)) for problem in _base_problems(recipe, tree)]
    if check_paths:
        checks += [(problem, (problem.key,)) for problem in missing_paths(recipe, tree)]
    problems += [problem for problem, keys in checks if not _touches(keys, pruned)]
    return recipe, problems


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name within an edit distance of 2, or an empty text where none or several are equally near."""
    from rapidfuzz.distance import Levenshtein

    scored = sorted(
        (Levenshtein.distance(name, candidate, score_cutoff=_NEAREST_DISTANCE), candidate)
        for candidate in known
        if abs(len(candidate) - len(name)) <= _NEAREST_DISTANCE
    )
    # a distance of 2 between words of two or three letters means nothing
    scored = [(distance, candidate) for distance, candidate in scored if distance <= min(2, len(candidate) // 2)]
    if not scored or (len(scored) > 1 and scored[0][0] == scored[1][0]):
        return ""
    return scored[0][1]


def allowed_text(field: FieldInfo) -> str:
    """Return in words what a field may hold, from its type and limits."""
    from mothertongue.recipe import Allowed

    metadata = list(_metadata(field.annotation, field.metadata))
    words = next((str(item) for item in reversed(metadata) if isinstance(item, Allowed)), "")
    text = words or _type_text(field.annotation, metadata)
    nullable = type(None) in get_args(field.annotation)
    return text + (", or null" if nullable and not text.endswith("null") else "")


def default_text(field: FieldInfo) -> str:
    """Return the default as it would be written in YAML, or ``required``."""
    if field.is_required():
        return "required"
    default = field.default
    if default is None:
        return "null"
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return "[" + ", ".join(map(str, default)) + "]"
    return f"{default:g}" if isinstance(default, float) else str(default)


def contradictions(recipe: Recipe, tree: Entry) -> list[tuple[Problem, tuple[str, ...]]]:
    """Return what cannot hold together, each with the keys that it involves."""
    found: list[tuple[Problem, tuple[str, ...]]] = []
    for keys, message, do in _contradictory(recipe, lambda key: tree.find(key.split(".")) is not None):
        entry = next((entry for key in keys if (entry := tree.find(key.split("."))) is not None), tree)
        values = " and ".join(f"{key} = {_shown(recipe, key, tree)}" for key in keys)
        problem = Problem(
            code="MT116", message=message, where=entry.where, line=entry.line, key=keys[0], value=values.partition(" = ")[2], do=do
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
            reason = _path_fault(path, kind) if isinstance(path, Path) else ""
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
                    allowed={"file": "an existing file", "folder": "an existing folder"}.get(kind, "an existing file or folder"),
                    do="correct the path; relative paths start at the folder of the recipe",
                )
            )
    return problems


def path_keys(model: type[BaseModel]) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield (section, key) and the kind of every field that holds paths."""
    from mothertongue.recipe import PathKey

    for name, field in model.model_fields.items():
        section = field.annotation
        if not (isinstance(section, type) and issubclass(section, BaseModel)):
            continue
        for key, inner in section.model_fields.items():
            for item in inner.metadata:
                if isinstance(item, PathKey):
                    yield (name, key), str(item)


def _contradictory(recipe: Recipe, given: Callable[[str], bool]) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield (keys, message, remedy) of each rule that the recipe breaks."""
    corpus, vocabulary, pretrain, restore = recipe.corpus, recipe.vocabulary, recipe.pretrain, recipe.restore
    if pretrain.steps is not None and pretrain.seconds is not None:
        yield ("pretrain.steps", "pretrain.seconds"), "pretrain.seconds is given too; one length is enough", "remove one of the two"
    if recipe.budget is not None and pretrain.seconds is not None and pretrain.seconds > recipe.budget:
        yield ("pretrain.seconds", "budget"), "exceeds the budget of the whole run", "raise budget, or lower pretrain.seconds"
    if vocabulary.strategy == "extend" and vocabulary.size == 0:
        yield ("vocabulary.size", "vocabulary.strategy"), "extends the vocabulary by nothing", "write strategy: keep, or a size above 0"
    if corpus.minimum_characters >= corpus.maximum_characters:
        keys = ("corpus.minimum_characters", "corpus.maximum_characters")
        yield keys, "is not below corpus.maximum_characters: no document would be left", "lower it"
    if not pretrain.train_embeddings and pretrain.embedding_learning_rate is not None:
        keys = ("pretrain.embedding_learning_rate", "pretrain.train_embeddings")
        yield keys, "has no effect while train_embeddings is false", "remove it, or write train_embeddings: true"
    if pretrain.method == "full" and given("pretrain.rank"):
        yield ("pretrain.rank", "pretrain.method"), "has no effect: method full trains no adapter", "remove it, or write method: lora"
    if "residual" in restore.rules and restore.chat_base is None:
        yield ("restore.rules", "restore.chat_base"), "residual needs restore.chat_base", "name the plain model's folder in restore.chat_base"
    if "residual" not in restore.rules and restore.chat_base is not None:
        yield ("restore.chat_base", "restore.rules"), "is only used by the rule residual", "remove it, or add residual to restore.rules"
    if len(set(restore.rules)) < len(restore.rules):
        yield ("restore.rules",), "names a rule twice", "keep each rule once"
    if corpus.replay_share == 0 and corpus.replay is not None:
        yield ("corpus.replay", "corpus.replay_share"), "is never used while replay_share is 0", "remove it, or raise replay_share"
    if corpus.sources == "sample" and recipe.language.split("-")[0] != "nl":
        message = "the embedded sample is Dutch"
        yield ("language", "corpus.sources"), message, "write language: nl, or name your own texts in corpus.sources"
    yield from _overlapping(recipe)


def _overlapping(recipe: Recipe) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield the pairs of text sets that share a file: a measure on trained text would prove nothing."""
    corpus = recipe.corpus
    sources = corpus.sources if isinstance(corpus.sources, list) else []
    sets = [
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


def _base_problems(recipe: Recipe, tree: Entry) -> list[Problem]:
    """Refuse a base that is neither alias, nor existing folder, nor hub id; the models room checks what is inside."""
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
            message=("is not an existing folder" if like_path else "is no known base") + (f"; nearest: {hint}" if hint else ""),
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


def _absolute_paths(model: type[BaseModel], tree: Entry) -> Entry:
    """Make every relative path absolute from the folder of its layer; a path-like base too."""
    for keys, _ in path_keys(model):
        entry = tree.find(keys)
        if entry is not None:
            tree = _replace(tree, keys, _absolute(entry))
    base = tree.find(["base"])
    if base is not None and isinstance(base.value, str) and base.value and "\0" not in base.value:
        folder = base.folder / Path(base.value).expanduser()
        # the longest name a file system takes is 255 bytes; longer text is no folder and would raise
        if len(base.value) < 256 and (base.value.startswith((".", "/", "~")) or folder.is_dir()):
            tree = _replace(tree, ("base",), Entry(str(folder), base.text, base.where, base.line, base.folder))
    return tree


def _absolute(entry: Entry) -> Entry:
    value = entry.value
    if isinstance(value, list):
        value = [_absolute(item) for item in value]
    elif isinstance(value, str) and value.strip() and value != "sample" and "\0" not in value:
        try:
            value = str((entry.folder / Path(value).expanduser()).absolute())
        except RuntimeError:  # ~name of a user that does not exist: left as written, then reported as missing
            value = str(entry.folder / value)
    return Entry(value, entry.text, entry.where, entry.line, entry.folder)


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


def _problem(model: type[BaseModel], tree: Entry, detail: ErrorDetails) -> Problem:
    """Return the problem for one error of pydantic, worded for the person who wrote the key."""
    keys: Keys = tuple(key for key in detail["loc"] if isinstance(key, int) or _is_key(key))
    kind = detail["type"]
    entry = tree.find(keys)
    if kind == "extra_forbidden":
        return _unknown_key(model, keys, entry or tree)
    field = _field(model, keys)
    allowed = allowed_text(field) if field is not None else ""
    default = default_text(field) if field is not None else ""
    stated = f"{allowed}, default {default}" if allowed and default not in ("", "required") else allowed
    key = _dotted(keys)
    section = str(keys[0]) if len(keys) > 1 else ""
    if kind == "missing":
        parent = tree.find(keys[:-1]) or tree
        return Problem(
            code="MT110", message="is missing", where=parent.where, line=parent.line, key=key, allowed=allowed, do=f"add {_example(key)}"
        )
    entry = entry or tree
    place = {"where": entry.where, "line": entry.line, "key": key, "value": shorten(entry.text)}
    context = detail.get("ctx", {})
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
        homes = [f"{section}.{name}" for section, inner in _sections(model) if name in inner.model_fields]
        homes += [name] if prefix and name in model.model_fields else []
        near = homes[0] if len(homes) == 1 else ""
    field = _field(model, tuple(near.split("."))) if near else None
    allowed = f"{allowed_text(field)}, default {default_text(field)}" if field is not None else ", ".join(parent.model_fields)
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
        return limits[kind].format(**{name: f"{limit:g}" if isinstance(limit, float) else limit for name, limit in context.items()})
    return "is empty" if kind in {"too_short", "string_too_short"} else "is not one of the values allowed"


def _kind_of(value: Any) -> str:
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "text", dict: "a group of keys", list: "a list"}
    return "empty" if value is None else names.get(type(value), "of another kind")


def _is_type_error(kind: str) -> bool:
    return kind.endswith(("_type", "_parsing", "_attributes_type", "_from_float")) or kind == "is_instance_of"


def _example(key: str) -> str:
    return {
        "language": "language: followed by a tag such as nl",
        "corpus": "corpus: with the key sources below it",
        "corpus.sources": "sources: with your folder of texts",
    }.get(key, key)


def _shown(recipe: Recipe, key: str, tree: Entry) -> str:
    entry = tree.find(key.split("."))
    if entry is not None:
        return shorten(entry.text)
    value: Any = recipe
    for part in key.split("."):
        value = getattr(value, part)
    return f"{shorten(str(value))} (default)"


def _deduplicated(problems: Iterable[Problem]) -> list[Problem]:
    """Keep the first problem for each key: the arms of a union each report the same value."""
    kept: dict[tuple[str, str, int | None], Problem] = {}
    for problem in problems:
        kept.setdefault((problem.where, problem.key, problem.line), problem)
    return list(kept.values())


def _is_key(part: str) -> bool:
    """Tell a key from the name that pydantic gives to the arm of a union, such as ``list[path]``."""
    return not any(mark in part for mark in "[]'(,") and part != "literal"


def _dotted(keys: Keys) -> str:
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


def _touches(keys: tuple[str, ...], pruned: set[str]) -> bool:
    """Tell whether a check rests on a key, or on a key inside a section, that already has a problem."""
    return any(
        key == wrong or key.startswith((f"{wrong}.", f"{wrong}[")) or wrong.startswith((f"{key}.", f"{key}[")) for key in keys for wrong in pruned
    )


def _sections(model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield name, field.annotation


def _model_at(model: type[BaseModel], keys: Keys) -> type[BaseModel] | None:
    return model if not keys else dict(_sections(model)).get(str(keys[0])) if len(keys) == 1 else None


def _field(model: type[BaseModel], keys: Keys) -> FieldInfo | None:
    names = [key for key in keys if isinstance(key, str)]
    parent = _model_at(model, tuple(names[:-1]))
    return parent.model_fields.get(names[-1]) if parent is not None and names else None


def _metadata(annotation: Any, own: Iterable[Any]) -> Iterator[Any]:
    """Yield the metadata of an annotation from the inside out: that of its arms first, its own last."""
    if get_origin(annotation) in (types.UnionType, typing.Union):
        for arm in get_args(annotation):
            if hasattr(arm, "__metadata__"):
                yield from _metadata(get_args(arm)[0], arm.__metadata__)
    for item in own:
        if isinstance(item, FieldInfo):
            yield from item.metadata
        else:
            yield item


def _type_text(annotation: Any, metadata: Sequence[Any]) -> str:
    arms = [arm for arm in (get_args(annotation) if get_origin(annotation) in (types.UnionType, typing.Union) else (annotation,))]
    arms = [get_args(arm)[0] if hasattr(arm, "__metadata__") else arm for arm in arms if arm is not type(None)]
    first = arms[0]
    if get_origin(first) is Literal:
        return ", ".join(map(str, get_args(first)))
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "text", Path: "a path"}
    if isinstance(first, type) and issubclass(first, BaseModel):
        return "the keys " + ", ".join(first.model_fields)
    return " ".join([names.get(first, "a value"), *_limits(metadata)])


def _limits(metadata: Sequence[Any]) -> Iterator[str]:
    words: list[str] = []
    for item in metadata:
        if isinstance(item, annotated_types.Gt):
            words.append(f"above {item.gt:g}")  # type: ignore[str-format]
        elif isinstance(item, annotated_types.Ge):
            words.append(f"at least {item.ge}")
        elif isinstance(item, annotated_types.Lt):
            words.append(f"below {item.lt:g}")  # type: ignore[str-format]
        elif isinstance(item, annotated_types.Le):
            words.append(f"at most {item.le}")
        elif isinstance(item, annotated_types.MaxLen):
            words.append(f"of at most {item.max_length} characters")
    if words:
        yield " and ".join(words)
