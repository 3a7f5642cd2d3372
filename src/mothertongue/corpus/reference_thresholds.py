"""Thresholds from clean text: quantiles of what taggers measure, a margin, and whether the text could settle them.

Which columns get a threshold on which side is a table, data/profile_thresholds.toml. A threshold is named
`<tagger>_<column>_low` or `_high` unless the table gives it a name.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mothertongue.corpus.document import Document, to_table
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.reference import Reference
from mothertongue.corpus.taggers import make_tagger

Side = Literal["low", "high"]
Floats = NDArray[np.float64]
BATCH = 64
_DIGITS = 4


@dataclass(frozen=True)
class Settled:
    """One threshold: its value (None where nothing could be measured), and why it is or is not sure."""

    name: str
    value: float | None
    sure: bool
    documents: int
    quantile: float
    interval: tuple[float, float] | None
    """The 95 % bootstrap interval of the quantile."""

    def note(self) -> str:
        """Return one line for the reader of the file."""
        if self.interval is None:
            return f"{self.documents} documents are too few to say"
        low, high = self.interval
        fewest = _table()["documents"]
        doubt = f"; not settled by fewer than {fewest} documents" if self.documents < fewest else "; too uncertain"
        found = f"quantile {self.quantile:g} of {self.documents} documents lies in {low:g} to {high:g}"
        return found if self.sure else found + doubt


@dataclass(frozen=True)
class Rule:
    """How a column becomes thresholds: the first row of the table whose pattern matches `tagger.column`."""

    match: str
    sides: tuple[Side, ...]
    factor: float = 1.0
    """The quantile is divided (low) or multiplied (high) by this."""
    slack: float = 0.0
    """And moved by this."""
    most: float = float("inf")
    names: tuple[tuple[Side, str], ...] = ()

    def widened(self, side: Side, quantile: float, median: float, stretch: float) -> float:
        """Return the threshold: a quantile moved away from the median."""
        if side == "low":
            return max(0.0, (quantile - stretch * (median - quantile)) / self.factor - self.slack)
        return min(self.most, (quantile + stretch * (quantile - median)) * self.factor + self.slack)


def settle(reference: Reference, profile: LanguageProfile, seed: int) -> Iterator[Settled]:
    """Yield the thresholds of all taggers of the table, by tagger, column and side."""
    table = _table()
    for name in table["taggers"]:
        for column, values in _measured(name, reference, profile).items():
            for side, rule in _rules(f"{name}.{column}"):
                named = dict(rule.names).get(side, f"{name}_{column}_{side}")
                yield _settle(named, values, side, rule, seed)


def _settle(name: str, values: Floats, side: Side, rule: Rule, seed: int) -> Settled:
    table = _table()
    quantile = table["quantile"] if side == "low" else 1 - table["quantile"]
    known = values[~np.isnan(values)]
    if len(known) < table["least_documents"]:
        return Settled(name, None, False, len(known), quantile, None)
    found, median = (float(value) for value in np.quantile(known, [quantile, 0.5]))
    again = np.quantile(known[_draws(seed, len(known))], quantile, axis=1)
    low, high = (_rounded(float(value)) for value in np.quantile(again, [0.025, 0.975]))
    value = rule.widened(side, found, median, table["stretch"])
    # A quantile that another sample would move as far as the threshold lies from the middle settles nothing.
    sure = len(known) >= table["documents"] and high - low <= table["doubt"] * abs(value - median)
    return Settled(name, _rounded(value), sure, len(known), quantile, (low, high))


@lru_cache(maxsize=4)
def _draws(seed: int, number: int) -> NDArray[np.int32]:
    """Return the bootstrap samples of `number` documents, one a row."""
    return np.random.default_rng(seed).integers(0, number, (_table()["draws"], number), dtype=np.int32)


def _measured(name: str, reference: Reference, profile: LanguageProfile) -> dict[str, Floats]:
    """Return the values of each numeric column of a tagger, with NaN for null."""
    tagger = make_tagger(name)
    numeric = [
        field.name for field in tagger.columns if pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
    ]
    parts: dict[str, list[Floats]] = {column: [] for column in numeric}
    for start in range(0, len(reference.rows), BATCH):
        batch = _batch(reference.rows[start : start + BATCH], profile.language)
        measured = tagger.tag(batch, profile)
        for column in numeric:
            values = measured.column(column).cast(pa.float64()).to_numpy(zero_copy_only=False)
            parts[column].append(np.asarray(values, np.float64))
    return {column: np.concatenate(values) for column, values in parts.items()}


def _batch(rows: Sequence[tuple[str, str]], language: str) -> pa.RecordBatch:
    table = to_table([Document(identity, text, "", language) for identity, text in rows])
    return table.combine_chunks().to_batches()[0]


def _rules(column: str) -> Iterator[tuple[Side, Rule]]:
    for rule in _table()["rules"]:
        if fnmatchcase(column, rule.match):
            yield from ((side, rule) for side in rule.sides)
            return


@cache
def _table() -> dict[str, Any]:
    text = resources.files("mothertongue.data").joinpath("profile_thresholds.toml").read_text(encoding="utf-8")
    values = tomllib.loads(text)
    values["rules"] = [
        Rule(
            row["match"],
            tuple(row["sides"]),
            row.get("factor", 1.0),
            row.get("slack", 0.0),
            row.get("most", float("inf")),
            tuple(row.get("names", {}).items()),
        )
        for row in values.pop("column")
    ]
    return values


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
