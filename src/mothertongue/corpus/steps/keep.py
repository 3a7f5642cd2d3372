"""Step `keep`: the documents that decisions keep, with their edits made, as shards of their own.

Texts change here for the first time; everything before refers to them as they were read. Deleted paragraphs are
written beside the shard, so that they stay readable; replaced spans are not: they may be personal data.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from mothertongue import durability
from mothertongue.corpus.attributes import read_attributes
from mothertongue.corpus.document import (
    Document,
    Dropped,
    content_id,
    iterate_shard,
    sample_of,
    shard_checksum,
    size_of,
    write_shard,
)
from mothertongue.corpus.edits import Edit, apply_edits
from mothertongue.corpus.work import Counts, Task, Work

VERSION = 1
DELETED = "deleted_part"
MOST_RECORDED = 10_000
"""Deleted parts of one shard that are kept for reading; all of them are counted."""
_GAP = re.compile(r"\n{3,}")


def keep(
    work: Work,
    documents: Sequence[str],
    decisions: Sequence[str],
    key: str,
    carried: Mapping[str, tuple[Sequence[str], str]] | None = None,
) -> tuple[list[Counts], list[str]]:
    """Return counts and the names of the shards of kept documents, one for each shard of documents.

    `carried` maps attributes (`tagger.column`) to their shards and key; their values go into the meta of documents.
    """
    tasks = []
    for number, (source, decided) in enumerate(zip(documents, decisions, strict=True)):
        places = {name: {"path": shards[number], "key": own} for name, (shards, own) in (carried or {}).items()}
        arguments = {
            "version": VERSION,
            "number": number,
            "documents": source,
            "decisions": decided,
            "key": key,
            "carried": places,
        }
        inputs = (source, decided, *(place["path"] for place in places.values()))
        outputs = (_kept_name(number), _deleted_name(number))
        weight = float(work.path(source).stat().st_size)
        tasks.append(Task("keep", number, f"{__name__}:keep_shard", arguments, inputs, outputs, weight=weight))
    return work.run(tasks, "keeping texts", "bytes"), [_kept_name(number) for number in range(len(tasks))]


def _kept_name(number: int) -> str:
    return f"kept/{number:05d}.parquet"


def _deleted_name(number: int) -> str:
    return f"kept/{number:05d}.deleted.jsonl"


@dataclass
class _Kept:
    documents: list[Document] = field(default_factory=list)
    deleted: list[Dropped] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def keep_shard(
    folder: Path,
    *,
    number: int,
    documents: str,
    decisions: str,
    key: str,
    carried: Mapping[str, Mapping[str, str]],
    version: int,
) -> Counts:
    """Write the kept documents of one shard."""
    del version
    checksum = shard_checksum(folder / documents)
    rows = read_attributes(folder / decisions, key=key, checksum=checksum).select(["keep", "edits"]).to_pylist()
    result = _Kept()
    facts = {
        name: read_attributes(folder / place["path"], key=place["key"], checksum=checksum)
        .column(name.partition(".")[2])
        .to_pylist()
        for name, place in carried.items()
    }
    for place, (document, row) in enumerate(zip(iterate_shard(folder / documents), rows, strict=True)):
        if row["keep"]:
            own = {name: values[place] for name, values in facts.items()}
            whole = replace(document, meta={**document.meta, **own}) if own else document
            result.documents.append(_edited(whole, row["edits"] or (), result))
    write_shard(folder / _kept_name(number), result.documents)
    lines = "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in result.deleted)
    durability.write_text(folder / _deleted_name(number), lines)
    sizes = sum(map(size_of, result.documents))
    return {"documents": len(result.documents), "bytes": sizes, "edits": dict(sorted(result.counts.items()))}


def _edited(document: Document, rows: Sequence[Mapping[str, Any]], result: _Kept) -> Document:
    if not rows:
        return document
    edits = [Edit(row["start"], row["end"], row["replacement"]) for row in rows]
    for edit in edits:
        result.counts[edit.replacement or DELETED] += 1
        if not edit.replacement and len(result.deleted) < MOST_RECORDED:
            result.deleted.append(_deleted(document, edit))
    text = apply_edits(document.text, edits)
    if any(not edit.replacement for edit in edits):
        # What is deleted leaves no more than one empty line behind.
        text = _GAP.sub("\n\n", text)
    return replace(document, text=text.strip(), meta={**document.meta, "edited": content_id(document.text)})


def _deleted(document: Document, edit: Edit) -> Dropped:
    part = document.text[edit.start : edit.end]
    line = document.text.count("\n", 0, edit.start) + 1
    return Dropped(f"{document.id}#{line}", document.source, DELETED, f"{len(part)} characters", "", sample_of(part))


def deleted_parts(folder: Path, shards: int) -> Iterator[Dropped]:
    """Yield the parts of kept documents that were deleted, in order."""
    for number in range(shards):
        for line in (folder / _deleted_name(number)).read_text(encoding="utf-8").splitlines():
            yield Dropped(**json.loads(line))
