"""Decisions: which documents are kept, and for each of the others the first reason with its value and threshold.

Enters: the attribute shards of one shard of documents, checked rules, a profile. Leaves: a decision shard with the
same rows, written like attributes, so that it can never be joined to other documents (card 49, step 12). Texts are read
for their sizes and for edits only; a changed threshold is decided again in seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from mothertongue.corpus.attributes import read_attributes, write_attributes
from mothertongue.corpus.checked_rules import CheckedRule, CheckedRules, Part, check_rules, threshold_text
from mothertongue.corpus.document import shard_checksum
from mothertongue.corpus.edits import Edit, apply_edits, merged
from mothertongue.corpus.evaluate import as_frame, profile_value, values
from mothertongue.corpus.expression_nodes import PROFILE, Constant, Name, Node, number_text
from mothertongue.corpus.profile import LanguageProfile, read_profile
from mothertongue.corpus.rules import EditRule, RuleSet, rules_from
from mothertongue.corpus.work import Counts, Task
from mothertongue.fingerprint import digest

if TYPE_CHECKING:
    import polars as pl

VERSION: Final = 1
DECISIONS: Final = "decisions"
EDITED: Final = "too_short_after_edits"
BATCH_ROWS: Final = 1024
EDITS: Final = pa.list_(
    pa.struct(
        [
            pa.field("start", pa.int32(), nullable=False),
            pa.field("end", pa.int32(), nullable=False),
            pa.field("replacement", pa.string(), nullable=False),
        ]
    )
)
SCHEMA: Final = pa.schema(
    [
        pa.field("keep", pa.bool_(), nullable=False),
        pa.field("reason", pa.string()),
        pa.field("value", pa.string()),
        pa.field("threshold", pa.string()),
        pa.field("edits", EDITS),
    ]
)
"""One row per document: whether it is kept; if not, the first reason, what was measured and what was asked; if so, the
edits to make (merged, from left to right, on the text as it was measured). Null where there is nothing to say."""

Flags = npt.NDArray[np.bool_]
Sizes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Decided:
    """Decisions over a table of attributes, and which rules each document fails."""

    keep: Flags
    reason: list[str | None]
    value: list[str | None]
    threshold: list[str | None]
    fails: Mapping[str, Flags]
    """Reason -> the documents that fail this rule, whatever the other rules say."""


def decide(table: pa.Table | pl.DataFrame, rules: CheckedRules) -> Decided:
    """Return the decision for each row of a table with columns `tagger.column`; the first rule that fails counts."""
    frame = as_frame(table)
    rows = frame.height
    first = np.full(rows, -1, np.int32)
    parts = [(rule, part) for rule in rules.rules for part in rule.parts]
    fails = {rule.reason: np.zeros(rows, np.bool_) for rule in rules.rules}
    truths = values([part.node for _, part in parts], frame, rules.profile)
    for position, ((rule, _), truth) in enumerate(zip(parts, truths, strict=True)):
        failing = (truth == False).fill_null(False).to_numpy()  # noqa: E712 - unknown documents pass
        fails[rule.reason] |= failing
        first[failing & (first < 0)] = position
    decided = Decided(first < 0, [None] * rows, [None] * rows, [None] * rows, fails)
    for position in np.unique(first[first >= 0]).tolist():
        _explain(decided, np.flatnonzero(first == position), parts[position], frame, rules.profile)
    return decided


def _explain(
    decided: Decided,
    rows: npt.NDArray[np.int64],
    at: tuple[CheckedRule, Part],
    frame: pl.DataFrame,
    profile: LanguageProfile,
) -> None:
    rule, part = at
    shown = shown_values(part, frame[rows], profile)
    threshold = threshold_text(part, profile)
    for row, value in zip(rows.tolist(), shown, strict=True):
        decided.reason[row], decided.value[row], decided.threshold[row] = rule.reason, value, threshold


def shown_values(part: Part, frame: pl.DataFrame, profile: LanguageProfile) -> list[str]:
    """Return what was measured in each row, as text; several attributes as `name=value` pairs."""
    if part.measured is None:
        columns = [frame.get_column(name).to_list() for name in part.attributes]
        return [
            ", ".join(f"{name}={_shown(value)}" for name, value in zip(part.attributes, row, strict=True))
            for row in zip(*columns, strict=True)
        ]
    bound = bound_number(part.bound, profile)
    (found,) = values([part.measured], frame, profile)
    return [_shown(value, bound) for value in found.to_list()]


def bound_number(node: Node | None, profile: LanguageProfile) -> float | None:
    """Return the number that a bound stands for, if it is one constant or one threshold."""
    if isinstance(node, Constant):
        value: Any = node.value
    elif isinstance(node, Name) and node.tagger == PROFILE:
        value = profile_value(profile, node.name.partition(".")[2])
    else:
        return None
    return float(value) if isinstance(value, float | int) and not isinstance(value, bool) else None


def _shown(value: Any, bound: float | None = None) -> str:
    """Return a value as text: six digits, and all of them where six would make it look equal to its bound."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, float):
        return str(value) if value is not None else "unknown"
    if value.is_integer():
        return number_text(value)
    short = f"{value:.6g}"
    return repr(value) if float(short) == bound else short


