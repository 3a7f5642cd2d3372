"""The types of card.json: what a curation read, kept, dropped and why, as plain data.

Sizes are UTF-8 bytes; `in` is what was read, `kept` what every rule let pass. Unknown keys are refused.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from mothertongue.errors import InputError, Problem
from mothertongue.report.model import Part


class Amount(Part):
    """Documents and their size; characters and tokens where they were counted."""

    documents: int = Field(default=0, ge=0)
    bytes: int = Field(default=0, ge=0)
    characters: int | None = None
    tokens: int | None = None


class InAndKept(Part):
    """What was read and what was kept of it."""

    read: Amount = Field(default_factory=Amount, alias="in")
    kept: Amount = Field(default_factory=Amount)
    mixed: Amount | None = None


class Source(InAndKept):
    """What one source contributed; `dropped` by the first reason."""

    dropped: dict[str, Amount] = Field(default_factory=dict)


class KeptDropped(Part):
    """Numbers of documents."""

    kept: int = Field(default=0, ge=0)
    dropped: int = Field(default=0, ge=0)


class Bar(KeptDropped):
    """One bar of a histogram: values from `low` up to `high`."""

    low: float
    high: float


class Distribution(Part):
    """A histogram of one measured number on some documents, with the bounds that rules set on it."""

    name: str
    bounds: list[float] = Field(default_factory=list)
    bins: list[Bar]


class Sample(Part):
    """The opening of a document with what was measured and asked; `characters` is the length of the whole."""

    id: str
    source: str
    text: str
    characters: int
    value: str
    threshold: str


class Reason(Part):
    """A rule: whom it dropped first, who fails it at all, who fails it and no other rule, and samples of both sides."""

    reason: str
    keep: str
    note: str = ""
    thresholds: list[str]
    measured: list[str]
    first: Amount
    failing: Amount
    only: Amount
    kept: list[Sample]
    dropped: list[Sample]


class NotApplied(Part):
    """A rule that was not applied, and why."""

    reason: str
    keep: str
    why: str


class Fertility(Part):
    """How a tokenizer cuts kept text."""

    tokenizer: str
    documents: int
    tokens_per_word: float
    bytes_per_token: float


class Profile(Part):
    """The reference text of the language profile, and which thresholds it settled."""

    documents: int
    characters: int
    thresholds: dict[str, float]
    unsettled: list[str]


class Share(Part):
    """The share of a group in the tokens: found, wanted, given; and how often its tokens are there."""

    found: float
    wanted: float
    given: float
    wanted_tokens: float
    given_tokens: int
    repeats: float


class Mix(Part):
    """What the final set is made of."""

    options: dict[str, Any]
    groups: dict[str, dict[str, Any]]
    shares: dict[str, Share]
    notes: list[str]


class DataCard(Part):
    """The whole card."""

    format: int = Field(ge=1, le=1)
    language: str
    profile: Profile
    totals: InAndKept
    unread: dict[str, int]
    sources: dict[str, Source]
    names: dict[str, dict[str, KeptDropped]]
    distributions: list[Distribution]
    reasons: list[Reason]
    not_applied: list[NotApplied]
    edited: dict[str, int]
    clusters: dict[str, dict[str, int]]
    fertility: list[Fertility]
    mix: Mix | None
    costs: dict[str, dict[str, Any]]

    def funnel(self) -> list[tuple[str, int, int]]:
        """Return (step, documents left, documents dropped by it): reading, each reason that dropped, the mix."""
        left = self.totals.read.documents
        rows = [("", left, sum(self.unread.values()))]
        for reason in self.reasons:
            if reason.first.documents:
                left -= reason.first.documents
                rows.append((reason.reason, left, reason.first.documents))
        return rows


def read_card(folder: Path) -> DataCard:
    """Return the card of a folder; raises InputError MT701 with every key that is wrong."""
    file = folder / "card.json"
    do = "make the card again: mothertongue curate with this folder"
    try:
        return DataCard.model_validate(json.loads(file.read_bytes()))
    except ValidationError as error:
        raise InputError(
            Problem("MT701", row["msg"], where=str(file), key=".".join(map(str, row["loc"])), do=do)
            for row in error.errors()
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(Problem("MT701", f"cannot be read: {error}", where=str(file), do=do)) from error
