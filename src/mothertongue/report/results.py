"""The sections about what the model learned and kept: figures, bits per byte, curves, decisions, tests."""

from __future__ import annotations

from mothertongue.report.markup import Content, Element, element, user_text
from mothertongue.report.model import BitsPerByte, Curve, CurvePoint, Decision, Report, TaskMeasure, Value
from mothertongue.report.pieces import (
    MAXIMUM_ROWS,
    Cell,
    Column,
    facts,
    figure,
    interval,
    outcome,
    section,
    table,
)
from mothertongue.report.plots import BarPair, Mark, Plot, Series, bars, lines, scatter
from mothertongue.report.scales import thin
from mothertongue.report.verdict import Outcome, gain, kept, main_set, task_outcome
from mothertongue.report.words import Words

_STYLES = {"target": 0, "retention": 1, "second_domain": 2, "training": 3}


def key_figures(report: Report, words: Words) -> Element:
    """The three numbers to remember: learned, kept, spent."""
    memory = words.bytes(report.cost.peak_memory_bytes)
    cost = words("figures.cost_note", tokens=words.whole(report.cost.tokens), memory=memory)
    return element(
        "div",
        _figure(report, words, "target"),
        _figure(report, words, "retention"),
        _number(words.duration(report.cost.seconds), words("figures.cost"), cost, "plain"),
        class_="figures",
    )


def _figure(report: Report, words: Words, role: str) -> Element:
    key = "learned" if role == "target" else "kept"
    found = main_set(report, "target" if role == "target" else "retention")
    if found is None:
        return _number("\u2013", words("figures.not_measured"), words(f"role.{role}"), "few")
    name, row = found
    kind = _result(report, row)
    note = words(
        f"figures.{key}_note",
        low=words.percent(row.percent(row.interval.low), signed=True),
        high=words.percent(row.percent(row.interval.high), signed=True),
        **({"limit": words.percent(report.retention.limit_percent)} if key == "kept" else {}),
    )
    label = words.rich(f"figures.{key}", set=user_text(name))
    return _number(words.percent(_change(row), signed=True), label, note, kind.value)


def _number(value: str, label: Content, note: str, kind: str) -> Element:
    return element(
        "div",
        element("p", value, class_="value"),
        element("p", label, class_="what"),
        element("p", note, class_="aside"),
        class_=f"figure {kind}",
    )


def _change(row: BitsPerByte) -> float:
    return row.change_percent if row.change_percent is not None else 100 * (row.after / row.before - 1)


def _result(report: Report, row: BitsPerByte) -> Outcome:
    return kept(row, report.retention.limit_percent) if row.role == "retention" else gain(row)


def bits_section(report: Report, words: Words) -> Element | None:
    """Bits per byte of each held-out set before and after, with the interval of the change."""
    rows = report.measures.bits_per_byte
    if not rows:
        return None
    pairs = [
        BarPair(
            f"{name} ({words(f'role.{row.role}')})",
            row.before,
            row.after,
            max(0.0, row.before + row.interval.low),
            max(0.0, row.before + row.interval.high),
        )
        for name, row in rows.items()
    ]
    plot = bars(Plot(words, "bits-plot", words("chart.bits_title")), pairs, lambda value: words.decimal(value, 3))
    return section(words, "bits", figure(words, plot, _bits_table(report, words)))


def summary_section(report: Report, words: Words) -> Element | None:
    """Every held-out set and test in one table: before, after, change, and the result in a word."""
    columns = [
        Column(words("column.measure")),
        Column(words("column.result")),
        Column(words("column.before"), True),
        Column(words("column.after"), True),
        Column(words("column.change"), True),
        Column(words("column.role")),
    ]
    rows: list[list[Content | Cell]] = []
    for name, row in report.measures.bits_per_byte.items():
        group = "kept" if row.role == "retention" else "learned"
        result = _result(report, row)
        rows.append(
            [
                [user_text(name), element("span", words("value.bits_per_byte"), class_="unit")],
                outcome(words(f"outcome.{group}.{result.value}"), result.value),
                Cell(words.decimal(row.before, 3), row.before),
                Cell(words.decimal(row.after, 3), row.after),
                Cell(words.percent(_change(row), signed=True), _change(row)),
                words(f"role.{row.role}"),
            ]
        )
    rows += [_task_summary(name, task, words) for name, task in report.measures.tasks.items()]
    if not rows:
        return None
    notes = [
        words("say.retention_rule", rule=report.retention.rule) if report.retention.rule else None,
        words("say.replay", share=words.percent(100 * report.retention.replay_share))
        if report.retention.replay_share is not None
        else None,
    ]
    lines_below = [element("p", note, class_="aside", dir="auto") for note in notes if note]
    return section(words, "summary", table(words, words("section.summary"), columns, rows), *lines_below)


def _task_summary(name: str, task: TaskMeasure, words: Words) -> list[Content | Cell]:
    result = task_outcome(task)
    group = "kept" if task.role == "retention" else "learned"
    change = task.after - task.before
    return [
        [user_text(name), element("span", user_text(task.metric), class_="unit")],
        outcome(words(f"outcome.{group}.{result.value}"), result.value),
        Cell(words.decimal(task.before, 3), task.before),
        Cell(words.decimal(task.after, 3), task.after),
        Cell(words.decimal(change, 3, signed=True), change),
        words(f"role.{task.role}"),
    ]