# --- shards -----------------------------------------------------------------------------------------------------------


def decide_task(
    number: int,
    attributes: Mapping[str, tuple[str, str]],
    rules: RuleSet,
    *,
    language: str,
    profile: str = "profile.toml",
    target: str = DECISIONS,
) -> Task:
    """Return the task that decides one shard; `attributes` maps a tagger to (path of its shard, its key).

    `target` is the folder of the decisions; others than the usual one are for decisions along the way.
    """
    documents = f"documents/{number:05d}.parquet"
    arguments = {
        "version": VERSION,
        "number": number,
        "attributes": {name: {"path": path, "key": key} for name, (path, key) in attributes.items()},
        "rules": rules.value(),
        "profile": profile,
        "language": language,
        "target": target,
    }
    inputs = (documents, profile, *(path for path, _ in attributes.values()))
    step = "decide" if target == DECISIONS else f"decide/{target}"
    return Task(step, number, f"{__name__}:decide_shard", arguments, inputs, (f"{target}/{number:05d}.parquet",))


def decisions_key(rules: RuleSet, profile: LanguageProfile) -> str:
    """Return the key of the decision shards of a rule set with a profile."""
    return f"decisions@{VERSION}-{digest({'rules': rules.value(), 'profile': profile.model_dump()})[:12]}"


def decide_shard(
    folder: Path,
    *,
    number: int,
    attributes: Mapping[str, Mapping[str, str]],
    rules: Mapping[str, Any],
    profile: str,
    language: str,
    target: str,
    version: int,
) -> Counts:
    """Decide one shard and write `TARGET/NUMBER.parquet`; returns documents and bytes by reason.

    Counts: `documents`, `bytes`, `kept`, and per reason `first` (dropped for it), `failing` (fail it, whatever the
    other rules say) and `only` (fail it and no other rule); each as {documents, bytes}. Edits are counted per spans.
    """
    del version
    chosen, known = rules_from(rules), read_profile(folder / profile, language)
    source = folder / f"documents/{number:05d}.parquet"
    checksum = shard_checksum(source)
    # Spans take most of the room of an attribute shard, and few rules look at them.
    wanted = {*(edit.spans for edit in chosen.edits), *(one for rule in chosen.rules for one in rule.keep.attributes)}
    tables = {
        name: read_attributes(
            folder / place["path"],
            key=place["key"],
            checksum=checksum,
            columns={one.partition(".")[2] for one in wanted if one.partition(".")[0] == name},
        )
        for name, place in attributes.items()
    }
    checked = check_rules(chosen, {name: table.schema for name, table in tables.items()}, known)
    joined = joined_attributes(tables, checked.attributes)
    decided = decide(joined if checked.attributes else empty_frame(source), checked)
    edits = _edits(joined, checked.edits, decided.keep)
    sizes, edited = _read_texts(source, decided, edits, checked)
    columns = [decided.keep, decided.reason, decided.value, decided.threshold, edits]
    arrays = [pa.array(column, one.type) for column, one in zip(columns, SCHEMA, strict=True)]
    batch = pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)
    path = folder / f"{target}/{number:05d}.parquet"
    write_attributes(path, [batch], SCHEMA, key=decisions_key(chosen, known), checksum=checksum)
    return _counts(decided, sizes) | {"edited": edited}


