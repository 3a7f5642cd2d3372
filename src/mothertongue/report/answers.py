"""The sections to read: every question of a test with both choices, and answers to the same prompts side by side."""

from __future__ import annotations

from mothertongue.report.markup import Content, Element, element, user_text
from mothertongue.report.model import Report, TaskItem
from mothertongue.report.pieces import passage, section
from mothertongue.report.words import Words

MAXIMUM_ITEMS = 200


def items_section(report: Report, words: Words) -> Element | None:
    """The items of each test with the choices of both models."""
    content: list[Content] = []
    for name, task in report.measures.tasks.items():
        if not task.items:
            continue
        left = len(task.items) - MAXIMUM_ITEMS
        summary = [user_text(name), element("span", words.whole(len(task.items)), class_="amount")]
        cards = [_item(item, words) for item in task.items[:MAXIMUM_ITEMS]]
        more = element("p", words.count("more", left), class_="aside") if left > 0 else None
        head = element("summary", *summary)
        content.append(element("details", head, element("ol", *cards, class_="items"), more, class_="fold"))
    return section(words, "items", *content) if content else None


def _item(item: TaskItem, words: Words) -> Element:
    options = [
        element("li", user_text(option, item.language), class_="right" if option == item.correct else None)
        for option in item.options
    ]
    return element(
        "li",
        passage(words, item.prompt, item.language, 1500),
        element("ul", *options, class_="options") if options else None,
        element(
            "div",
            _choice(words, "before", item.before, item.before_correct, item.language),
            _choice(words, "after", item.after, item.after_correct, item.language),
            class_="choices",
        ),
    )


def _choice(words: Words, side: str, answer: str, right: bool | None, language: str) -> Element:
    symbol: Content = None
    if right is not None:
        name = words("answer.right" if right else "answer.wrong")
        class_ = "symbol better" if right else "symbol worse"
        symbol = element("span", "\u2713" if right else "\u2717", role="img", aria_label=name, class_=class_)
    shown = user_text(answer[:600], language) if answer else words("answer.none")
    return element("p", element("span", words(f"column.{side}"), class_="side"), " ", symbol, " ", shown)


def samples_section(report: Report, words: Words) -> Element | None:
    """Answers to the same prompts, side by side."""
    cards = [
        element(
            "article",
            element("div", passage(words, sample.prompt, sample.language), class_="prompt"),
            element(
                "div",
                _answer(words, "before", sample.before, sample.language),
                _answer(words, "after", sample.after, sample.language),
                class_="answers",
            ),
            class_="sample",
        )
        for sample in report.samples
    ]
    return section(words, "samples", *cards) if cards else None


def _answer(words: Words, side: str, text: str, language: str) -> Element:
    head = element("h3", words(f"column.{side}"), class_="side")
    return element("div", head, passage(words, text, language), class_=f"answer {side}")
