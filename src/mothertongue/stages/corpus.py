"""The corpus stage: folders of text in, clean and disjoint sets of documents out, with everything dropped on record."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from mothertongue import durability
from mothertongue.corpus import Curated, CurateOptions, ExecutorOptions, choose_executor, curate, plain_texts
from mothertongue.corpus.control_tokens import find_control_tokens
from mothertongue.corpus.curate import find_sources
from mothertongue.corpus.deduplicate import overlap
from mothertongue.corpus.document import Document, read_shard, write_shard
from mothertongue.corpus.executors import Executor
from mothertongue.corpus.held_out import too_small
from mothertongue.corpus.mix import MixOptions
from mothertongue.corpus.pieces import split_text
from mothertongue.corpus.rules import read_rules
from mothertongue.errors import InputError, Problem
from mothertongue.fingerprint import digest, hash_input
from mothertongue.language import parse_language
from mothertongue.plan import Plan
from mothertongue.recipe import Mix, Recipe
from mothertongue.report.data_card import write_card
from mothertongue.run import StageContext
from mothertongue.stages.decontaminate import evaluation_of, scored_items
from mothertongue.stages.material import Material, resolve

SETS = ("train", "decision", "held_out", "second_domain", "replay", "retention_decision", "retention")
"""Every set of documents that the stage writes. The two decision sets are for choices within a run; what is reported
is measured on `held_out`, `second_domain` and `retention` alone."""

DIALOGUES = "dialogues.json"
_DECISION_SHARE = 0.25
_DECISION_BYTES = 4_000
_SMALLEST_PART, _PARTS = 120, 8
"""Characters of the smallest part, and about how many parts, of test texts that are too few documents."""
_NAMED_FILES = 5
_MOST_ROWS = 1_000
CURATION = "curation"
"""Folder of the run in which curation works; it outlives the stage, so that changed rules only decide again."""


class CorpusStage:
    """Curates the sources and lays out training, replay, decision and held-out sets that share no near-duplicate."""

    name = "corpus"
    version = 1
    needs: tuple[str, ...] = ()

    def __init__(self, make_plan: Callable[[], Plan] | None = None) -> None:
        self._make_plan = make_plan

    def options(self, recipe: Recipe) -> Mapping[str, Any]:
        """The corpus section without its paths, whose contents count instead, and without what changes no bit."""
        left_out = {
            "sources",
            "second_domain",
            "retention",
            "replay",
            "chat",
            "profile",
            "index",
            "executor",
            "workers",
        }
        section = recipe.corpus.model_dump(mode="json", exclude=left_out)
        section["rules"] = _rules_of(recipe)
        section |= {f"mix.{key}": value for key, value in recipe.mix.model_dump(mode="json").items()}
        return section | {"language": recipe.language, "seed": recipe.seed}

    def inputs(self, context: StageContext) -> Mapping[str, str]:
        """A content hash of every source."""
        material = resolve(context.recipe)
        named: dict[str, Path | None] = {
            f"source {index}": path for index, path in enumerate(material.sources) if isinstance(path, Path)
        }
        named |= {"replay": material.replay, "retention": material.retention, "chat": material.chat}
        named |= {"second domain": material.second_domain, "profile": context.recipe.corpus.profile}
        datasets = {f"source {name}": digest(name) for name in material.sources if isinstance(name, str)}
        return {name: hash_input(path) for name, path in named.items() if path and path.exists()} | datasets

    def run(self, context: StageContext) -> None:
        """Writes one shard for each set, dropped.jsonl, and corpus.json with the funnel."""
        recipe, material = context.recipe, resolve(context.recipe)
        if self._make_plan:
            planned = self._make_plan()
            context.decide("plan", planned.as_json)
        curated = curate(
            material.sources,
            recipe.language,
            _options(recipe, _write_items(context)),
            folder=context.run / CURATION,
            executor=_executor(recipe, material),
            tokenizers=_tokenizers(context),
            watch=context.watch,
        )
        write_card(context.run / CURATION)
        _say(context, curated)
        sets = _separate(context, material, curated)
        for name in SETS:
            write_shard(context.folder / f"{name}.parquet", sets[name])
        durability.write_json(context.folder / DIALOGUES, _dialogues(recipe, material))
        durability.write_json(context.folder / "dropped.json", _dropped_by_reason(curated))
        durability.write_json(context.folder / "corpus.json", _summary(context, curated, sets))


def read_dialogues(context: StageContext) -> list[list[dict[str, str]]]:
    """The dialogues that are mixed into training, as messages."""
    dialogues: list[list[dict[str, str]]] = json.loads((context.output("corpus") / DIALOGUES).read_text("utf-8"))
    return dialogues


def read_set(context: StageContext, name: str) -> list[Document]:
    """The documents of one of the corpus stage's `SETS`."""
    return read_shard(context.output("corpus") / f"{name}.parquet")


def _tokenizers(context: StageContext) -> dict[str, str]:
    """The tokenizer of the base, whose fertility the data card shows."""
    from mothertongue.stages.start import base_folder

    path = base_folder(context) / "tokenizer.json"
    return {Path(context.recipe.base).name: str(path)} if path.is_file() else {}


