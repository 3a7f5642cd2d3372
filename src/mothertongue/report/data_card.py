"""card.html and card.md: what a corpus is made of and what was left out, for people who use it or disagree.

One file that opens from disk, asks nothing of the network and reads without a script, like the report.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from mothertongue import durability
from mothertongue.report.data_card_markdown import card_markdown, named_reason
from mothertongue.report.data_card_model import Amount, DataCard, KeptDropped, Reason, Sample, read_card
from mothertongue.report.data_card_plots import divided_bars, divided_histogram
from mothertongue.report.html import asset, contents, page_head, patterns, policy
from mothertongue.report.markup import Asset, Content, Element, element, language_tag, render, user_text
from mothertongue.report.pieces import Cell, Column, code, facts, figure, fold, passage, section, table
from mothertongue.report.plots import Plot, funnel
from mothertongue.report.words import Words, load_words

MOST_NAMES = 15
MOST_SOURCES = 200
Row: TypeAlias = "list[Content | Cell]"


def write_card(folder: Path, language: str = "en") -> None:
    """Write card.html and card.md beside the card.json of a folder.

    `language` chooses the words of the pages. Raises InputError MT701 for a card that cannot be read.
    """
    card, words = read_card(folder), load_words(language)
    durability.write_text(folder / "card.html", render_card(card, words))
    durability.write_text(folder / "card.md", card_markdown(card, words))


def render_card(card: DataCard, words: Words) -> str:
    """Return the whole page as text."""
    style, script = asset("report.css"), asset("report.js")
    title = words("card.title", language=card.language)
    parts = [
        _funnel(card, words),
        _sources(card, words),
        _mix(card, words),
        _reasons(card, words),
        _not_applied(card, words),
        _distributions(card, words),
        _names(card, words),
        _clusters(card, words),
        _fertility(card, words),
        _profile(card, words),
        _costs(card, words),
        _disagree(words),
    ]
    sections = [part for part in parts if part is not None]
    page = element(
        "html",
        page_head(title, style, policy(style, script)),
        element(
            "body",
            patterns(),
            _header(card, words, title),
            contents(words, sections),
            element("main", *sections),
            element("footer", element("p", words("card.kicker"))),
            element("script", Asset(script), data_sort=words.texts["table.sort"]),
        ),
        lang=language_tag(words.tag),
        dir=words("page.direction"),
    )
    return "<!doctype html>\n" + render(page) + "\n"


def _header(card: DataCard, words: Words, title: str) -> Element:
    read, kept, mixed = card.totals.read, card.totals.kept, card.totals.mixed
    share = words.percent(100 * kept.documents / read.documents) if read.documents else ""
    pairs = [("card.read", read), ("card.kept", kept), ("card.mixed", mixed)]
    figures = [_figure(words, key, amount) for key, amount in pairs if amount is not None]
    sentence = words("card.sentence", kept=words.whole(kept.documents), read=words.whole(read.documents), share=share)
    return element(
        "header",
        element("p", words("card.kicker"), class_="kicker"),
        element("h1", user_text(title)),
        element("p", sentence, class_="verdict"),
        element("div", *figures, class_="figures"),
    )


def _figure(words: Words, key: str, amount: Amount) -> Element:
    more = [words.bytes(amount.bytes)]
    if amount.tokens is not None:
        more.append(words("card.tokens", n=words.whole(amount.tokens)))
    return element(
        "div",
        element("p", words.whole(amount.documents), class_="value"),
        element("p", words(key), class_="what"),
        element("p", " · ".join(more), class_="aside"),
        class_="figure held",
    )


def _count(words: Words, value: float) -> Cell:
    return Cell(words.whole(value), value)


def _size(words: Words, value: float) -> Cell:
    return Cell(words.bytes(value), value)


def _percent(words: Words, share: float) -> Cell:
    return Cell(words.percent(100 * share), share)


def _heads(words: Words, texts: Sequence[str], numbers: Sequence[str]) -> list[Column]:
    return [*(Column(words(key)) for key in texts), *(Column(words(key), True) for key in numbers)]


def _named_section(words: Words, key: str, *content: Content) -> Element | None:
    return section(words, key, *content) if any(part is not None for part in content) else None


def _funnel(card: DataCard, words: Words) -> Element | None:
    rows = [(_step(words, name), left, gone) for name, left, gone in card.funnel()]
    data = table(
        words,
        words("section.card-funnel"),
        _heads(words, ["column.step"], ["column.documents", "column.dropped"]),
        [[user_text(name), _count(words, left), _count(words, gone)] for name, left, gone in rows],
    )
    plot = funnel(Plot(words, "card-funnel-plot", words("chart.funnel_title")), rows)
    unread: list[tuple[Content, Content]] = [(user_text(name), words.whole(n)) for name, n in card.unread.items()]
    notes = [element("h3", words("card.unread")), facts(unread)] if unread else None
    edited = card.edited.get("documents", 0)
    spans = words("card.edited", documents=words.whole(edited), spans=words.whole(card.edited.get("spans", 0)))
    return _named_section(
        words, "card-funnel", figure(words, plot, data), notes, element("p", spans) if edited else None
    )


def _step(words: Words, name: str) -> str:
    return named_reason(words, name) if name else words("card.read")


def _sources(card: DataCard, words: Words) -> Element | None:
    rows: list[Row] = []
    ordered = sorted(card.sources.items(), key=lambda one: (-one[1].read.bytes, one[0]))
    for name, one in ordered[:MOST_SOURCES]:
        share = one.kept.bytes / one.read.bytes if one.read.bytes else 0.0
        counts = [_count(words, one.read.documents), _size(words, one.read.bytes)]
        kept = [_count(words, one.kept.documents), _size(words, one.kept.bytes), _percent(words, share)]
        gone: list[Content] = [
            [named_reason(words, reason), f": {words.whole(amount.documents)}", element("br")]
            for reason, amount in one.dropped.items()
        ]
        rows.append([user_text(name), *counts, *kept, gone])
    numbers = ["card.read", "column.bytes", "card.kept", "card.kept_bytes", "card.kept_share"]
    heads = [*_heads(words, ["column.source"], numbers), Column(words("column.dropped"))]
    found = table(words, words("section.card-sources"), heads, rows)
    licences = card.names.get("licence.licence", {})
    stated = set(licences) - {""}
    told = _name_bars(words, "licence.licence", licences) if stated else element("p", words("card.no_licences"))
    return _named_section(words, "card-sources", found if rows else None, told)


def _mix(card: DataCard, words: Words) -> Element | None:
    if card.mix is None:
        return None
    rows: list[Row] = [
        [
            user_text(name),
            _percent(words, share.found),
            _percent(words, share.wanted),
            _percent(words, share.given),
            _count(words, share.given_tokens),
            Cell(words.decimal(share.repeats), share.repeats),
        ]
        for name, share in card.mix.shares.items()
    ]
    numbers = ["card.found", "card.wanted", "card.given", "column.tokens", "card.repeats"]
    notes = [user_text(note, name="p") for note in card.mix.notes]
    counted = element("p", words("card.counted_in", unit=str(card.mix.options.get("tokens", ""))))
    heads = _heads(words, ["card.group"], numbers)
    return _named_section(words, "card-mix", table(words, words("section.card-mix"), heads, rows), counted, *notes)


def _reasons(card: DataCard, words: Words) -> Element | None:
    if not card.reasons:
        return None
    rows: list[Row] = []
    for one in card.reasons:
        counts = [_count(words, one.first.documents), _size(words, one.first.bytes)]
        others = [_count(words, one.failing.documents), _count(words, one.only.documents)]
        rows.append([user_text(named_reason(words, one.reason)), user_text(one.keep, name="code"), *counts, *others])
    numbers = ["column.dropped", "column.bytes", "card.failing", "card.only"]
    heads = _heads(words, ["card.reason", "card.keep"], numbers)
    folds = [_reason(card, words, number, one) for number, one in enumerate(card.reasons)]
    return _named_section(words, "card-reasons", table(words, words("section.card-reasons"), heads, rows), *folds)


def _reason(card: DataCard, words: Words, number: int, one: Reason) -> Element:
    summary = [
        user_text(named_reason(words, one.reason)),
        element("span", words.whole(one.first.documents), class_="amount"),
    ]
    shown = {found.name: found for found in card.distributions}
    plots = [
        divided_histogram(Plot(words, f"reason-{number}-{place}", name), shown[name])
        for place, name in enumerate(dict.fromkeys(one.measured))
        if name in shown
    ]
    return fold(
        summary,
        user_text(one.note, name="p") if one.note else None,
        element("p", words("card.asks"), " ", *(user_text(text, name="code") for text in one.thresholds)),
        element("div", *(element("figure", plot) for plot in plots), class_="pair") if plots else None,
        *_samples(words, "card.samples_dropped", one.dropped),
        *_samples(words, "card.samples_kept", one.kept),
    )


def _samples(words: Words, key: str, samples: Sequence[Sample]) -> list[Content]:
    if not samples:
        return []
    items = [element("li", passage(words, one.text, limit=600), facts(_told(words, one))) for one in samples]
    return [element("h4", words(key)), element("ul", *items, class_="dropped")]


def _told(words: Words, one: Sample) -> list[tuple[Content, Content]]:
    return [
        (words("column.source"), user_text(one.source)),
        (words("column.value"), user_text(one.value)),
        (words("column.threshold"), user_text(one.threshold)),
        (words("card.characters"), words.whole(one.characters)),
    ]


def _not_applied(card: DataCard, words: Words) -> Element | None:
    rows: list[Row] = [
        [user_text(named_reason(words, one.reason)), user_text(one.keep, name="code"), user_text(one.why)]
        for one in card.not_applied
    ]
    heads = _heads(words, ["card.reason", "card.keep", "card.why"], [])
    name = words("section.card-not-applied")
    return _named_section(words, "card-not-applied", table(words, name, heads, rows) if rows else None)


def _distributions(card: DataCard, words: Words) -> Element | None:
    shown = []
    for number, one in enumerate(card.distributions):
        rows: list[Row] = [
            [
                Cell(words.plain(bar.low), bar.low),
                Cell(words.plain(bar.high), bar.high),
                _count(words, bar.kept),
                _count(words, bar.dropped),
            ]
            for bar in one.bins
        ]
        heads = _heads(words, [], ["column.from", "column.to", "card.kept", "column.dropped"])
        plot = divided_histogram(Plot(words, f"distribution-{number}", one.name), one)
        data = table(words, one.name, heads, rows)
        shown.append(element("div", element("h3", user_text(one.name)), figure(words, plot, data)))
    return _named_section(words, "card-distributions", element("div", *shown, class_="pair") if shown else None)


def _names(card: DataCard, words: Words) -> Element | None:
    shown = [_name_bars(words, name, rows) for name, rows in card.names.items() if name != "licence.licence" and rows]
    return _named_section(words, "card-names", element("div", *shown, class_="pair") if shown else None)


def _name_bars(words: Words, name: str, found: dict[str, KeptDropped]) -> Element:
    """Return the most frequent values of an attribute as bars; years in their order."""
    rows = sorted(found.items(), key=lambda one: (-one[1].kept - one[1].dropped, one[0]))
    if name == "date.year":
        rows = sorted(found.items(), reverse=True)
    told = [(label or words("card.unknown"), one) for label, one in rows]
    data = table(
        words,
        name,
        _heads(words, ["column.value"], ["card.kept", "column.dropped"]),
        [[user_text(label), _count(words, one.kept), _count(words, one.dropped)] for label, one in told],
    )
    identifier = "names-" + name.replace(".", "-")
    plot = divided_bars(
        Plot(words, identifier, name), [(label, one.kept, one.dropped) for label, one in told[:MOST_NAMES]]
    )
    return element("div", element("h3", user_text(name)), figure(words, plot, data))


def _clusters(card: DataCard, words: Words) -> Element | None:
    rows: list[Row] = []
    for kind, sizes in card.clusters.items():
        for size, number in sorted(sizes.items(), key=lambda one: int(one[0])):
            if int(size) > 1:
                gone = (int(size) - 1) * number
                rows.append([user_text(kind), _count(words, int(size)), _count(words, number), _count(words, gone)])
    heads = _heads(words, ["card.kind"], ["card.cluster_size", "card.clusters", "card.copies"])
    name = words("section.card-clusters")
    return _named_section(words, "card-clusters", table(words, name, heads, rows) if rows else None)


def _fertility(card: DataCard, words: Words) -> Element | None:
    rows: list[Row] = [
        [
            user_text(one.tokenizer),
            Cell(words.decimal(one.tokens_per_word), one.tokens_per_word),
            Cell(words.decimal(one.bytes_per_token), one.bytes_per_token),
            _count(words, one.documents),
        ]
        for one in card.fertility
    ]
    numbers = ["card.tokens_per_word", "card.bytes_per_token", "column.documents"]
    heads = _heads(words, ["card.tokenizer"], numbers)
    name = words("section.card-fertility")
    return _named_section(words, "card-fertility", table(words, name, heads, rows) if rows else None)


def _profile(card: DataCard, words: Words) -> Element | None:
    profile = card.profile
    learned = words(
        "card.learned", documents=words.whole(profile.documents), characters=words.whole(profile.characters)
    )
    rows: list[Row] = [
        [user_text(name, name="code"), Cell(words.plain(value), value)] for name, value in profile.thresholds.items()
    ]
    heads = _heads(words, ["column.threshold"], ["column.value"])
    name = words("section.card-profile")
    unsettled = words("card.unsettled", names=", ".join(profile.unsettled))
    return _named_section(
        words,
        "card-profile",
        element("p", learned if profile.documents else words("card.no_profile")),
        fold(words("say.table"), table(words, name, heads, rows), class_="data") if rows else None,
        user_text(unsettled, name="p") if profile.unsettled else None,
    )


def _costs(card: DataCard, words: Words) -> Element | None:
    rows: list[Row] = []
    for step, cost in card.costs.items():
        seconds = [float(cost.get(key) or 0.0) for key in ("seconds", "cpu_seconds")]
        rows.append([user_text(step), *(Cell(words.duration(value), value) for value in seconds)])
    heads = _heads(words, ["column.step"], ["card.wall", "card.cpu"])
    return _named_section(words, "card-costs", table(words, words("section.card-costs"), heads, rows) if rows else None)


def _disagree(words: Words) -> Element:
    commands = [element("p", words(f"card.disagree_{number}")) for number in ("1", "2", "3")]
    return section(words, "card-disagree", *commands, code(words("card.disagree_commands")))
