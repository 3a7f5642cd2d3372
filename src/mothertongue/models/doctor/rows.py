"""Checks of the embedding and output matrices: tied or not, sizes, damaged and identical rows (rows 2-5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import torch
from torch import Tensor

from mothertongue.models.doctor.finding import Found, NotApplicable, ids, listed
from mothertongue.models.doctor.folder import ModelFolder, normalised
from mothertongue.models.doctor.headers import Stored, blocks, read_rows

NEAR = 1e-4
"""Rows are nearly identical when their distance is at most this share of the median row length."""

_CELL = 50  # width of a hash cell in units of NEAR: wide against the distance sought, narrow against unrelated rows
_MOST_LEADERS = 64  # groups looked for in one cell
_COMMON = 0.001  # glitch tokens exist in most base models; more than this share of near-identical rows is a fault
_LOST = 0.2  # cosine below which a row no longer resembles the reference's row


def tied_weights(folder: ModelFolder) -> Iterator[Found]:
    """Row 2: the tied flag against the matrices that are stored."""
    embedding, head, tied = folder.embedding, folder.head, folder.tied
    if not tied and head is None:
        yield Found("error", f"tie_word_embeddings is false, but of two matrices only {embedding.name} is stored")
    if not tied or head is None:
        return
    if head.shape != embedding.shape:
        yield Found(
            "error",
            f"tie_word_embeddings is true, but {head.name} has shape {list(head.shape)} and "
            f"{embedding.name} {list(embedding.shape)}",
        )
        return
    differ, largest = _difference(embedding, head)
    if differ:
        yield Found(
            "error",
            f"tie_word_embeddings is true, but {differ:,} of {folder.rows:,} rows of {head.name} "
            f"differ from {embedding.name}, by up to {largest:.3g}",
        )


def _difference(one: Stored, other: Stored) -> tuple[int, float]:
    differ, largest = 0, 0.0
    for (_, left), (_, right) in zip(blocks(one), blocks(other), strict=False):
        gap = (left - right).abs().nan_to_num(float("inf")).amax(dim=1)
        differ += int((gap > 0).sum())
        largest = max(largest, float(gap.max()))
    return differ, largest


def identical_rows(folder: ModelFolder) -> Iterator[Found]:
    """Row 3: rows of different tokens that are equal or nearly so, as the default resizing makes them."""
    for matrix in folder.matrices:
        known = {index for index in folder.ordinary.values() if index < matrix.shape[0]}
        groups = near_groups(folder, matrix, sorted(known))
        alike = {index for group in groups for index in group}
        if folder.reference is not None:
            yield from _alike_new(matrix, alike, folder.new_tokens)
        share = len(alike) / max(1, len(known))
        if len(alike) > 1 and (folder.reference is None or not alike & set(folder.new_tokens.values())):
            largest = max(groups, key=len)
            yield Found(
                "warning" if share > _COMMON else "note",
                f"{len(alike):,} of {len(known):,} rows of {matrix.name} are equal or within {NEAR:g} of another "
                f"(groups: {len(groups):,}; the largest has {len(largest):,} rows, ids {ids(largest)})",
            )


def _alike_new(matrix: Stored, alike: set[int], new: Mapping[str, int]) -> Iterator[Found]:
    hit = alike & set(new.values())
    if hit:
        yield Found(
            "error" if 2 * len(hit) >= len(new) else "warning",
            f"{len(hit):,} of {len(new):,} new rows of {matrix.name} are equal or within {NEAR:g} of another row "
            f"(ids {ids(hit)})",
        )


def near_groups(folder: ModelFolder, matrix: Stored, wanted: list[int]) -> list[list[int]]:
    """Groups of rows that lie within NEAR of the first of the group; zero and non-finite rows are left out.

    Rows are hashed by eight projections into nine grids of cells, each shifted by a ninth of a cell: a close pair is
    torn apart by a projection in one grid at most, so it shares a cell in one of the nine. Only such rows are compared.
    """
    facts = folder.row_facts(matrix)
    index = torch.tensor(wanted, dtype=torch.long)
    index = index[facts.finite[index] & (facts.norms[index] > 0)]
    if len(index) < 2:
        return []
    tolerance = NEAR * float(facts.norms[index].median())
    cell = max(_CELL * tolerance / matrix.shape[1] ** 0.5, 1e-30)
    places = facts.projections[index].double() / cell
    grids = places.shape[1] + 1
    groups: list[list[int]] = []
    taken: set[int] = set()
    for shift in range(grids):
        for cluster in _clusters(torch.floor(places + shift / grids)):
            members = [number for number in index[cluster].tolist() if number not in taken]
            for group in _near_leaders(matrix, members, tolerance):
                groups.append(group)
                taken.update(group)
    return groups


def _clusters(cells: Tensor) -> Iterator[Tensor]:
    """Positions of rows in the same cell; cells that merely share the hash are told apart by the distances later."""
    factors = torch.randint(1, 2**62, (cells.shape[1],), generator=torch.Generator().manual_seed(1))
    hashes = (cells.long() * factors).sum(dim=1)  # wraps around, as a hash may
    _, inverse, counts = torch.unique(hashes, return_inverse=True, return_counts=True)
    order = torch.argsort(inverse, stable=True)
    starts = counts.cumsum(0) - counts
    for which in (counts > 1).nonzero().flatten().tolist():
        yield order[int(starts[which]) : int(starts[which] + counts[which])]


def _near_leaders(matrix: Stored, members: list[int], tolerance: float) -> Iterator[list[int]]:
    """Groups around the first member, then around the first of the rest, and so on."""
    for _ in range(_MOST_LEADERS):
        if len(members) < 2:
            return
        leader = read_rows(matrix, members[:1])
        close: list[bool] = []
        for start in range(0, len(members), 4096):
            close += ((read_rows(matrix, members[start : start + 4096]) - leader).norm(dim=1) <= tolerance).tolist()
        group = [number for number, near in zip(members, close, strict=True) if near]
        members = [number for number, near in zip(members, close, strict=True) if not near]
        if len(group) > 1:
            yield group


def shapes(folder: ModelFolder) -> Iterator[Found]:
    """Row 4: sizes against config.vocab_size, damaged rows, and old rows against the reference's."""
    stated = folder.text_config("vocab_size")
    for matrix in folder.matrices:
        if matrix.shape[0] != stated:
            yield Found("error", f"{matrix.name} has {matrix.shape[0]:,} rows, config.json says vocab_size {stated}")
        yield from _damaged(folder, matrix)
        if folder.reference is not None:
            yield from _against_reference(folder, folder.reference, matrix)


