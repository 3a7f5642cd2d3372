"""From files to a corpus: read, measure, decide, deduplicate, keep, hold out; each step a list of resumable tasks.

The folder of a curation holds everything: documents as they were read, attributes, decisions, duplicates, the kept
texts and the sets. A changed rule is decided again from the attributes; nothing is measured twice.
"""

from __future__ import annotations

import tempfile
import weakref
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from mothertongue import durability
from mothertongue.corpus.account import DroppedRows, FunnelStep, funnel
from mothertongue.corpus.card.gather import gather
from mothertongue.corpus.checked_rules import NotApplied, check_rules
from mothertongue.corpus.criteria import Criteria, make_criteria
from mothertongue.corpus.curation import Curation
from mothertongue.corpus.decide import DECISIONS, decide_task, decisions_key
from mothertongue.corpus.deduplicate import deduplicate_exact
from mothertongue.corpus.deduplication import DuplicateTables, find_duplicates
from mothertongue.corpus.document import Document, Dropped
from mothertongue.corpus.executors import Executor, usual_executor
from mothertongue.corpus.listing import FoundFile, list_files
from mothertongue.corpus.mix import LEDGER, MixShard, mix
from mothertongue.corpus.options import CurateOptions
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.readers import Limits
from mothertongue.corpus.readers.streams import USUAL_LIMITS
from mothertongue.corpus.refusals import check_sources, no_readable_file
from mothertongue.corpus.rules import RuleSet, read_rules
from mothertongue.corpus.steps.hold_out import hold_out
from mothertongue.corpus.steps.keep import keep
from mothertongue.corpus.steps.languages import language_shares
from mothertongue.corpus.steps.read import ReadOptions, documents_of, plan_read, read, unread_rows
from mothertongue.corpus.steps.sets import ShardedDocuments
from mothertongue.corpus.steps.tag import PROFILE, Tagged, tag
from mothertongue.corpus.verdict import SCRIPT, language_verdict, refuse_too_little, said_cuts
from mothertongue.corpus.work import Counts, Task, Work, open_work, total

Source = Path | str
"""A file, a folder, or the name of a Hugging Face dataset (`hf:...`)."""
FILTER: Final = "decisions/filter"
"""Folder of the decisions before deduplication; what they drop takes no part in it."""


@dataclass
class Curated:
    """A curated corpus with its full account."""

    train: Sequence[Document]
    held_out: list[Document]
    second_domain: list[Document]
    dropped: DroppedRows
    funnel: list[FunnelStep]
    repairs: Counter[str]
    language_shares: dict[str, float]
    """Language tag -> share of the bytes read, largest first; empty when the language was not checked."""
    not_applied: tuple[NotApplied, ...]
    """Rules that need thresholds which the language profile does not settle."""
    duplicates: dict[str, Counts]
    """Kind of duplicate -> what was found."""
    folder: Path
    warnings: list[str] = field(default_factory=list)


def curate(
    sources: Sequence[Source],
    language: str,
    options: CurateOptions | None = None,
    *,
    folder: Path | None = None,
    executor: Executor | None = None,
    limits: Limits = USUAL_LIMITS,
    tokenizers: Mapping[str, str] | None = None,
    watch: Callable[[], None] = lambda: None,
) -> Curated:
    """Return the curated corpus of files, folders and datasets in `language` (BCP 47).

    The result depends on the contents and names of the files and on the options only: executor, workers, restarts,
    listing order and place change nothing. `folder` keeps the work and gets a `card.json`; without one the work goes
    when the result goes. `tokenizers` (name -> path of a tokenizer.json) are those whose fertility the card shows.
    Raises InputError: MT201 to MT203 (nothing to read), MT204 (all dropped), MT205 and MT206 (too little to hold out),
    MT207 (another language), MT22x, MT23x and MT25x (profile, taggers, deduplication, rules).
    """
    options = options or CurateOptions()
    files, datasets = find_sources(sources)
    criteria = make_criteria(language, options)
    checked = check_rules(criteria.rules, criteria.columns(), criteria.profile)
    root = folder or Path(tempfile.mkdtemp(prefix="mothertongue-"))
    executor = executor or usual_executor(sum(file.size for file in files))
    tasks = plan_read(files, datasets, ReadOptions(language, options.maximum_characters, limits))
    try:
        with open_work(root, executor, watch) as work:
            curated = _curate(work, tasks, criteria, options, sources)
            curated.not_applied = checked.not_applied
            if folder is not None:
                gather(work, tokenizers)
    except BaseException:
        if folder is None:
            durability.remove(root)
        raise
    if folder is None:
        weakref.finalize(curated, durability.remove, root)
    return curated