def _executor(recipe: Recipe, material: Material) -> Executor:
    files, _ = find_sources(material.sources)
    options = ExecutorOptions(recipe.corpus.executor, recipe.corpus.workers)
    return choose_executor(options, sum(file.size for file in files))


def _rules_of(recipe: Recipe) -> list[Any]:
    """The rules by content, so that a changed file of rules counts and a moved one does not."""
    return [name if not name.endswith(".toml") else read_rules([name]).value() for name in recipe.corpus.rules]


def _mix(recipe: Recipe) -> MixOptions | None:
    """The options of the mix; None when every text is taken once, in its order."""
    asked = recipe.mix.model_dump(exclude={"years"})
    return None if asked == Mix().model_dump(exclude={"years"}) else MixOptions(**asked, seed=recipe.seed)


def _write_items(context: StageContext) -> Path | None:
    """The file of what the evaluation scores, beside the curation that keeps it out of training (law 5)."""
    rows = scored_items(context.recipe)
    path = context.run / CURATION / "evaluation.jsonl"
    durability.write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return path if rows else None


def _options(recipe: Recipe, evaluation: Path | None) -> CurateOptions:
    corpus = recipe.corpus
    return CurateOptions(
        evaluation=evaluation,
        identifier=corpus.identifier,
        profile=corpus.profile,
        rules=corpus.rules,
        keep=corpus.keep,
        measure=corpus.measure,
        deduplicate=corpus.deduplicate,
        years=recipe.mix.years,
        mix=_mix(recipe),
        index=corpus.index,
        dump=digest([str(source) for source in resolve(recipe).sources])[:16] if corpus.index else "",
        held_out_share=corpus.held_out_share,
        held_out_bytes=corpus.held_out_bytes,
        near_duplicate_threshold=corpus.near_duplicate_threshold,
        minimum_characters=corpus.minimum_characters,
        maximum_characters=corpus.maximum_characters,
        language_check=corpus.language_check,
        seed=recipe.seed,
    )


def _say(context: StageContext, curated: Curated) -> None:
    """Warnings of the corpus room, and every file that could not be read: counted, the first of them by name."""
    for text in curated.warnings:
        context.warn(text)
    unread = sum(curated.funnel[0].dropped_by_reason.values())  # the first step is reading
    if unread:
        first = list(islice(curated.dropped.unread(), _NAMED_FILES))
        named = "; ".join(f"{row.source}: {row.reason}, {row.value}" for row in first)
        more = f"; and {unread - len(first)} more" if unread > len(first) else ""
        context.warn(f"{unread} files or records could not be read and were left out: {named}{more}")
    for rule in curated.not_applied if context.recipe.corpus.profile else ():
        # Without a profile it is plain that what needs one is not applied.
        context.warn(f"the rule {rule.reason} ({rule.keep}) was not applied: {rule.why}")


def _separate(context: StageContext, material: Material, curated: Curated) -> dict[str, Sequence[Document]]:
    recipe, corpus = context.recipe, context.recipe.corpus
    second = list(curated.second_domain)
    if material.second_domain:
        second += plain_texts(material.second_domain, recipe.language)
    old_language = corpus.replay_language
    replay = _marked(plain_texts(material.replay, old_language), "train")
    retention = plain_texts(material.retention, old_language)
    if material.replay == material.retention:
        retention = _other_than(retention, replay)
    threshold = corpus.near_duplicate_threshold
    second = _without(second, curated.train, threshold)
    retention = _without(_without(retention, replay, threshold), curated.train, threshold)
    if not retention:
        raise InputError(
            Problem(
                "MT208",
                "no text in the old language is left that neither training nor replay contains",
                key="corpus.retention",
                value=str(material.retention),
                do="give a folder with other text in the old language",
            )
        )
    limit = corpus.held_out_bytes
    held_out, decision = _take(_enough(context, "corpus.sources", curated.held_out, 3), limit, recipe.seed)
    retention, retention_decision = _take(_enough(context, "corpus.retention", retention, 3), limit, recipe.seed)
    if second:
        second, _ = _take(_enough(context, "corpus.second_domain", second, 2), limit, recipe.seed, share=0.0)
    return {
        "train": curated.train,
        "decision": decision,
        "held_out": held_out,
        "second_domain": second,
        "replay": replay,
        "retention_decision": retention_decision,
        "retention": retention,
    }


def _marked(documents: Sequence[Document], split: str) -> list[Document]:
    """The documents of one split where documents carry such a mark, all documents where none does."""
    chosen = [document for document in documents if document.meta.get("split") == split]
    return chosen or list(documents)


def _other_than(documents: Sequence[Document], taken: Sequence[Document]) -> list[Document]:
    """What replay left of a shared source: documents of another domain, not just of another split."""
    ids = {document.id for document in taken}
    left = [document for document in documents if document.id not in ids]
    return _marked(left, "second_domain")


def _without(documents: Sequence[Document], others: Sequence[Document], threshold: float) -> list[Document]:
    near = overlap(documents, others, threshold)
    return [document for document in documents if document.id not in near]


