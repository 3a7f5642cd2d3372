"""The content of a data card: summaries of shards, counts of manifests, the ledger of the mix, as one JSON value.

`report.data_card` says what each key means, and draws it. Numbers are exact sums, but for the histograms, which show
1,000 documents chosen by a hash of their ids, and for fertility, measured on up to 200 kept documents.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from mothertongue import durability
from mothertongue.corpus.card.histogram import histogram
from mothertongue.corpus.card.samples import KEPT, Sample, join
from mothertongue.corpus.card.summary import PORTRAIT, TEXTS, summary_task
from mothertongue.corpus.checked_rules import CheckedRule, threshold_text
from mothertongue.corpus.counters import make_counter
from mothertongue.corpus.curation import Curation, read_curation
from mothertongue.corpus.decide import EDITED, bound_number
from mothertongue.corpus.expression_nodes import Name
from mothertongue.corpus.mix import LEDGER, read_ledger
from mothertongue.corpus.work import Counts, Work, costs, manifests, total

CARD: Final = "card.json"
SHOWN: Final = 5
"""Samples of each side that a card shows per reason; the audit sheet has more."""


def gather(work: Work, tokenizers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Write `card.json` for the curation in the folder of `work`, and return it.

    `tokenizers` maps a name to the path of a tokenizer.json whose fertility is measured. Raises InputError MT259 when
    no curation has finished there.
    """
    curation = read_curation(work.folder)
    work.run([summary_task(curation, number) for number in range(curation.shards)], "describing texts", "shards")
    found = joined_summaries(curation)
    decided = total([counts for _, counts in manifests(work.folder, "decide")])
    ledger = read_ledger(work.folder) if (work.folder / LEDGER).is_file() else None
    card = {
        "format": 1,
        "language": curation.language,
        "profile": _profile(curation),
        "totals": found["totals"] | ({"mixed": ledger["total"]["given"]} if ledger else {}),
        "unread": dict(curation.unread),
        "sources": found["sources"],
        "names": found["names"],
        "distributions": _distributions(curation, found["portrait"]),
        "reasons": _reasons(curation, found, decided),
        "not_applied": [durability.plain(one) for one in curation.checked.not_applied],
        "edited": decided.get("edited", {}),
        "clusters": found["clusters"],
        "fertility": _fertility([one["text"] for one in found["texts"]], tokenizers or {}),
        "mix": {key: ledger[key] for key in ("options", "groups", "shares", "notes")} if ledger else None,
        "costs": costs(work.folder),
    }
    durability.write_json(work.path(CARD), card)
    return card


def joined_summaries(curation: Curation) -> dict[str, Any]:
    """Return the summary of all shards from those of each, one at a time in memory."""
    sums: Counts = {}
    samples: list[Sample] = []
    portraits: list[tuple[float, bool, dict[str, Any]]] = []
    texts: list[dict[str, Any]] = []
    for one in _summaries(curation):
        sums = total([sums, {key: one[key] for key in ("totals", "sources", "names", "clusters")}])
        samples = join([*samples, *one["samples"]], curation.checked)
        portraits = sorted([*portraits, *_rows(one["portrait"])], key=lambda row: row[0])[:PORTRAIT]
        texts = sorted([*texts, *one["texts"]], key=lambda row: row["place"])[:TEXTS]
    empty: Counts = {"totals": {}, "sources": {}, "names": {}, "clusters": {}}
    return {**empty, **sums, "samples": samples, "portrait": portraits, "texts": texts}


def _summaries(curation: Curation) -> Iterator[dict[str, Any]]:
    for number in range(curation.shards):
        yield json.loads((curation.folder / f"card/{number:05d}.json").read_bytes())


def _rows(portrait: Mapping[str, Any]) -> Iterator[tuple[float, bool, dict[str, Any]]]:
    columns = portrait["columns"]
    for position, (place, keep) in enumerate(zip(portrait["place"], portrait["keep"], strict=True)):
        yield place, keep, {name: values[position] for name, values in columns.items()}


def _profile(curation: Curation) -> dict[str, Any]:
    profile = curation.profile
    return {
        "documents": profile.origin.documents,
        "characters": profile.origin.characters,
        "thresholds": dict(profile.thresholds),
        "unsettled": list(profile.unsettled),
    }


def _distributions(curation: Curation, portrait: Sequence[tuple[float, bool, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return a histogram of every number that was measured, with the bounds that rules set on it."""
    bounds = dict(_bounds(curation))
    names = list(dict.fromkeys(name for _, _, row in portrait for name in row))
    found = []
    for name in names:
        pairs = [(row[name], keep) for _, keep, row in portrait if row.get(name) is not None]
        if pairs:
            found.append({"name": name, "bounds": bounds.get(name, []), "bins": histogram(pairs, bounds.get(name, []))})
    return found


def _bounds(curation: Curation) -> Iterator[tuple[str, list[float]]]:
    found: dict[str, list[float]] = {}
    for rule in curation.checked.rules:
        for part in rule.parts:
            bound = bound_number(part.bound, curation.profile)
            if isinstance(part.measured, Name) and bound is not None:
                found.setdefault(part.measured.name, []).append(bound)
    yield from found.items()


def _reasons(curation: Curation, found: Mapping[str, Any], decided: Counts) -> list[dict[str, Any]]:
    counts = decided.get("reasons", {})
    rows = [_reason(rule, curation, found["samples"], counts.get(rule.reason, {})) for rule in curation.checked.rules]
    if EDITED in counts:
        asked = f">= {curation.rules.minimum_characters}"
        row = {
            "reason": EDITED,
            "keep": "",
            "note": "",
            "thresholds": [asked],
            "measured": [],
            "kept": [],
            "dropped": [],
        }
        rows.append(row | counts[EDITED])
    return rows


def _reason(rule: CheckedRule, curation: Curation, samples: Sequence[Sample], counts: Counts) -> dict[str, Any]:
    shown: dict[str, list[dict[str, Any]]] = {"kept": [], "dropped": []}
    for one in samples:
        side = shown["kept" if one["side"] == KEPT else "dropped"]
        if one["reason"] == rule.reason and len(side) < SHOWN:
            keys = ("id", "source", "text", "characters", "value", "threshold")
            side.append({key: one[key] for key in keys})
    nothing = {"documents": 0, "bytes": 0}
    return {
        "reason": rule.reason,
        "keep": str(rule.rule.keep),
        "note": rule.rule.note,
        "thresholds": [threshold_text(part, curation.profile) for part in rule.parts],
        "measured": [str(part.measured) for part in rule.parts if isinstance(part.measured, Name)],
        **{kind: counts.get(kind, nothing) for kind in ("first", "failing", "only")},
        **shown,
    }


def _fertility(texts: Sequence[str], tokenizers: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return tokens per word and bytes per token of each tokenizer on kept texts."""
    if not texts:
        return []
    words, size = sum(make_counter("words")(texts)), sum(len(text.encode("utf-8")) for text in texts)
    rows = []
    for name, path in tokenizers.items():
        tokens = sum(make_counter(path)(texts))
        rows.append(
            {
                "tokenizer": name,
                "documents": len(texts),
                "tokens_per_word": tokens / max(words, 1),
                "bytes_per_token": size / max(tokens, 1),
            }
        )
    return rows
