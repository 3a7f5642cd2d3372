"""Rules: reasons for which a document is dropped, each with an expression that keeps it, in an order that counts.

A rule set comes from TOML files (shipped under `data/rules/`, or the user's own) and from expressions of a recipe. It
is checked against the columns of the taggers before anything is spent, with all its problems at once. A rule that
needs a threshold which the language profile could not settle is not applied, and that is said.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any, Final

from mothertongue.corpus.expression import ExpressionError, parse
from mothertongue.corpus.expression_nodes import Expression
from mothertongue.errors import InputError, Problem
from mothertongue.recipe_words import nearest

RULE_KEYS: Final = ("reason", "keep", "note")
EDIT_KEYS: Final = ("spans", "replace", "delete", "at_least", "below")
FILE_KEYS: Final = ("include", "taggers", "rule", "edit", "minimum_characters")
MOST_INCLUDES: Final = 50


@dataclass(frozen=True)
class Rule:
    """Documents for which `keep` is false are dropped for `reason`; where it is unknown they pass."""

    reason: str
    keep: Expression
    note: str = ""
    """Why, in a sentence for people."""
    where: str = field(default="", compare=False)
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True)
class EditRule:
    """Spans of an attribute that are replaced in documents that are kept; an empty replacement deletes them."""

    spans: str
    replacement: str = ""
    at_least: float | None = None
    """Only spans with at least this score."""
    below: float | None = None
    """Only spans with a score below this."""
    where: str = field(default="", compare=False)
    line: int | None = field(default=None, compare=False)

    @property
    def tagger(self) -> str:
        """The tagger that finds the spans."""
        return self.spans.partition(".")[0]


@dataclass(frozen=True)
class RuleSet:
    """Rules in their order, edits, and the length below which an edited text is dropped."""

    rules: tuple[Rule, ...] = ()
    edits: tuple[EditRule, ...] = ()
    minimum_characters: int = 1
    """A document that edits leave with fewer characters, without the spaces around it, is dropped."""
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Tagger -> the options it is made with, such as the file of a classifier."""

    @property
    def taggers(self) -> tuple[str, ...]:
        """The taggers that the rules and edits need, sorted."""
        needed = {tagger for rule in self.rules for tagger in rule.keep.taggers}
        return tuple(sorted(needed | {edit.tagger for edit in self.edits}))

    def value(self) -> dict[str, Any]:
        """Return the rule set as JSON values that `rules_from` reads back; formatting and files do not count."""
        return {
            "rule": [_without_empty(reason=r.reason, keep=str(r.keep), note=r.note) for r in self.rules],
            "edit": [_edit_value(edit) for edit in self.edits],
            "minimum_characters": self.minimum_characters,
            "taggers": {name: dict(options) for name, options in self.settings.items()},
        }

    def to_toml(self) -> str:
        """Return the rule set as a TOML file that `read_rules` reads back."""
        import tomli_w

        return tomli_w.dumps(self.value())

    def then(self, later: RuleSet) -> RuleSet:
        """Return both sets in one; a later rule takes the place of an earlier one with its reason, so do edits."""
        rules = {rule.reason: rule for rule in (*self.rules, *later.rules)}
        edits = {edit.spans: edit for edit in (*self.edits, *later.edits)}
        length = max(self.minimum_characters, later.minimum_characters)
        return RuleSet(tuple(rules.values()), tuple(edits.values()), length, {**self.settings, **later.settings})


def _without_empty(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in ("", None)}


def _edit_value(edit: EditRule) -> dict[str, Any]:
    change: dict[str, Any] = {"replace": edit.replacement} if edit.replacement else {"delete": True}
    return {"spans": edit.spans, **change, **_without_empty(at_least=edit.at_least, below=edit.below)}


def shipped_rules() -> tuple[str, ...]:
    """Return the names of the rule sets that come with the program, sorted."""
    folder = resources.files("mothertongue").joinpath("data").joinpath("rules")
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


def read_rules(names: Sequence[str | Path], keep: Mapping[str, str] | Sequence[str] = ()) -> RuleSet:
    """Return the rules of shipped sets (by name), own files (by path, ending in .toml) and expressions, in this order.

    An expression without a reason of its own takes the attributes in it as its reason. Raises InputError with all
    problems: MT253 for files that are no rule sets, MT254 for names that are not known, MT251 for expressions.
    """
    problems: list[Problem] = []
    result = RuleSet()
    for name in names:
        result = result.then(_read_named(str(name), problems, ()))
    result = result.then(_inline(keep, problems))
    if problems:
        raise InputError(problems)
    return result


