"""Step `tag`: one task per tagger and shard, each writing one attribute shard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mothertongue.corpus.attributes import write_attributes
from mothertongue.corpus.document import shard_checksum
from mothertongue.corpus.profile import LanguageProfile, read_profile
from mothertongue.corpus.tagger import Tagger, attribute_key
from mothertongue.corpus.taggers import make_tagger
from mothertongue.corpus.work import Counts, Task, Work

BATCH_ROWS = 256
"""Documents measured at once; identifying languages holds a table of all lines by all languages."""
PROFILE = "profile.toml"


@dataclass(frozen=True)
class Tagged:
    """The attributes of one tagger: its key and its shards, in the order of the document shards."""

    name: str
    key: str
    shards: tuple[str, ...]
    columns: pa.Schema


def tag(
    work: Work, documents: Sequence[str], taggers: Mapping[str, Mapping[str, Any]], profile: LanguageProfile
) -> dict[str, Tagged]:
    """Return the attributes of every tagger (name -> settings) over the document shards; what exists is kept."""
    made = {name: make_tagger(name, settings) for name, settings in taggers.items()}
    options = {name: _options(tagger) for name, tagger in made.items()}
    results = {name: _tagged(tagger, profile, len(documents)) for name, tagger in made.items()}
    sizes = [float(work.path(name).stat().st_size) for name in documents]
    tasks = [
        Task(
            f"tag/{results[name].key}",
            number,
            f"{__name__}:tag_shard",
            {
                "tagger": name,
                "settings": options[name][0],
                "key": results[name].key,
                "documents": source,
                "language": profile.language,
            },
            inputs=(source,),
            outputs=(results[name].shards[number],),
            places={"files": options[name][1]},
            weight=sizes[number],
        )
        for number, source in enumerate(documents)
        for name in made
    ]
    work.run(tasks, "measuring texts", "bytes")
    return results


def _options(tagger: Tagger) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the settings that decide, and the files that they name, which count by their content instead."""
    settings = dict(tagger.settings)
    files = {name: value for name, value in settings.items() if settings.get(f"{name}_sha256")}
    return {name: value for name, value in settings.items() if name not in files}, files


def _tagged(tagger: Tagger, profile: LanguageProfile, shards: int) -> Tagged:
    key = attribute_key(tagger, profile)
    return Tagged(
        tagger.name, key, tuple(f"attributes/{key}/{number:05d}.parquet" for number in range(shards)), tagger.columns
    )


def tag_shard(
    folder: Path,
    *,
    tagger: str,
    settings: Mapping[str, Any],
    key: str,
    documents: str,
    language: str,
    files: Mapping[str, Any],
) -> Counts:
    """Measure one shard of documents; `files` are the settings that name files."""
    made = make_tagger(tagger, {**settings, **files})
    profile = read_profile(folder / PROFILE, language)
    number = Path(documents).name
    checksum = shard_checksum(folder / documents)
    with pq.ParquetFile(folder / documents) as file:
        target = folder / "attributes" / key / number
        rows = write_attributes(target, _batches(file, made, profile), made.columns, key=key, checksum=checksum)
    return {"documents": rows}


def _batches(file: pq.ParquetFile, tagger: Tagger, profile: LanguageProfile) -> Iterator[pa.RecordBatch]:
    for batch in file.iter_batches(batch_size=BATCH_ROWS):
        yield tagger.tag(batch, profile)
