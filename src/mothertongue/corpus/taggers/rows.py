"""What content taggers share: a table row by row, settings checked by type, and files that count by their content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from mothertongue import durability
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.tagger import SPAN, SPANS
from mothertongue.errors import InputError, Problem

Row = tuple[Any, ...]
"""The values of one document in the order of the columns."""
Span = tuple[int, int, float]
"""Start, end and score of a part of a text."""

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

COUNT = pa.int64()
NUMBER = pa.float64()
FLAG = pa.bool_()
WORD = pa.string()

checked = dataclass(frozen=True, config=ConfigDict(strict=True, extra="forbid", allow_inf_nan=False))
"""Makes a dataclass whose options are checked by type when a tagger is made."""


def as_tuple(value: Any) -> Any:
    """Return a list as a tuple, anything else as it is: options are frozen, JSON has lists."""
    return tuple(value) if isinstance(value, list) else value


class RowTagger:
    """A tagger whose options are its dataclass fields and which measures in `rows`."""

    name: ClassVar[str]
    version: ClassVar[int]
    columns: ClassVar[pa.Schema]

    @property
    def settings(self: DataclassInstance) -> Mapping[str, Any]:
        """The options that make this tagger again, as JSON types."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    def tag(self, batch: pa.RecordBatch, profile: LanguageProfile) -> pa.RecordBatch:
        """Return one row of `columns` per document."""
        return to_batch(self.columns, self.rows(batch, profile))

    def rows(self, batch: pa.RecordBatch, profile: LanguageProfile) -> Iterable[Row]:
        """Return the values of each document of `batch`, in its order."""
        raise NotImplementedError


def schema(**kinds: pa.DataType) -> pa.Schema:
    """Return a schema of the columns in the order given."""
    return pa.schema(list(kinds.items()))


def texts_of(batch: pa.RecordBatch) -> list[str]:
    """Return the texts of a batch of documents."""
    values: list[str] = batch.column("text").to_pylist()
    return values


def to_batch(columns: pa.Schema, rows: Iterable[Row]) -> pa.RecordBatch:
    """Return rows as a batch of exactly `columns`; a column of `SPANS` takes lists of (start, end, score)."""
    table = list(rows)
    values = list(zip(*table, strict=True)) if table else [()] * len(columns)
    arrays = [_array(field.type, column) for field, column in zip(columns, values, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=columns)


def _array(kind: pa.DataType, values: Sequence[Any]) -> pa.Array:
    return spans_array(values) if kind == SPANS else pa.array(values, kind)


def spans_array(rows: Sequence[Sequence[Span] | None]) -> pa.Array:
    """Return lists of spans as an array of `SPANS`; None stays null."""
    offsets: list[int | None] = []
    spans: list[Span] = []
    for row in rows:
        offsets.append(None if row is None else len(spans))
        spans += row or ()
    parts = list(zip(*spans, strict=True)) or [(), (), ()]
    kinds = [field.type for field in SPAN]
    children = [pa.array(part, kind) for part, kind in zip(parts, kinds, strict=True)]
    structs = pa.StructArray.from_arrays(children, fields=list(SPAN))
    return pa.ListArray.from_arrays(pa.array([*offsets, len(spans)], pa.int32()), structs, type=SPANS)


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return spans by start, each that overlaps an earlier one joined to it; the highest score of a joint one stays."""
    joined: list[Span] = []
    for start, end, score in sorted(spans):
        if joined and start < joined[-1][1]:
            first, last, best = joined[-1]
            joined[-1] = (first, max(last, end), max(best, score))
        else:
            joined.append((start, end, score))
    return joined


def covered(spans: Iterable[Span]) -> int:
    """Return the number of characters in spans that do not overlap."""
    return sum(end - start for start, end, _ in spans)


def share(part: float, whole: float) -> float | None:
    """Return part over whole; None when there is no whole."""
    return part / whole if whole else None


def content_hash(path: str, expected: str, key: str) -> str:
    """Return the sha256 of a file that a setting names.

    Raises InputError MT276 when there is no such file or when `expected` is given and another.
    """
    if not Path(path).is_file():
        raise InputError(Problem("MT276", "is not there", key=key, value=path, allowed="a file", do="correct the path"))
    return expect(durability.sha256_file(path), expected, key)


def expect(found: str, expected: str, key: str) -> str:
    """Return the hash found; raises InputError MT276 when another one was expected."""
    if expected and found != expected:
        message = "names another content than the settings say"
        do = f"name the right file, or leave {key}_sha256 out to take it as it is"
        raise InputError(Problem("MT276", message, key=f"{key}_sha256", value=found, allowed=expected, do=do))
    return found


def set_option(tagger: object, name: str, value: object) -> None:
    """Fill in an option of a frozen tagger while it is made."""
    object.__setattr__(tagger, name, value)
