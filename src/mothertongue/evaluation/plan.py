"""How sequences become rows of a forward pass: windows of the context length, and prefix trees of what is shared.

Plain data and numpy, no model. A `Window` is the part of a request that one forward pass sees. A `Row` holds one or
several windows: those with a common beginning (the answers to one question, the questions behind one system prompt,
the two sentences of a minimal pair) share the nodes of it, so a shared prefix is computed once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]

SHARED_SHARE = 0.25  # below this share of common tokens a row of its own with the faster plain causal mask is better


@dataclass(frozen=True)
class Window:
    """A stretch of one request: `ids` are its tokens, and those from `first` on are scored here.

    The scores belong to `request` at positions `offset`, `offset` + 1, ... of its target.
    """

    request: int
    ids: Ids
    first: int
    offset: int

    @property
    def inputs(self) -> Ids:
        """What the model reads: all but the last token."""
        return self.ids[:-1]

    @property
    def targets(self) -> Ids:
        """What is scored, in order."""
        return self.ids[self.first :]


def windows(request: int, prefix: Sequence[int], target: Sequence[int], context: int, overlap: int) -> list[Window]:
    """Windows of at most `context` input tokens that score every target token exactly once.

    A window after the first reads `overlap` tokens before its first target; the last one reads as many as fit.
    """
    ids = np.array([*prefix, *target], dtype=np.int64)
    begin_target, end = len(prefix), len(ids)
    found: list[Window] = []
    at = begin_target
    while at < end:
        begin = max(0, at - overlap)
        stop = min(end, begin + context + 1)
        if stop == end:
            begin = max(0, end - 1 - context)
        found.append(Window(request, ids[begin:stop], at - begin, at - begin_target))
        at = stop
    return found


@dataclass
class Row:
    """A prefix tree as one row: node tokens, their depths, and for each window the nodes on its path."""

    tokens: list[Ids] = field(default_factory=list)
    depths: list[Ids] = field(default_factory=list)
    branches: list[tuple[int, int, Ids]] = field(default_factory=list)  # first node, length, ancestors
    members: list[tuple[Window, Ids]] = field(default_factory=list)
    size: int = 0

    @property
    def linear(self) -> bool:
        """Whether every node follows the one before it, so that the plain causal mask is right."""
        return all(len(ancestors) == first for first, _, ancestors in self.branches)

    def add(self, window: Window, shared: int) -> None:
        """Put a window in; its first `shared` inputs are those of the window added before it."""
        inputs = window.inputs
        ancestors = self.members[-1][1][:shared] if shared else np.zeros(0, np.int64)
        fresh = np.arange(self.size, self.size + len(inputs) - shared, dtype=np.int64)
        if len(fresh):
            self.tokens.append(inputs[shared:])
            self.depths.append(np.arange(shared, len(inputs), dtype=np.int64))
            self.branches.append((self.size, len(fresh), ancestors))
        self.members.append((window, np.concatenate([ancestors, fresh])))
        self.size += len(fresh)

    def fill(self, tokens: Ids, depths: Ids, mask: Mask | None) -> None:
        """Write the row into its place of a batch: arrays [T] and, for a tree, the mask [T, T] (True: may see)."""
        tokens[: self.size] = np.concatenate(self.tokens)
        depths[: self.size] = np.concatenate(self.depths)
        if mask is None:
            return
        np.fill_diagonal(mask, True)  # padding sees itself: a row of a softmax must not be empty
        for first, length, ancestors in self.branches:
            block = slice(first, first + length)
            mask[block, ancestors] = True
            mask[block, block] = np.tri(length, dtype=bool)


def plan_rows(parts: Sequence[Window], row_limit: int) -> list[Row]:
    """Rows over all windows; windows share a row while it has at most `row_limit` nodes and they overlap enough.

    With `row_limit` 0 every window gets its own row.
    """
    ordered = sorted(parts, key=lambda part: part.inputs.astype(">i8").tobytes()) if row_limit else list(parts)
    rows: list[Row] = []
    for part in ordered:
        shared = common_prefix(rows[-1].members[-1][0].inputs, part.inputs) if rows and row_limit else 0
        fresh = len(part.inputs) - shared
        if shared > SHARED_SHARE * len(part.inputs) and rows[-1].size + fresh <= row_limit:
            rows[-1].add(part, shared)
        else:
            rows.append(Row())
            rows[-1].add(part, 0)
    return rows


def common_prefix(first: Ids, second: Ids) -> int:
    """How many leading tokens two sequences share."""
    length = min(len(first), len(second))
    unequal = np.flatnonzero(first[:length] != second[:length])
    return int(unequal[0]) if len(unequal) else length


def batches(rows: Sequence[Row], batch_tokens: int) -> Iterator[list[Row]]:
    """Rows of one kind and similar length together, at most `batch_tokens` padded tokens (or one row) a batch."""
    for linear in (True, False):
        group: list[Row] = []
        for row in sorted((row for row in rows if row.linear is linear), key=lambda row: -row.size):
            if group and (len(group) + 1) * group[0].size > batch_tokens:
                yield group
                group = []
            group.append(row)
        if group:
            yield group