def _damaged(folder: ModelFolder, matrix: Stored) -> Iterator[Found]:
    facts = folder.row_facts(matrix)
    broken = (~facts.finite).nonzero().flatten().tolist()
    if broken:
        yield Found("error", f"{len(broken):,} rows of {matrix.name} hold NaN or infinity (ids {ids(broken)})")
    used = {index for index in folder.ordinary.values() if index < matrix.shape[0]}
    zero = used & set(((facts.norms == 0) & facts.finite).nonzero().flatten().tolist())
    if zero:
        yield Found("warning", f"{len(zero):,} rows of {matrix.name} in use are all zero (ids {ids(zero)})")


def _against_reference(folder: ModelFolder, reference: ModelFolder, matrix: Stored) -> Iterator[Found]:
    """Old tokens, paired by their text, must still point roughly where the reference's rows point."""
    is_head = folder.head is not None and matrix.name == folder.head.name
    theirs = reference.head if is_head and reference.head is not None else reference.embedding
    if theirs.shape[1] != matrix.shape[1]:
        yield Found("error", f"{matrix.name} is {matrix.shape[1]} wide, the reference's {theirs.shape[1]}")
        return
    known = reference.vocab
    pairs = [(index, known[token]) for token, index in folder.ordinary.items() if token in known]
    pairs = [(a, b) for a, b in pairs if a < matrix.shape[0] and b < theirs.shape[0]]
    if not pairs:
        raise NotApplicable("no token of the reference has a row in the folder")
    lost = 0
    for start in range(0, len(pairs), 8192):
        ours, other = zip(*pairs[start : start + 8192], strict=True)
        cosine = (normalised(read_rows(matrix, ours)) * normalised(read_rows(theirs, other))).sum(dim=1)
        lost += int((cosine < _LOST).sum())
    if 2 * lost > len(pairs):
        yield Found(
            "error",
            f"{lost:,} of {len(pairs):,} old rows of {matrix.name} do not resemble the reference's "
            f"(cosine below {_LOST}): they were drawn anew or belong to other tokens",
        )


def row_count(folder: ModelFolder) -> Iterable[Found]:
    """Row 5: a row for every id; rows beyond the ids are padding and noted; no row of the reference is gone."""
    highest = max(folder.vocab.values(), default=-1)
    for matrix in folder.matrices:
        rows = matrix.shape[0]
        without = [token for token, index in folder.vocab.items() if index >= rows]
        if without:
            yield Found(
                "error",
                f"{matrix.name} has {rows:,} rows, but the tokenizer's highest id is {highest:,}: "
                f"{len(without):,} tokens have no row ({listed(without)})",
            )
        elif rows > highest + 1 and matrix.name == folder.embedding.name:
            yield Found("note", f"{rows - highest - 1:,} of {rows:,} rows are padding (the highest id is {highest:,})")
        if folder.reference is not None and rows < folder.reference.rows:
            yield Found(
                "error",
                f"{matrix.name} has {rows:,} rows, the reference has {folder.reference.rows:,}: the matrix was shrunk",
            )
