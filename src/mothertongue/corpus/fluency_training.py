"""Training of a fluency model: interpolated Kneser-Ney smoothing over characters.

Clean texts enter, a `FluencyModel` leaves. Source: Kneser and Ney 1995, in the notation of Chen and Goodman 1999.
Shorter sequences count the different characters that stand before them, the longest count how often they occur;
discounts are estimated from how many sequences occur once and twice. Memory is bounded: of each length at most two
million sequences are held, the rarest of more are forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mothertongue.corpus.fluency import PRIME, START, Bits, FluencyModel, Keys, simplified
from mothertongue.corpus.kernels.characters import code_points
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.errors import InputError, Problem

LEAST_CHARACTERS: Final = 2_000
BLOCK_CHARACTERS: Final = 2_000_000
MOST_HELD: Final = 2_000_000
MOST_KEPT: Final = 1_000_000
"""Sequences of three and more characters in a model; of more, the rarest go."""
ORDERS: Final = {"spaces": 6, "characters": 4}
"""Longest sequence, by the segmentation of the profile: a character of a script without spaces says more."""

Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class _Grams:
    """Different sequences of one length by rising key: how often, the keys without last and without first character.

    `first` marks those that open a text: nothing can stand before them.
    """

    keys: Keys
    counts: Counts
    contexts: Keys
    endings: Keys
    first: Flags

    def where(self, chosen: Flags) -> _Grams:
        return _Grams(*(column[chosen] for column in self.columns()))

    def columns(self) -> tuple[NDArray[Any], ...]:
        return self.keys, self.counts, self.contexts, self.endings, self.first


def train_fluency(texts: Iterable[str], profile: LanguageProfile, order: int | None = None) -> FluencyModel:
    """Return a model of the language of `texts`, with sequences of up to `order` characters.

    Without `order` it is 6, or 4 where writers put no spaces. Raises InputError MT277 for texts that hold fewer than
    2,000 characters together.
    """
    longest = order or ORDERS[profile.segmentation]
    held: list[_Grams | None] = [None] * longest
    characters = 0
    for block in _blocks(texts):
        characters += len(block)
        held = [_joined(old, new) for old, new in zip(held, _count(block, longest), strict=True)]
    if characters < LEAST_CHARACTERS:
        raise InputError(
            Problem(
                "MT277",
                "has too little text",
                key="fluency",
                value=f"{characters:,} characters",
                allowed=f"at least {LEAST_CHARACTERS:,}",
                do="give more clean text",
            )
        )
    return _smoothed(_closed([grams for grams in held if grams is not None]), profile.language)


def _blocks(texts: Iterable[str]) -> Iterator[str]:
    """Yield simplified texts, each behind a start sign, joined to blocks of about two million characters."""
    parts: list[str] = []
    size = 0
    for text in texts:
        for place in range(0, len(text), BLOCK_CHARACTERS):
            if part := simplified(text[place : place + BLOCK_CHARACTERS]):
                parts.append(START + part)
                size += len(part)
            if size >= BLOCK_CHARACTERS:
                yield "".join(parts)
                parts, size = [], 0
    if parts:
        yield "".join(parts)


def _count(block: str, longest: int) -> list[_Grams]:
    """Return the sequences of each length up to `longest` that end in a character of the block, not across texts."""
    points = code_points(block).astype(np.uint64) + np.uint64(1)
    places = np.arange(len(points))
    starts = points == np.uint64(ord(START) + 1)
    since = places - np.maximum.accumulate(np.where(starts, places, 0))
    grams = []
    keys, shorter = points, np.zeros(len(points), np.uint64)
    for length in range(1, longest + 1):
        if length > 1:
            shorter = keys
            keys = np.concatenate((np.zeros(1, np.uint64), keys[:-1])) * np.uint64(PRIME) + points
        valid = np.flatnonzero(~starts & (since >= length - 1))
        contexts = shorter[valid - 1] if length > 1 else np.zeros(len(valid), np.uint64)
        found, chosen, counts = np.unique(keys[valid], return_index=True, return_counts=True)
        first = since[valid][chosen] == length - 1 if length > 1 else np.zeros(len(chosen), bool)
        grams.append(_Grams(found, counts.astype(np.int64), contexts[chosen], shorter[valid][chosen], first))
    return grams


def _joined(old: _Grams | None, new: _Grams) -> _Grams:
    """Return both sets of sequences as one, without the rarest where they are too many."""
    if old is None:
        return new
    keys, counts, *others = (np.concatenate(pair) for pair in zip(old.columns(), new.columns(), strict=True))
    found, chosen, inverse = np.unique(keys, return_index=True, return_inverse=True)
    sums = np.zeros(len(found), np.int64)
    np.add.at(sums, inverse, counts)
    grams = _Grams(found, sums, *(column[chosen] for column in others))
    rarest = 1
    while len(grams.keys) > MOST_HELD:
        grams = grams.where(grams.counts > rarest)
        rarest += 1
    return grams


def _closed(held: list[_Grams]) -> list[_Grams]:
    """Return sequences of which also the endings are held: what was forgotten takes the longer ones with it."""
    closed = held[:1]
    for grams in held[1:]:
        closed.append(grams.where(np.isin(grams.endings, closed[-1].keys)))
    return closed


def _smoothed(held: list[_Grams], language: str) -> FluencyModel:
    """Return the model of counted sequences."""
    least = _least(held)
    keys, probabilities, contexts, weights = [], [], [], []
    lower, unknown = np.empty(0), 0.0
    for length, grams in enumerate(held, 1):
        counts = _adjusted(grams, held[length] if length < len(held) else None)
        kept = grams.counts >= (least if length > 2 else 1)
        own, passed, places = _discounted(counts, grams.contexts, kept)
        if length == 1:
            unknown = float(passed[0]) / (len(counts) + 1)
            values = own + unknown
        else:
            values = own + passed[places] * lower[np.searchsorted(held[length - 2].keys, grams.endings)]
            groups = np.unique(grams.contexts)
            useful = np.zeros(len(groups), bool)
            useful[places[kept]] = True
            contexts.append(groups[useful])
            weights.append(np.log2(passed[useful]))
        keys.append(grams.keys[kept])
        probabilities.append(np.log2(values[kept]))
        lower = values
    return FluencyModel(
        language,
        len(held),
        float(np.log2(unknown)),
        np.concatenate(keys),
        np.concatenate(probabilities).astype(np.float32),
        np.concatenate(contexts),
        np.concatenate(weights).astype(np.float32),
    )


def _least(held: list[_Grams]) -> int:
    """Return the count from which at most a million sequences of three and more characters are kept."""
    least = 1
    while sum(int((grams.counts >= least).sum()) for grams in held[2:]) > MOST_KEPT:
        least += 1
    return least


def _adjusted(grams: _Grams, longer: _Grams | None) -> Counts:
    """Return how many different characters stand before each sequence; how often it occurs where none can."""
    if longer is None:
        return grams.counts
    places = np.searchsorted(grams.keys, longer.endings)
    counts = np.bincount(places, minlength=len(grams.keys)).astype(np.int64)
    return np.where(grams.first | (counts == 0), grams.counts, counts)


def _discounted(counts: Counts, contexts: Keys, kept: Flags) -> tuple[Bits, Bits, NDArray[np.int64]]:
    """Return the own probability of each sequence, the weight that each context passes on, and contexts by sequence.

    A sequence that is not kept has no probability of its own; its share is passed on, so that all sums stay one.
    """
    once, twice = (int((counts == number).sum()) for number in (1, 2))
    discount = once / (once + 2 * twice) if once and twice else 0.5
    _, groups = np.unique(contexts, return_inverse=True)
    places = groups.astype(np.int64)
    totals = np.bincount(places, weights=counts)
    own: Bits = np.where(kept, (counts - discount) / totals[places], 0.0)
    passed: Bits = np.bincount(places, weights=own).astype(np.float64)
    return own, 1 - passed, places
