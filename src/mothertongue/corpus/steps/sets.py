"""Documents in shards, read one group of rows at a time, that behave like a list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import overload

import pyarrow.parquet as pq

from mothertongue.corpus.document import Document, iterate_shard, read_shard


class ShardedDocuments(Sequence[Document]):
    """The documents of some shards in order; only what is looked at is in memory."""

    def __init__(self, shards: Sequence[Path]) -> None:
        self.shards = tuple(shards)

    @cached_property
    def _ends(self) -> list[int]:
        ends, end = [], 0
        for path in self.shards:
            end += pq.read_metadata(path).num_rows
            ends.append(end)
        return ends

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[Document]:
        for path in self.shards:
            yield from iterate_shard(path)

    @overload
    def __getitem__(self, place: int) -> Document: ...
    @overload
    def __getitem__(self, place: slice) -> list[Document]: ...
    def __getitem__(self, place: int | slice) -> Document | list[Document]:
        """Return one document, or a list of them; reads the shards that hold them."""
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        row = place + len(self) if place < 0 else place
        if not 0 <= row < len(self):
            raise IndexError(place)
        number = next(number for number, end in enumerate(self._ends) if row < end)
        return read_shard(self.shards[number])[row - (self._ends[number - 1] if number else 0)]

    def __eq__(self, other: object) -> bool:
        """Return whether the other sequence holds equal documents in the same order."""
        if not isinstance(other, Sequence) or len(self) != len(other):
            return False
        return all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: Sequence[Document]) -> list[Document]:
        """Return all documents of both, in memory."""
        return [*self, *other]
