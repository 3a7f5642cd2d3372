"""A seeded maker of wrong recipes: each case is a text with mistakes and what must be said about them.

The text starts from a right recipe; every mistake touches another key, so that all of them must be reported at once.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

RIGHT: dict[str, str] = {
    "language": "nl",
    "base": "smollm2-135m-instruct",
    "seed": "3",
    "budget": "8m",
    "corpus.sources": "[texts]",
    "corpus.replay_share": "0.2",
    "corpus.held_out_share": "0.1",
    "corpus.held_out_bytes": "16000",
    "corpus.near_duplicate_threshold": "0.7",
    "corpus.minimum_characters": "200",
    "corpus.maximum_characters": "90000",
    "corpus.language_check": "warn",
    "corpus.replay_language": "en",
    "vocabulary.strategy": "decide",
    "vocabulary.size": "1500",
    "vocabulary.initializer": "subword_mean_first",
    "pretrain.method": "lora",
    "pretrain.rank": "8",
    "pretrain.learning_rate": "3e-4",
    "pretrain.sequence_length": "256",
    "pretrain.batch_size": "2",
    "pretrain.warmup_share": "0.05",
    "pretrain.weight_decay": "0.0",
    "pretrain.gradient_clip": "1.0",
    "pretrain.checkpoint_seconds": "60s",
    "pretrain.train_embeddings": "true",
    "restore.rules": "[none, interpolate]",
    "restore.max_format_loss": "0.02",
    "restore.max_retention_loss": "0.01",
    "evaluate.bootstrap_samples": "2000",
    "evaluate.new_tokens": "48",
    "report.title": "A report",
    "report.samples": "8",
}
REQUIRED = ("language", "corpus.sources")
ABSENT = "corpus.second_domain"

# key -> values of the wrong kind (MT111), beyond the limits (MT112), and other refusals
WRONG: dict[str, list[tuple[str, str]]] = {
    "language": [("Dutch", "MT113"), ("xx", "MT113"), ("12", "MT111"), ("[nl]", "MT111"), ("und", "MT113")],
    "base": [("smolm2-135m-instruct", "MT118"), ("./nowhere", "MT118"), ("12", "MT111"), ("''", "MT112")],
    "seed": [
        ("-1", "MT112"),
        ("1.5", "MT111"),
        ("one", "MT111"),
        ("true", "MT111"),
        ("99999999999", "MT112"),
        ("", "MT111"),
    ],
    "budget": [
        ("8x", "MT115"),
        ("soon", "MT115"),
        ("-3", "MT112"),
        ("0", "MT112"),
        ("[8m]", "MT115"),
        ("1e999", "MT112"),
    ],
    "corpus.sources": [("[]", "MT112"), ("[nowhere]", "MT114"), ("12", "MT111"), ("{a: b}", "MT111"), ("", "MT111")],
    "corpus.replay_share": [
        ("1.5", "MT112"),
        ("-0.1", "MT112"),
        ("much", "MT111"),
        (".nan", "MT112"),
        ("true", "MT111"),
    ],
    "corpus.held_out_share": [("0", "MT112"), ("0.9", "MT112"), ("'0.1'", "MT111"), (".inf", "MT112")],
    "corpus.held_out_bytes": [("1", "MT112"), ("16k", "MT111"), ("1e4", "MT111")],
    "corpus.near_duplicate_threshold": [("0", "MT112"), ("2", "MT112"), ("[0.7]", "MT111")],
    "corpus.minimum_characters": [("0", "MT112"), ("few", "MT111"), ("100000", "MT116")],
    "corpus.language_check": [("maybe", "MT112"), ("true", "MT112"), ("3", "MT112")],
    "corpus.replay_language": [("English", "MT113"), ("7", "MT111")],
    "vocabulary.strategy": [("grow", "MT112"), ("7", "MT112"), ("[keep]", "MT112")],
    "vocabulary.size": [("-1", "MT112"), ("1.5", "MT111"), ("999999999", "MT112")],
    "vocabulary.initializer": [("Mean!", "MT112"), ("3", "MT112")],
    "pretrain.method": [("qlora", "MT112"), ("null", "MT112")],
    "pretrain.rank": [("0", "MT112"), ("big", "MT111"), ("8.0", "MT111")],
    "pretrain.learning_rate": [("0", "MT112"), ("5", "MT112"), ("fast", "MT111"), ("yes", "MT111")],
    "pretrain.sequence_length": [("2", "MT112"), ("1_000", "MT111")],
    "pretrain.batch_size": [("0", "MT112"), ("two", "MT111")],
    "pretrain.warmup_share": [("1", "MT112"), ("-1", "MT112")],
    "pretrain.weight_decay": [("-0.1", "MT112"), ("none", "MT111")],
    "pretrain.gradient_clip": [("0", "MT112"), ("{}", "MT111")],
    "pretrain.checkpoint_seconds": [("0s", "MT112"), ("1 minute", "MT115"), ("", "MT111")],
    "pretrain.train_embeddings": [("yes", "MT111"), ("1", "MT111"), ("'true'", "MT111")],
    "restore.rules": [("[]", "MT112"), ("none", "MT111"), ("[none, none]", "MT116"), ("[residual]", "MT116")],
    "restore.max_format_loss": [("-1", "MT112"), ("2", "MT112")],
    "evaluate.bootstrap_samples": [("1", "MT112"), ("many", "MT111")],
    "evaluate.new_tokens": [("0", "MT112"), ("48.5", "MT111")],
    "report.title": [("12", "MT111"), ("''", "MT112"), ("[a]", "MT111")],
    "report.samples": [("-1", "MT112"), ("101", "MT112"), ("all", "MT111")],
}


@dataclass
class Case:
    """One wrong recipe: lines as (key, text), what must be found as (code, key), and the name each typo was made of."""

    seed: int
    rows: list[tuple[str, str]]
    expected: set[tuple[str, str]] = field(default_factory=set)
    typos: dict[str, tuple[str, int]] = field(default_factory=dict)
    extra_lines: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The YAML text, section by section in the order of the rows."""
        lines: list[str] = []
        section = ""
        for key, value in self.rows:
            head, _, name = key.rpartition(".")
            if head != section and head:
                lines.append(f"{head}:")
            section = head
            lines.append(("  " if head else "") + f"{name}: {value}".rstrip())
        return "\n".join([*lines, *self.extra_lines]) + "\n"

    def line_of(self, key: str) -> int:
        """The line in which the last part of a dotted key stands first."""
        head, _, name = key.rpartition(".")
        lines = self.text().splitlines()
        start = lines.index(f"{head}:") if head else 0
        return next(n for n, line in enumerate(lines[start:], start + 1) if line.strip().startswith(f"{name}:"))


