"""Rules made ready for one set of taggers and one language profile: names, kinds and thresholds checked.

Enters: a rule set, the columns of the taggers, a profile. Leaves: the rules that apply, cut into parts that each have
one value and one threshold, and the rules that do not apply with the reason why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from mothertongue.corpus.evaluate import Kind, kind_faults, kind_of, profile_value
from mothertongue.corpus.expression import MIRRORED
from mothertongue.corpus.expression_nodes import (
    PROFILE,
    Comparison,
    Constant,
    Expression,
    Member,
    Name,
    Node,
    Not,
    number_text,
    walk,
)
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.rules import EditRule, Rule, RuleSet, expression_problem
from mothertongue.errors import InputError, Problem
from mothertongue.recipe_words import nearest


@dataclass(frozen=True)
class Part:
    """One condition of a rule. Where it compares what was measured with a bound, both sides are apart."""

    node: Node
    measured: Node | None = None
    """The side with attributes; None where the condition is not one comparison."""
    operator: str = ""
    """The comparison, with what was measured on its left; empty for a truth value, which must equal the bound."""
    bound: Node | None = None
    """The side without attributes."""

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes it needs."""
        return Expression(self.node).attributes


@dataclass(frozen=True)
class CheckedRule:
    """A rule that applies, with its parts in order."""

    rule: Rule
    parts: tuple[Part, ...]

    @property
    def reason(self) -> str:
        """The reason for which it drops."""
        return self.rule.reason


@dataclass(frozen=True)
class NotApplied:
    """A rule that does not apply in this curation, and why."""

    reason: str
    keep: str
    why: str


@dataclass(frozen=True)
class CheckedRules:
    """The rules that apply, in order, those that do not, and the edits."""

    rules: tuple[CheckedRule, ...]
    not_applied: tuple[NotApplied, ...]
    edits: tuple[EditRule, ...]
    minimum_characters: int
    profile: LanguageProfile

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """The attributes that rules and edits need, sorted."""
        needed = {name for rule in self.rules for name in rule.rule.keep.attributes}
        return tuple(sorted(needed | {edit.spans for edit in self.edits}))


def check_rules(rules: RuleSet, columns: Mapping[str, pa.Schema], profile: LanguageProfile) -> CheckedRules:
    """Return `rules` ready for attributes with these columns (tagger name -> its schema).

    Raises InputError with the problems of all rules at once: MT250 for unknown names, MT252 for kinds that cannot be
    joined.
    """
    kinds = {f"{name}.{one.name}": kind_of(one.type) for name, schema in columns.items() for one in schema}
    problems = [problem for rule in rules.rules for problem in _rule_problems(rule, kinds)]
    problems += [problem for edit in rules.edits for problem in _edit_problems(edit, kinds)]
    if problems:
        raise InputError(problems)
    reasons = {rule.reason: _why_not(rule, profile) for rule in rules.rules}
    return CheckedRules(
        tuple(CheckedRule(rule, parts_of(rule.keep)) for rule in rules.rules if not reasons[rule.reason]),
        tuple(
            NotApplied(rule.reason, str(rule.keep), reasons[rule.reason])
            for rule in rules.rules
            if reasons[rule.reason]
        ),
        rules.edits,
        rules.minimum_characters,
        profile,
    )


def parts_of(keep: Expression) -> tuple[Part, ...]:
    """Return the conditions that must all hold, from left to right."""
    return tuple(_part(node) for node in keep.conjuncts)


def _part(node: Node) -> Part:
    if isinstance(node, Comparison):
        sides = [any(_is_attribute(inner) for inner in walk(side)) for side in (node.left, node.right)]
        if sides == [True, False]:
            return Part(node, node.left, node.operator, node.right)
        if sides == [False, True]:
            return Part(node, node.right, MIRRORED[node.operator], node.left)
    if isinstance(node, Member):
        return Part(node, node.item)
    if isinstance(node, Name):
        return Part(node, node, "", Constant(True))
    if isinstance(node, Not) and isinstance(node.part, Name):
        return Part(node, node.part, "", Constant(False))
    return Part(node)


