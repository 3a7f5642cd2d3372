"""Documents cut and packed into rows of one fixed length, so that no step wastes tokens on padding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from transformers import PreTrainedTokenizerFast

from mothertongue.prompting.chat import render_chat_masked
from mothertongue.prompting.text import document_start, encode_texts

Dialogue = Sequence[Mapping[str, str]]
Weighted = tuple[list[int], list[int]]


@dataclass(frozen=True)
class Row:
    """A row of exactly `length` token ids; `positions` start again at 0 with every document (or piece of one).

    `weights` say which tokens are learned (1) or only read (0); the first token of a piece is never learned.
    """

    ids: list[int]
    positions: list[int]
    stream: str
    weights: list[int]


def encode_documents(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]) -> list[list[int]]:
    """Each text as ids with the document's start before it and an end after it; control tokens inside stay text.

    The end is the separator between documents where that is also the start, so that a chat model is not taught what
    follows the end of a *turn*; tokenizers that add their own start token end a document with eos.
    """
    start = document_start(tokenizer)
    end = tokenizer.eos_token_id if start == [tokenizer.bos_token_id] else start[0]
    return [[*start, *ids, end] for ids in encode_texts(tokenizer, texts)]


def encode_dialogues(tokenizer: PreTrainedTokenizerFast, dialogues: Sequence[Dialogue]) -> list[Weighted]:
    """Each dialogue through the model's template as ids, with weight 1 on what the assistant writes and its end."""
    rendered = [render_chat_masked(tokenizer, dialogue) for dialogue in dialogues]
    return [(chat.ids, chat.assistant_mask) for chat in rendered]


def pack(
    documents: Sequence[Sequence[int]], length: int, stream: str, weights: Sequence[Sequence[int]] | None = None
) -> list[Row]:
    """All documents, in the given order, cut into rows of `length`; the last incomplete row is dropped.

    A document that crosses the end of a row goes on in the next one as a piece of its own. Packed equals unpacked:
    the loss of a row is the sum of the losses of its pieces. `weights` (default: all 1) go with the tokens.
    """
    rows: list[Row] = []
    ids: list[int] = []
    positions: list[int] = []
    learned: list[int] = []
    for number, document in enumerate(documents):
        taken = 0
        while taken < len(document):
            part = slice(taken, taken + length - len(ids))
            piece = document[part]
            ids.extend(piece)
            positions.extend(range(len(piece)))
            learned.extend([1] * len(piece) if weights is None else weights[number][part])
            taken += len(piece)
            if len(ids) == length:
                rows.append(Row(ids, positions, stream, learned))
                ids, positions, learned = [], [], []
    return rows
