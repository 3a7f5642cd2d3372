"""Plots of a data card: what was kept is solid, what was dropped is hatched, and thresholds are lines."""

from __future__ import annotations

from collections.abc import Sequence

from mothertongue.report.data_card_model import Distribution
from mothertongue.report.markup import Content, Element
from mothertongue.report.plots import WIDTH, Plot, box, compact, line, shorten, write
from mothertongue.report.scales import Scale


def divided_histogram(plot: Plot, shown: Distribution) -> Element:
    """Return one column per bar, dropped documents on top of kept ones, and a line at every bound."""
    top, bottom, left, right = 16, 158, 50, WIDTH - 6
    bars = shown.bins
    scale = Scale(0.0, max([1, *(bar.kept + bar.dropped for bar in bars)]), bottom, top)
    width = (right - left) / max(1, len(bars))
    content: list[Content] = []
    for value in scale.ticks(3):
        content.append(line(left, scale(value), right, scale(value), "grid"))
        content.append(write(left - 8, scale(value) + 4, compact(plot.words, value), "tick", "end"))
    for index, bar in enumerate(bars):
        x, low, high = left + index * width + 0.5, scale(bar.kept), scale(bar.kept + bar.dropped)
        content.append(box(x, low, width - 1, bottom - low, "bar after"))
        content.append(box(x, high, width - 1, low - high, "bar before") if bar.dropped else None)
    for bound in sorted(set(shown.bounds)):
        x = left + width * _place(bound, shown)
        content += [
            line(x, top - 6, x, bottom, "whisker"),
            write(x, top - 8, compact(plot.words, bound), "tick", "middle"),
        ]
    marks = {0: ("start", bars[0].low), len(bars): ("end", bars[-1].high)}
    middle = len(bars) // 2
    if middle > 0:
        marks[middle] = ("middle", bars[middle].low)
    for index, (anchor, value) in sorted(marks.items()):
        content.append(write(left + index * width, bottom + 20, compact(plot.words, value), "tick", anchor))
    return plot.draw(bottom + 26, *content)


def _place(value: float, shown: Distribution) -> float:
    """Return where a value lies, counted in bars from the left."""
    for index, bar in enumerate(shown.bins):
        if value < bar.high:
            return index + min(1.0, max(0.0, (value - bar.low) / (bar.high - bar.low)))
    return float(len(shown.bins))


def divided_bars(plot: Plot, rows: Sequence[tuple[str, int, int]]) -> Element:
    """Return one bar per row (label, kept, dropped): solid, then hatched."""
    scale = Scale(0.0, max([1, *(kept + dropped for _, kept, dropped in rows)]), 0.0, WIDTH - 2)
    content: list[Content] = []
    for index, (label, kept, dropped) in enumerate(rows):
        y, end = index * 40, scale(kept)
        content += [
            write(0, y + 13, shorten(label, 36), "label"),
            write(WIDTH - 2, y + 13, plot.words.whole(kept + dropped), "value", "end"),
            box(0, y + 19, end, 11, "bar after"),
            box(end, y + 19, scale(kept + dropped) - end, 11, "bar before") if dropped else None,
        ]
    return plot.draw(len(rows) * 40, *content)
