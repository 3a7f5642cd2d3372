"""Repeated substrings of at least N code points, wherever they begin; all but the first occurrence are spans.

A window of N code points is repeated when an equal one stands before it, in the order of shards, rows and places, and
does not overlap it; spans are the unions of repeated windows, that is the maximal repeated stretches. Nothing is
compared with everything: equal windows have equal anchors (winnowing), so anchors are exchanged by hash, about one for
each N/4 code points. Occurrences of one anchor with the same text around are settled at once; where the texts around
differ (the borders of a repetition), the single windows are exchanged, and only those. Equality is that of a 128-bit
hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mothertongue.corpus.deduplication import kernel
from mothertongue.corpus.deduplication.exchange import (
    Array,
    Nodes,
    changes,
    column,
    joined,
    parts_for,
    row_of,
    table_of,
)
from mothertongue.corpus.deduplication.job import Job, exchanged
from mothertongue.corpus.deduplication.minhash import multipliers
from mothertongue.corpus.deduplication.places import PartPlace, Place, ShardPlace
from mothertongue.corpus.deduplication.tables import DuplicateTable
from mothertongue.corpus.work import Counts, total

_BASES: Final = 0x5B57
_WEIGHT: Final = 4.0
"""A row is sorted by four columns that are all copied: parts are planned smaller by this factor."""


def find_substrings(job: Job) -> DuplicateTable:
    """Return the table of repeated substrings of these shards (an index holds none of earlier dumps)."""
    size = job.options.substring_characters
    parts = parts_for(_WEIGHT * 2.0 * job.own_sizes()[1] / (size - gram_of(size) + 2))
    spread, keyed = {"parts": parts, "size": size}, {"size": size}
    counts = total(job.per_shard("substrings-anchors", "substrings:write_anchors", spread))
    files = joined(job.work, "substrings-anchors", exchanged("substrings-anchors", job.numbers))
    settled = total(job.per_part("substrings-settled", "substrings:settle", parts, keyed, files, extra=("open",)))
    opened = joined(job.work, "substrings-open", exchanged("substrings-settled-open", range(parts)))
    # An anchor is that of at most as many windows as a window has grams.
    window_parts = parts_for(_WEIGHT * settled["open"] * (size - gram_of(size) + 1))
    arguments = {"parts": window_parts, "size": size, "opened": opened}
    job.per_shard("substrings-windows", "substrings:write_windows", arguments, inputs=opened)
    files = joined(job.work, "substrings-windows", exchanged("substrings-windows", job.numbers))
    job.per_part("substrings-repeated", "substrings:find_windows", window_parts, keyed, files)
    steps = {"substrings-settled": parts, "substrings-repeated": window_parts}
    found = [name for step, number in steps.items() for name in joined(job.work, step, exchanged(step, range(number)))]
    return job.write_tables("substrings", "spans:write_spans", {}, found).counted(counts)


def gram_of(size: int) -> int:
    """Return the code points of an anchor: half a window, so that chance repetitions are few."""
    return size // 2


def code_points(text: str) -> NDArray[np.uint32]:
    """Return the code points of a text."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def bases() -> tuple[np.uint64, np.uint64]:
    """Return the two bases of rolling hashes, for anchors and for windows."""
    drawn = multipliers(2, _BASES)
    return drawn[0], drawn[1]


def write_anchors(folder: Path, *, place: Place, parts: int, size: int) -> Counts:
    """Write the anchors of one shard: (hash, chunk, node, first, last), parted by hash."""
    where = ShardPlace(**place)
    found: list[tuple[Array, ...]] = [(_EMPTY, _EMPTY, _EMPTY, _SHORT, _SHORT)]
    characters = 0
    for batch in where.taken(folder):
        for row, text in zip(batch.rows, batch.texts(), strict=True):
            anchor, chunk, first, last = kernel.anchors(code_points(text), size, gram_of(size), bases())
            found.append((anchor, chunk, where.nodes(np.full(len(anchor), row)), first, last))
            characters += len(text)
    table = table_of(dict(zip(_ANCHOR, map(np.concatenate, zip(*found, strict=True)), strict=True)))
    where.write(folder, table, parts)
    return {"anchors": table.num_rows, "compared_characters": characters}


