"""Near-duplicates: MinHash bands, candidates from their buckets, an exact comparison, clusters.

Steps, each a list of tasks: bands (per shard) -> pairs (per band and hash range) -> evidence (per group of shards) ->
verified (per group) -> labels (components) -> members (per group) -> elected (per hash range) -> table (per shard).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mothertongue.corpus.deduplication import kernel
from mothertongue.corpus.deduplication.components import find_components
from mothertongue.corpus.deduplication.documents import Taken
from mothertongue.corpus.deduplication.evidence import Shelf, Values, write_evidence
from mothertongue.corpus.deduplication.exchange import (
    ROWS_PER_PART,
    Array,
    Nodes,
    changes,
    column,
    dump_of,
    joined,
    part_of,
    parts_for,
    read_all,
    read_part,
    row_of,
    shard_of,
    table_of,
    write_parts,
)
from mothertongue.corpus.deduplication.job import VERSION, Job, exchange, exchanged
from mothertongue.corpus.deduplication.keys import KEYS
from mothertongue.corpus.deduplication.minhash import band_hashes, bands_for, jaccard, shingle_sets, sign
from mothertongue.corpus.deduplication.places import PartPlace, Place, ShardPlace
from mothertongue.corpus.deduplication.tables import DuplicateTable
from mothertongue.corpus.work import Counts, Task, total


def find_near(job: Job) -> DuplicateTable:
    """Return the table of near-duplicates."""
    options = job.options
    bands, rows = bands_for(options.near_threshold, options.near_lanes, options.near_recall)
    parts = parts_for(job.sizes()[0])
    hashing = {"lanes": options.near_lanes, "seed": options.seed, "bands": bands, "rows": rows}
    arguments = {"hashing": hashing, "parts": parts, "characters": job.characters}
    counts = total(job.per_shard("near-bands", "near:write_bands", arguments, extra=("facts",), weigh=True))
    edges, similarities, verified = _verify(job, _find_pairs(job, bands, parts))
    labels = find_components(job, edges, int(verified["edges"]))
    members = _members(job, labels, parts)
    job.per_part("near-elected", "elect:elect", parts, {}, members)
    elected = joined(job.work, "near-elected", exchanged("near-elected", range(parts)))
    measured = {"similarities": similarities}
    table = job.write_tables("near", "elect:write_table", measured, elected, inputs=similarities, weigh=True)
    return table.counted({"bytes": counts["bytes"], **verified, "bands": bands, "rows": rows})


# --- bands ------------------------------------------------------------------------------------------------------------


def write_bands(
    folder: Path,
    *,
    place: Place,
    facts: str,
    weights: str,
    hashing: Mapping[str, int],
    parts: int,
    characters: bool,
) -> Counts:
    """Write the band table of one shard, (hash, node, size) by band and hash range, and the facts of its documents.

    `size` counts the shingles; a text without tokens has no bands. Facts are what representatives are chosen by.
    """
    where, bands = ShardPlace(**place), hashing["bands"]
    hashes: list[list[Array]] = [[] for _ in range(bands)]
    described: list[pa.Table] = []
    for batch in where.taken(folder, "id", "text"):
        signatures, counts = sign(
            batch.large, batch.take, lanes=hashing["lanes"], seed=hashing["seed"], characters=characters
        )
        solid = counts > 0
        for band in range(bands):
            hashes[band].append(band_hashes(signatures[solid], hashing["rows"], band))
        described.append(_facts(batch, solid, where).append_column("size", pa.array(counts[solid].astype(np.uint32))))
    table = pa.concat_tables(described)
    columns = [np.concatenate(band) for band in hashes]
    everything = {"hash": np.concatenate(columns)}
    everything |= {name: np.tile(column(table, name), bands) for name in ("node", "size")}
    part = np.concatenate([band * parts + part_of(values, parts) for band, values in enumerate(columns)])
    metadata = {name: str(value) for name, value in {**hashing, "version": VERSION}.items()}
    write_parts(folder / where.output, table_of(everything).replace_schema_metadata(metadata), part, bands * parts)
    copies = _weights(folder, weights, row_of(column(table, "node")))
    kept = table.drop_columns(["size", "bytes"]).append_column("weight", pa.array(copies))
    write_parts(folder / facts, kept, np.zeros(table.num_rows, np.int64), 1)
    return {"documents": table.num_rows, "bytes": pc.sum(table.column("bytes")).as_py() or 0}


def _facts(batch: Taken, solid: Array, where: ShardPlace) -> pa.Table:
    chosen = batch.batch.filter(pa.array(solid))
    texts = chosen.column("text")
    return pa.table(
        {
            "node": pa.array(where.nodes(batch.first + np.flatnonzero(solid))),
            "length": pc.utf8_length(texts).cast(pa.uint32()),
            "id": chosen.column("id").cast(pa.string()),
            "bytes": pc.binary_length(texts).cast(pa.int64()),
        }
    )


def _weights(folder: Path, name: str, rows: Array) -> Array:
    """Return how many copies each row stands for, as the table of exact duplicates says."""
    if not name:
        return np.ones(len(rows), np.uint32)
    with pq.ParquetFile(folder / name) as file:
        sizes = file.read(columns=["cluster_size"]).column(0).fill_null(1).to_numpy()
    copies: Array = sizes[rows].astype(np.uint32)
    return copies


# --- pairs ------------------------------------------------------------------------------------------------------------


def _find_pairs(job: Job, bands: int, parts: int) -> int:
    """Write the candidates, and return the number of tasks that did; a task takes as many parts as fit in memory."""
    files = joined(job.work, "near-bands", exchanged("near-bands", job.numbers)) + job.older("bands")
    tasks = -(-bands * parts // max(1, int(parts * ROWS_PER_PART / max(job.sizes()[0], 1))))
    arguments = {"bands": bands, "ranges": parts, "chain": job.options.near_verify != "off"}
    job.per_part("near-pairs", "near:find_pairs", tasks, arguments, files, extra=("candidates",))
    return tasks


def find_pairs(folder: Path, *, place: Place, bands: int, ranges: int, chain: bool, candidates: str) -> Counts:
    """Write the pairs to compare of some bands and hash ranges, by group of the first document; and their documents.

    The parts of all bands, `ranges` each, are dealt out to the tasks in their order.
    """
    where, every = PartPlace(**place), bands * ranges
    found = [(_NONE, _NONE)]
    for number in range(where.part * every // where.parts, (where.part + 1) * every // where.parts):
        band, part = divmod(number, ranges)
        table = read_part(where.paths(folder), part, ranges, block=band, blocks=bands)
        found.append(_pairs_in_buckets(table, where.dump, chain))
    first, second = _unique(*map(np.concatenate, zip(*found, strict=True)))
    where.write(folder, table_of({"first": first, "second": second}), by="first")
    touched = np.unique(np.concatenate([first, second]))
    where.write(folder, table_of({"node": touched[dump_of(touched) == where.dump]}), candidates)
    return {"pairs": len(first)}


_NONE: Final = np.empty(0, np.uint64)


def _pairs_in_buckets(table: pa.Table, dump: int, chain: bool) -> tuple[Nodes, Nodes]:
    """Return the pairs of one band and hash range.

    Documents of a bucket are ordered by falling size; each is compared with the first and, with `chain`, with the one
    before it, so the work is linear in the bucket. A pair of earlier dumps is left out.
    """
    hashes, places, sizes = column(table, "hash"), column(table, "node"), column(table, "size")
    several = kernel.repeated(hashes)
    hashes, places, sizes = hashes[several], places[several], sizes[several]
    order = np.lexsort((places, np.iinfo(np.uint32).max - sizes, hashes))
    places, new = places[order], changes(hashes[order])
    heads = np.maximum.accumulate(np.where(new, np.arange(len(new)), 0))
    later = np.flatnonzero(~new)
    before = [heads[later], *([later - 1] if chain else [])]
    second = np.concatenate([places[rows] for rows in before])
    return _unique(*_oriented(np.tile(places[later], len(before)), second, dump))


def _oriented(first: Nodes, second: Nodes, dump: int) -> tuple[Nodes, Nodes]:
    """Return pairs whose first document is of this dump, in one direction; pairs of earlier dumps go."""
    current, other = dump_of(first) == dump, dump_of(second) == dump
    turned = other & (~current | (second > first))
    first, second = np.where(turned, second, first), np.where(turned, first, second)
    known = current | other
    return first[known], second[known]


def _unique(first: Nodes, second: Nodes) -> tuple[Nodes, Nodes]:
    order = np.lexsort((second, first))
    first, second = first[order], second[order]
    new = changes(first, second)
    return first[new], second[new]


# --- comparison -------------------------------------------------------------------------------------------------------


def _verify(job: Job, number: int) -> tuple[list[str], list[str], Counts]:
    """Return the files of edges, those of similarities by group, and the counts of candidates and edges."""
    options, groups = job.options, job.groups
    comparing = options.near_verify != "off"
    lanes = options.near_lanes if options.near_verify == "signature" else 0
    known, older = {}, job.older("evidence") if comparing else []
    if comparing:
        known = {str(number): exchange("near-evidence", number) for number in job.numbers}
        # An index needs the evidence of all: what comes later may resemble any of them.
        names = joined(job.work, "near-candidates", exchanged("near-pairs-candidates", range(number)))
        names = [] if options.dump else names
        arguments = {"lanes": lanes, "seed": options.seed, "characters": job.characters, "candidates": names}
        job.per_shard("near-evidence", "near:write_shard_evidence", arguments, inputs=names)
    pairs = joined(job.work, "near-pairs", exchanged("near-pairs", range(number)))
    threshold = options.near_threshold if comparing else 0.0
    arguments = {"evidence": known, "older": older, "lanes": lanes, "threshold": threshold}
    inputs = [*known.values(), *older]
    counts = job.per_part(
        "near-verified", "near:verify", groups.number, arguments, pairs, inputs=inputs, extra=("similarities",)
    )
    found = joined(job.work, "near-similarities", exchanged("near-verified-similarities", range(groups.number)))
    return exchanged("near-verified", range(groups.number)), found if comparing else [], total(counts)


def write_shard_evidence(
    folder: Path, *, place: Place, lanes: int, seed: int, characters: bool, candidates: Sequence[str]
) -> Counts:
    """Write the sorted shingles (or, with `lanes`, the signatures) of the candidates of one shard, or of all."""
    where = ShardPlace(**place)
    wanted = np.unique(row_of(column(where.mine(folder, candidates), "node"))) if candidates else None

    def arrays() -> Iterator[tuple[int, Values]]:
        for batch in where.taken(folder):
            rows = np.arange(batch.first, batch.first + batch.batch.num_rows)
            take = batch.take if wanted is None else batch.take & np.isin(rows, wanted)
            if lanes and take.any():
                signatures, counts = sign(batch.large, take, lanes=lanes, seed=seed, characters=characters)
                yield from ((int(rows[row]), signatures[row].view(np.uint64)) for row in np.flatnonzero(counts))
            elif take.any():
                sets = shingle_sets(batch.large, take, characters=characters)
                yield from ((int(rows[row]), found) for row, found in sets)

    return {"documents": write_evidence(folder / where.output, arrays())}


def verify(
    folder: Path,
    *,
    place: Place,
    evidence: Mapping[str, str],
    older: Sequence[str],
    lanes: int,
    threshold: float,
    similarities: str,
) -> Counts:
    """Write the pairs of one group that are near enough, and for each document the similarities found.

    Without evidence all pairs pass, and nothing is known of their similarity.
    """
    where = PartPlace(**place)
    table = where.read_group(folder)
    first, second = _unique(column(table, "first"), column(table, "second"))
    values = np.ones(len(first))
    if evidence:
        names = {**_older_names(older), **_names(evidence, where.dump)}
        values = _compare(folder, first, second, names, lanes, threshold)
    near = values >= threshold
    edges = table_of({"first": first[near], "second": second[near]})
    write_parts(folder / where.output, edges, np.zeros(edges.num_rows, np.int64), 1)
    ends, found = np.concatenate([first[near], second[near]]), np.tile(values[near], 2)
    current = dump_of(ends) == where.dump
    where.write(folder, table_of({"node": ends[current], "similarity": found[current]}), similarities)
    return {"candidates": len(first), "edges": edges.num_rows}


def _names(evidence: Mapping[str, str], dump: int) -> dict[tuple[int, int], str]:
    return {(dump, int(number)): name for number, name in evidence.items()}


def _older_names(files: Sequence[str]) -> dict[tuple[int, int], str]:
    """Return (dump, shard) -> file; an index keeps them as `DUMP/evidence/SHARD.arrow`."""
    return {(int(Path(name).parents[1].name), int(Path(name).stem)): name for name in files}


def _compare(
    folder: Path, first: Nodes, second: Nodes, names: Mapping[tuple[int, int], str], lanes: int, threshold: float
) -> Array:
    """Return the similarity of each pair; where sizes alone exclude the threshold, 0."""
    shelf = Shelf(folder)
    values = np.zeros(len(first))
    sides = [
        zip(dump_of(side).tolist(), shard_of(side).tolist(), row_of(side).tolist(), strict=True)
        for side in (first, second)
    ]
    for place, (one, two) in enumerate(zip(*sides, strict=True)):
        left, right = shelf.get(names[one[:2]], one[2]), shelf.get(names[two[:2]], two[2])
        if lanes:
            values[place] = float(np.mean(left.view(np.uint32) == right.view(np.uint32)))
        elif min(len(left), len(right)) >= threshold * max(len(left), len(right)):
            values[place] = jaccard(left, right)
    shelf.close()
    return values


# --- members ----------------------------------------------------------------------------------------------------------


def _members(job: Job, labels: Sequence[str], parts: int) -> list[str]:
    """Return the files of the members of clusters, parted by label: a task per group, and one for earlier dumps."""
    groups, tasks = job.groups, []
    facts, step = exchanged("near-bands-facts", job.numbers), "near-members"
    for group in range(groups.number + 1):
        read = facts[group * groups.size : (group + 1) * groups.size] if group < groups.number else job.older("facts")
        output = exchange(step, group)
        place = PartPlace(VERSION, list(labels), group, groups.number + 1, job.numbers, job.dump, output)
        arguments = {"place": asdict(place), "facts": read, "parts": parts}
        tasks.append(Task(f"duplicates/{step}", group, f"{__name__}:members", arguments, (*labels, *read), (output,)))
    job.work.run(tasks, "joining clusters")
    return joined(job.work, step, exchanged(step, range(groups.number + 1)))


def members(folder: Path, *, place: Place, facts: Sequence[str], parts: int) -> Counts:
    """Write the members of clusters of one group of shards under the hash of their label, with their facts."""
    where = PartPlace(**place)
    table = where.read_group(folder)
    order = np.argsort(column(table, "node"))
    places, labels = column(table, "node")[order], column(table, "label")[order]
    found = [KEYS.empty_table()]
    for name in facts if len(places) else ():
        for batch in read_all(folder / name):
            at = np.minimum(np.searchsorted(places, column(batch, "node")), len(places) - 1)
            hit = places[at] == column(batch, "node")
            low, chosen = labels[at[hit]], batch.filter(pa.array(hit))
            keyed = {"hash": pa.array(kernel.mix_all(low)), "low": pa.array(low)}
            rest = {key: chosen.column(key) for key in ("node", "length", "weight", "id")}
            found.append(pa.table({**keyed, **rest}).cast(KEYS))
    table = pa.concat_tables(found)
    write_parts(folder / where.output, table, part_of(column(table, "hash"), parts), parts)
    return {"members": table.num_rows}
