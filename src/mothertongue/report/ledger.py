"""The sections about the run itself: corpus, cost, plan, health, warnings, and how to do it again."""

from __future__ import annotations

from mothertongue.report.markup import Content, Element, element, language_tag, user_text
from mothertongue.report.model import Bin, DroppedSample, HealthPoint, PlanRow, Report
from mothertongue.report.pieces import (
    MAXIMUM_ROWS,
    Cell,
    Column,
    code,
    facts,
    figure,
    fold,
    passage,
    section,
    table,
)
from mothertongue.report.plots import Plot, Series, funnel, histogram, lines
from mothertongue.report.scales import thin
from mothertongue.report.words import Words

MAXIMUM_DROPPED = 20


def corpus_section(report: Report, words: Words) -> Element | None:
    """The funnel, the languages that were found, and how long the documents are."""
    corpus, content = report.corpus, list[Content]()
    if corpus.funnel:
        rows = [(step.step.replace("_", " "), step.documents, sum(step.dropped.values())) for step in corpus.funnel]
        plot = funnel(Plot(words, "funnel-plot", words("chart.funnel_title")), rows)
        content.append(figure(words, plot, _funnel_table(report, words)))
    if corpus.language_shares:
        shares = sorted(corpus.language_shares.items(), key=lambda pair: (-pair[1], pair[0]))
        shown = [(user_text(name), words.percent(100 * share)) for name, share in shares]
        content.append(element("div", element("h3", words("column.language")), facts(shown)))
    if corpus.lengths:
        content.append(_histogram(words, "lengths", corpus.lengths))
    if report.vocabulary and report.vocabulary.shift:
        content.append(_histogram(words, "shift", report.vocabulary.shift))
    notes = [user_text(note, name="p") for note in corpus.notes]
    return section(words, "corpus", element("div", *content, class_="pair"), *notes) if content or notes else None


def _funnel_table(report: Report, words: Words) -> Element:
    heads = [Column(words("column.step")), Column(words("column.documents"), True), Column(words("column.bytes"), True)]
    rows: list[list[Content | Cell]] = []
    for step in report.corpus.funnel:
        reasons: list[Content] = [
            [user_text(reason.replace("_", " ")), f": {words.whole(count)}", element("br")]
            for reason, count in step.dropped.items()
        ]
        rows.append(
            [
                user_text(step.step.replace("_", " ")),
                Cell(words.whole(step.documents), step.documents),
                Cell(words.bytes(step.bytes), step.bytes) if step.bytes else "",
                reasons,
            ]
        )
    return table(words, words("section.corpus"), [*heads, Column(words("column.dropped"))], rows)


def _histogram(words: Words, name: str, bins: list[Bin]) -> Element:
    what = words(f"say.{name}")
    columns = [Column(words(f"column.{key}"), True) for key in ("from", "to", "count")]
    rows: list[list[Content | Cell]] = [
        [
            Cell(words.plain(one.low), one.low),
            Cell(words.plain(one.high), one.high),
            Cell(words.whole(one.count), one.count),
        ]
        for one in bins
    ]
    plot = histogram(Plot(words, f"{name}-plot", words("chart.histogram_title", what=what)), bins)
    return element("div", element("h3", what), figure(words, plot, table(words, what, columns, rows)))


def dropped_section(report: Report, words: Words) -> Element | None:
    """Dropped documents by reason, readable."""
    folds: list[Content] = []
    for reason, samples in report.corpus.dropped_samples.items():
        if not samples:
            continue
        total = sum(step.dropped.get(reason, 0) for step in report.corpus.funnel) or len(samples)
        name = user_text(words.named("reason", reason))
        summary = [name, element("span", words.whole(total), class_="amount")]
        cards = [_dropped(sample, words) for sample in samples[:MAXIMUM_DROPPED]]
        folds.append(fold(summary, element("ul", *cards, class_="dropped")))
    return section(words, "dropped", *folds) if folds else None


def _dropped(sample: DroppedSample, words: Words) -> Element:
    known = [
        (words("column.source"), sample.source or sample.id),
        (words("column.value"), sample.value),
        (words("column.threshold"), sample.threshold),
    ]
    pairs: list[tuple[Content, Content]] = [(name, user_text(value)) for name, value in known if value]
    return element("li", passage(words, sample.sample, limit=600), facts(pairs) if pairs else None)


def examples_section(report: Report, words: Words) -> Element | None:
    """Training examples, token by token, with the tokens that counted underlined."""
    lists: list[Content] = []
    for example in report.training_examples:
        pieces = [
            element("mark" if piece.learned else "span", piece.text, class_="piece") for piece in example.pieces[:600]
        ]
        lists.append(element("p", *pieces, class_="example", dir="auto", lang=language_tag(example.language)))
    return section(words, "examples", *lists) if lists else None