def _bits_table(report: Report, words: Words) -> Element:
    columns = [
        Column(words("column.set")),
        Column(words("column.role")),
        Column(words("column.before"), True),
        Column(words("column.after"), True),
        Column(words("column.interval"), True),
        Column(words("column.documents"), True),
        Column(words("column.bytes"), True),
    ]
    rows: list[list[Content | Cell]] = [
        [
            user_text(name),
            words(f"role.{row.role}"),
            Cell(words.decimal(row.before, 4), row.before),
            Cell(words.decimal(row.after, 4), row.after),
            interval(words, words.decimal(row.interval.low, 4, True), words.decimal(row.interval.high, 4, True)),
            Cell(words.whole(row.documents), row.documents),
            Cell(words.bytes(row.bytes), row.bytes),
        ]
        for name, row in report.measures.bits_per_byte.items()
    ]
    return table(words, words("section.bits"), columns, rows)


def curves_section(report: Report, words: Words) -> Element | None:
    """The sets over training, on a linear and a logarithmic axis, one of which is shown without a script."""
    series: list[Series] = []
    by_tokens = all(point.tokens is not None for curve in report.curves for point in curve.points)
    for curve in report.curves:
        points = [(_across(point, by_tokens), point.value) for point in curve.points]
        known = [(x, y) for x, y in points if y is not None]
        if known:
            label = f"{curve.set} ({words(f'role.{curve.role}')})"
            series.append(Series(label, known, _STYLES[curve.role], _band(curve, by_tokens)))
    if not series:
        return None
    label = words("chart.tokens_axis" if by_tokens else "chart.steps_axis")
    drawn = [
        lines(Plot(words, f"curves-{kind}", words("chart.curves_title")), series, label, kind == "logarithmic")
        for kind in ("linear", "logarithmic")
    ]
    return section(words, "curves", figure(words, _switch(words, drawn), _curves_table(report, words)))


def _across(point: CurvePoint, by_tokens: bool) -> float:
    return float(point.tokens if by_tokens and point.tokens is not None else point.step)


def _band(curve: Curve, by_tokens: bool) -> list[tuple[float, float, float]]:
    return [
        (_across(point, by_tokens), point.low, point.high)
        for point in curve.points
        if point.low is not None and point.high is not None
    ]


def _switch(words: Words, drawn: list[Element]) -> Element:
    """Two plots of which a radio button shows one: the style sheet does it, no script."""
    content: list[Content] = [element("legend", words("chart.axis"))]
    for index, kind in enumerate(("linear", "logarithmic")):
        name = f"axis-{kind}"
        content.append(
            element("input", type="radio", name="axis", id=name, class_=kind, checked=index == 0, autocomplete="off")
        )
        content.append(element("label", words(f"chart.{kind}"), for_=name))
    views = [
        element("div", plot, class_=f"view {kind}") for plot, kind in zip(drawn, ("linear", "logarithmic"), strict=True)
    ]
    return element("fieldset", *content, *views, class_="switch")


def _curves_table(report: Report, words: Words) -> Element:
    columns = [
        Column(words("column.set")),
        Column(words("column.step"), True),
        Column(words("column.tokens"), True),
        Column(words("column.seconds"), True),
        Column(words("column.value"), True),
    ]
    rows: list[list[Content | Cell]] = []
    stride = 1
    for curve in report.curves:
        chosen = thin(len(curve.points), MAXIMUM_ROWS)
        stride = max(stride, chosen[1] - chosen[0] if len(chosen) > 1 else 1)
        for point in (curve.points[index] for index in chosen):
            rows.append(
                [
                    user_text(curve.set),
                    Cell(words.whole(point.step), point.step),
                    "" if point.tokens is None else Cell(words.whole(point.tokens), point.tokens),
                    "" if point.seconds is None else Cell(words.duration(point.seconds), point.seconds),
                    "" if point.value is None else Cell(words.decimal(point.value, 4), point.value),
                ]
            )
    note = element("p", words("say.thinned", n=str(stride)), class_="aside") if stride > 1 else None
    return element("div", table(words, words("section.curves"), columns, rows), note)


def characters_section(report: Report, words: Words) -> Element | None:
    """Characters per token before and after, and what an extension did to the vocabulary."""
    measure = report.measures.characters_per_token
    if measure is None:
        return None
    pairs = {report.shown_language: measure} | measure.sets
    plot = bars(
        Plot(words, "characters-plot", words("chart.characters_title")),
        [BarPair(name, pair.before, pair.after) for name, pair in pairs.items()],
        lambda value: words.decimal(value, 2),
    )
    columns = [
        Column(words("column.language")),
        Column(words("column.before"), True),
        Column(words("column.after"), True),
    ]
    rows: list[list[Content | Cell]] = [
        [
            user_text(name),
            Cell(words.decimal(pair.before, 3), pair.before),
            Cell(words.decimal(pair.after, 3), pair.after),
        ]
        for name, pair in pairs.items()
    ]
    data = table(words, words("section.characters"), columns, rows)
    return section(words, "characters", figure(words, plot, data), *_vocabulary(report, words))


