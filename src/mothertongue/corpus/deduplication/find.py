"""The one entry: all kinds of duplicates of the shards of a curation, as attribute shards beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mothertongue.corpus.deduplication.options import DeduplicationOptions
from mothertongue.corpus.deduplication.tables import DuplicateTables
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.work import Work


def find_duplicates(
    work: Work,
    shards: Sequence[str],
    options: DeduplicationOptions,
    profile: LanguageProfile,
    *,
    keep: Sequence[str] | None = None,
    index: Path | None = None,
) -> DuplicateTables:
    """Return the tables of all kinds that `options` asks for; their files lie in `duplicates/KIND/NNNNN.parquet`.

    `shards` are documents in the folder of the work, `documents/NNNNN.parquet`; the number orders them. `keep` names a
    Parquet file per shard with a bool column `keep`: documents with false take no part, neither as duplicates nor
    as representatives. `index` is a folder with the keys of everything before: its documents always stay, and those
    of these shards are added under `options.dump`. Raises InputError MT231 to MT234.
    """
    raise NotImplementedError
