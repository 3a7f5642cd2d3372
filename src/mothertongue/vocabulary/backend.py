"""What an extension must know about a tokenizer: its BPE model, and how its symbols spell text."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from mothertongue.errors import InputError, Problem, WorkError

_KEEP = "set vocabulary.strategy: keep"
_UNCHANGED_PARTS = ("normalizer", "pre_tokenizer", "post_processor", "decoder", "added_tokens")


@cache
def byte_symbols() -> dict[str, int]:
    """The byte that each symbol of a byte-level BPE stands for: 256 symbols, printable bytes stand for themselves."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    other = [byte for byte in range(256) if byte not in set(plain)]
    table = {chr(byte): byte for byte in plain}
    return table | {chr(256 + position): byte for position, byte in enumerate(other)}


@dataclass(frozen=True)
class Backend:
    """A BPE tokenizer taken apart: its JSON, its live form, and how it spells spaces and bytes."""

    live: Tokenizer
    parts: dict[str, Any]
    byte_level: bool

    @cached_property
    def added(self) -> dict[str, int]:
        """Every added token (special or not) and its id; no merge may ever spell one."""
        return {token["content"]: int(token["id"]) for token in self.parts["added_tokens"]}

    @cached_property
    def vocab(self) -> dict[str, int]:
        """Every token string and its id, added tokens included."""
        return {**self.parts["model"]["vocab"], **self.added}

    @cached_property
    def merges(self) -> list[tuple[str, str]]:
        """The merges in order of rank."""
        stored = self.parts["model"]["merges"]
        pairs = (merge.split(" ", 1) if isinstance(merge, str) else merge for merge in stored)
        return [(left, right) for left, right in pairs]

    @cached_property
    def next_id(self) -> int:
        """The first id after every id in use; a padded matrix has rows beyond it."""
        return max(self.vocab.values()) + 1

    @property
    def ignore_merges(self) -> bool:
        """Whether a whole word that is in the vocabulary is taken before any merge (Llama 3)."""
        return bool(self.parts["model"].get("ignore_merges"))

    @cached_property
    def unmergeable(self) -> frozenset[int]:
        """Ids that stand for no text of their own in a word: added tokens, the unknown token, `<0x..>` bytes."""
        model = self.parts["model"]
        named = {model["unk_token"]} if model.get("unk_token") else set()
        if model.get("byte_fallback"):
            named |= {f"<0x{byte:02X}>" for byte in range(256)}
        return frozenset(self.added.values()) | {self.vocab[name] for name in named if name in self.vocab}

    @cached_property
    def digits_alone(self) -> bool:
        """Whether the base never joins a digit to anything; then a new token must not either.

        A tokenizer read from GGUF may have lost the pre-tokenizer that split digits; its merges still show the habit.
        """
        merged = (left + right for left, right in self.merges)
        return not any(character.isnumeric() for token in merged for character in self.spelling(token))

    def pieces(self, word: str) -> list[int]:
        """The ids of one pre-tokenised word, by the model alone."""
        return [token.id for token in self.live.model.tokenize(word)]

    def token_bytes(self, token: str) -> bytes:
        """The UTF-8 bytes that a token string spells; they need not be whole characters."""
        if self.byte_level:
            table = byte_symbols()
            if all(symbol in table for symbol in token):
                return bytes(table[symbol] for symbol in token)
            return token.encode()
        if len(token) == 6 and token.startswith("<0x") and token.endswith(">"):
            return bytes([int(token[3:5], 16)])
        return token.replace("▁", " ").encode()

    def spelling(self, token: str) -> str:
        """The characters of a token, without bytes that are no whole character."""
        return self.token_bytes(token).decode("utf-8", errors="ignore")

    def encode(self, text: str) -> list[int]:
        """The ids of a text, without the tokens that a template would put around it."""
        return self.live.encode(text, add_special_tokens=False).ids


def read_backend(tokenizer: PreTrainedTokenizerFast | Tokenizer) -> Backend:
    """The tokenizer taken apart; raises InputError (MT301-MT303) when it is not a BPE that can be continued."""
    live = tokenizer if isinstance(tokenizer, Tokenizer) else getattr(tokenizer, "backend_tokenizer", None)
    if live is None:
        raise InputError(Problem("MT301", "this tokenizer has no tokenizer.json to extend", do=_KEEP))
    parts = json.loads(live.to_str())
    model = parts["model"]
    if model.get("type") != "BPE":
        found = str(model.get("type"))
        raise InputError(
            Problem(
                "MT302",
                "only BPE tokenizers can be extended",
                "tokenizer.json",
                None,
                "model.type",
                found,
                "BPE",
                _KEEP,
            )
        )
    odd = [key for key in ("continuing_subword_prefix", "end_of_word_suffix", "dropout") if model.get(key)]
    if odd:
        raise InputError(
            Problem(
                "MT303", "this option of the BPE cannot be continued", "tokenizer.json", key=f"model.{key}", do=_KEEP
            )
            for key in odd
        )
    layers = json.dumps([parts["pre_tokenizer"], parts["normalizer"], parts["decoder"]])
    return Backend(live, parts, '"type": "ByteLevel"' in layers)


def rebuild(base: Backend, tokens: Sequence[str], merges: Sequence[tuple[str, str]]) -> Backend:
    """The base with `tokens` numbered from `base.next_id` on and `merges` after its own; all else as it was.

    Added tokens are written into the model's vocabulary under their own ids: a reader of tokenizer.json numbers added
    tokens that the model does not know from the vocabulary's size, which has just changed.
    """
    parts = copy.copy(base.parts)
    new_ids = {token: base.next_id + position for position, token in enumerate(tokens)}
    model = {**base.parts["model"], "vocab": {**base.parts["model"]["vocab"], **base.added, **new_ids}}
    model["merges"] = [*map(list, base.merges), *map(list, merges)]
    parts["model"] = model
    live = Tokenizer.from_str(json.dumps(parts))
    return Backend(live, json.loads(live.to_str()), base.byte_level)


def check_unchanged(base: Backend, extended: Backend) -> None:
    """Nothing if every old id, merge and part is as before; raises WorkError (MT311) naming what moved otherwise."""
    moved = [part for part in _UNCHANGED_PARTS if base.parts[part] != extended.parts[part]]
    if any(extended.vocab.get(token) != index for token, index in base.vocab.items()):
        moved.append("vocab")
    if extended.merges[: len(base.merges)] != base.merges:
        moved.append("merges")
    if any(extended.live.token_to_id(token) != index for token, index in base.added.items()):
        moved.append("ids of added tokens")
    if moved:
        raise WorkError(Problem("MT311", f"the extension changed: {', '.join(moved)}", do=_KEEP))


def with_backend(tokenizer: PreTrainedTokenizerFast, backend: Backend) -> PreTrainedTokenizerFast:
    """A copy of the transformers tokenizer that speaks the new vocabulary; template and special tokens are kept."""
    clone = copy.deepcopy(tokenizer)
    clone.backend_tokenizer.model = backend.live.model
    return clone
