"""Plots as inline SVG: no script, light and dark by style sheet, told apart by pattern and mark as well as by colour.

All plots are 440 units wide, so that on a phone one unit is almost one pixel; the style sheet sets the text size. A
plot carries a title and a sentence for screen readers; the page puts the table with the same numbers below it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mothertongue.report.markup import Content, Element, element, number
from mothertongue.report.model import Bin
from mothertongue.report.scales import Scale, decimals, padded, smooth, thin
from mothertongue.report.words import Words

WIDTH = 440
MAXIMUM_POINTS = 300
SMOOTH_FROM = 60


@dataclass(frozen=True)
class Plot:
    """What every plot needs: the words, an id that no other plot of the page has, a title and a description."""

    words: Words
    name: str
    title: str
    description: str = ""

    def draw(self, height: float, *content: Content) -> Element:
        """The SVG element around content."""
        title, described = f"{self.name}-title", f"{self.name}-description"
        return element(
            "svg",
            element("title", self.title, id=title),
            element("desc", self.description or self.title, id=described),
            *content,
            viewBox=f"0 0 {WIDTH} {number(height)}",
            role="img",
            aria_labelledby=f"{title} {described}",
            class_="plot",
        )


@dataclass(frozen=True)
class BarPair:
    """One row of a bar plot: a value before and after, and the interval in which the value after lies."""

    label: str
    before: float
    after: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Series:
    """A curve: points (x, y), its place in the style sheet (0 to 3), a band (x, low, high), whether to smooth it."""

    label: str
    points: Sequence[tuple[float, float]]
    style: int = 0
    band: Sequence[tuple[float, float, float]] = field(default_factory=tuple)
    noisy: bool = True


@dataclass(frozen=True)
class Mark:
    """One point of a scatter plot."""

    x: float
    y: float
    label: str
    style: int = 0
    chosen: bool = False


def shorten(text: str, limit: int) -> str:
    """The text on one line, cut with an ellipsis beyond `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "\u2026"


def write(x: float, y: float, text: str, class_: str = "", anchor: str | None = None) -> Element:
    """A piece of text in a plot."""
    return element("text", text, x=x, y=y, class_=class_ or None, text_anchor=anchor)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Element:
    """A straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def box(x: float, y: float, width: float, height: float, class_: str) -> Element:
    """A rectangle; sizes below zero are drawn as zero."""
    return element("rect", x=x, y=y, width=max(0.0, width), height=max(0.0, height), class_=class_)


def mark(x: float, y: float, style: int, class_: str = "") -> Element:
    """The mark of a style: circle, square, triangle, diamond."""
    name = f"mark s{style % 4} {class_}".strip()
    if style % 4 == 0:
        return element("circle", cx=x, cy=y, r=4.5, class_=name)
    corners = {
        1: ((-4, -4), (4, -4), (4, 4), (-4, 4)),
        2: ((0, -5.5), (5, 4), (-5, 4)),
        3: ((0, -6), (6, 0), (0, 6), (-6, 0)),
    }[style % 4]
    return element("polygon", points=" ".join(f"{number(x + a)},{number(y + b)}" for a, b in corners), class_=name)


def bars(plot: Plot, rows: Sequence[BarPair], show: Callable[[float], str]) -> Element:
    """Two bars per row, before hatched and after solid, from zero; a whisker shows the interval of the second."""
    top = max([1e-12, *(value for row in rows for value in (row.before, row.after, row.high or 0.0))])
    scale = Scale(0.0, top, 0.0, WIDTH - 76)
    content: list[Content] = [_bar_legend(plot.words)]
    for index, row in enumerate(rows):
        y = 34 + index * 78
        content += [
            write(0, y + 12, shorten(row.label, 48), "label"),
            box(0, y + 20, scale(row.before), 17, "bar before"),
            write(scale(row.before) + 8, y + 33, show(row.before), "value"),
            box(0, y + 41, scale(row.after), 17, "bar after"),
        ]
        end = scale(row.after)
        if row.low is not None and row.high is not None:
            content += _whisker(scale(row.low), scale(row.high), y + 49.5)
            end = max(end, scale(row.high))
        content.append(write(end + 8, y + 54, show(row.after), "value strong"))
    return plot.draw(34 + len(rows) * 78, *content)


def _whisker(left: float, right: float, y: float) -> list[Element]:
    strokes = ((left, y, right, y), (left, y - 5, left, y + 5), (right, y - 5, right, y + 5))
    # The halo keeps the whisker visible on the bar, whatever its colour.
    return [line(*ends, class_) for class_ in ("halo", "whisker") for ends in strokes]


def _bar_legend(words: Words) -> Element:
    return element(
        "g",
        box(0, 2, 22, 13, "bar before"),
        write(29, 13, words("column.before"), "note"),
        box(130, 2, 22, 13, "bar after"),
        write(159, 13, words("column.after"), "note"),
    )


def lines(plot: Plot, series: Sequence[Series], x_label: str, logarithmic: bool = False) -> Element:
    """Curves with their evaluation marks and bands; long series are drawn faint with a smoothed line on top."""
    legend = 20 * len(series) if len(series) > 1 else 0
    top, bottom, left, right = legend + 10, legend + 240, 56, WIDTH - 12
    heights = [y for one in series for _, y in one.points]
    heights += [bound for one in series for _, *bounds in one.band for bound in bounds]
    low, high = padded(heights)
    across = [x for one in series for x, _ in one.points]
    positive = [x for x in across if x > 0]
    start = min(positive) / 2 if logarithmic and positive else min(across)
    x_scale = Scale(start, max(across), left, right, logarithmic and bool(positive))
    y_scale = Scale(low, high, bottom, top)
    content: list[Content] = [_legend(series) if legend else None, *_axes(plot.words, x_scale, y_scale)]
    content.append(write((left + right) / 2, bottom + 40, x_label, "note", "middle"))
    for one in series:
        content += _curve(one, x_scale, y_scale)
    return plot.draw(bottom + 46, *content)


def _legend(series: Sequence[Series]) -> Element:
    rows: list[Content] = []
    for index, one in enumerate(series):
        y = 10 + 20 * index
        rows += [line(2, y, 34, y, f"curve s{one.style % 4}"), mark(18, y, one.style)]
        rows.append(write(44, y + 4.5, shorten(one.label, 48), "note"))
    return element("g", *rows)


def _axes(words: Words, x_scale: Scale, y_scale: Scale) -> list[Content]:
    left, right, bottom = x_scale.start, x_scale.end, y_scale.start
    content: list[Content] = []
    rungs = y_scale.ticks(5)
    for value in rungs:
        y = y_scale(value)
        content.append(line(left, y, right, y, "grid"))
        short = compact(words, value) if abs(value) >= 1e5 else words.decimal(value, decimals(rungs))
        content.append(write(left - 8, y + 4, short, "tick", "end"))
    steps = x_scale.ticks(4)
    for value in steps:
        x = x_scale(value)
        content.append(line(x, bottom, x, bottom + 5, "axis"))
        content.append(write(x, bottom + 20, compact(words, value), "tick", "middle"))
    content.append(line(left, bottom, right, bottom, "axis"))
    return content


def compact(words: Words, value: float) -> str:
    """A tick value in few characters: 1.5 M, 200 k."""
    if abs(value) >= 1e15:
        return f"{value:.0e}"
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            scaled = value / size
            return words.decimal(scaled, 0 if scaled == round(scaled) else 1) + "\u00a0" + letter
    return words.plain(value)


def _curve(one: Series, x_scale: Scale, y_scale: Scale) -> list[Content]:
    chosen = [one.points[index] for index in thin(len(one.points), MAXIMUM_POINTS)]
    places = [(x_scale(x), y_scale(y)) for x, y in chosen]
    content: list[Content] = []
    if one.band:
        upper = [(x_scale(x), y_scale(high)) for x, _, high in one.band]
        lower = [(x_scale(x), y_scale(low)) for x, low, _ in reversed(one.band)]
        content.append(element("polygon", points=_join(upper + lower), class_=f"band s{one.style % 4}"))
    if len(places) > SMOOTH_FROM and one.noisy:
        calm = [(x, y) for (x, _), y in zip(places, smooth([y for _, y in places]), strict=True)]
        content.append(element("polyline", points=_join(places), class_=f"curve raw s{one.style % 4}"))
        return [*content, element("polyline", points=_join(calm), class_=f"curve s{one.style % 4}")]
    content.append(element("polyline", points=_join(places), class_=f"curve s{one.style % 4}"))
    marks = [mark(x, y, one.style) for x, y in places] if len(places) <= SMOOTH_FROM else []
    return [*content, *marks]


def _join(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{number(x)},{number(y)}" for x, y in places)


def scatter(plot: Plot, marks: Sequence[Mark], labels: tuple[str, str], diagonal: bool = False) -> Element:
    """Marks with names over two percent axes, with zero lines, and a diagonal where both axes share one unit."""
    top, bottom, left, right = 12, 262, 58, WIDTH - 16
    x_low, x_high = padded([0.0, *(one.x for one in marks)], 0.15)
    y_low, y_high = padded([0.0, *(one.y for one in marks)], 0.15)
    if diagonal:
        x_low = y_low = 0.0
        x_high = y_high = max(x_high, y_high, 1.0)
    x_scale, y_scale = Scale(x_low, x_high, left, right), Scale(y_low, y_high, bottom, top)
    content: list[Content] = list(_percent_axes(plot.words, x_scale, y_scale))
    if diagonal:
        content.append(line(left, bottom, right, top, "guide"))
    content += [
        write((left + right) / 2, bottom + 40, labels[0] + " \u2192", "note", "middle"),
        write(left + 6, top + 6, "\u2191 " + labels[1], "note"),
    ]
    taken = [(x_scale(one.x) - 6, x_scale(one.x) + 6, y_scale(one.y) + 4.5) for one in marks]
    for index, one in enumerate(marks):
        x, y = x_scale(one.x), y_scale(one.y)
        content.append(mark(x, y, one.style, "chosen" if one.chosen else ""))
        content.append(_mark_label(one, x, y, taken, index))
    return plot.draw(bottom + 46, *content)


def _percent_axes(words: Words, x_scale: Scale, y_scale: Scale) -> list[Content]:
    left, right, bottom, top = x_scale.start, x_scale.end, y_scale.start, y_scale.end
    content: list[Content] = []
    across, up = x_scale.ticks(4), y_scale.ticks(4)
    for value in up:
        y = y_scale(value)
        content.append(line(left, y, right, y, "zero" if value == 0 else "grid"))
        content.append(write(left - 8, y + 4, words.percent(value, digits=decimals(up)), "tick", "end"))
    for value in across:
        x = x_scale(value)
        content.append(line(x, top, x, bottom, "zero" if value == 0 else "grid"))
        content.append(write(x, bottom + 20, words.percent(value, digits=decimals(across)), "tick", "middle"))
    return content


def _mark_label(one: Mark, x: float, y: float, taken: list[tuple[float, float, float]], own: int) -> Element:
    """The name beside its mark, on the side with room, at the first height where no name or mark is in the way."""
    text = shorten(one.label, 24)
    to_left, width = x > WIDTH * 0.6, 8 * len(text)
    start = x - 10 - width if to_left else x + 10
    heights = [y + 4.5 + shift for shift in (0, -15, 15, -30, 30, -45, 45)]
    free = (
        place
        for place in heights
        if all(
            index == own or abs(place - other) >= 13 or start + width < left or right < start
            for index, (left, right, other) in enumerate(taken)
        )
    )
    place = next(free, heights[0])
    taken.append((start, start + width, place))
    return write(x - 10 if to_left else x + 10, place, text, "note", "end" if to_left else None)


def funnel(plot: Plot, rows: Sequence[tuple[str, int, int]]) -> Element:
    """One bar per step (name, documents left, documents dropped by it): left is solid, dropped is hatched."""
    top = max([1, *(kept + dropped for _, kept, dropped in rows)])
    scale = Scale(0.0, top, 0.0, WIDTH - 2)
    content: list[Content] = []
    for index, (label, kept, dropped) in enumerate(rows):
        y = index * 48
        left = scale(kept)
        content += [
            write(0, y + 13, shorten(label, 36), "label"),
            write(WIDTH - 2, y + 13, plot.words.whole(kept), "value strong", "end"),
            box(0, y + 20, left, 15, "bar after"),
            box(left, y + 20, scale(kept + dropped) - left, 15, "bar before") if dropped else None,
        ]
    return plot.draw(len(rows) * 48, *content)


def histogram(plot: Plot, bins: Sequence[Bin]) -> Element:
    """One column per bin, all of the same width, with the borders of the first, middle and last written below."""
    top, bottom, left, right = 8, 150, 50, WIDTH - 6
    scale = Scale(0.0, max([1, *(one.count for one in bins)]), bottom, top)
    width = (right - left) / max(1, len(bins))
    content: list[Content] = []
    for value in scale.ticks(3):
        content.append(line(left, scale(value), right, scale(value), "grid"))
        content.append(write(left - 8, scale(value) + 4, compact(plot.words, value), "tick", "end"))
    for index, one in enumerate(bins):
        y = scale(one.count)
        content.append(box(left + index * width + 0.5, y, width - 1, bottom - y, "bar after"))
    middle = len(bins) // 2
    borders = {0: bins[0].low, len(bins): bins[-1].high} | ({middle: bins[middle].low} if middle > 0 else {})
    for index, value in sorted(borders.items()):
        anchor = "start" if index == 0 else "end" if index == len(bins) else "middle"
        content.append(write(left + index * width, bottom + 20, compact(plot.words, value), "tick", anchor))
    content.append(line(left, bottom, right, bottom, "axis"))
    return plot.draw(bottom + 28, *content)
