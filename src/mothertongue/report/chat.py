"""Talking to one model, or to the models before and after training side by side, in the terminal.

A subject is anything with a name that streams text for a conversation; models are loaded by whoever makes it. On a
terminal the answers grow in columns; otherwise prompts are read line by line and answers printed under their names.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Generator, Iterator, Mapping
from typing import Protocol, TextIO

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from mothertongue.errors import InputError, Problem
from mothertongue.report.words import Words, load_words

Message = dict[str, str]
# Everything that could steer a terminal: controls but newline and tab, and characters that reorder text.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_NEW, _QUIT = "/new", "/quit"


class Streamer(Protocol):
    """A model that answers a conversation piece by piece."""

    name: str

    def stream(self, messages: list[Message]) -> Iterator[str]:
        """The pieces of the answer to messages of the form {"role": ..., "content": ...}, in order."""


def chosen_subjects(subjects: Mapping[str, Streamer], compare: bool) -> dict[str, Streamer]:
    """All subjects when comparing, else the last: the taught model. Raises InputError (MT703) if there is none."""
    if not subjects:
        remedy = "name a run folder with a finished model, or a model folder"
        raise InputError(Problem("MT703", "there is no model to talk to", do=remedy))
    return dict(subjects) if compare else dict(list(subjects.items())[-1:])


def readable(text: str) -> str:
    """Text of a model without characters that would steer a terminal; each becomes U+FFFD."""
    return _STEERING.sub("\ufffd", text)


def together(subjects: Mapping[str, Streamer], histories: Mapping[str, list[Message]]) -> Generator[tuple[str, str]]:
    """Pieces of all answers as (subject, piece), one of each in turn, so that none waits for another to end."""
    streams = {name: subject.stream(histories[name]) for name, subject in subjects.items()}
    try:
        while streams:
            for name in list(streams):
                piece = next(streams[name], None)
                if piece is None:
                    del streams[name]
                else:
                    yield name, piece
    finally:
        for stream in streams.values():
            close_stream(stream)


def close_stream(stream: Iterator[str]) -> None:
    """Ends a stream early, so that a model stops working on an answer that nobody reads."""
    if isinstance(stream, Generator):
        stream.close()


def terminal_chat(
    subjects: Mapping[str, Streamer],
    compare: bool,
    *,
    source: TextIO | None = None,
    target: TextIO | None = None,
    language: str = "en",
) -> None:
    """A conversation until /quit, the end of input, or Ctrl-C at the prompt; Ctrl-C in an answer ends that answer.

    Prompts come from `source` (standard input), answers go to `target` (standard output). Raises InputError (MT703)
    without subjects, (MT702) for a language without catalogue.
    """
    chosen, words = chosen_subjects(subjects, compare), load_words(language)
    read_from, write_to = source or sys.stdin, target or sys.stdout
    live = read_from.isatty() and write_to.isatty()
    histories: dict[str, list[Message]] = {name: [] for name in chosen}
    if live:
        print(words("chat.help"), file=write_to)
    for prompt in _prompts(read_from, write_to, live):
        if prompt == _NEW:
            histories = {name: [] for name in chosen}
            continue
        for history in histories.values():
            history.append({"role": "user", "content": prompt})
        show = _columns if live else _plainly
        for name, answer in show(chosen, histories, write_to).items():
            histories[name].append({"role": "assistant", "content": answer})


def _prompts(source: TextIO, target: TextIO, live: bool) -> Iterator[str]:
    while True:
        if live:
            target.write("> ")
            target.flush()
        try:
            line = source.readline()
        except KeyboardInterrupt:
            return
        text = line.strip()
        if not line or text == _QUIT:
            return
        if text:
            yield text


def _columns(
    subjects: Mapping[str, Streamer], histories: Mapping[str, list[Message]], target: TextIO
) -> dict[str, str]:
    """The answers, growing side by side on a terminal."""
    answers = dict.fromkeys(subjects, "")
    with Live(_grid(answers), console=Console(file=target), refresh_per_second=12) as live:
        try:
            for name, piece in together(subjects, histories):
                answers[name] += piece
                live.update(_grid(answers))
        except KeyboardInterrupt:
            live.update(_grid(answers))
    return answers


def _grid(answers: Mapping[str, str]) -> Table:
    grid = Table.grid(expand=True, padding=(0, 3, 1, 0))
    for _ in answers:
        grid.add_column(ratio=1, overflow="fold")
    if len(answers) > 1:
        grid.add_row(*(Text(readable(name), style="bold") for name in answers))
    grid.add_row(*(Text(readable(answer)) for answer in answers.values()))
    return grid


def _plainly(
    subjects: Mapping[str, Streamer], histories: Mapping[str, list[Message]], target: TextIO
) -> dict[str, str]:
    """The answers, one after the other, as plain lines; the name in front only where there is more than one."""
    answers: dict[str, str] = {}
    for name, subject in subjects.items():
        answers[name] = ""
        if len(subjects) > 1:
            target.write(f"[{readable(name)}] ")
        for piece in subject.stream(histories[name]):
            answers[name] += piece
            target.write(_encodable(readable(piece), target))
            target.flush()
        target.write("\n")
    target.flush()
    return answers


def _encodable(text: str, target: TextIO) -> str:
    """The text as the stream can hold it: what its encoding lacks becomes a backslash escape."""
    encoding = getattr(target, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def page_texts(words: Words) -> dict[str, str]:
    """The texts of the chat page by key, for its script."""
    names = ("you", "failed", "limit", "seconds")
    return {name: words.texts[f"chat.{name}"] for name in names}