def joined_attributes(tables: Mapping[str, pa.Table], wanted: Sequence[str]) -> pa.Table:
    """Return one table with the wanted attributes, named `tagger.column`."""
    names = [name.partition(".")[::2] for name in wanted]
    columns = [tables[tagger].column(column) for tagger, column in names]
    return pa.Table.from_arrays(columns, names=list(wanted))


def empty_frame(path: Path) -> pl.DataFrame:
    """Return a frame with one row per document of a shard and nothing to judge them by."""
    import polars as pl

    return pl.DataFrame({"": np.zeros(pq.read_metadata(path).num_rows)})


def _edits(joined: pa.Table, rules: Sequence[EditRule], keep: Flags) -> list[list[dict[str, Any]] | None]:
    """Return the edits of each document that is kept, in the order of the rules; None where there are none."""
    found: list[list[dict[str, Any]] | None] = [None] * len(keep)
    for rule in rules:
        for row, spans in enumerate(joined.column(rule.spans).to_pylist()):
            chosen = [span for span in spans or () if keep[row] and _in_window(span["score"], rule)]
            if chosen:
                edits = found[row] = found[row] or []
                edits += [{"start": s["start"], "end": s["end"], "replacement": rule.replacement} for s in chosen]
    return found


def _in_window(score: float, rule: EditRule) -> bool:
    return (rule.at_least is None or score >= rule.at_least) and (rule.below is None or score < rule.below)


def _read_texts(
    source: Path, decided: Decided, edits: list[list[dict[str, Any]] | None], rules: CheckedRules
) -> tuple[Sizes, Counts]:
    """Return the bytes of each text, and counts of edits; edits are merged, texts that they empty are dropped."""
    sizes: list[npt.NDArray[np.int64]] = []
    counts = {"documents": 0, "spans": 0, "characters_removed": 0}
    row = 0
    for texts in _texts(source):
        sizes.append(utf8_sizes(texts))
        for place in [place for place in range(len(texts)) if edits[row + place]]:
            _edit(texts[place].as_py(), row + place, decided, edits, rules.minimum_characters, counts)
        row += len(texts)
    return np.concatenate(sizes) if sizes else np.zeros(0, np.int64), counts


def _texts(source: Path) -> Iterator[pa.Array]:
    with pq.ParquetFile(source) as file:
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=["text"]):
            yield batch.column("text")


def utf8_sizes(texts: pa.Array) -> Sizes:
    """Return the number of UTF-8 bytes of each text."""
    import pyarrow.compute as pc

    return np.asarray(pc.binary_length(texts).to_numpy(zero_copy_only=False), np.int64)


def _edit(
    text: str,
    row: int,
    decided: Decided,
    edits: list[list[dict[str, Any]] | None],
    minimum: int,
    counts: dict[str, int],
) -> None:
    chosen = merged((Edit(**edit) for edit in edits[row] or ()), len(text))
    after = apply_edits(text, chosen)
    length = len(after.strip())
    if length < minimum:
        edits[row], decided.keep[row] = None, False
        decided.reason[row], decided.value[row], decided.threshold[row] = EDITED, str(length), f">= {minimum}"
        return
    edits[row] = [{"start": edit.start, "end": edit.end, "replacement": edit.replacement} for edit in chosen]
    counts["documents"] += 1
    counts["spans"] += len(chosen)
    counts["characters_removed"] += len(text) - len(after)


def _counts(decided: Decided, sizes: Sizes) -> Counts:
    failures = sum((flags.astype(np.int32) for flags in decided.fails.values()), np.zeros(len(sizes), np.int32))
    first = np.array([reason or "" for reason in decided.reason], object)
    reasons = [*decided.fails, *([EDITED] if (first == EDITED).any() else [])]
    result = {
        reason: {
            "first": _amount(first == reason, sizes),
            "failing": _amount(decided.fails.get(reason, first == reason), sizes),
            "only": _amount(
                decided.fails[reason] & (failures == 1) if reason in decided.fails else first == reason, sizes
            ),
        }
        for reason in reasons
    }
    everything = np.ones(len(sizes), np.bool_)
    return {**_amount(everything, sizes), "kept": _amount(decided.keep, sizes), "reasons": result}


def _amount(flags: npt.NDArray[Any], sizes: Sizes) -> Counts:
    chosen = flags.astype(np.bool_)
    return {"documents": int(chosen.sum()), "bytes": int(sizes[chosen].sum())}