def _vocabulary(report: Report, words: Words) -> list[Content]:
    grown = report.vocabulary
    if grown is None:
        return []
    before, after = words.whole(grown.size_before), words.whole(grown.size_after)
    said = [words("say.vocabulary", before=before, after=after)]
    if grown.reachable_percent is not None:
        said.append(words("say.reachable", share=words.percent(grown.reachable_percent)))
    if grown.rows_never_seen is not None:
        said.append(words("say.never_seen", n=words.whole(grown.rows_never_seen)))
    examples = [element("li", user_text(text, report.language)) for text in grown.examples[:40]]
    return [element("p", " ".join(said)), element("ul", *examples, class_="tokens") if examples else None]


def decisions_section(report: Report, words: Words) -> Element | None:
    """Every decision with all its sides next to each other."""
    if not report.decisions:
        return None
    return section(words, "decisions", *(_decision(decision, words) for decision in report.decisions))


def _decision(decision: Decision, words: Words) -> Element:
    arms: list[Content] = []
    for arm in decision.arms:
        chosen = arm.name == decision.chosen
        badge = element("span", "\u2713 ", words("decision.chosen"), class_="badge") if chosen else None
        values = [
            (user_text(words.named("value", name)), _value(name, value, words)) for name, value in arm.values.items()
        ]
        arms.append(
            element(
                "div",
                element("h4", user_text(words.named("arm", arm.name)), badge),
                facts(values),
                user_text(arm.note, name="p") if arm.note else None,
                class_="arm chosen" if chosen else "arm",
            )
        )
    return element(
        "article",
        element("h3", user_text(words.named("decision", decision.name))),
        user_text(decision.reason, name="p") if decision.reason else None,
        element("div", *arms, class_="arms"),
    )


def _value(name: str, value: Value, words: Words) -> Content:
    if isinstance(value, bool) or value is None:
        return "\u2013" if value is None else "\u2713" if value else "\u2717"
    if isinstance(value, str):
        return user_text(value)
    unit = next((unit for unit in ("seconds", "bytes", "percent") if name == unit or name.endswith("_" + unit)), "")
    return words.quantity(value, unit)


def trade_section(report: Report, words: Words) -> Element | None:
    """Learned against forgotten: states of the model, and tests by items won and lost."""
    content: list[Content] = []
    if report.trade_offs:
        marks = [
            Mark(point.learned, point.forgotten, words.named("rule", point.name), index, point.chosen)
            for index, point in enumerate(report.trade_offs)
        ]
        labels = (words("chart.learned_axis"), words("chart.forgotten_axis"))
        plot = scatter(Plot(words, "trade-plot", words("chart.trade_title")), marks, labels)
        content += [figure(words, plot, _marks_table(words, marks, "learned", "forgotten"), words("say.trade"))]
    tasks = {name: task for name, task in report.measures.tasks.items() if task.n}
    if tasks:
        styles = {"target": 0, "retention": 1, "other": 2}
        marks = [
            Mark(100 * task.won / task.n, 100 * task.lost / task.n, name, styles[task.role])
            for name, task in tasks.items()
        ]
        labels = (words("chart.won_axis"), words("chart.lost_axis"))
        plot = scatter(Plot(words, "flips-plot", words("chart.flips_title")), marks, labels, diagonal=True)
        content += [figure(words, plot, _marks_table(words, marks, "won", "lost"), words("say.flips"))]
    return section(words, "trade", element("div", *content, class_="pair"), say=False) if content else None


def _marks_table(words: Words, marks: list[Mark], x: str, y: str) -> Element:
    columns = [Column(words("column.measure")), Column(words(f"column.{x}"), True), Column(words(f"column.{y}"), True)]
    rows: list[list[Content | Cell]] = [
        [user_text(one.label), Cell(words.percent(one.x), one.x), Cell(words.percent(one.y), one.y)] for one in marks
    ]
    return table(words, words("section.trade"), columns, rows)


def tasks_section(report: Report, words: Words) -> Element | None:
    """The table of tests: before, after, interval, items, won and lost."""
    if not report.measures.tasks:
        return None
    heads = ("before", "after", "interval", "n", "won", "lost")
    columns = [Column(words("column.test")), *(Column(words(f"column.{name}"), True) for name in heads)]
    rows: list[list[Content | Cell]] = [
        [
            [user_text(name), element("span", user_text(task.metric), class_="unit")],
            Cell(words.decimal(task.before, 3), task.before),
            Cell(words.decimal(task.after, 3), task.after),
            interval(words, words.decimal(task.interval.low, 3, True), words.decimal(task.interval.high, 3, True)),
            Cell(words.whole(task.n), task.n),
            Cell(words.whole(task.won), task.won),
            Cell(words.whole(task.lost), task.lost),
        ]
        for name, task in report.measures.tasks.items()
    ]
    return section(words, "tasks", table(words, words("section.tasks"), columns, rows))