_ANCHOR: Final = ("hash", "chunk", "node", "first", "last")
_EMPTY: Final = np.empty(0, np.uint64)
_SHORT: Final = np.empty(0, np.uint32)


def settle(folder: Path, *, place: Place, size: int, open: str) -> Counts:
    """Write the spans that whole chunks settle, and the anchors whose windows must be looked at one by one."""
    where = PartPlace(**place)
    table = where.read(folder)
    values = [column(table, name) for name in _ANCHOR]
    order = np.lexsort((values[3], values[2], values[1], values[0]))
    anchor, chunk, node, first, last = (each[order] for each in values)
    new_chunk = changes(anchor, chunk)
    heads = np.maximum.accumulate(np.where(new_chunk, np.arange(len(anchor)), 0))
    apart = (node != node[heads]) | (first.astype(np.int64) - first[heads] >= size)
    repeated = ~new_chunk & apart
    group = np.cumsum(changes(anchor)) - 1
    left = (np.bincount(group, new_chunk)[group] > 1) & ~repeated
    where.write(folder, _spans(node[repeated], first[repeated], last[repeated].astype(np.int64) + size))
    opened = dict(zip(_ANCHOR, (anchor[left], chunk[left], node[left], first[left], last[left]), strict=True))
    where.write(folder, table_of(opened), open)
    return {"settled": int(repeated.sum()), "open": int(left.sum())}


def _spans(node: Nodes, start: Array, end: Array) -> pa.Table:
    return table_of({"node": node, "start": start.astype(np.uint32), "end": end.astype(np.uint32)})


def write_windows(folder: Path, *, place: Place, parts: int, size: int, opened: Sequence[str]) -> Counts:
    """Write the windows of the open anchors of one shard: (hash of the anchor, hash of the window, node, start)."""
    where = ShardPlace(**place)
    table = where.mine(folder, opened).sort_by("node")
    rows, anchor = row_of(column(table, "node")), column(table, "hash")
    first, last = column(table, "first"), column(table, "last")
    found: list[tuple[Array, ...]] = [(_EMPTY, _EMPTY, _EMPTY, _SHORT)]
    for batch in where.taken(folder) if len(rows) else ():
        texts = batch.batch.column("text")
        for row in np.unique(rows[(rows >= batch.first) & (rows < batch.first + batch.batch.num_rows)]):
            mine = slice(*np.searchsorted(rows, [row, row + 1]))
            points = code_points(texts[int(row) - batch.first].as_py())
            low, starts, owners = kernel.windows(points, size, bases()[1], first[mine], last[mine])
            found.append((anchor[mine][owners], low, where.nodes(np.full(len(low), row)), starts))
    columns = map(np.concatenate, zip(*found, strict=True))
    table = table_of(dict(zip(("hash", "low", "node", "start"), columns, strict=True)))
    where.write(folder, table, parts)
    return {"windows": table.num_rows}


def find_windows(folder: Path, *, place: Place, size: int) -> Counts:
    """Write the repeated windows of one hash range as spans, those that overlap joined."""
    where = PartPlace(**place)
    table = where.read(folder)
    anchor, low, node, start = (column(table, name) for name in ("hash", "low", "node", "start"))
    order = np.lexsort((start, node, low, anchor))
    new = changes(anchor[order], low[order])
    heads = order[np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))]
    apart = (node[order] != node[heads]) | (start[order].astype(np.int64) - start[heads] >= size)
    rows = order[~new & apart]
    where.write(folder, _joined_spans(node[rows], start[rows].astype(np.int64), size))
    return {"repeated_windows": len(rows)}


def _joined_spans(node: Nodes, start: Array, size: int) -> pa.Table:
    order = np.lexsort((start, node))
    node, start = node[order], start[order]
    new = changes(node)
    new[1:] |= start[1:] > start[:-1] + size
    firsts = np.flatnonzero(new)
    lasts = np.append(firsts[1:], len(node))[: len(firsts)] - 1
    return _spans(node[firsts], start[firsts], start[lasts] + size)
