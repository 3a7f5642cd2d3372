"""Documents cut and packed into rows of one fixed length, so that no step wastes tokens on padding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transformers import PreTrainedTokenizerFast

from mothertongue.prompting.text import document_start, encode_texts


@dataclass(frozen=True)
class Row:
    """A row of exactly `length` token ids; `positions` start again at 0 with every document (or piece of one)."""

    ids: list[int]
    positions: list[int]
    stream: str


def encode_documents(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]) -> list[list[int]]:
    """Each text as ids with the document's start before it and an end after it; control tokens inside stay text.

    The end is the separator between documents where that is also the start, so that a chat model is not taught what
    follows the end of a *turn*; tokenizers that add their own start token end a document with eos.
    """
    start = document_start(tokenizer)
    end = tokenizer.eos_token_id if start == [tokenizer.bos_token_id] else start[0]
    return [[*start, *ids, end] for ids in encode_texts(tokenizer, texts)]


def pack(documents: Sequence[Sequence[int]], length: int, stream: str) -> list[Row]:
    """All documents, in the given order, cut into rows of `length`; the last incomplete row is dropped.

    A document that crosses the end of a row goes on in the next one as a piece of its own. Packed equals unpacked:
    the loss of a row is the sum of the losses of its pieces.
    """
    rows: list[Row] = []
    ids: list[int] = []
    positions: list[int] = []
    for document in documents:
        taken = 0
        while taken < len(document):
            piece = document[taken : taken + length - len(ids)]
            ids.extend(piece)
            positions.extend(range(len(piece)))
            taken += len(piece)
            if len(ids) == length:
                rows.append(Row(ids, positions, stream))
                ids, positions = [], []
    return rows
