"""What one shard adds to a data card: exact counts, numbers of some documents, samples per rule with their texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mothertongue import durability
from mothertongue.corpus.card.samples import LONGEST, SEED, Sample, choose
from mothertongue.corpus.curation import CURATION, PROFILE, Curation, read_curation
from mothertongue.corpus.decide import DECISIONS, utf8_sizes
from mothertongue.corpus.evaluate import kind_of
from mothertongue.corpus.mix_shards import amount, source_of
from mothertongue.corpus.selection import places_of
from mothertongue.corpus.work import Counts, Task, file_hash

if TYPE_CHECKING:
    import polars as pl

VERSION: Final = 1
PORTRAIT: Final = 1_000
"""Documents whose numbers are kept for the histograms."""
TEXTS: Final = 200
"""Kept documents whose opening is kept for fertility."""
MOST_NAMES: Final = 200
OTHERS: Final = "(others)"
UNCOUNTED: Final = (".representative", ".evidence")
"""Texts that are ids or explain another attribute: nobody asks how many documents share one."""
BATCH_ROWS: Final = 1024


def summary_task(curation: Curation, number: int) -> Task:
    """Return the task that describes one shard, in `card/NUMBER.json`."""
    places = [path for path, _ in curation.places(number).values()]
    name = f"{number:05d}"
    inputs = (f"documents/{name}.parquet", f"{DECISIONS}/{name}.parquet", PROFILE, *places)
    arguments = {"version": VERSION, "number": number, "curation": file_hash(curation.folder / CURATION)}
    return Task("card", number, f"{__name__}:summarize_shard", arguments, inputs, (f"card/{name}.json",))


def summarize_shard(folder: Path, *, number: int, curation: str, version: int) -> Counts:
    """Write the summary of one shard; returns its number of documents."""
    del curation, version
    found = read_curation(folder)
    decided = found.decisions(number).to_pydict()
    frame = found.frame(number)
    sizes, ids, sources = _documents(found.documents(number))
    keep = np.array(decided["keep"], np.bool_)
    samples = choose(frame, ids, decided, found.checked)
    chosen = _first(places_of(ids, SEED), keep, TEXTS)
    texts = _texts(found.documents(number), {one["row"] for one in samples} | set(chosen))
    value = {
        "totals": {"in": amount(keep | True, sizes), "kept": amount(keep, sizes)},
        "sources": _by_source(sources, decided["reason"], keep, sizes),
        "names": _names(frame, keep),
        "clusters": _clusters(frame),
        "portrait": _portrait(frame, ids, keep, sizes),
        "samples": [_with_text(one, texts, sources, sizes["characters"]) for one in samples],
        "texts": [{"place": float(place), "text": texts[row]} for row, place in chosen.items()],
    }
    durability.write_json(folder / f"card/{number:05d}.json", value)
    return {"documents": len(ids)}


def _documents(path: Path) -> tuple[dict[str, Any], list[str], list[str]]:
    """Return sizes (bytes, characters), ids and sources of a shard, without holding its texts."""
    ids: list[str] = []
    sources: list[str] = []
    sizes: dict[str, list[Any]] = {"bytes": [], "characters": []}
    for batch in _batches(path, ["id", "text", "source"]):
        ids += batch.column("id").to_pylist()
        sources += batch.column("source").to_pylist()
        sizes["bytes"].append(utf8_sizes(batch.column("text")))
        sizes["characters"].append(_characters(batch.column("text")))
    return {unit: np.concatenate([np.zeros(0, np.int64), *parts]) for unit, parts in sizes.items()}, ids, sources


def _batches(path: Path, columns: list[str]) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(batch_size=BATCH_ROWS, columns=columns)


def _characters(texts: pa.Array) -> Any:
    import pyarrow.compute as pc

    return np.asarray(pc.utf8_length(texts).to_numpy(zero_copy_only=False), np.int64)


def _first(places: Any, keep: Any, number: int) -> dict[int, float]:
    """Return row -> place of the first kept documents by hash."""
    rows = np.flatnonzero(keep)
    return {int(row): float(places[row]) for row in rows[np.argsort(places[rows], kind="stable")[:number]]}


def _texts(path: Path, rows: set[int]) -> dict[int, str]:
    """Return row -> the opening of its text."""
    found, start = {}, 0
    for batch in _batches(path, ["text"]):
        here = [row for row in range(start, start + batch.num_rows) if row in rows]
        found.update({row: batch.column("text")[row - start].as_py()[:LONGEST] for row in here})
        start += batch.num_rows
    return found


def _with_text(sample: Sample, texts: Mapping[int, str], sources: list[str], characters: Any) -> Sample:
    row = sample["row"]
    return {**sample, "text": texts[row], "characters": int(characters[row]), "source": sources[row]}


def _by_source(sources: list[str], reasons: list[str | None], keep: Any, sizes: Mapping[str, Any]) -> Counts:
    """Return source -> amounts read, kept, and dropped by first reason."""
    names = np.array([source_of(source) for source in sources], object)
    gone = np.array([reason or "" for reason in reasons], object)
    found: Counts = {}
    for name in sorted(set(names.tolist())):
        here = names == name
        dropped = sorted(set(gone[here].tolist()) - {""})
        found[name] = {
            "in": amount(here, sizes),
            "kept": amount(here & keep, sizes),
            "dropped": {reason: amount(here & (gone == reason), sizes) for reason in dropped},
        }
    return found


def _names(frame: pl.DataFrame, keep: Any) -> Counts:
    """Return, for every attribute that is a text and for years, value -> documents kept and dropped."""
    found: Counts = {}
    for name in frame.columns:
        column = frame.get_column(name)
        if (column.dtype == _text_type() and not name.endswith(UNCOUNTED)) or name == "date.year":
            pairs = Counter(zip((_name(value) for value in column.to_list()), keep.tolist(), strict=True))
            found[name] = _largest(pairs)
    return found


def _text_type() -> Any:
    import polars as pl

    return pl.String


def _name(value: Any) -> str:
    return "" if value is None else str(value)


def _largest(pairs: Counter[tuple[str, bool]]) -> Counts:
    """Return name -> {kept, dropped} of the most frequent names; the others are one name."""
    whole: Counter[str] = Counter()
    for (name, _), number in pairs.items():
        whole[name] += number
    shown = {name for name, _ in sorted(whole.items(), key=lambda one: (-one[1], one[0]))[:MOST_NAMES]}
    found: dict[str, dict[str, int]] = {}
    for (name, kept), number in sorted(pairs.items()):
        row = found.setdefault(name if name in shown else OTHERS, {"kept": 0, "dropped": 0})
        row["kept" if kept else "dropped"] += number
    return found


def _clusters(frame: pl.DataFrame) -> Counts:
    """Return kind of duplicates -> size of cluster -> number of clusters."""
    kinds = [name.removesuffix(".cluster_size") for name in frame.columns if name.endswith(".cluster_size")]
    found = {}
    for kind in kinds:
        rows = frame.filter(frame.get_column(f"{kind}.duplicate") == 0).get_column(f"{kind}.cluster_size").drop_nulls()
        found[kind] = {str(size): number for size, number in sorted(Counter(rows.to_list()).items())}
    return found


def _portrait(frame: pl.DataFrame, ids: list[str], keep: Any, sizes: Mapping[str, Any]) -> Counts:
    """Return the numbers of the first documents by hash: the same documents whatever the shards."""
    places = places_of(ids, SEED + 1)
    rows = np.argsort(places, kind="stable")[:PORTRAIT]
    schema = frame.to_arrow().schema
    numbers = [name for name in frame.columns if kind_of(schema.field(name).type) == "number"]
    chosen = frame[rows] if frame.width else frame
    return {
        "place": places[rows].tolist(),
        "keep": keep[rows].tolist(),
        "columns": {unit: values[rows].tolist() for unit, values in sizes.items()}
        | {name: chosen.get_column(name).to_list() for name in numbers},
    }
