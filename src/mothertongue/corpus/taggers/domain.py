"""Tagger `domain`: to which part of a corpus a document belongs, for shares and comparisons by domain (card 14)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import translate
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

import pyarrow as pa
from pydantic import BeforeValidator, Field

from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.taggers.facts import addresses_of, facts_of
from mothertongue.corpus.taggers.rows import WORD, Row, RowTagger, as_tuple, checked, schema

Evidence = Literal["meta", "folder", "host"]


@checked
class Domain(RowTagger):
    """The name of a document's domain and what it was taken from; null where nothing tells.

    The first pattern of `names` that matches the source, the address or its host decides. Else it is, in the order of
    `evidence`: `domain` in the metadata, the first folder of the source, the host of the address without `www.`.
    """

    name: ClassVar[str] = "domain"
    version: ClassVar[int] = 1
    columns: ClassVar[pa.Schema] = schema(domain=WORD, evidence=WORD)

    names: Mapping[str, str] = Field(default_factory=dict)
    """Pattern with `*` and `?` -> name of the domain, such as `*.gov.mt -> law`."""
    evidence: Annotated[tuple[Evidence, ...], BeforeValidator(as_tuple)] = ("meta", "folder", "host")

    def rows(self, batch: pa.RecordBatch, profile: LanguageProfile) -> Iterable[Row]:  # noqa: ARG002 - needs none
        """Return the domain of each document."""
        patterns = [(re.compile(translate(pattern)), name) for pattern, name in self.names.items()]
        for source, facts in zip(batch.column("source").to_pylist(), facts_of(batch), strict=True):
            yield self._row(source, facts, patterns)

    def _row(self, source: str, facts: Mapping[str, Any], patterns: list[tuple[re.Pattern[str], str]]) -> Row:
        _, address = next(addresses_of(facts), ("", source if "://" in source else ""))
        host = host_of(address)
        for pattern, name in patterns:
            if any(pattern.match(place) for place in (source, address, host) if place):
                return name, "names"
        told = facts.get("domain")
        found = {"meta": told if isinstance(told, str) else "", "folder": folder_of(source), "host": host}
        kind = next((kind for kind in self.evidence if found[kind]), None)
        return (found[kind], kind) if kind else (None, None)


def host_of(address: str) -> str:
    """Return the host of an address in small letters without `www.`; empty when there is none."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return ""
    return host.removeprefix("www.")


def folder_of(source: str) -> str:
    """Return the first folder of a source; empty for a file outside folders and for an address."""
    folder, slash, _ = source.partition("/")
    return folder if slash and "://" not in source else ""