def edit_distance(one: str, other: str) -> int:
    """The plain Levenshtein table: the oracle for what counts as near."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        above, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (a != b))
    return row[-1]


def typo(name: str, distance: int, chance: random.Random) -> str:
    """A word at exactly ``distance`` edits from ``name``."""
    while True:
        word = name
        for _ in range(distance):
            at = chance.randrange(len(word) + 1)
            letter = chance.choice("abcdefghijklmnopqrstuvwxyz_")
            kind = chance.randrange(3)
            word = word[:at] + ("" if kind == 0 else letter) + word[at + (kind != 1) :]
        if word and word != name and edit_distance(word, name) == distance:
            return word


def mistype(case: Case, chance: random.Random, free: list[str]) -> None:
    """Misspell a key; a required key is then missing as well."""
    key = free.pop()
    head, _, name = key.rpartition(".")
    distance = chance.randint(1, 3)
    word = typo(name, distance, chance)
    wrong = f"{head}.{word}" if head else word
    if any(row == wrong for row, _ in case.rows):
        return
    case.rows = [(wrong, value) if row == key else (row, value) for row, value in case.rows]
    case.expected.add(("MT104", wrong))
    case.typos[wrong] = (key, distance)
    if key in REQUIRED:
        case.expected.add(("MT110", key))


def misvalue(case: Case, chance: random.Random, free: list[str]) -> None:
    """Give a key a value of the wrong kind or beyond its limits."""
    key = next((key for key in reversed(free) if key in WRONG), None)
    if key is None:
        return
    free.remove(key)
    value, code = chance.choice(WRONG[key])
    case.rows = [(row, value if row == key else old) for row, old in case.rows]
    case.expected.add((code, key))
    if code == "MT116" and "corpus.maximum_characters" in free:
        free.remove("corpus.maximum_characters")


def repeat(case: Case, chance: random.Random, free: list[str]) -> None:
    """Write a key twice."""
    key = free.pop()
    at = next(index for index, (row, _) in enumerate(case.rows) if row == key)
    case.rows.insert(at + 1, case.rows[at])
    case.expected.add(("MT105", key))


def reference(case: Case, chance: random.Random, free: list[str]) -> None:
    """Put an anchor or a tag before a value."""
    key = free.pop()
    mark, code = chance.choice([("&anchor ", "MT108"), ("!!python/object:os.system ", "MT107"), ("!secret ", "MT107")])
    case.rows = [(row, (mark + old) if row == key else old) for row, old in case.rows]
    case.expected.add((code, key))


def lose_file(case: Case, chance: random.Random, free: list[str]) -> None:
    """Name a file that does not exist."""
    if any(row == ABSENT for row, _ in case.rows):
        return
    at = next(index for index, (row, _) in enumerate(case.rows) if row.startswith("corpus."))
    case.rows.insert(at, (ABSENT, f"nowhere-{chance.randrange(10**6)}.jsonl"))
    case.expected.add(("MT114", ABSENT))


MISTAKES: list[Callable[[Case, random.Random, list[str]], None]] = [
    mistype,
    misvalue,
    misvalue,
    repeat,
    reference,
    lose_file,
]


def make_case(seed: int) -> Case:
    """The wrong recipe of a seed, with one to five mistakes."""
    chance = random.Random(seed)
    keep = [key for key in RIGHT if key in REQUIRED or chance.random() < 0.8]
    case = Case(seed, [(key, RIGHT[key]) for key in keep])
    free = [key for key in keep if key != "corpus.maximum_characters"]
    chance.shuffle(free)
    for _ in range(chance.randint(1, 5)):
        if free:
            chance.choice(MISTAKES)(case, chance, free)
    if not case.expected:
        lose_file(case, chance, free)
    return case
