"""A finished curation: what lies in its folder, so that the mix, the data card and the audit sheet find it.

`curation.json` names the language, the number of shards, the attributes with their keys, and the rules. Everything else
is found by number: `documents/00000.parquet`, `decisions/00000.parquet`, attribute folders with the same names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from mothertongue import durability
from mothertongue.corpus.attributes import read_attributes
from mothertongue.corpus.checked_rules import CheckedRules, check_rules
from mothertongue.corpus.decide import DECISIONS, decisions_key
from mothertongue.corpus.document import shard_checksum
from mothertongue.corpus.mix import MixShard
from mothertongue.corpus.profile import LanguageProfile, read_profile
from mothertongue.corpus.rules import RuleSet, rules_from
from mothertongue.errors import InputError, Problem

if TYPE_CHECKING:
    import polars as pl

CURATION: Final = "curation.json"
PROFILE: Final = "profile.toml"
_FORMAT: Final = 1


@dataclass(frozen=True)
class Curation:
    """The folder of a curation whose documents are decided."""

    folder: Path
    language: str
    shards: int
    attributes: Mapping[str, tuple[str, str]]
    """Tagger, or kind of duplicates -> the folder of its shards and its key."""
    rules: RuleSet
    unread: Mapping[str, int] = field(default_factory=dict)
    """Reason -> files and records that did not become documents."""

    def write(self) -> None:
        """Write `curation.json`."""
        value = {
            "format": _FORMAT,
            "language": self.language,
            "shards": self.shards,
            "attributes": {name: list(place) for name, place in self.attributes.items()},
            "rules": self.rules.value(),
            "unread": dict(self.unread),
        }
        durability.write_json(self.folder / CURATION, value)

    @cached_property
    def profile(self) -> LanguageProfile:
        """The language profile of the folder."""
        return read_profile(self.folder / PROFILE, self.language)

    @cached_property
    def checked(self) -> CheckedRules:
        """The rules, ready for the attributes of the folder."""
        columns = {name: self.table(name, 0).schema for name in self.attributes} if self.shards else {}
        return check_rules(self.rules, columns, self.profile)

    def documents(self, number: int) -> Path:
        """Return the path of a shard of documents."""
        return self.folder / f"documents/{number:05d}.parquet"

    def places(self, number: int) -> dict[str, tuple[str, str]]:
        """Return tagger -> path (below the folder) and key of one of its shards."""
        return {name: (f"{place}/{number:05d}.parquet", key) for name, (place, key) in self.attributes.items()}

    def table(self, name: str, number: int) -> pa.Table:
        """Return the attributes of one tagger for one shard; raises InputError MT222 when they do not belong to it."""
        path, key = self.places(number)[name]
        return read_attributes(self.folder / path, key=key, checksum=shard_checksum(self.documents(number)))

    def decisions(self, number: int) -> pa.Table:
        """Return the decisions of one shard."""
        key, checksum = decisions_key(self.rules, self.profile), shard_checksum(self.documents(number))
        return read_attributes(self.folder / f"{DECISIONS}/{number:05d}.parquet", key=key, checksum=checksum)

    def frame(self, number: int) -> pl.DataFrame:
        """Return all attributes of one shard, named `tagger.column`, in one frame."""
        import polars as pl

        columns: dict[str, Any] = {}
        for name in self.attributes:
            table = self.table(name, number)
            columns |= {f"{name}.{one}": table.column(one) for one in table.column_names}
        found = pl.from_arrow(pa.table(columns)) if columns else pl.DataFrame()
        assert isinstance(found, pl.DataFrame)
        return found

    def mix_shards(self) -> Iterator[MixShard]:
        """Yield the shards as `mix` takes them."""
        key = decisions_key(self.rules, self.profile)
        for number in range(self.shards):
            name = f"{number:05d}.parquet"
            yield MixShard(f"documents/{name}", (f"{DECISIONS}/{name}", key), self.places(number))


def read_curation(folder: Path) -> Curation:
    """Return the curation of a folder; raises InputError MT259 when none has finished there."""
    try:
        value = json.loads((folder / CURATION).read_bytes())
        places = {name: (str(place[0]), str(place[1])) for name, place in value["attributes"].items()}
        return Curation(
            folder, value["language"], value["shards"], places, rules_from(value["rules"], CURATION), value["unread"]
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        message = f"holds no finished curation: {type(error).__name__}"
        do = "run mothertongue curate with this folder first"
        raise InputError(Problem("MT259", message, where=str(folder / CURATION), do=do)) from error
