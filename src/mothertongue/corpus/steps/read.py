"""Step `read`: files in, shards of repaired documents out, and a row for everything that could not be read.

A task takes a group of files (or one large file) and writes as many shards as the texts fill. Shards are numbered in
the order of the files; `documents/00000.parquet` is the first. What happens depends on names and contents only.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from mothertongue import durability
from mothertongue.corpus.document import SPLITS, Document, Dropped, content_id, drop, size_of, write_shard
from mothertongue.corpus.listing import FoundFile, shards
from mothertongue.corpus.pieces import split_text
from mothertongue.corpus.readers import Limits, reader_for
from mothertongue.corpus.readers.streams import USUAL_LIMITS, UnreadableError
from mothertongue.corpus.unicode import repair
from mothertongue.corpus.work import Counts, Task, Work, file_hash

VERSION = 1
SHARD_BYTES = 16 * 1024 * 1024
"""UTF-8 text in one shard; a worker holds a few times as much."""
SHARD_FILES = 4096
MOST_RECORDED = 10_000
"""Rows about unreadable records that one task keeps; all of them are counted."""
MOST_CUT = 20


@dataclass(frozen=True)
class ReadOptions:
    """What reading depends on, besides the files."""

    language: str
    maximum_characters: int = 100_000
    limits: Limits = USUAL_LIMITS


def plan_read(files: Sequence[FoundFile], datasets: Sequence[str], options: ReadOptions) -> list[Task]:
    """Return one task per group of files and one per part of each Hugging Face dataset."""
    tasks: list[Task] = []
    common = {"version": VERSION, "options": asdict(options)}
    for group in shards(files, SHARD_BYTES, SHARD_FILES):
        number = len(tasks)
        named = [{"name": file.name, "size": file.size, "hash": file_hash(file.path)} for file in group]
        places = {"paths": [str(file.path.absolute()) for file in group]}
        weight = float(sum(file.size for file in group))
        arguments = {**common, "number": number, "files": named}
        tasks.append(_task(number, "read_files", arguments, places, weight))
    for name in datasets:
        from mothertongue.corpus.readers.huggingface import dataset_shards

        for part in range(dataset_shards(name)):
            number = len(tasks)
            arguments = {**common, "number": number, "name": name, "part": part}
            tasks.append(_task(number, "read_part_of_dataset", arguments, {}, float(SHARD_BYTES)))
    return tasks


def _task(number: int, function: str, arguments: Mapping[str, Any], places: Mapping[str, Any], weight: float) -> Task:
    call = f"{__name__}:{function}"
    return Task("read", number, call, arguments, (), (_dropped_name(number),), places=places, weight=weight)


def _dropped_name(number: int) -> str:
    return f"read/{number:05d}.dropped.jsonl"


def read(work: Work, tasks: Sequence[Task]) -> tuple[list[Counts], list[str]]:
    """Return the counts of all tasks and the names of the document shards, in order."""
    counts = work.run(tasks, "reading texts", "bytes")
    written = [name for part in counts for name in part["outputs"]]
    names = [f"documents/{number:05d}.parquet" for number in range(len(written))]
    for source, name in zip(written, names, strict=True):
        target = work.path(name)
        if not (target.exists() and target.samefile(work.path(source))):
            durability.link_or_copy(work.path(source), target)
    for old in sorted(work.path("documents").glob("*.parquet"))[len(names) :]:
        durability.remove(old)
    return counts, names


def read_files(
    folder: Path,
    *,
    number: int,
    files: Sequence[Mapping[str, Any]],
    options: Mapping[str, Any],
    paths: Sequence[str],
    version: int,
) -> Counts:
    """Read one group of files; raises WorkError when a file has changed since the plan was made."""
    del version
    chosen = _options(options)
    found = [
        FoundFile(Path(path), str(file["name"]), int(file["size"])) for path, file in zip(paths, files, strict=True)
    ]
    items = (item for file in found for item in _read_file(file, chosen))
    return _write(folder, number, items, chosen)


def read_part_of_dataset(
    folder: Path, *, number: int, name: str, part: int, options: Mapping[str, Any], version: int
) -> Counts:
    """Read one part of a Hugging Face dataset."""
    from mothertongue.corpus.readers.huggingface import read_dataset

    del version
    chosen = _options(options)
    items = read_dataset(name, chosen.language, chosen.limits, part)
    return _write(folder, number, items, chosen)


def _options(values: Mapping[str, Any]) -> ReadOptions:
    return ReadOptions(values["language"], values["maximum_characters"], Limits(**values["limits"]))


def _read_file(file: FoundFile, options: ReadOptions) -> Iterator[Document | Dropped]:
    """Yield the rows of one file; sources are names below the corpus folder, so that moving it changes no bit."""
    reader = reader_for(file.path, options.language, options.limits)
    if reader is None:
        suffix = "".join(file.path.suffixes[-2:]) or "no ending"
        yield UnreadableError("unknown_format", 0, f"{suffix} is not a format that is read").dropped(file.name)
        return
    prefix = file.path.as_posix()
    for item in reader.read(file.path):
        source = file.name + item.source.removeprefix(prefix)
        if isinstance(item, Dropped):
            yield replace(item, source=source, id=content_id(f"{source}\0{item.value}"))
        else:
            yield replace(item, source=source)


@dataclass
class _Output:
    """Shards as they fill, and the account of one task."""

    folder: Path
    number: int
    waiting: list[Document] = field(default_factory=list)
    waiting_bytes: int = 0
    outputs: list[str] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    repairs: Counter[str] = field(default_factory=Counter)
    cut: list[list[Any]] = field(default_factory=list)
    cuts: int = 0
    documents: int = 0
    bytes: int = 0
    given: int = 0
    """Documents that name a test set themselves."""

    def add(self, document: Document) -> None:
        size = size_of(document)
        if self.waiting and self.waiting_bytes + size > SHARD_BYTES:
            self.flush()
        self.waiting.append(document)
        self.waiting_bytes += size
        self.documents += 1
        self.bytes += size
        self.given += document.meta.get("split") in SPLITS[1:]

    def drop(self, row: Dropped) -> None:
        self.reasons[row.reason] += 1
        if len(self.dropped) < MOST_RECORDED:
            self.dropped.append(row)

    def flush(self) -> None:
        if self.waiting:
            name = f"read/{self.number:05d}.{len(self.outputs):05d}.parquet"
            write_shard(self.folder / name, self.waiting)
            self.outputs.append(name)
            self.waiting, self.waiting_bytes = [], 0

    def counts(self) -> Counts:
        return {
            "documents": self.documents,
            "bytes": self.bytes,
            "unread": dict(sorted(self.reasons.items())),
            "repairs": dict(sorted(self.repairs.items())),
            "cut": self.cut,
            "cuts": self.cuts,
            "given_splits": self.given,
            "outputs": self.outputs,
        }


def _write(folder: Path, number: int, items: Iterator[Document | Dropped], options: ReadOptions) -> Counts:
    output = _Output(folder, number)
    for item in _repaired(items, options, output):
        if isinstance(item, Dropped):
            output.drop(item)
        else:
            output.add(item)
    output.flush()
    rows = "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in output.dropped)
    durability.write_text(folder / _dropped_name(number), rows)
    return output.counts()


def documents_of(files: Sequence[FoundFile], options: ReadOptions) -> Iterator[Document | Dropped]:
    """Yield the repaired documents of files, and a row for everything that is none, without writing anything."""
    for file in files:
        yield from _repaired(_read_file(file, options), options, _Output(Path(), 0))


def _repaired(
    items: Iterator[Document | Dropped], options: ReadOptions, output: _Output
) -> Iterator[Document | Dropped]:
    for item in items:
        if isinstance(item, Dropped):
            yield item
            continue
        for document in _repaired_pieces(item, options.maximum_characters, output):
            yield document if document.text else drop(document, "empty", "0", "at least 1 character")


def _repaired_pieces(document: Document, maximum: int, output: _Output) -> Iterator[Document]:
    """Yield the document with its text repaired, in pieces when it is too long; an id made from text stays one."""
    own_id = document.id != content_id(document.text)
    text, repairs = repair(document.text)
    output.repairs += repairs
    text = text.strip()
    identifier = document.id if own_id else content_id(text)
    if len(text) <= maximum:
        yield replace(document, id=identifier, text=text)
        return
    pieces = [piece for piece in (part.strip() for part in split_text(text, maximum)) if piece]
    output.cuts += 1
    if len(output.cut) < MOST_CUT:
        output.cut.append([document.source, len(pieces)])
    for place, piece in enumerate(pieces, 1):
        meta = {**document.meta, "part_of": identifier, "part": place, "parts": len(pieces)}
        yield Document(f"{identifier}-{place:04d}", piece, document.source, document.language, meta)


def unread_rows(folder: Path, tasks: int) -> Iterator[Dropped]:
    """Yield what could not be read, in the order of the files."""
    for number in range(tasks):
        for line in (folder / _dropped_name(number)).read_text(encoding="utf-8").splitlines():
            yield Dropped(**json.loads(line))
