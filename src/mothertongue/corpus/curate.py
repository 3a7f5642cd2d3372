"""From files to a corpus: read, measure, decide, deduplicate, keep, hold out; each step a list of resumable tasks.

The folder of a curation holds everything: documents as they were read, attributes, decisions, duplicates, the kept
texts and the sets. A changed rule is decided again from the attributes; nothing is measured twice.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from mothertongue.corpus.account import DroppedRows, FunnelStep, duplicate_reason, funnel
from mothertongue.corpus.checked_rules import NotApplied, check_rules
from mothertongue.corpus.decide import DECISIONS, decide_task, decisions_key
from mothertongue.corpus.deduplicate import deduplicate_exact
from mothertongue.corpus.deduplication import COLUMNS, DuplicateTables, find_duplicates
from mothertongue.corpus.document import Document, Dropped
from mothertongue.corpus.executors import Executor, usual_executor
from mothertongue.corpus.identify import make_identifier
from mothertongue.corpus.language import MINIMUM_PROBABILITY, accepted_labels
from mothertongue.corpus.listing import FoundFile, list_files
from mothertongue.corpus.options import CurateOptions
from mothertongue.corpus.profile import LanguageProfile, neutral_profile, read_profile
from mothertongue.corpus.readers import Limits
from mothertongue.corpus.readers.streams import USUAL_LIMITS
from mothertongue.corpus.refusals import all_dropped, check_sources, no_readable_file, one_document, wrong_language
from mothertongue.corpus.rules import RuleSet, read_rules
from mothertongue.corpus.scripts import explicit_script
from mothertongue.corpus.steps.hold_out import hold_out
from mothertongue.corpus.steps.keep import keep
from mothertongue.corpus.steps.languages import language_shares
from mothertongue.corpus.steps.read import ReadOptions, documents_of, plan_read, read, unread_rows
from mothertongue.corpus.steps.tag import PROFILE, Tagged, tag
from mothertongue.corpus.taggers import make_tagger
from mothertongue.corpus.work import Counts, Task, Work, open_work, total

Source = Path | str
"""A file, a folder, or the name of a Hugging Face dataset (`hf:...`)."""
REFUSED_SHARE: Final = 0.2
"""Below this share of bytes in the wanted language the corpus is taken for a mistake."""
WARNED_SHARE: Final = 0.8
LANGUAGE_THRESHOLD: Final = "minimum_language_probability"
FILTER: Final = "decisions/filter"
"""Folder of the decisions before deduplication; what they drop takes no part in it."""
LENGTH: Final = "length"
SCRIPT: Final = "wrong_script"
MOST_SAID: Final = 5
LEAST_DOCUMENTS: Final = 2


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


@dataclass(frozen=True)
class Criteria:
    """Everything that judges documents, ready: the profile, the rules by step, the options of the taggers."""

    profile: LanguageProfile
    steps: dict[str, RuleSet]
    """Step of the funnel -> its rules, in order."""
    settings: dict[str, dict[str, Any]]
    known: bool
    """Whether the identifier knows the language, or one that it cannot be told from."""

    @property
    def rules(self) -> RuleSet:
        """All rules in one set."""
        joined = RuleSet()
        for rules in self.steps.values():
            joined = joined.then(rules)
        return joined

    def without(self, kinds: Sequence[str]) -> RuleSet:
        """Return the rules that need none of the duplicates of these kinds."""
        rules = self.rules
        return RuleSet(
            tuple(rule for rule in rules.rules if not set(rule.keep.taggers) & set(kinds)),
            tuple(edit for edit in rules.edits if edit.tagger not in kinds),
            rules.minimum_characters,
        )


def curate(
    sources: Sequence[Source],
    language: str,
    options: CurateOptions | None = None,
    *,
    folder: Path | None = None,
    executor: Executor | None = None,
    limits: Limits = USUAL_LIMITS,
    watch: Callable[[], None] = lambda: None,
) -> Curated:
    """Return the curated corpus of files, folders and datasets in `language` (BCP 47).

    The result depends on the contents and names of the files and on the options only: executor, workers, restarts,
    listing order and place change nothing. `folder` keeps the work; without one it goes when the result goes.
    Raises InputError: MT201 to MT203 (nothing to read), MT204 (all dropped), MT205 and MT206 (too little to hold out),
    MT207 (another language), MT22x, MT23x and MT25x (profile, taggers, deduplication, rules).
    """
    options = options or CurateOptions()
    files, datasets = find_sources(sources)
    criteria = make_criteria(language, options)
    check_rules(criteria.rules, _columns(criteria, options), criteria.profile)
    root = folder or Path(tempfile.mkdtemp(prefix="mothertongue-"))
    executor = executor or usual_executor(sum(file.size for file in files))
    tasks = plan_read(files, datasets, ReadOptions(language, options.maximum_characters, limits))
    try:
        with open_work(root, executor, watch) as work:
            curated = _curate(work, tasks, criteria, options, sources)
    except BaseException:
        if folder is None:
            shutil.rmtree(root, ignore_errors=True)
        raise
    if folder is None:
        weakref.finalize(curated, shutil.rmtree, root, ignore_errors=True)
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


def make_criteria(language: str, options: CurateOptions) -> Criteria:
    """Return what judges the documents; raises InputError for a profile, rule or identifier that cannot be used."""
    checked = options.language_check != "off"
    labels = make_identifier(options.identifier).labels if checked else frozenset()
    known = bool(accepted_labels(language, labels))
    profile = read_profile(options.profile, language) if options.profile else _neutral(language, options, known)
    profile = profile.model_copy(update={"thresholds": {LANGUAGE_THRESHOLD: MINIMUM_PROBABILITY, **profile.thresholds}})
    length = read_rules([], {"too_short": f"basic.characters >= {options.minimum_characters}"})
    steps = {LENGTH: RuleSet(length.rules, minimum_characters=options.minimum_characters)}
    steps |= {Path(name).stem: read_rules([name]) for name in options.rules}
    if options.language_check == "strict":
        steps["language"] = read_rules(["language"])
    if options.keep:
        steps["keep"] = read_rules([], options.keep)
    for kind in options.deduplication().kinds():
        steps[f"{kind}_duplicates"] = _duplicate_rules(kind)
    rules = [steps[name] for name in steps]
    settings = {name: dict(values) for rule_set in rules for name, values in rule_set.settings.items()}
    if checked:
        settings.setdefault("language", {})["identifier"] = options.identifier
    return Criteria(profile, steps, settings, known)


def _neutral(language: str, options: CurateOptions, known: bool) -> LanguageProfile:
    """Return the profile of a tag; its writing systems bind only where the tag names one or nothing else can tell."""
    profile = neutral_profile(language)
    binding = options.language_check == "strict" and (explicit_script(language) or not known)
    return profile if binding else profile.model_copy(update={"scripts": ()})


def _duplicate_rules(kind: str) -> RuleSet:
    if "duplicate" in COLUMNS[kind].names:
        return read_rules([], {duplicate_reason(kind): f"{kind}.duplicate == 0"})
    from mothertongue.corpus.rules import EditRule

    return RuleSet(edits=(EditRule(f"{kind}.repeated"),))


def _columns(criteria: Criteria, options: CurateOptions) -> dict[str, Any]:
    kinds = options.deduplication().kinds()
    columns = {kind: COLUMNS[kind] for kind in kinds}
    for name in criteria.rules.taggers:
        if name not in columns:
            columns[name] = make_tagger(name, criteria.settings.get(name)).columns
    return columns


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
    warnings = _said_cuts(reading, options) + _language_verdict(criteria, options, shares, decided)
    keep_counts, kept = keep(work, documents, decided.files, decided.key)
    groups = {name: [rule.reason for rule in rules.rules] for name, rules in criteria.steps.items()}
    steps = funnel(reading, decided.counts, total(keep_counts), groups)
    dropped = DroppedRows(work.folder, len(tasks), tuple(documents), decided.files, decided.key, decided.duplicates)
    _refuse_too_little(sources, steps, dropped)
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
        split.train,
        split.held_out,
        split.second_domain,
        replace(dropped, later=tuple(split.removed)),
        steps,
        Counter(reading["repairs"]),
        shares,
        check_rules(criteria.rules, _columns(criteria, options), profile).not_applied,
        {kind: table.counts for kind, table in decided.duplicates.tables.items()},
        work.folder,
        warnings + split.notes,
    )


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
    deduplication = options.deduplication()
    kinds, rules = deduplication.kinds(), criteria.rules
    wanted = [name for name in rules.taggers if name not in kinds]
    if options.language_check != "off" and "language" not in wanted:
        wanted.append("language")
    if given:
        wanted.append("split")
    tagged = tag(work, documents, {name: criteria.settings.get(name, {}) for name in sorted(wanted)}, criteria.profile)
    places = [{name: (one.shards[number], one.key) for name, one in tagged.items()} for number in range(len(documents))]
    duplicates = DuplicateTables()
    if kinds:
        first = criteria.without(kinds)
        if given:
            first = first.then(read_rules([], {"given_split": "not known(split.given)"}))
        masks, _ = _decisions(work, places, first, criteria.profile, FILTER)
        duplicates = find_duplicates(work, documents, deduplication, criteria.profile, keep=masks, index=options.index)
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
    before = []
    for name, rules in criteria.steps.items():
        if name == "language":
            break
        before += [rule.reason for rule in rules.rules if rule.reason != SCRIPT]
    return language_shares(
        work,
        documents,
        decided.tagged["language"],
        decided.files,
        decided.key,
        language=criteria.profile.language,
        before=before,
    )


def _refuse_too_little(sources: Sequence[Source], steps: Sequence[FunnelStep], dropped: DroppedRows) -> None:
    left = steps[-1].documents
    if left < LEAST_DOCUMENTS:
        reasons = Counter({reason: number for step in steps for reason, number in step.dropped_by_reason.items()})
        raise all_dropped(sources, reasons, next(iter(dropped))) if left == 0 else one_document(sources, left, reasons)


def _said_cuts(reading: Counts, options: CurateOptions) -> list[str]:
    cut, number = reading["cut"], reading["cuts"]
    said = [
        f"{source} is longer than {options.maximum_characters} characters and was cut into {pieces} documents"
        for source, pieces in cut[:MOST_SAID]
    ]
    return said + ([f"and {number - MOST_SAID} more long texts were cut"] if number > MOST_SAID else [])


def _language_verdict(
    criteria: Criteria, options: CurateOptions, shares: dict[str, float], decided: Decided
) -> list[str]:
    """Return warnings about the language; raises InputError MT207 when the corpus is in another one."""
    language = criteria.profile.language
    if not shares:
        return []
    if not criteria.known:
        script = decided.counts["reasons"].get(SCRIPT, {"first": {"bytes": 0}})["first"]["bytes"]
        kept = 1 - script / max(decided.counts["bytes"], 1)
        if options.language_check == "strict" and kept < REFUSED_SHARE:
            raise wrong_language(language, kept, shares)
        return [f"the language {language} is not known to the identifier: only its script was checked"]
    wanted = shares.get(language, 0.0)
    if options.language_check == "strict" and wanted < REFUSED_SHARE:
        raise wrong_language(language, wanted, shares)
    if wanted >= WARNED_SHARE:
        return []
    named = [f"{tag} {share:.0%}" for tag, share in list(shares.items())[:3] if tag != language and share >= 0.005]
    left = "was left out" if options.language_check == "strict" else "is still in"
    return [f"only {wanted:.0%} of the bytes read are in {language}; the rest ({', '.join(named)}) {left}"]
