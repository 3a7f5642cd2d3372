"""Study 49: rules and deduplication on a dirty corpus with known defects, and what a model gains (card 49, oracle b).

Documents of a made-up language (`made_corpus`) are spoiled in eleven known ways (`dirty_corpus`): repeated lines, text
of a site around them, shuffled words, the language of a neighbour, personal data, symbols, markup, a few words only,
insults, exact and near copies. The corpus room treats them as it would a real corpus: a profile derived from clean
reference text, an identifier taught with lines of both languages, a fluency model, a table of common lines, and the
shipped rules.

Values: for every rule the share of what it flags that should go (`precision`; 1 where it flags nothing) and the share
of its target defect that it flags (`recall`); for every defect the share of its documents that were dropped or mended
(`found`); the worst of each, where for recall the best rule of a defect counts; the share of documents with a defect
that edits can take out that were kept without it (`saved`), and of clean documents kept as they were, also under
dolma's constants for English; copies that are left. Then bits per byte on clean held-out text of models trained for the
same number of tokens on the raw corpus, on what Gopher's rules alone, deduplication alone, and everything together
leave, and on the clean documents only; each value is the mean over two models that read the texts in different orders,
since the order alone moves one model as much as a third of the dirt does. The seed draws language, texts, first weights
and orders.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Final

import numpy as np

from mothertongue import durability
from mothertongue.corpus.curate import Curated, curate
from mothertongue.corpus.curation import read_curation
from mothertongue.corpus.decide import decide
from mothertongue.corpus.document import Document, iterate_shard, write_shard
from mothertongue.corpus.options import CurateOptions
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.studies.dirty_corpus import (
    CLEAN,
    COPIED,
    DEFECTS,
    Labelled,
    dirty_corpus,
    made,
    shuffled_words,
    site_lines,
)
from mothertongue.studies.finding import Statistic
from mothertongue.studies.made_corpus import TAG, MadeLanguage
from mothertongue.studies.measured import measured
from mothertongue.studies.small_model import Budget, SmallModels
from mothertongue.studies.study import Scale, Study

NEIGHBOUR: Final = "qab"
RULES: Final = ("usual", "gopher", "c4", "fineweb", "boilerplate", "code", "pii", "toxicity", "language")
TARGETS: Final = {
    "too_short": "too_short",
    "few_words": "too_short",
    "symbols": "symbols",
    "ellipses": "symbols",
    "duplicate_lines": "repeated_lines",
    "duplicate_line_characters": "repeated_lines",
    "repeated_lines": "repeated_lines",
    **{f"duplicate_{count}grams": "repeated_lines" for count in range(5, 11)},
    "few_words_with_letters": "markup",
    "short_lines": "markup",
    "curly_brace": "markup",
    "placeholder_text": "markup",
    "filler": "markup",
    "toxic_word": "insults",
    "toxic_words": "insults",
    "few_line_ends": "boilerplate",
    "few_function_words": "other_language",
    "language": "other_language",
    "foreign_words": "other_language",
    "foreign_lines": "other_language",
    "fluency": "shuffled_words",
    "exact_duplicate": "exact_duplicate",
    "near_duplicate": "near_duplicate",
}
"""Rule -> the defect that it is made to find."""
MENDED: Final = ("personal_data", "boilerplate")
"""Defects that edits take out; a rule that drops such a document is wrong, unless it was made for the defect."""
_ORDERS: Final = 2
_COMMON: Final = 4  # documents that share a line; copies are at most three


@dataclass(frozen=True)
class _Size:
    """Clean documents, spoilt ones of each defect, reference documents, held-out ones, and the budget of a model."""

    clean: int
    spoilt: int
    reference: int
    held_out: int
    budget: Budget


_SIZES: Final = {
    Scale.SMOKE: _Size(30, 4, 60, 4, Budget(2, width=32, row=64, batch=2, vocabulary=300)),
    Scale.MINI: _Size(200, 18, 400, 60, Budget(240)),
    Scale.LAPTOP: _Size(4000, 300, 2000, 200, Budget(4000, layers=4, width=256, vocabulary=2000, batch=8, rate=2e-3)),
    Scale.PAPER: _Size(10_000_000, 700_000, 10_000, 2000, Budget(100_000, 24, 2048, 50_000, 2048, 512, 4e-4)),
}
_MODELS: Final = ("raw", "gopher", "dedup", "all", "clean")


class DirtyCorpus:
    """Every rule against known labels, and a model before and after."""

    number = 49
    claim = (
        "At equal tokens, a model trained on the filtered mix has lower loss on clean text than one trained on the raw "
        "text."
    )
    arms = (
        *_MODELS,
        *(f"precision/{reason}" for reason in TARGETS),
        *(f"recall/{reason}" for reason in TARGETS),
        *(f"found/{defect}" for defect in DEFECTS),
        *(f"saved/{defect}" for defect in MENDED),
        "worst_precision",
        "worst_recall",
        "worst_found",
        "clean_kept",
        "clean_kept_by_english_rules",
        "copies_left",
        *(f"kept/{name}" for name in _MODELS[1:]),
    )
    statistic = Statistic(arm="all", against="raw", expected="less", threshold=0.0)

    def run(self, scale: Scale, seed: int, folder: Path) -> Mapping[str, float]:
        """Precision and recall of the rules, and bits per byte of the models."""
        size = _SIZES[scale]
        ours, theirs = MadeLanguage(f"dolma-{seed}", "ours", 0.25), MadeLanguage(f"dolma-{seed}", "theirs", 0.5)
        labelled = dirty_corpus(ours, theirs, size.clean, size.spoilt, seed)
        rows = "".join(json.dumps({"id": one.name, "text": one.text}) + "\n" for one in labelled)
        durability.write_text(folder / "texts" / "dirty.jsonl", rows)
        options = prepared(ours, theirs, labelled, size.reference, folder, seed)
        curated = {name: curate([folder / "texts"], TAG, one, folder=folder / name) for name, one in options.items()}
        flagged = {reason: found for reason, found in flags(folder / "all").items() if reason in TARGETS}
        values = judged(flagged, labelled) | outcome(curated["all"], labelled, site_lines(ours))
        values["clean_kept_by_english_rules"] = kept_by_english_rules(labelled, ours)
        texts = {
            "raw": [one.text for one in labelled],
            **{name: [document.text for document in trained(one)] for name, one in curated.items()},
            "clean": [one.text for one in labelled if one.defect == CLEAN],
        }
        raw = sum(map(len, texts["raw"]))
        values |= {f"kept/{name}": sum(map(len, texts[name])) / raw for name in _MODELS[1:]}
        held_out = [made(ours, f"{seed}/held out/{number}", sentences=4) for number in range(size.held_out)]
        return values | bits(texts, held_out, size.budget, seed)


def bits(texts: Mapping[str, Sequence[str]], held_out: Sequence[str], budget: Budget, seed: int) -> dict[str, float]:
    """Return bits per byte on `held_out` by arm, the mean over models of two orders; `raw` teaches the tokenizer."""
    models = SmallModels(texts["raw"], budget, seed)
    arms = {
        (name, order): random.Random(f"{seed}/{order}").sample(own, len(own))
        for name, own in texts.items()
        for order in range(_ORDERS)
    }
    scores = models.score(models.train(arms), {"clean": held_out})
    found = {arm: groups["clean"].bits_per_byte for arm, groups in scores.items()}
    return {name: fmean(found[name, order] for order in range(_ORDERS)) for name in texts}


def prepared(
    ours: MadeLanguage, theirs: MadeLanguage, labelled: Sequence[Labelled], count: int, folder: Path, seed: int
) -> dict[str, CurateOptions]:
    """Return the options of the three curations, after learning everything that the rules need from clean text.

    What the user is taken to have: clean text of both languages, a list of toxic words, and half of the lines of the
    site as phrases.
    """
    from mothertongue.corpus.common_lines import count_lines
    from mothertongue.corpus.derive import derive_profile, sample_lines
    from mothertongue.corpus.identify.teach import teach_identifier

    reference = [made(ours, f"{seed}/reference/{number}") for number in range(count)]
    neighbour = [made(theirs, f"{seed}/reference/{number}") for number in range(count)]
    identifier = teach_identifier(TAG, sample_lines(reference), neighbours={NEIGHBOUR: sample_lines(neighbour)})
    identifier.write(folder / "identifier.npz")
    profile = derive_profile(reference, TAG, others={NEIGHBOUR: neighbour}, seed=seed)
    profile = _with_knowledge(profile, ours, folder, [made(ours, f"{seed}/unseen/{number}") for number in range(count)])
    profile.write(folder / "profile.toml")
    write_shard(folder / "lines.parquet", [Document(one.name, one.text, "dirty", TAG) for one in labelled])
    count_lines([folder / "lines.parquet"], _COMMON).write(folder / "common.lines")
    _own_rules(reference, profile, folder, seed)
    usual = partial(
        CurateOptions, profile=folder / "profile.toml", held_out_share=0.001, held_out_bytes=1000, seed=seed
    )
    own = (*RULES, str(folder / "own.toml"))
    return {
        "all": usual(rules=own, identifier=_taught(folder)),
        "gopher": usual(rules=("gopher",), deduplicate=(), language_check="off"),
        "dedup": usual(rules=(), minimum_characters=1, language_check="off"),
    }


def _taught(folder: Path) -> str:
    return f"taught:{folder / 'identifier.npz'}"


def _with_knowledge(
    profile: LanguageProfile, ours: MadeLanguage, folder: Path, unseen: Sequence[str]
) -> LanguageProfile:
    """Return the profile with what only its owner can add: lists of words, and how sure the taught identifier is.

    The derived profile cannot know the identifier; half of the probability that it gives to all but the strangest
    fiftieth of unseen clean text is asked for, as the profile does with other low thresholds.
    """
    documents = [Document(str(number), text, "reference", TAG) for number, text in enumerate(unseen)]
    found = measured(documents, {"language": {"identifier": _taught(folder)}}, profile)
    settled = {
        "minimum_language_probability": found.quantile("language.probability", 0.02) / 2,
        "toxicity_word_share_high": 0.0,
    }
    known = {
        "toxic_words": ours.toxic_words,
        "boilerplate": tuple(line.lower() for line in site_lines(ours)[6:]),
        "thresholds": {**profile.thresholds, **settled},
        "unsettled": tuple(name for name in profile.unsettled if name not in settled),
    }
    return profile.model_copy(update=known)


def _own_rules(reference: Sequence[str], profile: LanguageProfile, folder: Path, seed: int) -> None:
    """Write the rules that need trained models and tables.

    Fluency is judged half-way between unseen clean texts and the same texts with their words in any order.
    """
    from mothertongue.corpus.fluency_training import train_fluency

    half = len(reference) // 2
    train_fluency(reference[:half], profile).write(folder / "fluency.model")
    draw = random.Random(f"{seed}/shuffled")
    shuffled = [shuffled_words(draw, text) for text in reference[half:]]
    documents = [
        Document(str(number), text, "reference", TAG) for number, text in enumerate([*reference[half:], *shuffled])
    ]
    found = measured(documents, {"fluency": {"model": str(folder / "fluency.model")}}, profile)
    bits = found.tables["fluency"]["bits_per_character"].to_numpy()
    threshold = float(bits[: len(shuffled)].max() + bits[len(shuffled) :].min()) / 2
    rules = f"""[taggers.fluency]
