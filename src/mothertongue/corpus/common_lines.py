"""Lines that many documents of a corpus hold: headers, footers, menus and notices show by their number.

Shards of documents enter; a table of line -> number of documents leaves, for the tagger `boilerplate`. Memory is
bounded: a first pass counts in a fixed array of counters, which can only be too high; a second pass counts exactly
those lines that the first could not rule out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.parquet as pq
import xxhash
from numpy.typing import NDArray

from mothertongue.corpus.arrays import read_arrays, write_arrays

KIND: Final = "mothertongue.common_lines"
ROWS: Final = 4
BITS: Final = 21
COUNTERS: Final = 1 << BITS
"""Counters in each of four rows, 32 MiB together."""
MOST_LINES: Final = 1_000_000
BATCH_ROWS: Final = 1024
_MIXERS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], np.uint64)

Keys = NDArray[np.uint64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class CommonLines:
    """The keys of common lines in rising order, how many documents hold each, and how many documents there were.

    Lines that fewer than `least` documents hold are not in it.
    """

    keys: Keys
    counts: Counts
    documents: int
    least: int

    def documents_with(self, keys: Sequence[int]) -> list[int]:
        """Return how many documents hold the line of each key; 0 for a line that is not in the table."""
        if not keys or not len(self.keys):
            return [0] * len(keys)
        wanted = np.array(keys, np.uint64)
        places = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        found: list[int] = np.where(self.keys[places] == wanted, self.counts[places], 0).tolist()
        return found

    def write(self, path: Path) -> None:
        """Write the table as one file."""
        facts = {"documents": self.documents, "least": self.least}
        write_arrays(path, KIND, facts, {"keys": self.keys, "counts": self.counts})


def read_common_lines(path: Path) -> CommonLines:
    """Return the table of a file; raises InputError MT276 when it is none."""
    facts, arrays = read_arrays(path, KIND)
    return CommonLines(arrays["keys"], arrays["counts"], int(facts["documents"]), int(facts["least"]))


def count_lines(shards: Sequence[Path], least_documents: int = 10) -> CommonLines:
    """Return the lines that at least `least_documents` documents of the shards hold, the most frequent million.

    Letter case and white space make no difference; a line counts once a document. The shards are read twice. In a
    corpus with so many lines that counters are shared by many, `least` rises until a million lines can be expected.
    """
    sketch = np.zeros((ROWS, COUNTERS), np.uint32)
    documents = lines = 0
    for texts in _batches(shards):
        keys = _keys_of(texts)
        documents, lines = documents + len(texts), lines + len(keys)
        for row in range(ROWS):
            # bincount keeps repeated places; plain indexing would count them once
            sketch[row] += np.bincount(_places(keys, row), minlength=COUNTERS).astype(np.uint32)
    least = _least(sketch, lines, least_documents)
    exact: dict[int, int] = {}
    for texts in _batches(shards):
        keys = _keys_of(texts)
        for key in keys[_estimates(sketch, keys) >= least].tolist():
            exact[key] = exact.get(key, 0) + 1
    common = sorted(((key, number) for key, number in exact.items() if number >= least), key=_by_count)
    kept = sorted(common[:MOST_LINES])
    keys, counts = np.array([key for key, _ in kept], np.uint64), np.array([number for _, number in kept], np.int64)
    return CommonLines(keys, counts, documents, least)


def _least(sketch: NDArray[np.uint32], lines: int, least: int) -> int:
    """Return the number of documents from which at most a million of so many lines are expected to pass by chance."""
    while lines * float(np.prod((sketch >= least).mean(axis=1))) > MOST_LINES:
        least *= 2
    return least


def line_key(line: str) -> int:
    """Return the 64-bit key of a line, whatever its case and white space."""
    return xxhash.xxh3_64_intdigest(" ".join(line.casefold().split()).encode())


def _by_count(row: tuple[int, int]) -> tuple[int, int]:
    return -row[1], row[0]


def _batches(shards: Iterable[Path]) -> Iterator[list[str]]:
    for shard in shards:
        with pq.ParquetFile(shard) as file:
            for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=["text"]):
                yield batch.column("text").to_pylist()


def _keys_of(texts: Iterable[str]) -> Keys:
    """Return the keys of the lines of texts, each line once a text."""
    keys: list[int] = []
    for text in texts:
        keys += dict.fromkeys(line_key(line) for line in text.split("\n") if line and not line.isspace())
    return np.array(keys, np.uint64)


def _places(keys: Keys, row: int) -> NDArray[np.int64]:
    mixed = (keys ^ (keys >> np.uint64(29))) * _MIXERS[row]
    places: NDArray[np.int64] = (mixed >> np.uint64(64 - BITS)).astype(np.int64)
    return places


def _estimates(sketch: NDArray[np.uint32], keys: Keys) -> NDArray[np.uint32]:
    estimates: NDArray[np.uint32] = np.minimum.reduce([sketch[row][_places(keys, row)] for row in range(ROWS)])
    return estimates