def rules_from(value: Mapping[str, Any], where: str = "") -> RuleSet:
    """Return the rule set of a JSON value as made by `RuleSet.value`; raises InputError like `read_rules`."""
    problems: list[Problem] = []
    found = _rule_set(value, where, "", problems, ())
    if problems:
        raise InputError(problems)
    return found


def _inline(keep: Mapping[str, str] | Sequence[str], problems: list[Problem]) -> RuleSet:
    pairs = list(keep.items()) if isinstance(keep, Mapping) else [("", text) for text in keep]
    rules = []
    for number, (reason, text) in enumerate(pairs):
        key = f"corpus.keep.{reason or number}"
        expression = _parsed(text, key, "", None, problems)
        if expression is not None:
            rules.append(Rule(reason or ", ".join(expression.attributes) or str(expression), expression, where=key))
    return RuleSet(tuple(rules))


def _read_named(name: str, problems: list[Problem], outer: tuple[str, ...]) -> RuleSet:
    if name.endswith(".toml"):
        where, source = name, Path(name)
    elif name in shipped_rules():
        where, source = name, None
    else:
        problems.append(_unknown_set(name))
        return RuleSet()
    if where in outer or len(outer) > MOST_INCLUDES:
        problems.append(_broken(where, None, "include", name, "sets that do not include themselves"))
        return RuleSet()
    try:
        folder = resources.files("mothertongue").joinpath("data").joinpath("rules")
        text = (source or folder.joinpath(f"{name}.toml")).read_text(encoding="utf-8")
        value = tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        problems.append(_broken(where, None, "", str(error).splitlines()[0], "TOML with [[rule]] and [[edit]] tables"))
        return RuleSet()
    return _rule_set(value, where, text, problems, (*outer, where))


def _rule_set(
    value: Mapping[str, Any], where: str, text: str, problems: list[Problem], outer: tuple[str, ...]
) -> RuleSet:
    problems += [
        _broken(where, None, key, "", ", ".join(FILE_KEYS), _hint(key, FILE_KEYS))
        for key in sorted(value.keys() - {*FILE_KEYS})
    ]
    result = RuleSet()
    for name in _texts(value.get("include", []), where, "include", problems):
        relative = Path(where).parent / name if name.endswith(".toml") and where.endswith(".toml") else name
        result = result.then(_read_named(str(relative), problems, outer))
    tables = {key: _tables(value.get(key, []), where, key, problems) for key in ("rule", "edit")}
    rules = [_rule(row, where, _line(text, "rule", n), n, problems) for n, row in enumerate(tables["rule"])]
    edits = [_edit(row, where, _line(text, "edit", n), n, problems) for n, row in enumerate(tables["edit"])]
    found = [rule for rule in rules if rule is not None]
    for rule in found[:]:
        if next(one for one in found if one.reason == rule.reason) is not rule:
            problems.append(_broken(where, rule.line, "reason", rule.reason, "each reason once in a file"))
    length = value.get("minimum_characters", 1)
    if not isinstance(length, int) or isinstance(length, bool) or length < 1:
        problems.append(_broken(where, None, "minimum_characters", str(length), "a whole number of at least 1"))
        length = 1
    settings = _settings(value.get("taggers", {}), where, problems)
    return result.then(RuleSet(tuple(found), tuple(edit for edit in edits if edit is not None), length, settings))


def _settings(value: Any, where: str, problems: list[Problem]) -> dict[str, dict[str, Any]]:
    """Return tagger -> options; a text that names a file beside the file of rules becomes the whole path."""
    if not isinstance(value, Mapping) or not all(isinstance(options, Mapping) for options in value.values()):
        problems.append(_broken(where, None, "taggers", str(value)[:80], "tables such as [taggers.quality]"))
        return {}
    folder = Path(where).absolute().parent
    return {
        name: {
            key: str(folder / one) if isinstance(one, str) and one and (folder / one).is_file() else one
            for key, one in options.items()
        }
        for name, options in value.items()
    }


def _texts(value: Any, where: str, key: str, problems: list[Problem]) -> list[str]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    problems.append(_broken(where, None, key, str(value)[:80], "a list of names"))
    return []


def _tables(value: Any, where: str, key: str, problems: list[Problem]) -> list[Mapping[str, Any]]:
    if isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
        return value
    problems.append(_broken(where, None, key, str(value)[:80], f"tables that begin with [[{key}]]"))
    return []