def cost_section(report: Report, words: Words) -> Element:
    """Time, tokens, bytes, memory and energy, in all and by stage."""
    cost = report.cost
    pairs: list[tuple[Content, Content]] = [
        (words("cost.seconds"), words.duration(cost.seconds)),
        (words("cost.tokens"), words.whole(cost.tokens)),
        (words("cost.bytes"), words.bytes(cost.bytes)),
        (words("cost.peak_memory"), words.bytes(cost.peak_memory_bytes)),
    ]
    said: Content = None
    if cost.energy_watt_hours_estimate is not None:
        pairs.append((words("cost.energy"), f"\u2248 {words.plain(cost.energy_watt_hours_estimate)} Wh"))
        sentence = words.rich("say.energy", assumption=user_text(cost.energy_assumption))
        said = element("p", sentence, class_="aside")
    if cost.machine:
        pairs.append((words("cost.machine"), user_text(cost.machine)))
    return section(words, "cost", facts(pairs), said, _stages_table(report, words), say=False)


def _stages_table(report: Report, words: Words) -> Element | None:
    if not report.stages:
        return None
    columns = [
        Column(words("column.stage")),
        Column(words("column.seconds"), True),
        Column(words("column.tokens"), True),
        Column(words("column.memory"), True),
        Column(words("column.restarts"), True),
        Column(words("column.fingerprint")),
    ]
    rows: list[list[Content | Cell]] = [
        [
            user_text(stage.name),
            Cell(words.duration(stage.seconds), stage.seconds),
            "" if stage.tokens is None else Cell(words.whole(stage.tokens), stage.tokens),
            ""
            if stage.peak_memory_bytes is None
            else Cell(words.bytes(stage.peak_memory_bytes), stage.peak_memory_bytes),
            Cell(words.whole(stage.restarts), stage.restarts),
            element("code", stage.fingerprint[:12]),
        ]
        for stage in report.stages
    ]
    return table(words, words("section.cost"), columns, rows)


def plan_section(report: Report, words: Words) -> Element | None:
    """What was planned as a range, and what it was."""
    if not report.plan_against_actual:
        return None
    columns = [
        Column(words("column.quantity")),
        Column(words("column.planned"), True),
        Column(words("column.actual"), True),
    ]
    rows: list[list[Content | Cell]] = [
        [user_text(row.name.replace("_", " ")), _planned(row, words), _quantity(row.actual, row.unit, words)]
        for row in report.plan_against_actual
    ]
    return section(words, "plan", table(words, words("section.plan"), columns, rows), say=False)


def _quantity(value: float | None, unit: str, words: Words) -> Content | Cell:
    return "\u2013" if value is None else Cell(words.quantity(value, unit), value)


def _planned(row: PlanRow, words: Words) -> Content | Cell:
    known = [words.quantity(value, row.unit) for value in (row.low, row.high) if value is not None]
    if not known:
        return "\u2013"
    return Cell(" \u2013 ".join(dict.fromkeys(known)), row.low if row.low is not None else row.high or 0.0)


def health_section(report: Report, words: Words) -> Element | None:
    """Learning rate, gradient norm and speed over the steps of training."""
    health, figures = report.run_health, list[Content]()
    if not health.points:
        return None
    for name in ("learning_rate", "gradient_norm", "tokens_per_second"):
        known = [(float(point.step), value) for point in health.points if (value := _reading(point, name)) is not None]
        if known:
            what = words(f"health.{name}")
            plot = Plot(words, f"health-{name.replace('_', '-')}", words("chart.line_title", what=what))
            drawn = lines(plot, [Series(what, known, noisy=name != "learning_rate")], words("chart.steps_axis"))
            figures.append(element("div", element("h3", what), drawn))
    said = words("say.health", skipped=words.whole(health.skipped_steps), restarts=words.whole(health.restarts))
    data = fold(words("say.table"), _health_table(health.points, words), class_="data")
    return section(words, "health", element("p", said), element("div", *figures, class_="triple"), data, say=False)


def _reading(point: HealthPoint, name: str) -> float | None:
    value: float | None = getattr(point, name)
    return value


def _health_table(points: list[HealthPoint], words: Words) -> Element:
    names = ("learning_rate", "gradient_norm", "tokens_per_second")
    columns = [Column(words("column.step"), True), *(Column(words(f"column.{name}"), True) for name in names)]
    rows: list[list[Content | Cell]] = []
    for point in (points[index] for index in thin(len(points), MAXIMUM_ROWS)):
        readings = [_reading(point, name) for name in names]
        cells: list[Content | Cell] = ["" if value is None else Cell(words.plain(value), value) for value in readings]
        rows.append([Cell(words.whole(point.step), point.step), *cells])
    return table(words, words("section.health"), columns, rows)


def warnings_section(report: Report, words: Words) -> Element:
    """The warnings of the run, or that there were none."""
    if not report.warnings:
        return section(words, "warnings", element("p", words("say.no_warnings")), say=False)
    entries = [element("li", user_text(text)) for text in report.warnings]
    return section(words, "warnings", element("ul", *entries, class_="warnings"), say=False)


def again_section(report: Report, words: Words) -> Element:
    """The command, the recipe and the versions that make the same run again."""
    content: list[Content] = []
    for name, text in (("command", report.command), ("chat", report.chat_command)):
        if text:
            content += [element("h3", words(f"again.{name}")), code(text)]
    if report.recipe_yaml:
        content.append(fold(words("again.recipe"), code(report.recipe_yaml)))
    if report.versions:
        columns = [Column(words("column.part")), Column(words("column.version"))]
        rows = [[user_text(name), user_text(value)] for name, value in report.versions.items()]
        content.append(fold(words("again.versions"), table(words, words("again.versions"), columns, rows)))
    return section(words, "again", *content)
