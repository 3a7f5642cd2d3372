"""Expressions over tables of attributes: what kind each part is, and its value for every document at once.

Logic has three values: an attribute that is null makes a comparison unknown, and unknown spreads by the rules of
Kleene (`false and unknown` is false, `true or unknown` is true). NaN and a division by zero are unknown too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import pyarrow as pa

from mothertongue.corpus.expression import ExpressionError
from mothertongue.corpus.expression_nodes import (
    PROFILE,
    AllOf,
    AnyOf,
    Arithmetic,
    Call,
    Comparison,
    Constant,
    Expression,
    Member,
    Name,
    Node,
    Not,
    children,
)
from mothertongue.corpus.profile import LanguageProfile

if TYPE_CHECKING:
    import polars as pl

Kind: TypeAlias = Literal["number", "text", "truth value", "spans", "texts", "other"]
FACTS: Final[Mapping[str, Kind]] = {"language": "text", "scripts": "texts", "neighbours": "texts"}
"""What an expression may ask of a profile besides its thresholds."""
_ORDERED: Final = ("number", "text")


def kind_of(data_type: pa.DataType) -> Kind:
    """Return what an expression may do with a column of this Arrow type."""
    if pa.types.is_boolean(data_type):
        return "truth value"
    if pa.types.is_integer(data_type) or pa.types.is_floating(data_type):
        return "number"
    if pa.types.is_string(data_type) or pa.types.is_large_string(data_type):
        return "text"
    return "spans" if pa.types.is_list(data_type) and pa.types.is_struct(data_type.value_type) else "other"


def profile_kind(name: str) -> Kind:
    """Return the kind of `profile.name`: thresholds are numbers."""
    return FACTS.get(name, "number")


def profile_value(profile: LanguageProfile, name: str) -> float | str | tuple[str, ...] | None:
    """Return what a profile says under a name; None when it does not say it or could not settle it."""
    if name in FACTS:
        value: str | tuple[str, ...] = getattr(profile, name)
        return value or None
    return None if name in profile.unsettled else profile.thresholds.get(name)


def kind_faults(expression: Expression, attributes: Mapping[str, Kind]) -> list[ExpressionError]:
    """Return every part of an expression that joins what cannot be joined; all names must be in `attributes`."""
    faults = list(_faults(expression.node, attributes))
    if not faults and (found := _kind(expression.node, attributes)) != "truth value":
        faults.append(ExpressionError(f"is a {found}, not a truth value", 0))
    return faults


def _kind(node: Node, attributes: Mapping[str, Kind]) -> Kind:
    if isinstance(node, Name):
        tagger, _, name = node.name.partition(".")
        return profile_kind(name) if tagger == PROFILE else attributes[node.name]
    if isinstance(node, Constant):
        return _constant_kind(node)
    if isinstance(node, Arithmetic):
        return "number"
    return "number" if isinstance(node, Call) and node.function == "count" else "truth value"


def _constant_kind(node: Constant) -> Kind:
    return "truth value" if isinstance(node.value, bool) else "text" if isinstance(node.value, str) else "number"


def _faults(node: Node, attributes: Mapping[str, Kind]) -> Iterator[ExpressionError]:
    below = [fault for part in children(node) for fault in _faults(part, attributes)]
    yield from below
    if below:
        return
    kinds = [_kind(part, attributes) for part in children(node)]
    if isinstance(node, Arithmetic) and kinds != ["number", "number"]:
        yield ExpressionError(f"calculates with a {' and a '.join(kinds)}", node.place)
    elif isinstance(node, Comparison):
        equal = node.operator in ("==", "!=") and kinds[0] == "truth value"
        if kinds[0] != kinds[1] or not (equal or kinds[0] in _ORDERED):
            yield ExpressionError(f"compares a {kinds[0]} with a {kinds[1]} by {node.operator}", node.place)
    elif isinstance(node, Member):
        wanted = {"texts": "text"}.get(kinds[1], kinds[1]) if isinstance(node.choices, Name) else kinds[0]
        if set(kinds[1:]) - {wanted, "texts"} or kinds[0] != wanted or wanted not in ("text", "number", "truth value"):
            yield ExpressionError(f"looks for a {kinds[0]} in a list of {kinds[1]}", node.place)
        elif isinstance(node.choices, Name) and kinds[1] != "texts":
            yield ExpressionError(f"looks for a {kinds[0]} in {node.choices}, which is a {kinds[1]}", node.place)
    elif isinstance(node, Not | AllOf | AnyOf) and set(kinds) != {"truth value"}:
        odd = next(kind for kind in kinds if kind != "truth value")
        yield ExpressionError(f"joins a {odd} by and, or, or not", node.place)
    elif isinstance(node, Call) and node.function == "count" and kinds != ["spans"]:
        yield ExpressionError(f"counts {node.name}, which holds no spans but a {kinds[0]}", node.place)


def evaluate(
    expression: Expression | Node, table: pa.Table | pl.DataFrame, profile: LanguageProfile
) -> pa.BooleanArray:
    """Return the truth of an expression for each row of a table; null where it is unknown.

    Columns are named `tagger.column`. Entries that the profile does not settle are unknown.
    """
    node = expression.node if isinstance(expression, Expression) else expression
    (found,) = values([node], as_frame(table), profile)
    return found.to_arrow().cast(pa.bool_())


def values(nodes: Sequence[Node], frame: pl.DataFrame, profile: LanguageProfile) -> list[pl.Series]:
    """Return the values of each node for all rows of a frame made by `as_frame`."""
    import polars as pl

    if frame.width == 0:
        return [pl.Series([], dtype=pl.Boolean) for _ in nodes]
    # Names of attributes never begin with =, so nothing is overwritten.
    made = [compiled(node, profile).alias(f"={number}") for number, node in enumerate(nodes)]
    found = frame.with_columns(made)
    return [found.get_column(f"={number}") for number in range(len(nodes))]


def as_frame(table: pa.Table | pl.DataFrame) -> pl.DataFrame:
    """Return a table as a Polars frame whose numbers are all float64, with null in place of NaN."""
    import polars as pl
    from polars import selectors

    frame = pl.from_arrow(table) if isinstance(table, pa.Table) else table
    assert isinstance(frame, pl.DataFrame)
    return frame.with_columns(selectors.numeric().cast(pl.Float64).fill_nan(None))


def compiled(node: Node, profile: LanguageProfile) -> pl.Expr:
    """Return a node as a Polars expression over columns `tagger.column`."""
    import polars as pl

    if isinstance(node, Constant):
        return pl.lit(node.value)
    if isinstance(node, Name):
        return _named(node, profile)
    if isinstance(node, Call):
        return _called(node)
    parts = [compiled(part, profile) for part in children(node)[: 1 if isinstance(node, Member) else None]]
    if isinstance(node, Arithmetic):
        return _calculated(node.operator, *parts)
    if isinstance(node, Comparison):
        return _compared(node.operator, *parts)
    if isinstance(node, Member):
        return _member(node, parts[0], profile)
    if isinstance(node, Not):
        return ~parts[0]
    return pl.all_horizontal(parts) if isinstance(node, AllOf) else pl.any_horizontal(parts)


def _named(node: Name, profile: LanguageProfile) -> pl.Expr:
    import polars as pl

    if node.tagger != PROFILE:
        return pl.col(node.name)
    value = profile_value(profile, node.name.partition(".")[2])
    return pl.lit(value, dtype=pl.Float64 if isinstance(value, float | int) or value is None else None)


def _called(node: Call) -> pl.Expr:
    import polars as pl

    column = pl.col(node.name.name)
    return column.is_not_null() if node.function == "known" else column.list.len().cast(pl.Float64)


def _calculated(operator: str, left: pl.Expr, right: pl.Expr) -> pl.Expr:
    import polars as pl

    if operator == "/":
        return pl.when(right != 0).then(left / right)
    return left + right if operator == "+" else left - right if operator == "-" else left * right


def _compared(operator: str, left: pl.Expr, right: pl.Expr) -> pl.Expr:
    if operator in ("==", "!="):
        return left == right if operator == "==" else left != right
    if operator in ("<", "<="):
        return left < right if operator == "<" else left <= right
    return left > right if operator == ">" else left >= right


def _member(node: Member, item: pl.Expr, profile: LanguageProfile) -> pl.Expr:
    import polars as pl

    if isinstance(node.choices, Name):
        chosen = profile_value(profile, node.choices.name.partition(".")[2])
        if not isinstance(chosen, tuple):
            return pl.lit(None, dtype=pl.Boolean)
        found = item.is_in(list(chosen))
    else:
        found = item.is_in([one.value for one in node.choices])
    return ~found if node.negated else found