def plain_texts(
    source: Path, language: str, *, maximum_characters: int = 100_000, limits: Limits = USUAL_LIMITS
) -> list[Document]:
    """Return the repaired texts of a file or folder without exact repetitions; nothing is judged by language or length.

    For replay, second-domain and retention texts. Raises InputError MT201 to MT203 when there is nothing to read.
    """
    files, _ = find_sources([source])
    items = list(documents_of(files, ReadOptions(language, maximum_characters, limits)))
    documents = [item for item in items if isinstance(item, Document)]
    if not documents:
        raise no_readable_file([source], [item for item in items if isinstance(item, Dropped)])
    return deduplicate_exact(documents).kept


def find_sources(sources: Sequence[Source]) -> tuple[list[FoundFile], list[str]]:
    """Return the files of all sources in a stable order, each file once, and the names of datasets.

    Raises InputError for all bad sources.
    """
    places = [Path(source) for source in sources if not is_dataset(source)]
    datasets = [str(source) for source in sources if is_dataset(source)]
    if places or not datasets:
        check_sources(places)
    found: dict[Path, FoundFile] = {}
    for source in places:
        for file in list_files(source):
            found.setdefault(file.path.resolve(), file)
    return list(found.values()), datasets


def is_dataset(source: Source) -> bool:
    """Return whether a source is the name of a Hugging Face dataset."""
    return isinstance(source, str) and source.startswith("hf:")


def _curate(
    work: Work,
    tasks: Sequence[Task],
    criteria: Criteria,
    options: CurateOptions,
    sources: Sequence[Source],
) -> Curated:
    profile = criteria.profile
    profile.write(work.path(PROFILE))
    read_counts, documents = read(work, tasks)
    reading = total(read_counts)
    if not documents:
        raise no_readable_file(sources, list(unread_rows(work.folder, len(tasks))))
    decided = _decide(work, documents, criteria, options, given=bool(reading["given_splits"]))
    shares = _shares(work, documents, decided, criteria, options)
    warnings = said_cuts(reading, options) + language_verdict(criteria, options, shares, decided.counts)
    _finished(work, decided, criteria, len(documents), reading["unread"]).write()
    keep_counts, kept = keep(work, documents, decided.files, decided.key, _carried(decided, options))
    steps = funnel(reading, decided.counts, total(keep_counts), criteria.reasons())
    dropped = DroppedRows(work.folder, len(tasks), tuple(documents), decided.files, decided.key, decided.duplicates)
    refuse_too_little(sources, steps, dropped)
    split = hold_out(
        work,
        kept,
        share=options.held_out_share,
        most_bytes=options.held_out_bytes,
        near_duplicate_threshold=options.near_duplicate_threshold,
        seed=options.seed,
    )
    steps.append(split.funnel_step)
    if split.removed:
        warnings.append(f"{len(split.removed)} training documents repeat a held-out one and were removed")
    return Curated(
        _mixed(work, split.train, options),
        split.held_out,
        split.second_domain,
        replace(dropped, later=tuple(split.removed)),
        steps,
        Counter(reading["repairs"]),
        shares,
        (),
        {kind: table.counts for kind, table in decided.duplicates.tables.items()},
        work.folder,
        warnings + split.notes,
    )


def _finished(work: Work, decided: Decided, criteria: Criteria, shards: int, unread: Mapping[str, int]) -> Curation:
    """Return what the card and the audit sheet need to find everything in the folder."""
    places = {name: (f"attributes/{one.key}", one.key) for name, one in decided.tagged.items()}
    places |= {kind: (f"duplicates/{kind}", table.key) for kind, table in decided.duplicates.tables.items()}
    return Curation(work.folder, criteria.profile.language, shards, places, decided.rules, unread)


