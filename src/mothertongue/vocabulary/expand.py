"""Gives a model the rows of an extension: old rows bit-identical, new rows by id list, tied weights still tied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from mothertongue.errors import InputError, Problem, WorkError
from mothertongue.vocabulary.extend import Extension
from mothertongue.vocabulary.rows import Initializer, RowRequest

ROWS_MULTIPLE = 64  # matrix kernels are fastest at multiples of it, and servers pad to it anyway


@dataclass(frozen=True)
class ExpandReport:
    """What was done to the matrices: rows before and after, whether head and embedding are one, row norms.

    `norms` maps `embedding_old`, `embedding_new` (and `head_old`, `head_new` when untied) to the mean Euclidean norm of
    the rows of old and of new ids. New rows far from the old norm learn slowly or drown the others.
    """

    rows_before: int
    rows_after: int
    tied: bool
    new_ids: list[int]
    initializer: str
    seed: int
    norms: dict[str, float]


def expand_model(model: PreTrainedModel, extension: Extension, initializer: Initializer, seed: int) -> ExpandReport:
    """The model, changed in place, with initialised rows for the extension's ids; says what was done.

    Rows become max(rows, ids) rounded up to a multiple of 64, so padded matrices (Qwen) never shrink, and new ids that
    fall into padding are initialised like any other. An untied head gets rows from its own old rows (card 46, step 4).
    Raises InputError MT307 if the model lacks rows for the old ids, WorkError MT312 if an old row or a tie did not
    survive.
    """
    first, last = _id_range(model, extension)
    embedding, head = _matrices(model)
    tied = head is not None and head is embedding
    rows_before = len(embedding)
    needed = max(rows_before, last + 1, len(extension.tokenizer))
    rows_after = -(-needed // ROWS_MULTIPLE) * ROWS_MULTIPLE
    bias = _bias(model)
    # Copies: reading the live matrices after a resize gives what the resize put there.
    old = {"embedding": embedding.detach().clone()}
    if head is not None and not tied:
        old["head"] = head.detach().clone()
    if bias is not None:
        old["bias"] = bias.detach().clone()[:, None]
    if rows_after != rows_before:
        model.resize_token_embeddings(rows_after, mean_resizing=False)
    request = RowRequest(extension.new_ids, extension.pieces, extension.merges, extension.alignments, seed)
    live = _live(model)
    with torch.no_grad():
        for name, before in old.items():
            _write(live[name], before, first, request, initializer)
    _check(model, old, extension.new_ids, tied)
    return ExpandReport(
        rows_before,
        rows_after,
        tied,
        list(extension.new_ids),
        initializer.name,
        seed,
        _norms(model, first, request.new_ids),
    )


def _write(matrix: Tensor, before: Tensor, first: int, request: RowRequest, initializer: Initializer) -> None:
    """Fills a resized matrix: old rows back, spare rows with the mean of the old, new rows from the initialiser.

    A spare row of zeros has logit 0, which can win; the mean row has the mean logit, which practically never does.
    """
    used = before[:first]
    matrix[: len(before)] = before
    if len(matrix) > len(before):
        matrix[len(before) :] = used.float().mean(dim=0).to(matrix.dtype)
    ids = torch.as_tensor(list(request.new_ids), dtype=torch.long, device=matrix.device)
    matrix[ids] = initializer.rows(used, request).to(matrix.device, matrix.dtype)


def _id_range(model: PreTrainedModel, extension: Extension) -> tuple[int, int]:
    """The count of old ids and the last new one; raises InputError (MT307) when old ids have no rows."""
    first = min(extension.new_ids, default=len(extension.tokenizer))
    rows = len(_matrices(model)[0])
    if first > rows:
        raise InputError(
            Problem(
                "MT307",
                f"the tokenizer has {first} old ids but the model only {rows} rows",
                do="give the tokenizer that belongs to this model",
            )
        )
    return first, max(extension.new_ids, default=first - 1)


def _matrices(model: PreTrainedModel) -> tuple[Tensor, Tensor | None]:
    """The embedding matrix and the head's, which is the same object when tied; no head gives None."""
    inputs: Any = model.get_input_embeddings()
    outputs = _head(model)
    embedding: Tensor = inputs.weight
    if outputs is None:
        return embedding, None
    head: Tensor = outputs.weight
    return embedding, embedding if head.data_ptr() == embedding.data_ptr() else head


def _head(model: PreTrainedModel) -> Any:
    """The head module, or None; its class depends on the model."""
    untyped: Any = model
    return untyped.get_output_embeddings()


def _bias(model: PreTrainedModel) -> Tensor | None:
    """The bias of the head, [rows], where the model has one."""
    bias: Tensor | None = getattr(_head(model), "bias", None)
    return bias


def _live(model: PreTrainedModel) -> dict[str, Tensor]:
    """The matrices to write to, by name; the bias as a column."""
    embedding, head = _matrices(model)
    bias = _bias(model)
    found = {"embedding": embedding}
    if head is not None:
        found["head"] = head
    if bias is not None:
        found["bias"] = bias.data[:, None]
    return found


def _check(model: PreTrainedModel, old: Mapping[str, Tensor], new_ids: Sequence[int], tied: bool) -> None:
    """Nothing if the old rows and the tie survived; raises WorkError (MT312) otherwise."""
    embedding, head = _matrices(model)
    wrong = []
    if tied and head is not embedding:
        wrong.append("head and embedding are no longer one matrix")
    text_config: Any = model.config.get_text_config()
    if text_config.vocab_size != len(embedding):
        wrong.append(f"config.vocab_size is {text_config.vocab_size} and the matrix has {len(embedding)} rows")
    for name, matrix in _live(model).items():
        if name not in old:
            continue
        kept = torch.ones(len(old[name]), dtype=torch.bool, device=matrix.device)
        kept[[index for index in new_ids if index < len(kept)]] = False
        if not torch.equal(matrix[: len(kept)][kept], old[name][kept]):
            wrong.append(f"old rows of the {name} changed")
    if wrong:
        raise WorkError(Problem("MT312", "; ".join(wrong), do="report the model type; set vocabulary.strategy: keep"))


def _norms(model: PreTrainedModel, first: int, new_ids: Sequence[int]) -> dict[str, float]:
    """Mean row norms of old and new ids, for each matrix that is not another's twin."""
    embedding, head = _matrices(model)
    named = {"embedding": embedding} | ({"head": head} if head is not None and head is not embedding else {})
    found: dict[str, float] = {}
    for name, matrix in named.items():
        found[f"{name}_old"] = float(matrix[:first].detach().float().norm(dim=1).mean())
        if new_ids:
            found[f"{name}_new"] = float(matrix[list(new_ids)].detach().float().norm(dim=1).mean())
    return found
