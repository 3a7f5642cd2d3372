"""The words of taught lines: beside n-grams, what tells apart the languages that have lines of their own.

Languages that look alike differ in their small words, and the n-grams of the seed were not chosen for a language that
it has never met. A word counts for a language by how much more probable it is there than on average over the taught
languages; nothing is known of the words of others, so those are compared by n-grams alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mothertongue.corpus.identify.space import Bags, Floats, bags_of

_UNSEEN: Final = 0.1
"""What a word counts for that a language does not have in its lines, in occurrences."""
_BITS: Final = 0x7FFF_FFFF


def word_bags(texts: Sequence[str]) -> Bags:
    """Return the words of texts, each by 31 bits of its hash."""
    # Compiled code; whoever only asks what identifiers exist does not wait for it.
    from mothertongue.corpus.token_hashes import token_hashes

    return bags_of([(token_hashes(text) & np.uint64(_BITS)).astype(np.int32) for text in texts])


@dataclass(frozen=True, eq=False)
class Words:
    """By how much each known word speaks for each of the taught languages."""

    labels: tuple[str, ...]
    """The taught languages, sorted."""
    features: NDArray[np.int32]
    """Their words, sorted."""
    table: Floats
    """[words, labels] log of the probability of a word against its average over the labels."""

    @staticmethod
    def learn(lines: Mapping[str, Bags]) -> Words:
        """Return what the words of the lines of each language say; of one language alone they say nothing."""
        labels = tuple(sorted(lines))
        if len(labels) == 1:
            return Words(labels, np.empty(0, np.int32), np.empty((0, 1), np.float32))
        features = np.unique(np.concatenate([np.empty(0, np.int32), *(lines[label].features for label in labels)]))
        counts = np.full((len(features), len(labels)), _UNSEEN)
        for place, label in enumerate(labels):
            found = np.searchsorted(features, lines[label].features)
            counts[:, place] += np.bincount(found, weights=lines[label].weights, minlength=len(features))
        shares: NDArray[Any] = counts / counts.sum(0)
        against = np.log(shares / shares.mean(1, keepdims=True))
        return Words(labels, features, against.astype(np.float16).astype(np.float32))

    def added(self, scores: Any, mass: Any, names: Sequence[str], found: Bags) -> NDArray[np.float64]:
        """Return [texts, names] scores of n-grams, of the given mass, with the evidence of the words of the texts."""
        both: NDArray[np.float64] = scores.astype(np.float64)
        columns = [names.index(label) for label in self.labels]
        both[:, columns] += np.sqrt(mass)[:, None] * self.evidence(found)
        return both

    def evidence(self, found: Bags) -> Floats:
        """Return [texts, labels]: what the words of each text add to its score, per root of its number of words."""
        from mothertongue.corpus.identify.kernels import bag_scores

        if not len(self.features):
            return np.zeros((len(found), len(self.labels)), np.float32)
        places = np.minimum(np.searchsorted(self.features, found.features), len(self.features) - 1).astype(np.int32)
        known = self.features[places] == found.features
        starts = np.concatenate([[0], np.cumsum(known)])[found.starts]
        scores: Floats = bag_scores(places[known], found.weights[known], starts, self.table)
        return np.asarray(scores / np.sqrt(found.mass)[:, None], np.float32)