def _rule(row: Mapping[str, Any], where: str, line: int | None, number: int, problems: list[Problem]) -> Rule | None:
    place = f"rule {number + 1}"
    faults = _row_faults(row, RULE_KEYS, ("reason", "keep"), dict.fromkeys(RULE_KEYS, str))
    problems += [_broken(where, line, f"{place}.{key}", found, allowed, hint) for key, found, allowed, hint in faults]
    if faults:
        return None
    expression = _parsed(row["keep"], f"{row['reason']}.keep", where, line, problems)
    return None if expression is None else Rule(row["reason"], expression, row.get("note", ""), where, line)


def _edit(
    row: Mapping[str, Any], where: str, line: int | None, number: int, problems: list[Problem]
) -> EditRule | None:
    place = f"edit {number + 1}"
    kinds = {"spans": str, "replace": str, "delete": bool, "at_least": float | int, "below": float | int}
    faults = _row_faults(row, EDIT_KEYS, ("spans",), kinds)
    if not faults and bool(row.get("replace")) == bool(row.get("delete")):
        faults.append(("delete", "", 'either delete = true or a replacement such as replace = "<email>"', ""))
    problems += [_broken(where, line, f"{place}.{key}", found, allowed, hint) for key, found, allowed, hint in faults]
    if faults:
        return None
    bounds = {key: float(row[key]) if key in row else None for key in ("at_least", "below")}
    return EditRule(row["spans"], row.get("replace", ""), **bounds, where=where, line=line)


def _row_faults(
    row: Mapping[str, Any], keys: Sequence[str], needed: Sequence[str], kinds: Mapping[str, Any]
) -> list[tuple[str, str, str, str]]:
    """Return (key, value found, what is allowed, hint) for everything wrong in one table."""
    faults = [(key, "", ", ".join(keys), _hint(key, keys)) for key in sorted(row.keys() - {*keys})]
    faults += [(key, "missing", "a text", "") for key in needed if not row.get(key)]
    for key in keys:
        if key in row and (not isinstance(row[key], kinds[key]) or isinstance(row[key], bool) != (kinds[key] is bool)):
            words = {str: "a text", bool: "true or false"}.get(kinds[key], "a number")
            faults.append((key, str(row[key])[:80], words, ""))
    return faults


def _parsed(text: str, key: str, where: str, line: int | None, problems: list[Problem]) -> Expression | None:
    try:
        return parse(text)
    except ExpressionError as error:
        problems.append(expression_problem("MT251", error, text, key, where, line))
        return None


def expression_problem(
    code: str, error: ExpressionError, text: str, key: str, where: str = "", line: int | None = None
) -> Problem:
    """Return the problem of an expression, with the text around the place that is wrong."""
    around = text[max(0, error.place - 20) : error.place] + " >>> " + text[error.place : error.place + 20]
    allowed = "names tagger.column and profile.NAME, numbers, texts, < <= > >= == !=, in [..], and or not, + - * /, ( )"
    message = f"{error.message} (at character {error.place + 1}: {around.strip()})"
    return Problem(code, message, where, line, key, text[:200], allowed, "correct the expression")


def _line(text: str, kind: str, number: int) -> int | None:
    """Return the line of the n-th [[kind]] table of a file, counted from 1."""
    lines = [n for n, line in enumerate(text.splitlines(), 1) if line.replace(" ", "").startswith(f"[[{kind}]]")]
    return lines[number] if number < len(lines) else None


def _hint(name: str, known: Iterable[str]) -> str:
    found = nearest(name, known)
    return f"; nearest: {found}" if found else ""


def _unknown_set(name: str) -> Problem:
    known = shipped_rules()
    return Problem(
        "MT254",
        "is not a set of rules" + _hint(name, known),
        key="corpus.rules",
        value=name,
        allowed=", ".join(known) + ", or the path of a file that ends in .toml",
        do="correct the name",
    )


def _broken(where: str, line: int | None, key: str, value: str, allowed: str, hint: str = "") -> Problem:
    message = "is not a set of rules as the program reads them" + hint
    return Problem("MT253", message, where, line, key, value, allowed, "correct the file")


def with_rule(rules: RuleSet, changed: Rule) -> RuleSet:
    """Return the set with the rule of the same reason replaced."""
    return replace(rules, rules=tuple(changed if rule.reason == changed.reason else rule for rule in rules.rules))
