"""Evidence: what candidates are compared by, one array per document in a flat file, read by place.

A file holds the arrays one after another, then their rows and ends, then their number, all as 64-bit values.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mothertongue import durability

Values = NDArray[np.uint64]
_WORD: Final = 8
CACHE_BYTES: Final = 64 << 20


def write_evidence(path: Path, arrays: Iterable[tuple[int, Values]]) -> int:
    """Write (row, array) pairs, rows ascending; return the number of pairs."""
    rows, ends = [], []
    end = 0
    with durability.writing(path) as temporary, temporary.open("wb") as stream:
        for row, values in arrays:
            values.tofile(stream)
            end += len(values)
            rows.append(row)
            ends.append(end)
        np.array([*rows, *ends, len(rows)], np.uint64).tofile(stream)
    return len(rows)


class Evidence:
    """Read access to the arrays of one file, by row."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("rb", buffering=0)
        size = path.stat().st_size
        (number,) = self._read(size - _WORD, 1)
        index = self._read(size - _WORD * (1 + 2 * int(number)), 2 * int(number)).astype(np.int64)
        self._rows, ends = index[: len(index) // 2], index[len(index) // 2 :]
        self._starts = np.concatenate([[0], ends])

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def get(self, row: int) -> Values:
        """Return the array of a row."""
        place = int(np.searchsorted(self._rows, row))
        start, end = self._starts[place : place + 2]
        return self._read(int(start) * _WORD, int(end - start))

    def _read(self, offset: int, number: int) -> Values:
        self._stream.seek(offset)
        return np.frombuffer(self._stream.read(number * _WORD), np.uint64)


class Shelf:
    """The evidence of many files by (file name, row): the last files stay open, the last 64 MiB stay in memory."""

    MOST_OPEN: Final = 64

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: OrderedDict[str, Evidence] = OrderedDict()
        self._known: OrderedDict[tuple[str, int], Values] = OrderedDict()
        self._bytes = 0

    def get(self, name: str, row: int) -> Values:
        """Return one array."""
        key = (name, row)
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        values = self._file(name).get(row)
        self._known[key] = values
        self._bytes += values.nbytes
        while self._bytes > CACHE_BYTES and len(self._known) > 1:
            self._bytes -= self._known.popitem(last=False)[1].nbytes
        return values

    def close(self) -> None:
        """Close all files."""
        for file in self._open.values():
            file.close()
        self._open.clear()

    def _file(self, name: str) -> Evidence:
        if name not in self._open:
            self._open[name] = Evidence(self._folder / name)
            if len(self._open) > self.MOST_OPEN:
                self._open.popitem(last=False)[1].close()
        self._open.move_to_end(name)
        return self._open[name]
