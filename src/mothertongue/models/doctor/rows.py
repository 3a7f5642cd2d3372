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
        yield Found("error", f"tie_word_embeddings is true, but {head.name} has shape {list(head.shape)} and "
                    f"{embedding.name} {list(embedding.shape)}")  # fmt: skip
        return
    differ, largest = _difference(embedding, head)
    if differ:
        yield Found("error", f"tie_word_embeddings is true, but {differ:,} of {folder.rows:,} rows of {head.name} differ "
                    f"from {embedding.name}, by up to {largest:.3g}")  # fmt: skip


def _difference(one: Stored, other: Stored) -> tuple[int, float]:
    differ, largest = 0, 0.0
    for (_, left), (_, right) in zip(blocks(one), blocks(other), strict=False):
        gap = (left - right).abs().nan_to_num(float("inf")).amax(dim=1)
        differ += int((gap > 0).sum())
        largest = max(largest, float(gap.max()))
    return differ, largest


def identical_rows(folder: ModelFolder) -> Iterator[Found]:
    """Row 3: rows of different tokens that are equal or nearly so, as the default resizing of transformers makes them."""
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
                f"({len(groups):,} groups, the largest of {len(largest):,}: ids {ids(largest)})",
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

    Rows are hashed by eight projections into two grids of cells half a cell apart, so that a close pair shares a cell
    of one of them; only rows that share a cell are compared.
    """
    facts = folder.row_facts(matrix)
    index = torch.tensor(wanted, dtype=torch.long)
    index = index[facts.finite[index] & (facts.norms[index] > 0)]
    if len(index) < 2:
        return []
    tolerance = NEAR * float(facts.norms[index].median())
    cell = max(_CELL * tolerance / matrix.shape[1] ** 0.5, 1e-30)
    found: dict[int, list[int]] = {}
    taken: set[int] = set()
    for shift in (0.0, 0.5):
        keys = torch.floor(facts.projections[index].double() / cell + shift)
        for cluster in _clusters(keys):
            members = [number for number in index[cluster].tolist() if number not in taken]
            if len(members) > 1:
                near = [members[0], *_near_first(matrix, members, tolerance)]
                if len(near) > 1:
                    found[near[0]] = near
                    taken.update(near)
    return list(found.values())


def _clusters(keys: Tensor) -> Iterator[Tensor]:
    _, inverse, counts = torch.unique(keys, dim=0, return_inverse=True, return_counts=True)
    order = torch.argsort(inverse, stable=True)
    for part, count in zip(torch.split(order, counts.tolist()), counts.tolist(), strict=True):
        if count > 1:
            yield part


def _near_first(matrix: Stored, members: list[int], tolerance: float) -> list[int]:
    first = read_rows(matrix, members[:1])
    near: list[int] = []
    for start in range(1, len(members), 4096):
        part = members[start : start + 4096]
        distances = (read_rows(matrix, part) - first).norm(dim=1)
        near += [number for number, close in zip(part, (distances <= tolerance).tolist(), strict=True) if close]
    return near


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
        yield Found("error", f"{lost:,} of {len(pairs):,} old rows of {matrix.name} do not resemble the reference's "
                    f"(cosine below {_LOST}): they were drawn anew or belong to other tokens")  # fmt: skip


def row_count(folder: ModelFolder) -> Iterable[Found]:
    """Row 5: a row for every id; rows beyond the ids are padding and noted; no row of the reference is gone."""
    highest = max(folder.vocab.values(), default=-1)
    for matrix in folder.matrices:
        rows = matrix.shape[0]
        without = [token for token, index in folder.vocab.items() if index >= rows]
        if without:
            yield Found("error", f"{matrix.name} has {rows:,} rows, but the tokenizer's highest id is {highest:,}: "
                        f"{len(without):,} tokens have no row ({listed(without)})")  # fmt: skip
        elif rows > highest + 1 and matrix.name == folder.embedding.name:
            yield Found("note", f"{rows - highest - 1:,} of {rows:,} rows are padding (the highest id is {highest:,})")
        if folder.reference is not None and rows < folder.reference.rows:
            yield Found("error", f"{matrix.name} has {rows:,} rows, the reference has {folder.reference.rows:,}: "
                        "the matrix was shrunk")  # fmt: skip
