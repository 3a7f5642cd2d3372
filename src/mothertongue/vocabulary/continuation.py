"""BPE training continued from a base's merges: the most frequent adjacent pair is merged, again and again.

The state of every word is kept equal to what the tokenizer itself would produce with the merges learned so far, so a
pair that is counted here is a pair that occurs there, and its merge can be reached. Pair counts are kept up to date
with each merge and a heap with stale entries finds the next one.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from itertools import pairwise

from mothertongue.vocabulary.backend import Backend

LONGEST_TOKEN = 64  # symbols; longer ones are boilerplate, not words

Pair = tuple[int, int]


@dataclass
class Learned:
    """What a continuation learned: new token strings in order, all new merges, and a word each token was seen in."""

    tokens: list[str] = field(default_factory=list)
    merges: list[tuple[str, str]] = field(default_factory=list)
    seen_in: dict[str, str] = field(default_factory=dict)

    def idle(self, reached: Set[str]) -> set[str]:
        """New tokens that are not in `reached` and that no merge of another kept token needs."""
        users: dict[str, set[str]] = defaultdict(set)
        for left, right in self.merges:
            users[left].add(left + right)
            users[right].add(left + right)
        idle: set[str] = set()
        for token in reversed(self.tokens):  # parts are learned before what is made of them
            if token not in reached and users[token] <= idle:
                idle.add(token)
        return idle

    def without(self, dropped: Set[str]) -> Learned:
        """The same less some tokens and the merges that make them."""
        return Learned(
            [token for token in self.tokens if token not in dropped],
            [(left, right) for left, right in self.merges if left + right not in dropped],
            self.seen_in,
        )


def new_characters(base: Backend, words: Mapping[str, int], most: int, min_count: int) -> list[str]:
    """Characters that a model without byte symbols cannot spell, most frequent first, at most `most` of them.

    They become tokens without a merge: a BPE starts from the characters it knows. Byte-level models know all bytes.
    """
    if base.byte_level:
        return []
    counts: dict[str, int] = defaultdict(int)
    for word, count in words.items():
        for character in word:
            if character not in base.vocab:
                counts[character] += count
    frequent = [(-count, character) for character, count in counts.items() if count >= min_count]
    return [character for _, character in sorted(frequent)[:most]]


def continue_bpe(base: Backend, words: Mapping[str, int], size: int, min_count: int) -> Learned:
    """At most `size` new tokens, and the merges that make them, from the counted words (card 46, steps 2-3).

    Ties go to the pair with the smaller ids. A merge is refused when it would spell an added token, an old token that
    the base itself never produces (its row is untrained), the end of one character with the start of the next (unless
    the base already joined them), a digit where the base keeps digits alone, or more than LONGEST_TOKEN symbols.
    """
    learner = _Learner(base, words)
    while len(learner.learned.tokens) < size and learner.step(min_count):
        pass
    return learner.learned


def ragged(raw: bytes) -> bool:
    """Whether the bytes hold a border between characters and yet begin or end inside one; such tokens mean nothing."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        leads = sum(byte not in range(0x80, 0xC0) for byte in raw)
        return leads > 1 or (leads == 1 and (raw[0] in range(0x80, 0xC0) or raw[0] < 0x80))
    return False


class _Learner:
    """Words as ids, their pair counts, and the heap of candidates."""

    def __init__(self, base: Backend, words: Mapping[str, int]) -> None:
        self.base = base
        self.learned = Learned()
        self.ids = dict(base.vocab)
        self.spelled = {index: token for token, index in self.ids.items()}
        self.next_id = base.next_id
        self.product = {(self.ids[a], self.ids[b]): self.ids[a + b] for a, b in base.merges}
        self.rank = {pair: rank for rank, pair in enumerate(self.product)}
        self.words = list(words)
        self.position = {word: index for index, word in enumerate(self.words)} if base.ignore_merges else {}
        self.frequency = list(words.values())
        self.symbols = [base.pieces(word) for word in self.words]
        self.count: dict[Pair, int] = defaultdict(int)
        self.where: dict[Pair, set[int]] = defaultdict(set)
        for index, symbols in enumerate(self.symbols):
            for pair in pairwise(symbols):
                self.count[pair] += self.frequency[index]
                self.where[pair].add(index)
        self.heap = [(-count, pair) for pair, count in self.count.items()]
        heapq.heapify(self.heap)
        self.refused: set[Pair] = set()

    def step(self, min_count: int) -> bool:
        """Merges the most frequent pair that is allowed; False when none is left with `min_count` occurrences."""
        while self.heap:
            negative, pair = heapq.heappop(self.heap)
            if -negative < min_count:
                return False
            if pair in self.refused or self.count.get(pair) != -negative:
                continue  # refused before, or a stale count: the current one has its own entry
            if not self._allowed(pair):
                self.refused.add(pair)
                continue
            self._merge(pair)
            return True
        return False

    def _allowed(self, pair: Pair) -> bool:
        base, token = self.base, self.spelled[pair[0]] + self.spelled[pair[1]]
        if pair[0] in base.unmergeable or pair[1] in base.unmergeable or len(token) > LONGEST_TOKEN:
            return False
        if token in base.vocab:
            return token not in base.added and base.pieces(token) == [base.vocab[token]]
        if ragged(base.token_bytes(token)) and not any(ragged(base.token_bytes(self.spelled[part])) for part in pair):
            return False
        return not (base.digits_alone and any(character.isnumeric() for character in base.spelling(token)))

    def _merge(self, pair: Pair) -> None:
        left, right = self.spelled[pair[0]], self.spelled[pair[1]]
        token = left + right
        touched = {index for index in self.where.pop(pair) if _holds(self.symbols[index], pair)}
        if token not in self.ids:
            self.ids[token], self.spelled[self.next_id] = self.next_id, token
            self.next_id += 1
            self.learned.tokens.append(token)
            self.learned.seen_in[token] = self.words[min(touched)]
            if token in self.position:
                touched.add(self.position[token])
        self.learned.merges.append((left, right))
        self.product[pair] = self.ids[token]
        self.rank[pair] = len(self.rank)
        self._update(touched)

    def _update(self, touched: Iterable[int]) -> None:
        """Brings the touched words to their new state and the counts and the heap with them."""
        change: dict[Pair, int] = defaultdict(int)
        for index in touched:
            symbols, frequency = self.symbols[index], self.frequency[index]
            for old in pairwise(symbols):
                change[old] -= frequency
            if self.base.ignore_merges and self.words[index] in self.ids:
                symbols[:] = [self.ids[self.words[index]]]
            else:
                self._settle(symbols)
            for new in pairwise(symbols):
                change[new] += frequency
                self.where[new].add(index)
        for pair, difference in change.items():
            if difference:
                self.count[pair] += difference
                if self.count[pair] > 0:
                    heapq.heappush(self.heap, (-self.count[pair], pair))
                else:
                    del self.count[pair]

    def _settle(self, symbols: list[int]) -> None:
        """Applies merges as the tokenizer does: lowest rank first, leftmost first, until none applies."""
        rank = self.rank
        while True:
            best, place = -1, -1
            for position in range(len(symbols) - 1):
                found = rank.get((symbols[position], symbols[position + 1]), -1)
                if found >= 0 and (place < 0 or found < best):
                    best, place = found, position
            if place < 0:
                return
            symbols[place : place + 2] = [self.product[symbols[place], symbols[place + 1]]]


def _holds(symbols: list[int], pair: Pair) -> bool:
    """Whether the pair is still adjacent in the word; entries of `where` are not removed when it goes."""
    return pair in pairwise(symbols)
