"""The ledger of a mix: what every source and every group contributed at each step, and the shares wanted and given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mothertongue.corpus.work import Counts, total

UNITS = ("documents", "bytes", "tokens")
_NOTHING = dict.fromkeys(UNITS, 0)


def ledger_of_sources(
    offered: Mapping[str, Any], taken: Mapping[str, Any], wanted: Mapping[str, Mapping[str, float]], options: Counts
) -> dict[str, Any]:
    """Return the ledger of a mix as JSON values.

    `sources` and `groups` map a name to amounts ({documents, bytes, tokens}): `in` what was read, `dropped` by reason,
    `kept`, `edited` (kept, after edits), `left_out` of the mix, `used`, `repeated` (more copies of what is used),
    `given`. Always in = dropped + kept, edited = left_out + used, given = used + repeated; `total` sums the sources.
    `shares` says for each group which share of tokens it had, was to have, and has, and how often it is repeated.
    """
    tables = {kind: _table(offered.get(kind, {}), taken.get(kind, {})) for kind in ("sources", "groups")}
    whole = total(list(tables["sources"].values())) if tables["sources"] else {}
    return {
        "format": 1,
        "options": options,
        "total": whole,
        **tables,
        "shares": _shares(tables["groups"], wanted),
        "notes": _notes(tables["groups"], options),
    }


def _table(offered: Mapping[str, Any], taken: Mapping[str, Any]) -> dict[str, Any]:
    table = {}
    for name in sorted(offered):
        row, out = offered[name], taken.get(name, {"used": _NOTHING, "given": _NOTHING})
        table[name] = {
            **{key: row[key] for key in ("in", "dropped", "kept", "edited")},
            "left_out": _minus(row["edited"], out["used"]),
            "used": out["used"],
            "repeated": _minus(out["given"], out["used"]),
            "given": out["given"],
        }
    return table


def _minus(amount: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {unit: amount[unit] - other[unit] for unit in UNITS}


def _shares(groups: Mapping[str, Any], wanted: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    found = sum(row["edited"]["tokens"] for row in groups.values())
    given = sum(row["given"]["tokens"] for row in groups.values())
    return {
        name: {
            "found": row["edited"]["tokens"] / found if found else 0.0,
            "wanted": wanted["shares"].get(name, 0.0),
            "given": row["given"]["tokens"] / given if given else 0.0,
            "wanted_tokens": wanted["tokens"].get(name, 0.0),
            "given_tokens": row["given"]["tokens"],
            "repeats": row["given"]["tokens"] / row["edited"]["tokens"] if row["edited"]["tokens"] else 0.0,
        }
        for name, row in groups.items()
    }


def _notes(groups: Mapping[str, Any], options: Counts) -> list[str]:
    """Return what a reader would miss: options about groups that are not there, and a target that was not reached."""
    named = dict.fromkeys([*options["weights"], *options["caps"]])
    notes = [f"{name} has a weight or a cap, and no document" for name in named if name not in groups]
    given, target = sum(row["given"]["tokens"] for row in groups.values()), options["target_tokens"]
    if target is not None and given < 0.99 * target:
        notes.append(
            f"{given:,} of {target:,} tokens: there is no more within {options['maximum_repeats']} repeats and the caps"
        )
    return notes
