"""Extends a BPE tokenizer with tokens of the target text: true merges after the base's own, each proved reachable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from transformers import PreTrainedTokenizerFast

from mothertongue.errors import InputError, Problem
from mothertongue.vocabulary.align import Alignment, align_words
from mothertongue.vocabulary.backend import Backend, check_unchanged, read_backend, rebuild, with_backend
from mothertongue.vocabulary.continuation import Learned, continue_bpe, new_characters
from mothertongue.vocabulary.fertility import Fertility, fertility
from mothertongue.vocabulary.reach import prove
from mothertongue.vocabulary.words import count_words

LEAST_COUNT = 2  # a pair seen once is no evidence of a word


@dataclass(frozen=True)
class Extension:
    """A tokenizer with new tokens, and everything that is known about each of them.

    `new_ids` follow the base's ids; `tokens` are their strings in the vocabulary; `pieces` gives the base ids that
    spelled each one before; `merges` the two ids that each was merged from (absent for single characters); `counts` the
    uses in the training text; `proofs` a text that produces each; `alignments` the old tuples at its places. `bridges`
    are new ids that no text produces but that the merge of another needs; `dropped` counts candidates left out because
    nothing produces them. `before` and `after` are measured on the evaluation texts, or else on the training text.
    """

    tokenizer: PreTrainedTokenizerFast
    new_ids: list[int]
    tokens: list[str]
    pieces: dict[int, tuple[int, ...]]
    merges: dict[int, tuple[int, int]]
    counts: dict[int, int]
    proofs: dict[int, str]
    alignments: dict[int, Alignment]
    bridges: list[int]
    dropped: int
    before: Fertility
    after: Fertility

    @property
    def reachability(self) -> float:
        """The share of new tokens with a proof; 1.0 when there are none."""
        return len(self.proofs) / len(self.new_ids) if self.new_ids else 1.0

    @property
    def unused(self) -> int:
        """How many new tokens the training text itself never uses: steps on the way to longer ones."""
        return sum(count == 0 for count in self.counts.values())

    def summary(self) -> dict[str, int | float]:
        """The numbers for a report, by name."""
        return {
            "new_tokens": len(self.new_ids),
            "reachability": self.reachability,
            "dropped": self.dropped,
            "bridges": len(self.bridges),
            "unused": self.unused,
            "characters_per_token_before": self.before.characters_per_token,
            "characters_per_token_after": self.after.characters_per_token,
            "bytes_per_token_before": self.before.bytes_per_token,
            "bytes_per_token_after": self.after.bytes_per_token,
            "tokens_per_word_before": self.before.tokens_per_word,
            "tokens_per_word_after": self.after.tokens_per_word,
        }


def extend_tokenizer(
    tokenizer: PreTrainedTokenizerFast,
    texts: Iterable[str],
    size: int,
    *,
    evaluation: Sequence[str] | None = None,
    min_count: int = LEAST_COUNT,
) -> Extension:
    """The tokenizer with at most `size` new tokens learned from `texts` (cards 01 step 2 and 46 steps 2-3).

    BPE training is continued from the base's merges, so old ids, old merges, special tokens, normaliser and
    pre-tokenizer are as before. The texts are read twice when no `evaluation` is given, so they are kept in memory.
    Raises InputError MT301-MT303 for a tokenizer that cannot be continued, MT304 without text, MT306 for a size below
    one; WorkError MT311 if anything old moved.
    """
    if size < 1:
        raise InputError(Problem("MT306", "is no size for an extension", key="vocabulary.size", value=str(size)))
    base = read_backend(tokenizer)
    texts = texts if evaluation is not None else list(texts)
    words = count_words(base, texts)
    if not words:
        raise InputError(Problem("MT304", "there is no text to learn new tokens from"))
    learned = _learn(base, words, size, max(1, min_count))
    extended = rebuild(base, learned.tokens, learned.merges)
    proofs = prove(extended, _new_ids(extended, learned), words, learned.seen_in)
    dropped = learned.idle({token for token in learned.tokens if extended.vocab[token] in proofs})
    if dropped:
        learned = learned.without(dropped)
        extended = rebuild(base, learned.tokens, learned.merges)
        proofs = prove(extended, _new_ids(extended, learned), words, learned.seen_in)
    check_unchanged(base, extended)
    longer = with_backend(tokenizer, extended)
    measured = texts if evaluation is None else evaluation
    new_ids = _new_ids(extended, learned)
    return Extension(
        tokenizer=longer,
        new_ids=new_ids,
        tokens=list(learned.tokens),
        pieces={index: tuple(base.pieces(token)) for index, token in zip(new_ids, learned.tokens, strict=True)},
        merges=_merges_by_id(extended, learned),
        counts=_uses(extended, new_ids, words),
        proofs=proofs,
        alignments=align_words(base, extended, new_ids, words),
        bridges=[index for index in new_ids if index not in proofs],
        dropped=len(dropped),
        before=fertility(tokenizer, measured),
        after=fertility(longer, measured),
    )


def _learn(base: Backend, words: Mapping[str, int], size: int, min_count: int) -> Learned:
    """New characters where the model needs them, then merges, together at most `size` tokens."""
    characters = new_characters(base, words, size, min_count)
    start = rebuild(base, characters, []) if characters else base
    learned = continue_bpe(start, words, size - len(characters), min_count)
    return Learned([*characters, *learned.tokens], learned.merges, learned.seen_in)


def _new_ids(extended: Backend, learned: Learned) -> list[int]:
    return [extended.vocab[token] for token in learned.tokens]


def _merges_by_id(extended: Backend, learned: Learned) -> dict[int, tuple[int, int]]:
    """New id -> the ids of the two tokens it was first merged from."""
    ids, found = extended.vocab, dict[int, tuple[int, int]]()
    new = set(learned.tokens)
    for left, right in learned.merges:
        if left + right in new:
            found.setdefault(ids[left + right], (ids[left], ids[right]))
    return found


def _uses(extended: Backend, new_ids: Sequence[int], words: Mapping[str, int]) -> dict[int, int]:
    """How often the training words use each new id."""
    uses: Counter[int] = Counter()
    for word, count in words.items():
        for index in extended.pieces(word):
            uses[index] += count
    return {index: uses[index] for index in new_ids}
