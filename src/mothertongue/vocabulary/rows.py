"""The contract of initialisers: what they are told, what they give back, and the sums they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from mothertongue.errors import InputError, Problem


@dataclass(frozen=True)
class RowRequest:
    """What is known about the rows to make.

    `pieces` gives the old ids that spelled each new token, `merges` the two ids it was merged from (they may be new
    themselves), `alignments` the tuples of old ids at its places in a corpus with their counts. `seed` is for
    initialisers that draw.
    """

    new_ids: Sequence[int]
    pieces: Mapping[int, tuple[int, ...]]
    merges: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    alignments: Mapping[int, Mapping[tuple[int, ...], int]] = field(default_factory=dict)
    seed: int = 0


class Initializer(Protocol):
    """Old rows and a request enter, new rows leave: float32 of shape [len(new_ids), width], in the order of the ids.

    `old_rows` holds the rows of the old ids only, [old ids, width], without padding; it is never written to.
    """

    name: str

    def rows(self, old_rows: Tensor, request: RowRequest) -> Tensor:
        """The new rows."""
        ...


def check_request(old_rows: Tensor, request: RowRequest) -> None:
    """Nothing when the request fits the rows; raises InputError (MT308) when a piece has no old row."""
    lost = [index for index in request.new_ids if index not in request.pieces]
    outside = sorted(
        {piece for index in request.new_ids for piece in request.pieces.get(index, ()) if piece >= len(old_rows)}
    )
    if lost or outside:
        what = f"new id {lost[0]} has no pieces" if lost else f"piece {outside[0]} has no old row"
        raise InputError(
            Problem(
                "MT308",
                f"the extension and the model do not belong together: {what}",
                allowed=f"0 to {len(old_rows) - 1}",
            )
        )


def mean_of(old_rows: Tensor, ids: Sequence[int]) -> Tensor:
    """The mean of some old rows, summed in float32 [width]; the mean of all rows when there are no ids."""
    if not ids:
        return old_rows.float().mean(dim=0)
    return old_rows[list(ids)].float().mean(dim=0)


def stack(rows: Sequence[Tensor], width: int) -> Tensor:
    """Rows [width] as one float32 matrix [rows, width]; an empty one keeps its width."""
    return torch.stack(list(rows)) if rows else torch.empty(0, width)
