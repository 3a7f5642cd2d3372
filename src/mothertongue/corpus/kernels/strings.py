"""Lists of words and phrases as arrays that kernels read, made once per process and list."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
import regex
from numpy.typing import NDArray

from mothertongue.corpus.kernels import marks
from mothertongue.corpus.kernels.characters import LETTER, MARK, Table, code_points, with_bits
from mothertongue.corpus.kernels.cutting import hash_parts
from mothertongue.corpus.kernels.matching import BUCKETS

Strings = tuple[NDArray[np.uint32], NDArray[np.int64]]
"""One string a row, filled up with zeros, and their lengths."""
Keys = tuple[NDArray[np.uint64], NDArray[np.int32]]
"""An open-addressed table: hashes, and the number of the word in each slot, -1 for free ones."""
MOST_CUTS = 4


@lru_cache(maxsize=256)
def strings(texts: tuple[str, ...]) -> Strings:
    """Return texts as rows of code points; empty texts are left out."""
    rows = [code_points(text) for text in texts if text]
    table = np.zeros((len(rows), max(map(len, rows), default=1)), np.uint32)
    for number, row in enumerate(rows):
        table[number, : len(row)] = row
    return table, np.array([len(row) for row in rows], np.int64)


@lru_cache(maxsize=64)
def keys(words: tuple[str, ...]) -> Keys:
    """Return a table in which a word is found by its hash; its number is its place among `words`."""
    size = _size(len(words))
    table, numbers = np.zeros(size, np.uint64), np.full(size, -1, np.int32)
    for number, word in enumerate(words):
        slot = _free_slot(_hash(word), numbers >= 0)
        table[slot], numbers[slot] = _hash(word), number
    return table, numbers


@lru_cache(maxsize=64)
def phrases(kinds: tuple[tuple[str, ...], ...]) -> tuple[Any, ...]:
    """Return lower-case phrases of several kinds for `phrases_in`; at most 32 kinds, bit i for kind i.

    Phrases of less than two characters are left out.
    """
    texts = [(kind, phrase) for kind, row in enumerate(kinds) for phrase in row if len(phrase) > 1]
    table, sizes = strings(tuple(chr(kind) + phrase for kind, phrase in texts))
    heads, following = np.full(BUCKETS, -1, np.int32), np.full(len(texts), -1, np.int32)
    for row, (_, phrase) in enumerate(texts):
        bucket = (ord(phrase[0]) + 31 * ord(phrase[1])) % BUCKETS
        following[row], heads[bucket] = heads[bucket], row
    return table, sizes - 1, heads, following


@dataclass(frozen=True, eq=False)
class WordRules:
    """What `marks.cut_marks` needs beside the texts."""

    classes: Table
    arrays: tuple[Any, ...]


@lru_cache(maxsize=16)
def word_rules(exceptions: tuple[str, ...] = (), endings: tuple[str, ...] = ()) -> WordRules:
    """Return the rules by which words and marks come apart.

    `exceptions` are whole words, cut at each `|` and nowhere else (`e.g.`, `can|not`); `endings` come off the end of a
    word (`'s`). Both depend on a language and are empty by default; all else comes from `data/word_marks.toml`.
    """
    text = resources.files("mothertongue").joinpath("data", "word_marks.toml").read_text("utf-8")
    rules = tomllib.loads(text)
    whole = tuple(exception.replace("|", "") for exception in exceptions)
    hashes, numbers = keys(whole)
    cuts = np.zeros((len(hashes), MOST_CUTS), np.int32)
    for slot in np.flatnonzero(numbers >= 0):
        sizes = [len(part) for part in exceptions[numbers[slot]].split("|")[:-1]]
        cuts[slot, : len(sizes)] = sizes[:MOST_CUTS]
    units = tuple(sorted(rules["units"], key=len, reverse=True))
    arrays = (hashes, cuts, numbers, *strings(units), *strings(endings))
    table = with_bits(_bits(rules, whole, endings))
    table[((table & (LETTER | MARK)) != 0) & ((table & marks.ACTIVE) == 0)] |= marks.PLAIN
    return WordRules(table, arrays)


def _bits(rules: dict[str, Any], exceptions: Sequence[str], endings: Sequence[str]) -> Iterable[tuple[int, str]]:
    icons = "…" + "".join(regex.findall(r"\p{So}", "".join(map(chr, range(0xA0, 0x20000)))))
    dividing = rules["hyphens"] + rules["links"] + rules["operators"]
    return (
        (marks.FRONT, rules["around"] + rules["front"]),
        (marks.END, rules["around"]),
        (marks.BEHIND_DIGITS, rules["behind_digits"]),
        (marks.BEFORE_STOP, rules["before_stop"]),
        (marks.AROUND_STOP, rules["around_stop"]),
        (marks.HYPHEN, rules["hyphens"]),
        (marks.LINK, rules["links"]),
        (marks.OPERATOR, rules["operators"]),
        (marks.ICON, icons),
        (marks.INNER, icons + dividing + ".,"),
        (marks.EXCEPTION_FIRST, "".join(word[:1] for word in exceptions)),
        (marks.EXCEPTION_LAST, "".join(word[-1:] for word in exceptions)),
        (marks.ENDING_LAST, "".join(ending[-1:] for ending in endings)),
        (marks.ENDING_BEFORE, "".join(ending[-2:-1] for ending in endings)),
    )


def _hash(word: str) -> np.uint64:
    points = code_points(word).copy()
    found: np.uint64 = hash_parts(points, np.zeros(1, np.int32), np.array([len(points)], np.int32))[0]
    return found


def _size(entries: int) -> int:
    return 1 << max(4, (4 * entries).bit_length())


def _free_slot(key: np.uint64, taken: NDArray[np.bool_]) -> int:
    slot = int(key >> np.uint64(32)) & (len(taken) - 1)
    while taken[slot]:
        slot = (slot + 1) & (len(taken) - 1)
    return slot
