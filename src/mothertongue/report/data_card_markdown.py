"""card.md: the data card as Markdown, for repositories and dataset pages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mothertongue.report.data_card_model import DataCard, Reason
from mothertongue.report.markup import clean
from mothertongue.report.words import Words

LONGEST = 200
SAMPLES = 2
_SPECIAL = re.compile(r"[\\`*_{}\[\]<>#|~&@$]|:(?=//)|(?<=\bwww)\.|^[-+=]", re.IGNORECASE)
_NUMBERED = re.compile(r"^(\d{1,9})(?=[.)])")
_TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Marks of direction, which would turn the text after them."""


def escape(text: str) -> str:
    """Return text that Markdown shows as it stands, on one line: no markup, no links, no marks of direction."""
    line = " ".join(_TURNING.sub("\ufffd", clean(text)).split())
    return _NUMBERED.sub(r"\1\\", _SPECIAL.sub(r"\\\g<0>", line))


def named_reason(words: Words, reason: str) -> str:
    """Return the word for a reason, or the reason itself with spaces where the catalogue has none."""
    return words.named("reason", reason)


def card_markdown(card: DataCard, words: Words) -> str:
    """Return the card as Markdown."""
    return "\n".join(_lines(card, words)) + "\n"


def _lines(card: DataCard, words: Words) -> Iterator[str]:
    read, kept = card.totals.read, card.totals.kept
    share = words.percent(100 * kept.documents / read.documents) if read.documents else ""
    yield f"# {escape(words('card.title', language=card.language))}"
    yield ""
    yield words("card.sentence", kept=words.whole(kept.documents), read=words.whole(read.documents), share=share)
    yield from _section(words, "card-funnel")
    steps = [
        [named_reason(words, name) if name else words("card.read"), words.whole(left), words.whole(gone)]
        for name, left, gone in card.funnel()
    ]
    yield from _table(words, ["column.step", "column.documents", "column.dropped"], steps)
    yield from _sources(card, words)
    yield from _mix(card, words)
    yield from _reasons(card, words)
    yield from _facts(card, words)
    yield from _section(words, "card-disagree")
    for number in ("1", "2", "3"):
        yield from (words(f"card.disagree_{number}"), "")
    yield from ("    " + line for line in words("card.disagree_commands").splitlines())


def _section(words: Words, key: str) -> list[str]:
    said = words.texts.get(f"say.{key}")
    return ["", f"## {words(f'section.{key}')}", "", *([said, ""] if said else [])]


def _table(words: Words, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    head = "| " + " | ".join(words(key) for key in heads) + " |"
    rule = "|" + "---|" * len(heads)
    return [head, rule, *("| " + " | ".join(escape(cell) for cell in row) + " |" for row in rows)]


def _sources(card: DataCard, words: Words) -> Iterator[str]:
    yield from _section(words, "card-sources")
    ordered = sorted(card.sources.items(), key=lambda one: (-one[1].read.bytes, one[0]))
    rows = [
        [
            name,
            words.whole(one.read.documents),
            words.bytes(one.read.bytes),
            words.whole(one.kept.documents),
            words.bytes(one.kept.bytes),
        ]
        for name, one in ordered
    ]
    heads = ["column.source", "card.read", "column.bytes", "card.kept", "card.kept_bytes"]
    yield from _table(words, heads, rows)
    licences = card.names.get("licence.licence", {})
    found = [
        [name or words("card.unknown"), words.whole(one.kept), words.whole(one.dropped)]
        for name, one in licences.items()
        if set(licences) != {""}
    ]
    yield ""
    yield from (
        _table(words, ["card.licence", "card.kept", "column.dropped"], found) if found else [words("card.no_licences")]
    )


def _mix(card: DataCard, words: Words) -> Iterator[str]:
    if card.mix is None:
        return
    yield from _section(words, "card-mix")
    rows = [
        [
            name,
            words.percent(100 * share.found),
            words.percent(100 * share.wanted),
            words.percent(100 * share.given),
            words.whole(share.given_tokens),
            words.decimal(share.repeats),
        ]
        for name, share in card.mix.shares.items()
    ]
    heads = ["card.group", "card.found", "card.wanted", "card.given", "column.tokens", "card.repeats"]
    yield from _table(words, heads, rows)
    yield from ("", *(f"- {escape(note)}" for note in card.mix.notes))


def _reasons(card: DataCard, words: Words) -> Iterator[str]:
    yield from _section(words, "card-reasons")
    rows = [
        [
            named_reason(words, one.reason),
            one.keep,
            *(words.whole(n) for n in (one.first.documents, one.failing.documents, one.only.documents)),
        ]
        for one in card.reasons
    ]
    yield from _table(words, ["card.reason", "card.keep", "column.dropped", "card.failing", "card.only"], rows)
    for one in card.reasons:
        if one.first.documents:
            yield from _samples(one, words)
    if card.not_applied:
        yield from _section(words, "card-not-applied")
        rows = [[named_reason(words, one.reason), one.keep, one.why] for one in card.not_applied]
        yield from _table(words, ["card.reason", "card.keep", "card.why"], rows)


def _samples(one: Reason, words: Words) -> Iterator[str]:
    for key, samples in (("card.samples_dropped", one.dropped), ("card.samples_kept", one.kept)):
        if samples:
            yield from ("", f"**{escape(named_reason(words, one.reason))}**, {words(key)}:", "")
            for sample in samples[:SAMPLES]:
                yield f"- {escape(sample.value)} ({escape(sample.threshold)}): {escape(sample.text[:LONGEST])}"


def _facts(card: DataCard, words: Words) -> Iterator[str]:
    for name, found in card.names.items():
        if name != "licence.licence":
            top = sorted(found.items(), key=lambda one: (-one[1].kept - one[1].dropped, one[0]))[:10]
            told = ", ".join(
                f"{label or words('card.unknown')} {words.whole(one.kept + one.dropped)}" for label, one in top
            )
            yield from ("", f"- {escape(name)}: {escape(told)}")
    if card.fertility:
        yield from _section(words, "card-fertility")
        rows = [
            [one.tokenizer, words.decimal(one.tokens_per_word), words.decimal(one.bytes_per_token)]
            for one in card.fertility
        ]
        yield from _table(words, ["card.tokenizer", "card.tokens_per_word", "card.bytes_per_token"], rows)