def _is_attribute(node: Node) -> bool:
    return isinstance(node, Name) and node.tagger != PROFILE


def _rule_problems(rule: Rule, kinds: Mapping[str, Kind]) -> Iterator[Problem]:
    key = f"{rule.reason}.keep"
    unknown = [name for name in rule.keep.names if name.tagger != PROFILE and name.name not in kinds]
    for name in unknown:
        yield _unknown_attribute(name.name, kinds, rule.where, rule.line, key)
    if not unknown:
        text = rule.keep.text or str(rule.keep)
        for fault in kind_faults(rule.keep, kinds):
            yield expression_problem("MT252", fault, text, key, rule.where, rule.line)


def _edit_problems(edit: EditRule, kinds: Mapping[str, Kind]) -> Iterator[Problem]:
    found = kinds.get(edit.spans)
    if found is None:
        yield _unknown_attribute(edit.spans, kinds, edit.where, edit.line, "edit.spans")
    elif found != "spans":
        allowed = ", ".join(name for name, kind in kinds.items() if kind == "spans") or "no tagger here finds spans"
        message = f"is a {found}; only spans can be edited"
        yield Problem("MT252", message, edit.where, edit.line, "edit.spans", edit.spans, allowed, "name spans")


def _unknown_attribute(name: str, kinds: Mapping[str, Kind], where: str, line: int | None, key: str) -> Problem:
    tagger = name.partition(".")[0]
    near = nearest(name, kinds) or _nearest_part(name, kinds)
    siblings = [known for known in kinds if known.startswith(f"{tagger}.")]
    allowed = ", ".join(siblings) or "attributes of " + ", ".join(dict.fromkeys(n.partition(".")[0] for n in kinds))
    message = "is not an attribute of this curation" + (f"; nearest: {near}" if near else "")
    return Problem("MT250", message, where, line, key, name, allowed, "correct the name, or run the tagger that has it")


def _nearest_part(name: str, kinds: Mapping[str, Kind]) -> str:
    """Return the attribute whose column, or whose tagger, is the one meant when only the other half is right."""
    tagger, _, column = name.partition(".")
    same_column = [known for known in kinds if known.partition(".")[2] == column]
    if same_column:
        return same_column[0]
    columns = {known.partition(".")[2]: known for known in kinds if known.partition(".")[0] == tagger}
    return columns.get(nearest(column, columns), "")


def _why_not(rule: Rule, profile: LanguageProfile) -> str:
    """Return why a rule cannot be applied with this profile; an empty text when it can."""
    missing = [name for name in rule.keep.profile_names if profile_value(profile, name) is None]
    words = []
    for name in missing:
        near = nearest(name, profile.thresholds)
        unsettled = "the reference text could not settle" if name in profile.unsettled else "the profile does not hold"
        words.append(f"{unsettled} profile.{name}" + (f" (nearest: {near})" if near and near != name else ""))
    return "; ".join(words)


def threshold_text(part: Part, profile: LanguageProfile) -> str:
    """Return what a part asks for, with the numbers of the profile filled in: `>= 50`, `in ["nl"]`, `false`."""
    if isinstance(part.node, Member):
        choices = part.node.choices
        found = profile_value(profile, choices.name.partition(".")[2]) if isinstance(choices, Name) else None
        shown = f"[{', '.join(found)}]" if isinstance(found, tuple) else part.node.threshold.partition("in ")[2]
        return ("not in " if part.node.negated else "in ") + shown
    if part.bound is None:
        return filled_in(str(part.node), part.node, profile)
    asked = f"{part.operator} {filled_in(str(part.bound), part.bound, profile)}".strip()
    return asked if isinstance(part.measured, Name) else f"{part.measured} {asked}"


def filled_in(text: str, node: Node, profile: LanguageProfile) -> str:
    """Return the text of a node with the values of the profile in place of its names."""
    for name in sorted(Expression(node).profile_names, key=len, reverse=True):
        value = profile_value(profile, name)
        shown = number_text(value) if isinstance(value, float | int) else str(value)
        text = text.replace(f"{PROFILE}.{name}", shown)
    return text
