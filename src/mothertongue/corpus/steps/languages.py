"""Step `languages`: how many bytes of the texts are in which language, for documents that passed the first rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from mothertongue.corpus.attributes import read_attributes
from mothertongue.corpus.document import shard_checksum
from mothertongue.corpus.language import MINIMUM_PROBABILITY
from mothertongue.corpus.steps.tag import Tagged
from mothertongue.corpus.work import Counts, Task, Work, total

VERSION = 1


def language_shares(
    work: Work,
    documents: Sequence[str],
    tagged: Tagged,
    decisions: Sequence[str],
    key: str,
    *,
    language: str,
    before: Sequence[str],
) -> dict[str, float]:
    """Return tag -> share of bytes, largest first; documents dropped for a reason in `before` do not count."""
    tasks = [
        Task(
            "languages",
            number,
            f"{__name__}:count_languages",
            {
                "version": VERSION,
                "documents": source,
                "attributes": {"path": attributes, "key": tagged.key},
                "decisions": {"path": decided, "key": key},
                "language": language,
                "before": list(before),
            },
            (source, attributes, decided),
        )
        for number, (source, attributes, decided) in enumerate(zip(documents, tagged.shards, decisions, strict=True))
    ]
    counts = total(work.run(tasks, "counting languages")).get("bytes", {})
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    everything = sum(counts.values())
    return {tag: number / everything for tag, number in ordered if number}


def count_languages(
    folder: Path,
    *,
    documents: str,
    attributes: Mapping[str, str],
    decisions: Mapping[str, str],
    language: str,
    before: Sequence[str],
    version: int,
) -> Counts:
    """Count the bytes of one shard by language: the wanted one where it is probable enough, else the likeliest."""
    del version
    checksum = shard_checksum(folder / documents)
    measured = read_attributes(folder / attributes["path"], key=attributes["key"], checksum=checksum)
    decided = read_attributes(folder / decisions["path"], key=decisions["key"], checksum=checksum)
    sizes = pc.binary_length(pq.read_table(folder / documents, columns=["text"]).column("text")).to_pylist()
    bytes_of: Counter[str] = Counter()
    rows = zip(
        measured.column("label").to_pylist(),
        measured.column("probability").to_pylist(),
        decided.column("reason").to_pylist(),
        sizes,
        strict=True,
    )
    for label, probability, reason, size in rows:
        if reason not in before:
            mine = probability is not None and probability >= MINIMUM_PROBABILITY
            bytes_of[language if mine else label or "zxx"] += size
    return {"bytes": dict(sorted(bytes_of.items()))}
