"""The one entry: all kinds of duplicates of the shards of a curation, as attribute shards beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from mothertongue.corpus.deduplication.exchange import joined, parts_for
from mothertongue.corpus.deduplication.index import Index, open_index, settings
from mothertongue.corpus.deduplication.job import PACKAGE, Job, exchanged
from mothertongue.corpus.deduplication.options import DeduplicationOptions
from mothertongue.corpus.deduplication.tables import DuplicateTable, DuplicateTables
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.work import Work, total


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
    of these shards are added under `options.dump`. Kinds are looked for in the order of `options.kinds()`, each among
    the documents that the ones before it keep. Raises InputError MT231 to MT234.
    """
    names = tuple(sorted(shards, key=lambda name: int(Path(name).stem)))
    masks = dict(zip(shards, keep or (), strict=keep is not None))
    characters = profile.segmentation == "characters"
    known = open_index(index, options, characters) if index is not None else None
    job = Job(
        work,
        names,
        options if known else options.model_copy(update={"dump": ""}),
        characters,
        tuple(((masks[name], "keep", True),) if masks else () for name in names),
        *((known.place, known.before, known.counts) if known else ()),
    )
    tables: dict[str, DuplicateTable] = {}
    for kind in options.kinds() if names else ():
        module, _, function = _FINDERS[kind].partition(":")
        tables[kind] = getattr(import_module(f"{PACKAGE}.{module}"), function)(job)
        job = job.after(tables[kind])
    if known and names:
        _add(known, job)
    return DuplicateTables(tables)


def find_url(job: Job) -> DuplicateTable:
    """Return the table of documents with the same address."""
    field = {"field": job.options.url_field}
    if job.options.url == "sorted":
        return _find_equal(job, "url", "keys:write_url_keys", field)
    counts = total(job.per_shard("url-keys", "keys:write_url_keys", {**field, "parts": 1}))

    # Loaded here, because compiled code takes time to load.
    from mothertongue.corpus.deduplication.paragraphs import run_filter

    name, filtered = run_filter(job, "url", counts["keys"])
    return job.write_tables("url", "elect:write_table", {"named": False}, [name]).counted(filtered)


def find_exact(job: Job) -> DuplicateTable:
    """Return the table of documents with the same text."""
    return _find_equal(job, "exact", "keys:write_text_keys", {})


def _find_equal(job: Job, kind: str, call: str, arguments: Mapping[str, Any]) -> DuplicateTable:
    """Return the table of documents with equal keys: keys by hash range, then groups of equal ones."""
    parts = parts_for(job.sizes()[0])
    counts = total(job.per_shard(f"{kind}-keys", call, {**arguments, "parts": parts}))
    files = joined(job.work, f"{kind}-keys", exchanged(f"{kind}-keys", job.numbers)) + job.older(kind)
    job.per_part(f"{kind}-elected", "elect:elect", parts, {}, files)
    elected = joined(job.work, f"{kind}-elected", exchanged(f"{kind}-elected", range(parts)))
    return job.write_tables(kind, "elect:write_table", {}, elected).counted(counts)


_FINDERS: Mapping[str, str] = {
    "url": "find:find_url",
    "exact": "find:find_exact",
    "near": "near:find_near",
    "paragraphs": "paragraphs:find_paragraphs",
    "substrings": "substrings:find_substrings",
}
"""Kind -> module:function of this package, loaded when asked for: compiled code takes time to load."""


def _add(index: Index, job: Job) -> None:
    """Add the keys of these shards to the index."""
    options = job.options
    files: dict[str, list[str]] = {}
    for kind, way in (("url", options.url), ("paragraphs", options.paragraphs)):
        if way == "sorted":
            files[kind] = exchanged(f"{kind}-keys", job.numbers)
        elif way == "bloom":
            files[f"{kind}-bloom"] = [f"duplicates/exchange/{kind}.bloom"]
    if options.exact:
        files["exact"] = exchanged("exact-keys", job.numbers)
    if options.near:
        files |= {"bands": exchanged("near-bands", job.numbers), "facts": exchanged("near-bands-facts", job.numbers)}
        if options.near_verify != "off":
            files["evidence"] = exchanged("near-evidence", job.numbers)
    documents, size = job.own_sizes()
    entry = {"name": options.dump, "documents": documents, "bytes": size}
    index.add(job.work.folder, files, {**entry, "settings": settings(options, job.characters)})
