"""Plain text to token ids: special tokens inside a text are text, and every document has one start.

Two rules of the design live here. Law 4: a control token (one that the tokenizer marks as special) only ever comes
from a template, so `encode_text` writes `<|im_end|>` inside a user's text as ordinary pieces. Law 3: each document is
scored and packed behind its own start, and `document_start` is the only place that decides which token that is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mothertongue.errors import InputError, Problem

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Encoded = tuple[list[int], list[tuple[int, int]]]

_REPLACEMENT = "\ufffd"
_SEPARATOR = "<|endoftext|>"
_SURROGATE = re.compile("[\ud800-\udfff]")


def control_tokens(tokenizer: PreTrainedTokenizerBase) -> dict[str, int]:
    """Text and id of every control token: the added tokens marked special and the named ones (bos, eos, ...)."""
    found = {str(token): int(index) for index, token in tokenizer.added_tokens_decoder.items() if token.special}
    found.update(zip(tokenizer.all_special_tokens, tokenizer.all_special_ids, strict=True))
    return found


def document_start(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The one token that stands before every document: the BOS if encoding adds it, else the document separator.

    The separator is `<|endoftext|>` where the tokenizer has it as a control token (chat models keep it from their
    pretraining), else the eos token. A BOS that is only named, and that encoding never adds, does not count: for
    ChatML models it is `<|im_start|>`. Raises InputError when the tokenizer adds BOS twice or has no candidate.
    """
    bos = tokenizer.bos_token_id
    ids = _ids(tokenizer("a", add_special_tokens=True))
    if bos is not None and ids[:1] == [bos]:
        if ids[1:2] == [bos]:
            raise InputError(Problem("MT602", "the tokenizer adds its BOS token twice", value=str(tokenizer.bos_token)))
        return [int(bos)]
    separator = control_tokens(tokenizer).get(_SEPARATOR, tokenizer.eos_token_id)
    if separator is None:
        raise InputError(Problem("MT603", "the tokenizer has neither a BOS token that it adds nor an eos token"))
    return [int(separator)]


def check_single_start(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int], where: str = "") -> None:
    """Nothing, if `ids` begin as this tokenizer wants it; InputError if its BOS is missing or stands there twice.

    A tokenizer whose encoding adds no BOS accepts everything but a doubled document start.
    """
    start = document_start(tokenizer)
    if list(ids[:2]) == start * 2:
        shown = str(tokenizer.convert_ids_to_tokens(start[0]))
        raise InputError(Problem("MT602", "a sequence begins with its start token twice", where=where, value=shown))
    if _adds_bos(tokenizer) and list(ids[:1]) != start:
        first = str(tokenizer.convert_ids_to_tokens(list(ids[:8])))
        raise InputError(
            Problem(
                "MT604", "a sequence lacks the BOS token", where=where, value=first, allowed=str(tokenizer.bos_token)
            )
        )


def encode_text(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """Token ids of a plain text, without BOS or eos; special tokens written in it stay text (law 4)."""
    return encode_with_offsets(tokenizer, text)[0]


def encode_texts(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[list[int]]:
    """Token ids of many plain texts in one call of the tokenizer (it uses all cores); same ids as `encode_text`."""
    if not texts:
        return []
    safe = [repair_surrogates(text) for text in texts]
    encoded = tokenizer(safe, add_special_tokens=False, split_special_tokens=True, return_attention_mask=False)
    controls = control_tokens(tokenizer)
    rows: list[list[int]] = [list(row) for row in encoded["input_ids"]]
    return [
        _encode_broken(tokenizer, text, controls)[0] if _leaks(text, row, controls) else row
        for text, row in zip(safe, rows, strict=True)
    ]


def encode_with_offsets(tokenizer: PreTrainedTokenizerBase, text: str) -> Encoded:
    """Ids as from `encode_text` and, for each, the half-open range of characters of `text` that it covers."""
    text = repair_surrogates(text)
    ids, offsets = _encode(tokenizer, text, split=True)
    controls = control_tokens(tokenizer)
    return _encode_broken(tokenizer, text, controls) if _leaks(text, ids, controls) else (ids, offsets)


def encode_scaffold(tokenizer: PreTrainedTokenizerBase, text: str) -> Encoded:
    """Ids and character ranges of trusted template text: here special tokens do become control ids."""
    return _encode(tokenizer, text, split=False)


def repair_surrogates(text: str) -> str:
    """The text with every lone surrogate replaced by U+FFFD; tokenizers cannot encode them."""
    return _SURROGATE.sub(_REPLACEMENT, text)


def _adds_bos(tokenizer: PreTrainedTokenizerBase) -> bool:
    return _ids(tokenizer("a", add_special_tokens=True))[:1] == [tokenizer.bos_token_id]


def _ids(encoded: Any) -> list[int]:
    return [int(index) for index in encoded["input_ids"]]


def _encode(tokenizer: PreTrainedTokenizerBase, text: str, split: bool) -> Encoded:
    encoded = tokenizer(text, add_special_tokens=False, split_special_tokens=split, return_offsets_mapping=True)
    return _ids(encoded), [(int(first), int(last)) for first, last in encoded["offset_mapping"]]


def _leaks(text: str, ids: Sequence[int], controls: dict[str, int]) -> bool:
    """Whether a control id came out of a control string in the text: unigram models hold these strings as pieces."""
    return any(index in ids for string, index in controls.items() if string and string in text)


def _encode_broken(tokenizer: PreTrainedTokenizerBase, text: str, controls: dict[str, int]) -> Encoded:
    """Encode after cutting every control string behind its first character, so that no piece can match it."""
    cuts = {0, len(text)}
    for string in filter(None, controls):
        at = text.find(string)
        while at >= 0:
            cuts.add(at + 1)
            at = text.find(string, at + 1)
    ids: list[int] = []
    offsets: list[tuple[int, int]] = []
    edges = sorted(cuts)
    for begin, end in pairwise(edges):
        part, ranges = _encode(tokenizer, text[begin:end], split=True)
        ids += part
        offsets += [(begin + first, begin + last) for first, last in ranges]
    return ids, offsets
