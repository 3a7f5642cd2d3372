"""Verdicts move thresholds: to where they contradict the judged documents least, and only on enough evidence.

A document that a condition keeps and a person would drop, or the other way round, is an error of its threshold. A
threshold moves when the documents between its old and its new place speak for the move beyond chance (one-sided sign
test at 5 %), otherwise it stays; a person's doubt never moves anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from mothertongue import durability
from mothertongue.corpus.card.sheet import KEEP, UNSURE, Verdict, read_audit
from mothertongue.corpus.checked_rules import CheckedRules, Part
from mothertongue.corpus.curation import Curation, read_curation
from mothertongue.corpus.decide import bound_number
from mothertongue.corpus.expression_nodes import (
    PROFILE,
    AllOf,
    Comparison,
    Constant,
    Expression,
    Name,
    Node,
    number_text,
)
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.rules import Rule, RuleSet, with_rule

FEWEST: Final = 10
"""Verdicts that a threshold needs to move."""
CHANCE: Final = 0.05
AUDITED: Final = "audited"
Judged = tuple[float, bool]
"""A measured value, and whether a person would keep the document."""


@dataclass(frozen=True)
class Move:
    """What verdicts did to one threshold."""

    reason: str
    condition: str
    verdicts: int
    old: float | None
    new: float | None
    """Equal to `old` where the threshold stays; both None where the condition has no number."""
    errors_before: int
    errors_after: int
    lowest: float | None
    highest: float | None
    """Between these, every threshold makes as few errors as the best; None at an open end."""
    chance: float
    """How likely so good a move is when the judged documents between old and new say nothing."""
    moved: bool
    why: str


def move_thresholds(
    verdicts: Sequence[Verdict], rules: RuleSet, checked: CheckedRules, fewest: int = FEWEST
) -> tuple[RuleSet, LanguageProfile, list[Move]]:
    """Return rules and profile with moved thresholds, and what was done to each that was judged.

    A threshold `profile.NAME` moves in the profile, a number in the rule itself. One that several conditions share
    stays when they disagree.
    """
    profile = checked.profile
    moves = [
        (part, _move(rule.reason, part, _judged(verdicts, rule.reason, part), profile, fewest))
        for rule in checked.rules
        for part in rule.parts
        if any((one.reason, one.condition) == (rule.reason, str(part.node)) for one in verdicts)
    ]
    moves = list(_agreed(moves))
    thresholds = dict(profile.thresholds)
    for part, move in moves:
        if not move.moved or move.new is None:
            continue
        if isinstance(part.bound, Name):
            thresholds[part.bound.name.removeprefix(f"{PROFILE}.")] = move.new
        else:
            rules = with_rule(rules, _with_bound(_rule(rules, move.reason), part, move.new))
    return rules, profile.model_copy(update={"thresholds": thresholds}), [move for _, move in moves]


def apply_audit(folder: Path, sheet: Path, fewest: int = FEWEST) -> list[Move]:
    """Read a sheet and write `audited/profile.toml`, `audited/rules.toml` and `audited/moves.json` in the folder.

    What the curation itself used stays as it is; curate again with these two files to decide anew. Raises InputError
    MT257 for a sheet that cannot be read, MT259 when no curation has finished in the folder.
    """
    curation: Curation = read_curation(folder)
    rules, profile, moves = move_thresholds(read_audit(sheet, folder), curation.rules, curation.checked, fewest)
    profile.write(folder / AUDITED / "profile.toml")
    durability.write_text(folder / AUDITED / "rules.toml", rules.to_toml())
    durability.write_json(folder / AUDITED / "moves.json", {"format": 1, "moves": durability.plain(moves)})
    return moves


def _judged(verdicts: Sequence[Verdict], reason: str, part: Part) -> list[Judged]:
    chosen = (one for one in verdicts if one.reason == reason and one.condition == str(part.node))
    return [
        (value, one.verdict == KEEP) for one in chosen if one.verdict != UNSURE and (value := _value(one)) is not None
    ]


def _value(verdict: Verdict) -> float | None:
    try:
        value = float(verdict.value)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _move(reason: str, part: Part, judged: list[Judged], profile: LanguageProfile, fewest: int) -> Move:
    old = bound_number(part.bound, profile)
    ordered = part.operator in ("<", "<=", ">", ">=") and old is not None
    still = Move(reason, str(part.node), len(judged), old, old, 0, 0, None, None, 1.0, False, "")
    if not ordered or old is None:
        return replace(still, why="has no single number that could move")
    before = errors(judged, part.operator, old)
    still = replace(still, errors_before=before, errors_after=before)
    if len(judged) < fewest:
        return replace(still, why=f"has {len(judged)} verdicts; {fewest} are needed")
    new, lowest, highest = best_threshold(judged, part.operator, old)
    found = replace(still, lowest=lowest, highest=highest)
    if new == old:
        return replace(found, why="no other place makes fewer errors")
    chance = chance_of_move(judged, part.operator, old, new)
    after = errors(judged, part.operator, new)
    if chance > CHANCE:
        instead = f"{number_text(new)} would make {after} errors instead of {before}"
        why = f"{instead}, which chance explains too ({chance:.2g})"
        return replace(found, chance=chance, why=why)
    why = f"{after} errors instead of {before}"
    return replace(found, new=new, errors_after=after, chance=chance, moved=True, why=why)


def errors(judged: Sequence[Judged], operator: str, threshold: float) -> int:
    """Return how many judged documents a threshold decides against the verdict."""
    return sum(_keeps(value, operator, threshold) != keep for value, keep in judged)


def _keeps(value: float, operator: str, threshold: float) -> bool:
    if operator in (">", ">="):
        return value > threshold or (operator == ">=" and value == threshold)
    return value < threshold or (operator == "<=" and value == threshold)


def best_threshold(judged: Sequence[Judged], operator: str, old: float) -> tuple[float, float | None, float | None]:
    """Return the threshold with the fewest errors, and the values between which any other does as well.

    The old one stays where none is better; of equally good places, the one nearest to it is taken, at the roundest
    number there is in the gap.
    """
    gaps = list(_gaps(sorted({value for value, _ in judged})))
    counts = [errors(judged, operator, _inside(low, high, old)) for low, high in gaps]
    fewest = min(counts)
    best = [gap for gap, count in zip(gaps, counts, strict=True) if count == fewest]
    low, high = min(best, key=lambda gap: _distance(gap, old))
    place = old if errors(judged, operator, old) == fewest else _inside(low, high, old)
    return place, low, high


def _gaps(values: Sequence[float]) -> Iterator[tuple[float | None, float | None]]:
    """Yield the open gaps between judged values, from below the first to above the last."""
    yield from zip([None, *values], [*values, None], strict=True)


def _distance(gap: tuple[float | None, float | None], old: float) -> float:
    low, high = gap
    if low is not None and old < low:
        return low - old
    return old - high if high is not None and old > high else 0.0


def _inside(low: float | None, high: float | None, old: float) -> float:
    """Return a number within an open gap: the old one if it lies there, else the roundest near the middle."""
    if (low is None or low < old) and (high is None or old < high):
        return old
    if low is None or high is None:
        edge = high if low is None else low
        assert edge is not None
        step = 10.0 ** math.floor(math.log10(abs(edge) or 1.0)) / 10
        low, high = (edge - step, edge) if low is None else (edge, edge + step)
    middle = (low + high) / 2
    for digits in range(1, 16):
        rounded = float(f"{middle:.{digits}g}")
        if low < rounded < high:
            return rounded
    return middle


def chance_of_move(judged: Sequence[Judged], operator: str, old: float, new: float) -> float:
    """Return the one-sided sign test over documents that the move decides otherwise: P(at least so many in favour)."""
    between = [
        _keeps(value, operator, new) == keep
        for value, keep in judged
        if _keeps(value, operator, new) != _keeps(value, operator, old)
    ]
    number, good = len(between), sum(between)
    return sum(math.comb(number, k) for k in range(good, number + 1)) / float(2**number)


def _agreed(moves: Sequence[tuple[Part, Move]]) -> Iterator[tuple[Part, Move]]:
    """Yield moves, with those of a threshold of the profile held back where conditions that share it disagree."""
    wanted: dict[str, set[float | None]] = {}
    for part, move in moves:
        if isinstance(part.bound, Name):
            wanted.setdefault(part.bound.name, set()).add(move.new)
    for part, move in moves:
        shared = isinstance(part.bound, Name) and len(wanted[part.bound.name]) > 1
        if shared and move.moved:
            why = f"other conditions with {part.bound} do not agree"
            move = replace(move, new=move.old, errors_after=move.errors_before, moved=False, why=why)
        yield part, move


def _rule(rules: RuleSet, reason: str) -> Rule:
    return next(rule for rule in rules.rules if rule.reason == reason)


def _with_bound(rule: Rule, part: Part, new: float) -> Rule:
    """Return the rule with the number of one condition replaced."""
    nodes: list[Node] = [_changed(node, new) if node == part.node else node for node in rule.keep.conjuncts]
    node = AllOf(tuple(nodes)) if len(nodes) > 1 else nodes[0]
    return replace(rule, keep=Expression(node, str(node)))


def _changed(node: Node, new: float) -> Node:
    if not isinstance(node, Comparison):
        return node
    left = isinstance(node.left, Constant)
    return replace(node, left=Constant(new)) if left else replace(node, right=Constant(new))
