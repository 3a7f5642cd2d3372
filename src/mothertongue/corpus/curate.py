"""From folders of files to clean documents: train, held out, second domain, and everything that was dropped and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from mothertongue.console import progress
from mothertongue.corpus.deduplicate import Deduplicated, deduplicate_exact, deduplicate_near
from mothertongue.corpus.document import Document, Dropped, content_id, drop
from mothertongue.corpus.executors import Executor, usual_executor
from mothertongue.corpus.language import Identifier, Py3LangId, accepted_labels
from mothertongue.corpus.listing import FoundFile, list_files, shards
from mothertongue.corpus.prepare import Job, Prepared, prepare, size_of
from mothertongue.corpus.quality import default_thresholds
from mothertongue.corpus.readers import Limits
from mothertongue.corpus.refusals import (
    all_dropped,
    bad_option,
    check_sources,
    no_readable_file,
    one_document,
    wrong_language,
)
from mothertongue.corpus.split import has_given_split, split_documents
from mothertongue.errors import InputError

SHARD_BYTES = 4 * 1024 * 1024
SHARD_FILES = 256
REFUSED_SHARE = 0.2
"""Below this share of bytes in the wanted language the corpus is taken for a mistake."""
WARNED_SHARE = 0.8


@dataclass(frozen=True)
class CurateOptions:
    """The corpus section of a recipe, as far as this room uses it.

    Raises InputError MT209 with every value that is out of range.
    """

    held_out_share: float = 0.05
    """Share of all bytes that is held out for the test."""
    held_out_bytes: int = 16_000
    """Most bytes held out."""
    near_duplicate_threshold: float = 0.7
    """Jaccard similarity of five-token shingles from which two documents count as one."""
    minimum_characters: int = 200
    """Shorter documents are dropped."""
    maximum_characters: int = 100_000
    """Longer documents are cut at paragraphs, sentences or words."""
    language_check: Literal["strict", "warn", "off"] = "strict"
    """strict drops and refuses other languages, warn only says so, off does not look."""
    seed: int = 0

    def __post_init__(self) -> None:
        problems = [
            bad_option(name, value, allowed)
            for name, value, fine, allowed in (
                ("held_out_share", self.held_out_share, 0 < self.held_out_share <= 0.5, "above 0, at most 0.5"),
                ("held_out_bytes", self.held_out_bytes, self.held_out_bytes >= 1000, "at least 1000"),
                (
                    "near_duplicate_threshold",
                    self.near_duplicate_threshold,
                    0.1 <= self.near_duplicate_threshold <= 1,
                    "0.1 to 1",
                ),
                ("minimum_characters", self.minimum_characters, self.minimum_characters >= 1, "at least 1"),
                (
                    "maximum_characters",
                    self.maximum_characters,
                    self.maximum_characters >= max(100, self.minimum_characters),
                    "at least 100 and at least minimum_characters",
                ),
                (
                    "language_check",
                    self.language_check,
                    self.language_check in ("strict", "warn", "off"),
                    "strict, warn, off",
                ),
            )
            if not fine
        ]
        if problems:
            raise InputError(problems)


@dataclass(frozen=True)
class FunnelStep:
    """One step of the funnel: documents and bytes left after it, and what it dropped by reason."""

    step: str
    documents: int
    bytes: int
    dropped_by_reason: dict[str, int]


@dataclass
class Curated:
    """A curated corpus with its full account."""

    train: list[Document]
    held_out: list[Document]
    second_domain: list[Document]
    dropped: list[Dropped]
    funnel: list[FunnelStep]
    repairs: Counter[str]
    language_shares: dict[str, float]
    """Language tag -> share of the bytes read, largest first; empty when the language was not checked."""
    cluster_sizes: dict[str, int] = field(default_factory=dict)
    """Id of a document with duplicates -> how often its text was found."""
    warnings: list[str] = field(default_factory=list)


def curate(
    sources: Sequence[Path],
    language: str,
    options: CurateOptions | None = None,
    *,
    executor: Executor | None = None,
    identifier: Identifier | None = None,
    limits: Limits | None = None,
) -> Curated:
    """Return the curated corpus of files and folders in `language` (BCP 47).

    The result depends on the contents and names of the files and on the options only: executor, listing order and
    place change nothing. Raises InputError: MT201 to MT203 (nothing to read), MT204 (all dropped), MT205 and MT206
    (too little to hold out), MT207 (another language).
    """
    options = options or CurateOptions()
    identifier = identifier or Py3LangId()
    files = find_files(sources)
    thresholds = default_thresholds(options.minimum_characters)
    checked = identifier if options.language_check != "off" else None
    template = Job(
        (),
        language,
        options.maximum_characters,
        thresholds,
        checked,
        options.language_check == "strict",
        limits or Limits(),
    )
    prepared = _prepare(files, template, executor)
    account = _Account(prepared)
    if "read" not in prepared.passed:
        raise no_readable_file(sources, prepared.dropped.get("read", []))
    shares = _shares(prepared.shares)
    warnings = _said_cuts(prepared, options) + _language_verdict(language, checked, options, shares, prepared)
    documents = _unique_ids(prepared.documents)
    if not documents:
        raise all_dropped(sources, prepared.dropped)
    exact = account.deduplicated("exact_duplicate", documents, deduplicate_exact(documents), "")
    near = _near(exact.kept, options)
    account.deduplicated("near_duplicate", exact.kept, near, f"{options.near_duplicate_threshold:g}")
    if len(near.kept) < 2:
        raise one_document(sources, near.kept, account.dropped)
    split = split_documents(
        near.kept,
        share=options.held_out_share,
        most_bytes=options.held_out_bytes,
        near_duplicate_threshold=options.near_duplicate_threshold,
        seed=options.seed,
    )
    account.step("held_out", split.train + split.held_out + split.second_domain, split.removed)
    if split.removed:
        warnings.append(f"{len(split.removed)} training documents repeat a held-out one and were removed")
    return Curated(
        split.train,
        split.held_out,
        split.second_domain,
        account.dropped,
        account.funnel,
        prepared.repairs,
        shares,
        _joined_sizes(exact, near),
        warnings + split.notes,
    )


def plain_texts(
    source: Path,
    language: str,
    *,
    maximum_characters: int = 100_000,
    executor: Executor | None = None,
    limits: Limits | None = None,
) -> list[Document]:
    """Return the repaired texts of a file or folder without exact repetitions; nothing is judged by language or length.

    For replay, second-domain and retention texts. Raises InputError MT201 to MT203 when there is nothing to read.
    """
    template = Job((), language, maximum_characters, {}, None, False, limits or Limits())
    prepared = _prepare(find_files([source]), template, executor)
    if not prepared.documents:
        raise no_readable_file([source], prepared.dropped.get("read", []))
    return deduplicate_exact(_unique_ids(prepared.documents)).kept


def find_files(sources: Sequence[Path]) -> list[FoundFile]:
    """Return the files of all sources in a stable order, each file once; raises InputError for all bad sources."""
    check_sources(sources)
    found: dict[Path, FoundFile] = {}
    for source in sources:
        for file in list_files(source):
            found.setdefault(file.path.resolve(), file)
    return list(found.values())


def _prepare(files: Sequence[FoundFile], template: Job, executor: Executor | None) -> Prepared:
    total = sum(file.size for file in files)
    executor = executor or usual_executor(total)
    jobs = [replace(template, files=shard) for shard in shards(files, SHARD_BYTES, SHARD_FILES)]
    result = Prepared()
    with progress("reading texts", float(max(total, 1)), "bytes") as tick:
        for job, part in zip(jobs, executor.map(prepare, jobs), strict=True):
            result.add(part)
            tick(float(sum(file.size for file in job.files)))
    return result


def _near(documents: Sequence[Document], options: CurateOptions) -> Deduplicated:
    """Return documents without near-duplicates; sets that the documents name themselves are kept apart.

    Within a given split a duplicate across sets must cost the training set its copy, never the test set.
    """
    groups: dict[str, list[Document]] = {}
    given = has_given_split(documents)
    for document in documents:
        groups.setdefault(str(document.meta.get("split", "train")) if given else "", []).append(document)
    joined = Deduplicated([], {}, {})
    total = float(max(sum(len(document.text) for document in documents), 1))
    with progress("comparing texts", total, "characters") as tick:
        for group in groups.values():
            part = deduplicate_near(group, options.near_duplicate_threshold, seed=options.seed, tick=tick)
            joined.removed.update(part.removed)
            joined.cluster_sizes.update(part.cluster_sizes)
    joined.kept.extend(document for document in documents if document.id not in joined.removed)
    return joined


class _Account:
    """The funnel and the dropped rows, step by step."""

    def __init__(self, prepared: Prepared) -> None:
        self.dropped: list[Dropped] = []
        self.funnel: list[FunnelStep] = []
        for step in ("read", "quality", "language"):
            rows = prepared.dropped.get(step, [])
            counts = prepared.passed.get(step, Counter())
            self._add(step, counts["documents"], counts["bytes"], rows)

    def step(self, name: str, left: Sequence[Document], rows: Sequence[Dropped]) -> None:
        """Add a step after which `left` documents are left."""
        self._add(name, len(left), sum(map(size_of, left)), rows)

    def deduplicated(
        self, reason: str, before: Sequence[Document], result: Deduplicated, threshold: str
    ) -> Deduplicated:
        """Add a step of deduplication; returns its result."""
        kept = {id(document) for document in result.kept}
        rows = [
            drop(document, reason, f"same as {result.removed.get(document.id, document.id)}", threshold)
            for document in before
            if id(document) not in kept
        ]
        self.step(reason + "s", result.kept, rows)
        return result

    def _add(self, name: str, documents: int, size: int, rows: Sequence[Dropped]) -> None:
        reasons = Counter(row.reason for row in rows)
        self.dropped += rows
        self.funnel.append(FunnelStep(name, documents, size, dict(sorted(reasons.items()))))


def _joined_sizes(exact: Deduplicated, near: Deduplicated) -> dict[str, int]:
    """Return how often each kept text was found, exact and near copies together."""
    sizes = Counter(dict(exact.cluster_sizes)) + Counter()
    for identifier, representative in near.removed.items():
        sizes[representative] = sizes.get(representative, 1) + sizes.pop(identifier, 1)
    return dict(sorted(sizes.items()))


def _shares(counts: Counter[str]) -> dict[str, float]:
    total = sum(counts.values())
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {tag: number / total for tag, number in ordered if number} if total else {}


def _unique_ids(documents: Sequence[Document]) -> list[Document]:
    """Return documents with distinct ids; a repeated id of another text gets the beginning of its hash."""
    seen: dict[str, str] = {}
    unique = []
    for document in documents:
        clash = seen.setdefault(document.id, document.text) != document.text
        suffix = f"-{content_id(document.text)[:8]}" if clash else ""
        unique.append(replace(document, id=document.id + suffix))
    return unique


def _said_cuts(prepared: Prepared, options: CurateOptions) -> list[str]:
    return [
        f"{source} is longer than {options.maximum_characters} characters and was cut into {pieces} documents"
        for source, pieces in prepared.cut[:5]
    ] + ([f"and {len(prepared.cut) - 5} more long texts were cut"] if len(prepared.cut) > 5 else [])


def _language_verdict(
    language: str,
    identifier: Identifier | None,
    options: CurateOptions,
    shares: dict[str, float],
    prepared: Prepared,
) -> list[str]:
    """Return warnings about the language; raises InputError MT207 when the corpus is in another one."""
    if identifier is None or not shares:
        return []
    wanted = shares.get(language, 0.0)
    if not accepted_labels(language, identifier.labels):
        kept = prepared.passed.get("language", Counter())["bytes"]
        wanted = kept / max(prepared.passed["quality"]["bytes"], 1)
        if options.language_check == "strict" and wanted < REFUSED_SHARE:
            raise wrong_language(language, wanted, shares)
        return [f"the language {language} is not known to the identifier: only its script was checked"]
    if options.language_check == "strict" and wanted < REFUSED_SHARE:
        raise wrong_language(language, wanted, shares)
    if wanted < WARNED_SHARE:
        others = ", ".join(
            f"{tag} {share:.0%}" for tag, share in list(shares.items())[:3] if tag != language and share >= 0.005
        )
        left = "was left out" if options.language_check == "strict" else "is still in"
        return [f"only {wanted:.0%} of the bytes read are in {language}; the rest ({others}) {left}"]
    return []