def _enough(context: StageContext, key: str, documents: Sequence[Document], least: int) -> Sequence[Document]:
    """At least `least` documents, long ones cut into parts where there are fewer: an interval needs several.

    Raises InputError (MT206) when the text is too short to be cut.
    """
    if len(documents) >= least:
        return documents
    characters = sum(len(document.text) for document in documents)
    most = max(_SMALLEST_PART, characters // _PARTS)
    parts = [
        Document(f"{document.id}-part{number:02d}", part.strip(), document.source, document.language, document.meta)
        for document in documents
        for number, part in enumerate(split_text(document.text, most), 1)
        if part.strip()
    ]
    if len(parts) < least:
        size = sum(map(_size, documents))
        raise too_small(f"{len(documents)} test documents with {size} bytes from {key}", f"{least} documents or more")
    context.warn(
        f"{key}: only {len(documents)} documents are held out; their parts are counted as documents, "
        "so intervals are narrower than they should be"
    )
    return parts


def _take(
    documents: Sequence[Document], limit: int, seed: int, share: float = _DECISION_SHARE
) -> tuple[list[Document], list[Document]]:
    """Up to `limit` bytes of documents in a seeded order, parted into reported and decision documents."""
    ordered = sorted(documents, key=lambda d: hashlib.sha256(f"{seed} {d.id}".encode()).digest())
    decision_bytes = min(_DECISION_BYTES, share * sum(map(_size, ordered)))
    decision: list[Document] = []
    while len(ordered) > 2 and sum(map(_size, decision)) < decision_bytes:
        decision.append(ordered.pop())
    reported: list[Document] = []
    for document in ordered:
        if len(reported) > 1 and sum(map(_size, reported)) + _size(document) > limit:
            break
        reported.append(_shortened(document, limit if reported else limit * 3 // 4))
    return reported, [_shortened(document, limit) for document in decision]


def _size(document: Document) -> int:
    return len(document.text.encode())


def _shortened(document: Document, limit: int) -> Document:
    """A document no longer than the set may be; scoring more of it would cost time and add no document."""
    data = document.text.encode()
    if len(data) <= limit:
        return document
    text = data[:limit].decode("utf-8", "ignore")
    return Document(document.id, text, document.source, document.language, document.meta)


def _dialogues(recipe: Recipe, material: Material) -> list[list[dict[str, str]]]:
    """Dialogues in the two languages of the run that share no question with what the model will be asked (law 5).

    Dialogues about the sample's village are left out: the questions shall measure what was read, not what was said.
    """
    languages = {parse_language(tag).language for tag in (recipe.language, recipe.corpus.replay_language)}
    asked = evaluation_of(recipe)
    kept = []
    for document in plain_texts(material.chat, recipe.corpus.replay_language):
        messages = document.meta.get("messages")
        spoken = document.meta.get("language", recipe.language)
        if not messages or parse_language(spoken).language not in languages or document.meta.get("topic") == "village":
            continue
        said = " ".join(message["content"] for message in messages if message["role"] == "user")
        if not asked.hits(said):
            kept.append([{"role": message["role"], "content": message["content"]} for message in messages])
    return kept


def _dropped_by_reason(curated: Curated) -> dict[str, list[dict[str, Any]]]:
    """The first dropped rows of each reason; the folder of the curation holds all of them with their texts."""
    reasons: dict[str, list[dict[str, Any]]] = {}
    for dropped in curated.dropped:
        rows = reasons.setdefault(dropped.reason, [])
        if len(rows) < _MOST_ROWS:
            rows.append(asdict(dropped))
    return reasons


def _summary(context: StageContext, curated: Curated, sets: Mapping[str, Sequence[Document]]) -> dict[str, Any]:
    sizes = {name: {"documents": len(docs), "bytes": sum(map(_size, docs))} for name, docs in sets.items()}
    controls = _control_strings(context, sets["train"])
    if controls:
        listed = ", ".join(f"{token} ({count})" for token, count in sorted(controls.items()))
        context.warn(f"the text contains the model's control tokens as text; they were kept as text: {listed}")
    return {
        "sets": sizes,
        "funnel": [asdict(step) for step in curated.funnel],
        "repairs": dict(curated.repairs),
        "language_shares": dict(curated.language_shares),
        "control_tokens": controls,
        "dropped": _totals(curated),
    }


def _totals(curated: Curated) -> dict[str, int]:
    totals: Counter[str] = Counter()
    for step in curated.funnel:
        totals.update(step.dropped_by_reason)
    return dict(totals)


def _control_strings(context: StageContext, documents: Sequence[Document]) -> dict[str, int]:
    from mothertongue.models.load import load_tokenizer
    from mothertongue.prompting.text import control_tokens
    from mothertongue.stages.start import base_folder

    names = list(control_tokens(load_tokenizer(base_folder(context))))
    counts: dict[str, int] = {}
    for document in documents:
        for token, count in find_control_tokens(document.text, names).items():
            counts[token] = counts.get(token, 0) + count
    return counts
