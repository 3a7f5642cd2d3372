"""Paragraphs that occurred before, as spans of code points; and the one pass of keys through a Bloom filter.

A paragraph is a line; its span takes its newline with it. The first occurrence in the order of dumps, shards, rows
and places stays (card 49, step 10).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa

from mothertongue.corpus.deduplication.bloom import Bloom
from mothertongue.corpus.deduplication.exchange import (
    changes,
    column,
    dump_of,
    joined,
    parts_for,
    read_all,
    table_of,
    write_batches,
)
from mothertongue.corpus.deduplication.job import VERSION, Job, exchange, exchanged
from mothertongue.corpus.deduplication.keys import halves, text_key
from mothertongue.corpus.deduplication.places import PartPlace, Place, ShardPlace
from mothertongue.corpus.deduplication.tables import DuplicateTable
from mothertongue.corpus.work import Counts, Task, total


def write_paragraph_keys(folder: Path, *, place: Place, parts: int, characters: int) -> Counts:
    """Write one row per paragraph of at least so many characters: its 128-bit key, its document and its place."""
    where = ShardPlace(**place)
    keys: list[int] = []
    spans: list[tuple[int, int]] = []
    rows: list[int] = []
    for batch in where.taken(folder):
        for row, text in zip(batch.rows, batch.texts(), strict=True):
            for start, end in paragraphs(text, characters):
                keys.append(text_key(text[start:end]))
                spans.append((start, end))
                rows.append(int(row))
    borders = np.array(spans, np.uint32).reshape(-1, 2)
    high, low = halves(keys)
    columns = {"hash": high, "low": low, "node": where.nodes(np.array(rows, np.int64))}
    where.write(folder, table_of({**columns, "start": borders[:, 0], "end": borders[:, 1]}), parts)
    return {"keys": len(keys)}


def paragraphs(text: str, characters: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of the lines of at least `characters` characters between their outer white space."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        if end - start >= characters and len(text[start:end].strip()) >= characters:
            yield start, end
        start = end


def find_repeated(folder: Path, *, place: Place) -> Counts:
    """Write, parted by groups of shards, the paragraphs of one hash range that occurred before."""
    where = PartPlace(**place)
    table = where.read(folder)
    high, low, node, start = (column(table, name) for name in ("hash", "low", "node", "start"))
    order = np.lexsort((start, node, low, high))
    node, new = node[order], changes(high[order], low[order])
    sizes = np.diff(np.append(np.flatnonzero(new), len(order)))
    counts = np.repeat(sizes, sizes)
    again = ~new & (dump_of(node) == where.dump)
    rows = order[again]
    spans = {"node": node[again], "start": start[rows], "end": column(table, "end")[rows]}
    found = table_of({**spans, "score": counts[again].astype(np.float32)})
    where.write(folder, found)
    return {"repeated": found.num_rows}


def filter_keys(
    folder: Path, *, place: Place, before: Sequence[str], expected: int, rate: float, filter_output: str
) -> Counts:
    """Write, parted by groups of shards, the rows whose keys a Bloom filter knows already; then the filter itself.

    One writer reads all keys in the order of the corpus, so the result does not depend on the number of workers.
    """
    where = PartPlace(**place)
    own, older = Bloom.sized(expected, rate), [Bloom.load(folder / name) for name in before]
    seen, paths, size = 0, where.paths(folder), where.groups.size

    def known() -> Iterator[pa.Table]:
        nonlocal seen
        for group in range(where.groups.number):
            batches = [batch for path in paths[group * size : (group + 1) * size] for batch in read_all(path)]
            found = pa.concat_tables([_known_rows(batch, own, older) for batch in batches])
            seen += found.num_rows
            yield found

    write_batches(folder / where.output, known())
    own.save(folder / filter_output)
    actual = 1 - np.prod([1 - known_before.actual_rate() for known_before in (own, *older)])
    counts = {"keys": expected, "seen": seen, "filter_bytes": own.bits // 8}
    return {**counts, "wanted_rate": rate, "actual_rate": float(actual)}


def _known_rows(batch: pa.RecordBatch, own: Bloom, older: Sequence[Bloom]) -> pa.Table:
    high, low = column(batch, "hash"), column(batch, "low")
    seen = own.add(high, low)
    for filled in older:
        seen |= filled.contains(high, low)
    return pa.Table.from_batches([batch.filter(pa.array(seen))]).drop_columns(["hash", "low"])


def run_filter(job: Job, step: str, keys: int) -> tuple[str, Counts]:
    """Run the one task that passes `keys` keys of a step through a filter; return its file and its counts."""
    kept = f"duplicates/exchange/{step}.bloom"
    before, files = job.older(f"{step}-bloom"), exchanged(f"{step}-keys", job.numbers)
    arguments = {
        "before": before,
        "expected": keys,
        "rate": job.options.bloom_false_positives,
        "filter_output": kept,
    }
    name = exchange(f"{step}-filtered", 0)
    place = PartPlace(VERSION, files, 0, 1, job.numbers, job.dump, name)
    call = f"{__name__}:filter_keys"
    task = Task(
        f"duplicates/{step}-filtered", 0, call, {"place": asdict(place), **arguments}, (*files, *before), (name, kept)
    )
    return name, total(job.work.run([task], "filtering keys"))


def find_paragraphs(job: Job) -> DuplicateTable:
    """Return the table of repeated paragraphs."""
    options = job.options
    sorting = options.paragraphs == "sorted"
    parts = parts_for(job.sizes()[1] / options.paragraph_characters) if sorting else 1
    arguments = {"parts": parts, "characters": options.paragraph_characters}
    counts = total(job.per_shard("paragraphs-keys", "paragraphs:write_paragraph_keys", arguments))
    if sorting:
        files = joined(job.work, "paragraphs-keys", exchanged("paragraphs-keys", job.numbers))
        job.per_part("paragraphs-repeated", "paragraphs:find_repeated", parts, {}, files + job.older("paragraphs"))
        found = joined(job.work, "paragraphs-repeated", exchanged("paragraphs-repeated", range(parts)))
    else:
        name, filtered = run_filter(job, "paragraphs", counts["keys"])
        found, counts = [name], {**counts, **filtered}
    return job.write_tables("paragraphs", "spans:write_spans", {}, found).counted(counts)
