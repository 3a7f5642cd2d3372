"""The work on one shard of files: read, repair, cut long texts, measure quality, check the language.

A pure function of the files and the job: it runs in any process and gives the same result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from mothertongue.corpus.document import Document, Dropped, content_id, drop
from mothertongue.corpus.language import Identifier, LanguageCheck
from mothertongue.corpus.listing import FoundFile
from mothertongue.corpus.pieces import split_text
from mothertongue.corpus.quality import Bound, decide, measure
from mothertongue.corpus.readers import Limits, reader_for
from mothertongue.corpus.readers.streams import USUAL_LIMITS, UnreadableError
from mothertongue.corpus.unicode import repair


@dataclass(frozen=True)
class Job:
    """One shard of files and everything that decides what becomes of them."""

    files: tuple[FoundFile, ...]
    language: str
    maximum_characters: int
    thresholds: dict[str, Bound]
    """Bounds on quality attributes; empty to measure nothing."""
    identifier: Identifier | None
    """None to leave the language unchecked."""
    enforce_language: bool
    limits: Limits = USUAL_LIMITS


@dataclass
class Prepared:
    """What came out of a shard: documents, dropped rows by step, counts of repairs, bytes per language."""

    documents: list[Document] = field(default_factory=list)
    dropped: dict[str, list[Dropped]] = field(default_factory=dict)
    passed: dict[str, Counter[str]] = field(default_factory=dict)
    """Step -> how many `documents` and `bytes` were left after it."""
    repairs: Counter[str] = field(default_factory=Counter)
    shares: Counter[str] = field(default_factory=Counter)
    cut: list[tuple[str, int]] = field(default_factory=list)
    """Sources of documents that were cut, with the number of pieces."""

    def drop(self, step: str, row: Dropped) -> None:
        """Keep a dropped row under its step."""
        self.dropped.setdefault(step, []).append(row)

    def passes(self, step: str, document: Document) -> None:
        """Count a document that is left after a step."""
        counts = self.passed.setdefault(step, Counter())
        counts["documents"] += 1
        counts["bytes"] += size_of(document)

    def add(self, other: Prepared) -> None:
        """Append the result of the next shard."""
        self.documents += other.documents
        self.repairs += other.repairs
        self.shares += other.shares
        self.cut += other.cut
        for step, rows in other.dropped.items():
            self.dropped.setdefault(step, []).extend(rows)
        for step, counts in other.passed.items():
            self.passed.setdefault(step, Counter()).update(counts)


def size_of(document: Document) -> int:
    """Return the bytes of a document's text in UTF-8."""
    return len(document.text.encode("utf-8", "replace"))


def prepare(job: Job) -> Prepared:
    """Return what becomes of the files of one job, before any comparison between documents."""
    result = Prepared()
    check = None
    if job.identifier is not None:
        check = LanguageCheck(job.language, job.identifier, enforce=job.enforce_language)
    for file in job.files:
        for item in _read(file, job):
            if isinstance(item, Dropped):
                result.drop("read", item)
                continue
            for document in _repaired_pieces(item, job.maximum_characters, result):
                _judge(document, job, check, result)
    return result


def _read(file: FoundFile, job: Job) -> Iterator[Document | Dropped]:
    """Yield the rows of one file; sources are names below the corpus folder, so that moving it changes no bit."""
    reader = reader_for(file.path, job.language, job.limits)
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


def _repaired_pieces(document: Document, maximum: int, result: Prepared) -> Iterator[Document]:
    """Yield the document with its text repaired, in pieces when it is too long; an id made from text stays one."""
    own_id = document.id != content_id(document.text)
    text, repairs = repair(document.text)
    result.repairs += repairs
    text = text.strip()
    identifier = document.id if own_id else content_id(text)
    whole = replace(document, id=identifier, text=text)
    if len(text) <= maximum:
        yield whole
        return
    pieces = [piece for piece in (part.strip() for part in split_text(text, maximum)) if piece]
    result.cut.append((document.source, len(pieces)))
    for number, piece in enumerate(pieces, 1):
        meta = {**document.meta, "part_of": identifier, "part": number, "parts": len(pieces)}
        yield Document(f"{identifier}-{number:04d}", piece, document.source, document.language, meta)


def _judge(document: Document, job: Job, check: LanguageCheck | None, result: Prepared) -> None:
    """Pass a document through quality and language; short texts go first, the identifier would misjudge them."""
    if not document.text:
        result.drop("read", drop(document, "empty", "0", "at least 1 character"))
        return
    result.passes("read", document)
    if job.thresholds:
        decision = decide(measure(document.text), job.thresholds)
        if not decision.keep:
            result.drop("quality", drop(document, decision.reason, decision.value, decision.threshold))
            return
    result.passes("quality", document)
    if check is not None:
        verdict = check.judge(document)
        result.shares.update(verdict.shares)
        for row in verdict.dropped:
            result.drop("language", row)
        if not verdict.keep:
            return
        lost = len(verdict.document.text) < len(document.text)
        document = verdict.document
        length = {"characters": job.thresholds["characters"]} if lost and job.thresholds else {}
        decision = decide({"characters": float(len(document.text))}, length)
        if not decision.keep or not document.text:
            value, threshold = decision.value or "0", decision.threshold or "at least 1"
            result.drop("language", drop(document, "too_short", value, f"{threshold} in {job.language}"))
            return
    result.passes("language", document)
    result.documents.append(document)
