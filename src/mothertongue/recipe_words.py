"""The words of a recipe's fields: markers that a field can carry, and what messages say about type and limits."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

NEAREST_DISTANCE: Final = 2  # a hint that is wrong costs more than none


class Allowed(str):
    """What a key may hold, in words for messages; stands in a field's annotation where its type does not say it."""


class PathKey(str):
    """Marks a field that holds a path: ``file``, ``folder`` or ``any``, which must exist, ``new``, or names among which
    paths may stand (``rules``, ``identifier``, ``counter``). Paths are made absolute."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name within an edit distance of 2, or an empty text where none or several are equally near."""
    from rapidfuzz.distance import Levenshtein

    scored = sorted(
        (Levenshtein.distance(name, candidate, score_cutoff=NEAREST_DISTANCE), candidate)
        for candidate in known
        if abs(len(candidate) - len(name)) <= NEAREST_DISTANCE
    )
    # a distance of 2 between words of two or three letters means nothing
    scored = [(distance, candidate) for distance, candidate in scored if distance <= min(2, len(candidate) // 2)]
    if not scored or (len(scored) > 1 and scored[0][0] == scored[1][0]):
        return ""
    return scored[0][1]


def allowed_text(field: FieldInfo) -> str:
    """Return in words what a field may hold, from its type and limits."""
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
    if isinstance(default, dict):
        return "{" + ", ".join(f"{key}: {value}" for key, value in default.items()) + "}"
    if default == "":
        return '""'
    if isinstance(default, BaseModel):
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return "[" + ", ".join(map(str, default)) + "]"
    return f"{default:g}" if isinstance(default, float) else str(default)


def path_keys(model: type[BaseModel]) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield (section, key) and the kind of every field that holds paths."""
    for name, section in sections(model):
        for key, inner in section.model_fields.items():
            for item in inner.metadata:
                if isinstance(item, PathKey):
                    yield (name, key), str(item)


def sections(model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield the name and the class of every section of a recipe."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield name, field.annotation


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
    is_union = get_origin(annotation) in (types.UnionType, typing.Union)
    arms = list(get_args(annotation)) if is_union else [annotation]
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
            words.append(f"above {item.gt:g}")
        elif isinstance(item, annotated_types.Ge):
            words.append(f"at least {item.ge}")
        elif isinstance(item, annotated_types.Lt):
            words.append(f"below {item.lt:g}")
        elif isinstance(item, annotated_types.Le):
            words.append(f"at most {item.le}")
        elif isinstance(item, annotated_types.MaxLen):
            words.append(f"of at most {item.max_length} characters")
    if words:
        yield " and ".join(words)