def _carried(decided: Decided, options: CurateOptions) -> dict[str, tuple[Sequence[str], str]]:
    """Return the attributes that the mix asks for: `tagger.column` -> (shards, key); `keep` writes them into meta."""
    if options.mix is None:
        return {}
    places = {name: (one.shards, one.key) for name, one in decided.tagged.items()}
    places |= {kind: (table.files, table.key) for kind, table in decided.duplicates.tables.items()}
    wanted = [name for name in (options.mix.group, options.mix.clusters) if name.partition(".")[0] in places]
    return {name: places[name.partition(".")[0]] for name in wanted}


def _is_attribute(name: str) -> bool:
    tagger, dot, _ = name.partition(".")
    return bool(dot) and tagger != "meta"


def _mixed(work: Work, train: ShardedDocuments, options: CurateOptions) -> ShardedDocuments:
    """Return the training documents in the shares that the options ask for; all of them once where they ask nothing."""
    if options.mix is None:
        durability.remove(work.path(LEDGER))  # of an earlier mix; the card would show it
        return train
    names = [path.relative_to(work.folder).as_posix() for path in train.shards]
    carried = {name: f"meta.{name}" for name in (options.mix.group, options.mix.clusters) if _is_attribute(name)}
    asked = replace(
        options.mix,
        group=carried.get(options.mix.group, options.mix.group),
        clusters=carried.get(options.mix.clusters, options.mix.clusters),
    )
    mix(work, [MixShard(name) for name in names], asked)
    count = len(names) + len(asked.replay)
    return ShardedDocuments([work.path(f"mixed/{number:05d}.parquet") for number in range(count)])


@dataclass(frozen=True)
class Decided:
    """The decisions of a curation and what they rest on."""

    tagged: dict[str, Tagged]
    duplicates: DuplicateTables
    rules: RuleSet
    files: tuple[str, ...]
    key: str
    counts: Counts


def _decide(
    work: Work, documents: Sequence[str], criteria: Criteria, options: CurateOptions, *, given: bool
) -> Decided:
    """Measure, decide what takes part in deduplication, find duplicates, and decide for good.

    Documents that name a test set themselves (`given`: there are such) take no part: the copy of a test text must go
    from training, never from the test.
    """
    rules, kinds = criteria.rules, criteria.kinds
    wanted = [*criteria.measured, *(["split"] if given else [])]
    tagged = tag(work, documents, {name: criteria.settings.get(name, {}) for name in wanted}, criteria.profile)
    places = [{name: (one.shards[number], one.key) for name, one in tagged.items()} for number in range(len(documents))]
    duplicates = DuplicateTables()
    if kinds:
        first = criteria.first_rules
        if given:
            first = first.then(read_rules([], {"given_split": "not known(split.given)"}))
        masks, _ = _decisions(work, places, first, criteria.profile, FILTER)
        duplicates = find_duplicates(
            work, documents, options.deduplication(), criteria.profile, keep=masks, index=options.index
        )
        for number, place in enumerate(places):
            place |= {kind: (table.files[number], table.key) for kind, table in duplicates.tables.items()}
    files, counts = _decisions(work, places, rules, criteria.profile, DECISIONS)
    return Decided(tagged, duplicates, rules, tuple(files), decisions_key(rules, criteria.profile), counts)


def _decisions(
    work: Work,
    places: Sequence[Mapping[str, tuple[str, str]]],
    rules: RuleSet,
    profile: LanguageProfile,
    target: str,
) -> tuple[list[str], Counts]:
    tasks = []
    for number, place in enumerate(places):
        needed = {name: place[name] for name in rules.taggers}
        tasks.append(decide_task(number, needed, rules, language=profile.language, target=target))
    counts = total(work.run(tasks, "deciding"))
    return [f"{target}/{number:05d}.parquet" for number in range(len(places))], counts


def _shares(
    work: Work, documents: Sequence[str], decided: Decided, criteria: Criteria, options: CurateOptions
) -> dict[str, float]:
    if options.language_check == "off":
        return {}
    rules = criteria.first_rules.rules
    before = [rule.reason for rule in rules if rule.reason != SCRIPT and "language" not in rule.keep.taggers]
    return language_shares(
        work,
        documents,
        decided.tagged["language"],
        decided.files,
        decided.key,
        language=criteria.profile.language,
        before=before,
    )
