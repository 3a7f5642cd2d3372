"""Components: union-find, stars by exchange and a plain search agree; parts are read whatever they were cut into."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus.deduplication.curations import quick_folder

from mothertongue.corpus.deduplication import exchange
from mothertongue.corpus.deduplication.components import find_components, union
from mothertongue.corpus.deduplication.exchange import nodes, part_of, read_all, read_part, table_of, write_parts
from mothertongue.corpus.deduplication.job import Job
from mothertongue.corpus.deduplication.options import DeduplicationOptions
from mothertongue.corpus.work import Work

EDGES = st.lists(st.tuples(st.integers(0, 25), st.integers(0, 25)).filter(lambda edge: edge[0] != edge[1]), max_size=40)


def by_search(edges: list[tuple[int, int]]) -> dict[int, int]:
    around: dict[int, set[int]] = {}
    for one, two in edges:
        around.setdefault(one, set()).add(two)
        around.setdefault(two, set()).add(one)
    labels: dict[int, int] = {}
    for start in sorted(around):
        waiting = [start]
        while waiting:
            node = waiting.pop()
            if node not in labels:
                labels[node] = start
                waiting += around[node]
    return labels


def job_in(folder: Path, shards: int) -> Job:
    names = tuple(f"documents/{number:05d}.parquet" for number in range(shards))
    return Job(Work(folder), names, DeduplicationOptions(), False, ((),) * shards, dump=1)


def labels_of(folder: Path, edges: list[tuple[int, int]], limit: int) -> dict[int, int]:
    """Return the labels of small numbers, which are spread over two dumps and three shards."""
    numbers = np.concatenate([nodes(0, 0, np.arange(8)), *(nodes(1, shard, np.arange(6)) for shard in range(3))])
    files = []
    for half in (edges[::2], edges[1::2]):
        files.append(f"edges-{len(files)}.arrow")
        sides = np.array(half, np.int64).reshape(-1, 2)
        table = table_of({"first": numbers[sides[:, 0]], "second": numbers[sides[:, 1]]})
        write_parts(folder / files[-1], table, np.zeros(len(sides), np.int64), 1)
    found: dict[int, int] = {}
    for name in find_components(job_in(folder, 3), files, len(edges), limit):
        for part, batch in enumerate(read_all(folder / name)):
            for node, label in zip(batch["node"].to_numpy(), batch["label"].to_numpy(), strict=True):
                # Groups of shards come first, earlier dumps last.
                assert part == (int(node >> np.uint64(24)) & 0xFF if node >> np.uint64(48) else 3)
                found[int(np.searchsorted(numbers, node))] = int(np.searchsorted(numbers, label))
    return found


@settings(max_examples=30, deadline=None)
@given(EDGES, st.integers(1, 3))
def test_exchange_and_union_find_label_alike(edges, parts):
    rows_per_part = exchange.ROWS_PER_PART
    exchange.ROWS_PER_PART = max(1, len(edges) // parts)
    try:
        with quick_folder() as one, quick_folder() as two:
            small, large = labels_of(one, edges, 1000), labels_of(two, edges, -1)
    finally:
        exchange.ROWS_PER_PART = rows_per_part
    assert small == large == by_search(edges)


def test_a_long_chain_ends_in_few_rounds(tmp_path):
    order = np.random.default_rng(0).permutation(26).tolist()
    chain = list(pairwise(order))
    assert set(labels_of(tmp_path, chain, 0).values()) == {0}
    rounds = list((tmp_path / "manifests/duplicates").glob("near-stars-*-large"))
    assert len(rounds) <= 8


@settings(max_examples=50, deadline=None)
@given(EDGES)
def test_union_by_search(edges):
    sides = np.array(edges, np.uint64).reshape(-1, 2)
    names, labels = union(sides[:, 0], sides[:, 1])
    assert dict(zip(names.tolist(), labels.tolist(), strict=True)) == by_search(edges)


@pytest.mark.parametrize(("written", "read"), [(1, 4), (4, 1), (8, 2), (2, 8), (4, 4)])
def test_any_cut_into_parts_can_be_read_in_any_other(tmp_path, written, read):
    hashes = np.random.default_rng(1).integers(0, 2**64, 500, dtype=np.uint64)
    table = pa.table({"hash": hashes, "row": np.arange(500)})
    write_parts(tmp_path / "file", table, part_of(hashes, written), written)
    found = [read_part([tmp_path / "file"], part, read) for part in range(read)]
    for part, rows in enumerate(found):
        assert (part_of(rows["hash"].to_numpy(), read) == part).all()
    assert sorted(pa.concat_tables(found)["row"].to_pylist()) == list(range(500))


def test_joined_files_have_the_parts_of_all(tmp_path, monkeypatch):
    monkeypatch.setattr(exchange, "MOST_FILES", 2)
    names = []
    for number in range(5):
        hashes = np.random.default_rng(number).integers(0, 2**64, 50, dtype=np.uint64)
        names.append(f"{number}.arrow")
        table = pa.table({"hash": hashes, "row": np.full(50, number)})
        write_parts(tmp_path / names[-1], table, part_of(hashes, 4), 4)
    found = exchange.joined(Work(tmp_path), "step", names)
    assert len(found) == 2
    for part in range(4):
        one = read_part([tmp_path / name for name in names], part, 4)
        assert read_part([tmp_path / name for name in found], part, 4).equals(one)