model = {json.dumps(str(folder / "fluency.model"))}

[taggers.boilerplate]
common = {json.dumps(str(folder / "common.lines"))}
least_documents = {_COMMON}

[[rule]]
reason = "fluency"
keep = "fluency.bits_per_character <= {threshold!r}"
"""
    durability.write_text(folder / "own.toml", rules)


def trained(curated: Curated) -> list[Document]:
    """Return the documents of a curation, held-out ones as well: the study has a test of its own."""
    return [*curated.train, *curated.held_out]


def flags(folder: Path) -> dict[str, set[str]]:
    """Return reason -> names of the documents that fail the rule, whatever the other rules say."""
    curation = read_curation(folder)
    found: dict[str, set[str]] = {rule.reason: set() for rule in curation.checked.rules}
    for number in range(curation.shards):
        names = [document.id for document in iterate_shard(curation.documents(number))]
        for reason, failing in decide(curation.frame(number), curation.checked).fails.items():
            found[reason] |= {names[row] for row in np.flatnonzero(failing).tolist()}
    return found


def judged(flagged: Mapping[str, Iterable[str]], labelled: Sequence[Labelled]) -> dict[str, float]:
    """Return precision and recall of every rule, and the worst of them.

    A document is rightly flagged when it has the rule's target defect, or another one that edits do not mend.
    """
    values: dict[str, float] = {}
    for reason, target in TARGETS.items():
        names = set(flagged.get(reason, ()))
        right, found = (_right_copies if target in COPIED else _right)(names, target, labelled)
        wanted = sum(one.defect == target for one in labelled)
        values[f"precision/{reason}"] = right / len(names) if names else 1.0
        values[f"recall/{reason}"] = found / wanted
    best = [
        max(values[f"recall/{reason}"] for reason, one in TARGETS.items() if one == target)
        for target in sorted(set(TARGETS.values()))
    ]
    precisions = [value for name, value in values.items() if name.startswith("precision/")]
    return {**values, "worst_precision": min(precisions), "worst_recall": min(best)}


def _right(names: set[str], target: str, labelled: Sequence[Labelled]) -> tuple[int, int]:
    """Return how many of the flagged documents are rightly flagged, and how many have the target defect."""
    defects = [one.defect for one in labelled if one.name in names]
    found = sum(defect == target for defect in defects)
    return found + sum(defect not in (CLEAN, target, *MENDED) for defect in defects), found


def _right_copies(names: set[str], target: str, labelled: Sequence[Labelled]) -> tuple[int, int]:
    """Return the same for copies: of a family one document stays, whichever it is, and the others should go."""
    families = {one.original: one.defect for one in labelled if one.original}
    members = [(one.original or one.name, one.name) for one in labelled if (one.original or one.name) in families]
    sizes = Counter(family for family, _ in members)
    gone = Counter(family for family, name in members if name in names)
    spare = {family: min(count, sizes[family] - 1) for family, count in gone.items()}
    return sum(spare.values()), sum(count for family, count in spare.items() if families[family] == target)


def outcome(curated: Curated, labelled: Sequence[Labelled], lines: Sequence[str]) -> dict[str, float]:
    """Return the share of every defect that is gone, that of clean documents kept whole, and copies that are left."""
    kept = {document.id: document.text for document in trained(curated)}
    families: dict[str, list[str]] = {}
    values: dict[str, float] = {}
    for defect in DEFECTS:
        own = [one for one in labelled if one.defect == defect]
        stayed = [one for one in own if one.name in kept]
        clear = sum(_clear(kept[one.name], one, lines) for one in stayed)
        values[f"found/{defect}"] = (len(own) - len(stayed) + clear) / len(own)
        if defect in MENDED:
            values[f"saved/{defect}"] = clear / len(own)
    for one in labelled:
        if one.defect in (CLEAN, *COPIED) and one.name in kept:
            families.setdefault(one.original or one.name, []).append(one.defect)
    spare = Counter(defect for family in families.values() for defect in sorted(family)[1:])
    for defect in COPIED:
        own_count = sum(one.defect == defect for one in labelled)
        values[f"found/{defect}"] = 1 - spare[defect] / own_count
    clean = [one for one in labelled if one.defect == CLEAN and (one.original or one.name) in families]
    whole = sum(kept.get(one.name, one.text) == one.text for one in clean)
    values["clean_kept"] = whole / sum(one.defect == CLEAN for one in labelled)
    values["copies_left"] = float(spare.total())
    values["worst_found"] = min(values[f"found/{defect}"] for defect in DEFECTS)
    return values


def _clear(text: str, one: Labelled, lines: Sequence[str]) -> bool:
    """Whether nothing of a defect is left in what was kept of a document."""
    if one.defect == "boilerplate":
        return not any(line in text for line in lines)
    if one.defect == "personal_data":
        return not any("@" in word or sum(map(str.isdigit, word)) > 3 for word in text.split())
    return False


def kept_by_english_rules(labelled: Sequence[Labelled], ours: MadeLanguage) -> float:
    """Return the share of the clean documents that dolma's Gopher rules for English keep."""
    from mothertongue.corpus.rules import read_rules

    rules = read_rules(["gopher-dolma"])
    clean = [Document(one.name, one.text, "dirty", TAG) for one in labelled if one.defect == CLEAN]
    settings = {"gopher": dict(rules.settings["gopher"])}
    return float(measured(clean, settings, ours.profile()).decided(rules).keep.mean())


STUDY: Study = DirtyCorpus()
