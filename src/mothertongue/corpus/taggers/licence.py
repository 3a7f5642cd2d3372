"""Tagger `licence`: statements of licence and copyright, found by addresses, codes and signs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import pyarrow as pa
from pydantic import Field

from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.tagger import SPANS
from mothertongue.corpus.taggers.rows import COUNT, WORD, Row, RowTagger, Span, checked, merged, schema, texts_of
from mothertongue.corpus.taggers.tables import table

_LINE = 200
"""Characters before and after a copyright sign that belong to its line at most."""


@checked
class Licence(RowTagger):
    """The first licence that a document states, as SPDX writes it (else its copyright claim), and all statements.

    A statement is the address or code itself; a copyright claim is its whole line. Score 1 names a licence, 0.5 is a
    claim.
    """

    name: ClassVar[str] = "licence"
    version: ClassVar[int] = 1
    columns: ClassVar[pa.Schema] = schema(licence=WORD, count=COUNT, statements=SPANS)

    phrases: Mapping[str, str] = Field(default_factory=dict)
    """Phrases of the language -> SPDX identifiers or names that begin with LicenseRef-."""

    def rows(self, batch: pa.RecordBatch, profile: LanguageProfile) -> Iterable[Row]:  # noqa: ARG002 - needs none
        """Return the statements of each document."""
        patterns = (*_shipped(), *(_phrase(phrase, name) for phrase, name in self.phrases.items()))
        return (_row(text, patterns) for text in texts_of(batch))


@dataclass(frozen=True)
class _Pattern:
    sign: str
    pattern: re.Pattern[str]
    name: str
    claim: bool


@cache
def _shipped() -> tuple[_Pattern, ...]:
    return tuple(
        _Pattern(row["sign"], re.compile(row["pattern"], re.IGNORECASE), row["name"], kind == "claims")
        for kind in ("statements", "claims")
        for row in table("licence")[kind]
    )


def _phrase(phrase: str, name: str) -> _Pattern:
    return _Pattern(phrase.lower(), re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)", re.IGNORECASE), name, False)


def _row(text: str, patterns: Iterable[_Pattern]) -> Row:
    lowered = text.lower()
    found = sorted(hit for pattern in patterns if pattern.sign in lowered for hit in _hits(text, pattern))
    if not found:
        return None, 0, []
    first = min(found, key=lambda hit: (hit[0], hit[1]))
    spans: list[Span] = merged((start, end, 0.5 if claim else 1.0) for claim, start, end, _ in found)
    return first[3], len(spans), spans


def _hits(text: str, row: _Pattern) -> Iterator[tuple[bool, int, int, str]]:
    """Yield whether a hit is a mere claim, its start, its end and its name."""
    for match in row.pattern.finditer(text):
        start, end = match.span()
        if row.claim:
            start, end = _line(text, start, end)
        yield row.claim, start, end, _name(row.name, match.groupdict())


def _line(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the borders of the line around a hit, at most 200 characters away on each side."""
    before = text.rfind("\n", max(0, start - _LINE), start) + 1
    after = text.find("\n", end, end + _LINE)
    return before or max(0, start - _LINE), after if after >= 0 else min(len(text), end + _LINE)


def _name(template: str, groups: Mapping[str, str | None]) -> str:
    """Return a template filled as SPDX writes it: GPL-3.0, CC-BY-SA-4.0, GFDL where no version is given."""
    kind = (groups.get("kind") or "").replace(" ", "-") if "CC-" in template else groups.get("kind") or ""
    version = groups.get("version") or groups.get("other") or ""
    written = table("licence")["names"].get(kind.lower()) or (kind.upper() if kind == kind.lower() else kind)
    full = version if "." in version or not version else f"{version}.0"
    return template.replace("{kind}", written).replace("-{version}", f"-{full}" if full else "")
