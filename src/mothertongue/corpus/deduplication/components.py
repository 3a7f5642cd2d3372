"""Connected components of edges between documents: by union-find where they fit one task, else by exchange.

The label of a component is its smallest node either way. The exchange is the alternation of large and small stars of
Kiveris et al. (2014, "Connected components in MapReduce and beyond"): every round moves edges towards smaller nodes,
none adds any, and a logarithmic number of rounds ends in stars around the smallest node of each component.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mothertongue.corpus.deduplication import kernel
from mothertongue.corpus.deduplication.exchange import (
    Nodes,
    changes,
    column,
    dump_of,
    joined,
    part_of,
    parts_for,
    read_all,
    table_of,
    write_parts,
)
from mothertongue.corpus.deduplication.job import VERSION, Job, exchange, exchanged
from mothertongue.corpus.deduplication.places import PartPlace, Place
from mothertongue.corpus.work import Counts, Task, total

EDGES_IN_MEMORY: Final = 1 << 22
"""More edges than this (64 MiB, and a few times as much while they are joined) go by exchange."""
MOST_ROUNDS: Final = 64


def find_components(job: Job, edges: Sequence[str], number: int, limit: int = EDGES_IN_MEMORY) -> list[str]:
    """Return files of (node, label) parted by groups of shards, with one part more for nodes of earlier dumps.

    `edges` are files of (first, second), `number` their rows together. Nodes without edges are left out.
    """
    if number > limit:
        return _by_exchange(job, edges, number)
    return _round(job, "near-labels", "union", edges, 1)[0]


def union(first: Nodes, second: Nodes) -> tuple[Nodes, Nodes]:
    """Return all nodes of some edges in order, and for each the smallest node of its component."""
    nodes = np.unique(np.concatenate([first, second]))
    one, two = np.searchsorted(nodes, first), np.searchsorted(nodes, second)
    return nodes, nodes[kernel.union(len(nodes), one, two)]


def _write_labels(path: Path, where: PartPlace, nodes: Nodes, labels: Nodes) -> None:
    groups, current = where.groups, dump_of(nodes) == where.dump
    part = np.full(len(nodes), groups.number)
    part[current] = groups.of(nodes[current])
    write_parts(path, table_of({"node": nodes, "label": labels}), part, groups.number + 1)


def _by_exchange(job: Job, edges: Sequence[str], number: int) -> list[str]:
    parts = parts_for(2.0 * number)
    files = _round(job, "near-stars-00", "spread", list(edges), parts)[0]
    for turn in range(1, MOST_ROUNDS + 1):
        files, large = _round(job, f"near-stars-{turn:02d}-large", "large", files, parts)
        files, small = _round(job, f"near-stars-{turn:02d}-small", "small", files, parts)
        if not large + small:
            break
    return _round(job, "near-labels", "labels", files, parts)[0]


def _round(job: Job, step: str, kind: str, files: Sequence[str], parts: int) -> tuple[list[str], int]:
    """Run one round, a task per part (`spread`: per file); return its files and how many edges it changed."""
    reads = [([name], 0, 1) for name in files] if kind == "spread" else [(files, part, parts) for part in range(parts)]
    tasks = []
    for number, (read, part, among) in enumerate(reads):
        output = exchange(step, number)
        place = PartPlace(VERSION, list(read), part, among, job.numbers, job.dump, output)
        arguments = {"place": asdict(place), "kind": kind, "into": parts}
        tasks.append(Task(f"duplicates/{step}", number, f"{__name__}:star", arguments, tuple(read), (output,)))
    counts = total(job.work.run(tasks, "joining clusters"))
    return joined(job.work, step, exchanged(step, range(len(tasks)))), int(counts.get("changed", 0))


def star(folder: Path, *, place: Place, kind: str, into: int) -> Counts:
    """Do one task of a round; an edge lies with the node that owns it, under its hash: (hash, node, other).

    `spread` gives plain edges to both their nodes; `large` reads all edges of a node and leaves each with its larger
    one; `small` reads these and gives them to both again; `labels` reads finished stars. `union` reads plain edges
    and writes the labels at once.
    """
    where = PartPlace(**place)
    if kind in ("spread", "union"):
        batches = [batch for path in where.paths(folder) for batch in read_all(path)]
        table = pa.Table.from_batches(batches, batches[0].schema)
        first, second = column(table, "first"), column(table, "second")
        if kind == "spread":
            _write_edges(folder / where.output, first, second, into, both=True)
        else:
            _write_labels(folder / where.output, where, *union(first, second))
        return {"edges": len(first)}
    table = where.read(folder)
    node, other, starts = _sorted(column(table, "node"), column(table, "other"))
    if kind == "labels":
        owners = node[starts]
        _write_labels(folder / where.output, where, owners, np.minimum(owners, other[starts]))
        return {"nodes": len(owners)}
    sizes = np.diff(np.append(starts, len(node)))
    smallest = np.repeat(np.minimum(node[starts], other[starts]), sizes)
    moved = other > node if kind == "large" else other != smallest
    from_node, to_node = other[moved], smallest[moved]
    if kind == "small":
        from_node, to_node = np.concatenate([from_node, node[starts]]), np.concatenate([to_node, other[starts]])
    _write_edges(folder / where.output, from_node, to_node, into, both=kind == "small")
    return {"edges": len(from_node), "changed": int((moved & (smallest != node)).sum())}


def _sorted(node: Nodes, other: Nodes) -> tuple[Nodes, Nodes, NDArray[np.int64]]:
    """Return edges in order, each once, and where the edges of each node begin."""
    order = np.lexsort((other, node))
    node, other = node[order], other[order]
    new = changes(node, other)
    node, other = node[new], other[new]
    return node, other, np.flatnonzero(changes(node))


def _write_edges(path: Path, node: Nodes, other: Nodes, parts: int, *, both: bool) -> None:
    if both:
        node, other = np.concatenate([node, other]), np.concatenate([other, node])
    hashes = kernel.mix_all(node)
    write_parts(path, table_of({"hash": hashes, "node": node, "other": other}), part_of(hashes, parts), parts)
