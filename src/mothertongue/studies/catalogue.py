"""The catalogue of the sixty published methods: what each does and needs, how far it is here, and which fits a need.

Enters: data/methods.toml, data/method_words.toml, the study files and the committed findings. Leaves: `Method` rows, a
status that is computed and never typed, and ranked answers to a query.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeAlias

from mothertongue.errors import InputError, Problem
from mothertongue.studies.finding import Finding, Verdict, read_finding
from mothertongue.studies.ranking import Index
from mothertongue.studies.study import STUDIES, Scale, study_modules

Status: TypeAlias = Literal["planned", "implemented"] | Verdict

_TEXTS = ("slug", "title", "family", "room", "summary", "cost", "avoid_when", "claim")
_LISTS = ("needs", "good_for", "reported")
# How much a word counts in a field; `avoid_when` and `reported` speak of other things than what a method is for.
_WEIGHTS = {"good_for": 3.0, "title": 2.5, "summary": 1.0, "family": 1.0, "needs": 0.8, "claim": 0.6, "slug": 1.0}


@dataclass(frozen=True)
class Method:
    """One published method; `slug` names its files, `room` the part of the package that has it or will have it.

    `needs` and `cost` are words of the vocabulary (`needs_words`); `good_for` holds phrases that people search;
    `reported` holds published figures with units.
    """

    number: int
    slug: str
    title: str
    family: str
    room: str
    summary: str
    needs: tuple[str, ...]
    good_for: tuple[str, ...]
    cost: str
    avoid_when: str
    claim: str
    reported: tuple[str, ...]


@dataclass(frozen=True)
class Hit:
    """A method that answers a query, with the words and phrases that made it match, best first."""

    method: Method
    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Vocabulary:
    """The words that a row may use for its family, its needs and its cost, each with its meaning."""

    families: Mapping[str, str]
    needs: Mapping[str, str]
    costs: Mapping[str, str]


@cache
def vocabulary() -> Vocabulary:
    """The words of the catalogue with their meanings."""
    return Vocabulary(**_table("methods.toml")["vocabulary"])


@cache
def load_methods() -> tuple[Method, ...]:
    """All methods by number; InputError MT908 with every problem if data/methods.toml is unsound."""
    rows = {key: row for key, row in _table("methods.toml").items() if key.isdigit()}
    problems = [problem for key, row in rows.items() for problem in row_problems(key, row, vocabulary())]
    if problems:
        raise InputError(problems)
    return tuple(_method(int(key), rows[key]) for key in sorted(rows, key=int))


def method(number: int) -> Method:
    """The method with this number; InputError MT901 if there is none."""
    for row in load_methods():
        if row.number == number:
            return row
    allowed = f"1 to {len(load_methods())}"
    do = "list them with `mothertongue methods`"
    raise InputError(Problem("MT901", "no method has this number", "", None, "method", str(number), allowed, do))


def row_problems(key: str, row: Mapping[str, Any], words: Vocabulary) -> list[Problem]:
    """What is wrong with the row `key` of the catalogue: missing, unknown or empty fields, words out of vocabulary."""
    found = [(name, "is missing") for name in (*_TEXTS, *_LISTS) if name not in row]
    found += [(name, "is no field of a method") for name in row if name not in (*_TEXTS, *_LISTS)]
    found += [(name, "is not a text") for name in _TEXTS if name in row and not _is_text(row[name])]
    found += [(name, "is not a list of texts") for name in _LISTS if name in row and not _is_list(row[name])]
    problems = [Problem("MT908", message, where="data/methods.toml", key=f"{key}.{name}") for name, message in found]
    if problems:
        return problems
    chosen = (("family", row["family"], words.families), ("cost", row["cost"], words.costs))
    for name, value, allowed in (*chosen, *(("needs", need, words.needs) for need in row["needs"])):
        if value not in allowed:
            known = ", ".join(allowed)
            where, message = "data/methods.toml", "is not a word of the catalogue"
            problems.append(Problem("MT908", message, where=where, key=f"{key}.{name}", value=value, allowed=known))
    return problems


def search(query: str, top: int = 5) -> list[Hit]:
    """The `top` methods that fit `query` best, with reasons; empty if none fits, InputError MT907 without any words.

    Commas part the query into phrases: "new language, small corpus, chat model". The ranking is BM25 over weighted
    fields with word stems, synonyms of data/method_words.toml, and whole phrases; the same query gives the same answer.
    """
    index = _index()
    if not index.known(query):
        do = "say what you have and want, such as: new language, small corpus, chat model"
        raise InputError(Problem("MT907", "has no word to search for", key="search", value=repr(query), do=do))
    rows = {row.number: row for row in load_methods()}
    return [Hit(rows[match.key], match.score, match.reasons) for match in index.search(query, top)]


def findings(number: int, folder: Path = STUDIES) -> list[Finding]:
    """The committed findings of a method in `folder`/results, smallest scale first; InputError MT903 or MT904."""
    found = [read_finding(path) for path in sorted((folder / "results").glob(f"{number:02d}-*.json"))]
    return sorted(found, key=lambda finding: Scale(finding.scale).rank)


def status(number: int, folder: Path = STUDIES) -> Status:
    """How far a method is: `planned`, `implemented` (it has a study), or the verdict at its largest measured scale."""
    if number not in study_modules(folder):
        return "planned"
    measured = findings(number, folder)
    return measured[-1].verdict if measured else "implemented"


def result_name(number: int, scale: str) -> str:
    """The file name of a committed finding, such as `01-mini.json`, below `studies/results`."""
    return f"{number:02d}-{scale}.json"


@cache
def _index() -> Index:
    words = _table("method_words.toml")
    records = {row.number: {name: _as_texts(getattr(row, name)) for name in _WEIGHTS} for row in load_methods()}
    return Index(records, _WEIGHTS, "good_for", words["groups"], words["ignored"])


def _as_texts(value: str | Sequence[str]) -> tuple[str, ...]:
    return tuple(text.replace("_", " ") for text in ((value,) if isinstance(value, str) else value))


def _method(number: int, row: Mapping[str, Any]) -> Method:
    fields: dict[str, Any] = {name: row[name] for name in _TEXTS} | {name: tuple(row[name]) for name in _LISTS}
    return Method(number, **fields)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_list(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("mothertongue").joinpath("data").joinpath(name).read_text("utf-8"))


def _write_page(path: str) -> None:
    # `make docs`: the page is written whole, or left as it was.
    from mothertongue import durability
    from mothertongue.studies.pages import docs_page

    durability.write_text(path, docs_page())


if __name__ == "__main__":
    _write_page(sys.argv[1])
