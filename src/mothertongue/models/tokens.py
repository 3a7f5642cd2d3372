"""What a tokenizer's control tokens mean: where a document starts, where a turn ends, which strings are reserved."""

from __future__ import annotations

from transformers import PreTrainedTokenizerBase

_BOUNDARY_NAMES = ("<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "<|eos|>")


def control_tokens(tokenizer: PreTrainedTokenizerBase) -> dict[str, int]:
    """Every string that the tokenizer treats as a control token, with its id, in order of id."""
    found = {
        token.content: index
        for index, token in sorted(tokenizer.added_tokens_decoder.items())
        if token.special or token.content in tokenizer.all_special_tokens
    }
    return found


def document_boundary(tokenizer: PreTrainedTokenizerBase) -> int:
    """The id that separates raw documents in pretraining.

    It is the tokenizer's own end-of-text token when it has one by a usual name (chat models use a different token to
    end a *turn*, and raw text should not teach the model what follows a turn), otherwise its end-of-sequence token.
    """
    specials = control_tokens(tokenizer)
    for name in _BOUNDARY_NAMES:
        if name in specials:
            return specials[name]
    if tokenizer.eos_token_id is None:
        return min(specials.values(), default=0)
    return int(tokenizer.eos_token_id)


def adds_start_token(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether the tokenizer itself puts a start token before a text."""
    ids = tokenizer("a").input_ids
    return bool(ids) and tokenizer.bos_token_id is not None and ids[0] == tokenizer.bos_token_id


def document_start(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The ids that stand before the first token of a document: the start token if the tokenizer wants one, else the
    boundary between documents."""
    if adds_start_token(tokenizer) and tokenizer.bos_token_id is not None:
        return [int(tokenizer.bos_token_id)]
    return [document_boundary(tokenizer)]


def encode_text(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """The ids of a plain text, without start or end token; control tokens inside the text stay text (law 4)."""
    ids: list[int] = tokenizer(text, add_special_tokens=False, split_special_tokens=True).input_ids
    return ids
