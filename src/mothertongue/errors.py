"""What a person reads when something is wrong: problems with stable codes, and the errors that carry them.

Enters: facts about one mistake or failure. Leaves: a message in the form of a refusal (code, place, value, what is
allowed, what to do) and an exit code. `InputError` means that the user's input is wrong (exit 2), `WorkError` that the
work failed (exit 1), `Interrupted` that it was stopped and can be continued (exit 130).
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

MOST_SHOWN = 20  # a longer list is scrolled past, not read


@dataclass(frozen=True)
class Problem:
    """One mistake or failure: its code, and where it is, what was found, what is allowed and what to do."""

    code: str
    message: str
    where: str = ""
    line: int | None = None
    key: str = ""
    value: str = ""
    allowed: str = ""
    do: str = ""

    def lines(self) -> list[str]:
        """The lines of the message: a head with code, place and value, then indented explanations."""
        place = f"{self.where}:{self.line}" if self.where and self.line is not None else self.where
        if not place and self.line is not None:
            place = f"line {self.line}"
        found = f"{self.key} = {self.value}" if self.key and self.value else self.key or self.value
        head = f"error {self.code}" + (f" {place}" if place else "") + (f"  {found}" if found else "")
        labelled = ((self.message, ""), (self.allowed, "allowed: "), (self.do, "do: "))
        return [head, *(f"  {label}{text}" for text, label in labelled if text)]


class MothertongueError(Exception):
    """An error with problems to show and an exit code; every error meant for the user derives from it."""

    exit_code = 1

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return render(self.problems)


class InputError(MothertongueError):
    """The user's input is wrong: one or many problems, shown all at once; exit code 2."""

    exit_code = 2


class WorkError(MothertongueError):
    """The work failed though the input was right: disk, memory, a worker, a stage; exit code 1."""

    exit_code = 1


class Interrupted(MothertongueError):  # noqa: N818 - a stop on request is no error
    """The run was stopped by a signal and can be continued: `command` is shown as the last line; exit code 130."""

    exit_code = 130

    def __init__(self, command: str = "", reason: str = "interrupted") -> None:
        super().__init__(())
        self.command = command
        self.reason = reason

    def __str__(self) -> str:
        if not self.command:
            return self.reason
        return f"{self.reason}; what was finished is kept. To continue:\n{self.command}"


def render(problems: Sequence[Problem] | Iterable[Problem]) -> str:
    """The text of a refusal: problems sorted by file and line, at most twenty in full, then the count of the rest."""
    ordered = sorted(problems, key=lambda p: (p.where, p.line if p.line is not None else -1, p.key, p.code))
    lines = [line for problem in ordered[:MOST_SHOWN] for line in problem.lines()]
    rest = len(ordered) - MOST_SHOWN
    if rest > 0:
        lines.append(f"and {rest} more problem{'s' if rest > 1 else ''}")
    return "\n".join(lines)


@cache
def codes() -> dict[str, dict[str, str]]:
    """All rows of data/codes/*.toml: code -> its title, explanation and remedy."""
    rows: dict[str, dict[str, str]] = {}
    folder = resources.files("mothertongue").joinpath("data").joinpath("codes")
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            rows |= tomllib.loads(file.read_text(encoding="utf-8"))
    return rows


def explain(code: str) -> str:
    """The long help of a code: title, explanation, remedy; raises InputError with the nearest code if unknown."""
    rows = codes()
    wanted = code.strip().upper()
    if wanted not in rows:
        near = difflib.get_close_matches(wanted, rows, n=1, cutoff=0.6)
        message = "is not a known code" + (f"; nearest: {near[0]}" if near else "")
        raise InputError(
            Problem(
                "MT890", message, key="code", value=code, allowed="a code such as MT801", do="copy it from the message"
            )
        )
    row = rows[wanted]
    return f"{wanted}: {row['title']}\n\n{row['explain'].strip()}\n\ndo: {row['remedy'].strip()}"
