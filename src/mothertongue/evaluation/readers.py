"""Questions, minimal pairs and prompts from JSON Lines; every problem of a file is told at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from mothertongue.errors import InputError, Problem

T = TypeVar("T")


@dataclass(frozen=True)
class Question:
    """A question with one right answer and at least one wrong one."""

    id: str
    question: str
    answer: str
    distractors: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """Two sentences that differ in one point: a good one and a bad one."""

    id: str
    phenomenon: str
    good: str
    bad: str


@dataclass(frozen=True)
class Prompt:
    """One message of a user, in a language."""

    id: str
    language: str
    prompt: str


def read_questions(path: Path, language: str) -> list[Question]:
    """The questions of `{"id", "<language>": {"question", "answer", "distractors"}, ...}`.

    Raises InputError (MT611 a file that is not JSON Lines, MT612 a missing or wrong field, MT613 an id twice).
    """
    problems: list[Problem] = []
    found: list[Question] = []
    for line, row in _rows(path, problems):
        form = row.get(language)
        if not isinstance(form, dict):
            have = ", ".join(key for key, value in row.items() if isinstance(value, dict)) or "none"
            problems.append(_problem(path, line, language, f"no question in this language; found: {have}"))
            continue
        question, answer = _text(path, line, form, "question", problems), _text(path, line, form, "answer", problems)
        wrong = form.get("distractors")
        if (
            not isinstance(wrong, list)
            or not wrong
            or not all(isinstance(text, str) and text.strip() for text in wrong)
        ):
            problems.append(_problem(path, line, "distractors", "a list of one or more texts is needed"))
        elif len({answer, *wrong}) != len(wrong) + 1:
            problems.append(_problem(path, line, "distractors", "the answers must differ from each other"))
        else:
            found.append(Question(row["id"], question, answer, tuple(wrong)))
    return _finished(found, problems)


def read_pairs(path: Path) -> list[Pair]:
    """The pairs of `{"id", "phenomenon", "good", "bad"}`; raises InputError as `read_questions`."""
    problems: list[Problem] = []
    found: list[Pair] = []
    for line, row in _rows(path, problems):
        phenomenon, good, bad = (_text(path, line, row, key, problems) for key in ("phenomenon", "good", "bad"))
        if good and good == bad:
            problems.append(_problem(path, line, "bad", "the two sentences are the same"))
        found.append(Pair(row["id"], phenomenon, good, bad))
    return _finished(found, problems)


def read_prompts(path: Path) -> list[Prompt]:
    """The prompts of `{"id", "language", "prompt"}`; raises InputError as `read_questions`."""
    problems: list[Problem] = []
    found: list[Prompt] = []
    for line, row in _rows(path, problems):
        language, prompt = (_text(path, line, row, key, problems) for key in ("language", "prompt"))
        found.append(Prompt(row["id"], language, prompt))
    return _finished(found, problems)


def _rows(path: Path, problems: list[Problem]) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, object) of each good line with a new id; the rest becomes problems."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        problems.append(Problem("MT611", f"the file cannot be read: {error.strerror}", str(path)))
        return
    seen: set[str] = set()
    empty = True
    for number, raw in enumerate(lines, 1):
        if not raw.strip():
            continue
        empty = False
        try:
            row = json.loads(raw.decode("utf-8-sig" if number == 1 else "utf-8"))
        except (ValueError, RecursionError) as error:
            problems.append(Problem("MT611", f"not a line of JSON in UTF-8: {error}"[:200], str(path), number))
            continue
        if not isinstance(row, dict):
            problems.append(Problem("MT611", "a JSON object is needed", str(path), number))
            continue
        if not _text(path, number, row, "id", problems):
            continue
        if row["id"] in seen:
            problems.append(Problem("MT613", "this id was used before", str(path), number, "id", row["id"]))
            continue
        seen.add(row["id"])
        yield number, row
    if empty:
        problems.append(Problem("MT611", "the file has no items", str(path)))


def _text(path: Path, line: int, row: dict[str, Any], key: str, problems: list[Problem]) -> str:
    value = row.get(key)
    if _is_text(value):
        return str(value)
    problems.append(_problem(path, line, key, "a text is needed"))
    return ""


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _problem(path: Path, line: int, key: str, message: str) -> Problem:
    return Problem("MT612", message, str(path), line, key)


def _finished(found: list[T], problems: list[Problem]) -> list[T]:
    if problems:
        raise InputError(problems)
    return found
