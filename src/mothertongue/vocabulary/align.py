"""Which old tokens stood where a new token stands now, counted over the words of a corpus (card 46, 'align')."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from mothertongue.vocabulary.backend import Backend

Alignment = dict[tuple[int, ...], int]


def align_words(
    base: Backend, extended: Backend, new_ids: Iterable[int], words: Mapping[str, int]
) -> dict[int, Alignment]:
    """For each new id, the tuples of old ids at its places in the words with how often; empty if it never occurs.

    An old token belongs to the tuple when it lies inside the new one or holds it; offsets are bytes of the word.
    """
    wanted = set(new_ids)
    found: dict[int, Counter[tuple[int, ...]]] = {index: Counter() for index in sorted(wanted)}
    for word, count in words.items():
        tokens = extended.live.model.tokenize(word)
        if wanted.isdisjoint(token.id for token in tokens):
            continue
        old = [(token.id, *token.offsets) for token in base.live.model.tokenize(word)]
        for token in tokens:
            if token.id in wanted:
                start, end = token.offsets
                pieces = tuple(
                    index
                    for index, begin, stop in old
                    if (start <= begin and stop <= end) or (begin <= start and end <= stop)
                )
                if pieces:
                    found[token.id][pieces] += count
    return {index: dict(sorted(counts.items())) for index, counts in found.items()}
