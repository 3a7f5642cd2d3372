"""The identifier inside the package py3langid: 138 languages, model in the wheel, nothing is fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mothertongue.corpus.identify.identifier import NO_LANGUAGE, Ranking

LEAST: Final = 1e-4


@dataclass(frozen=True)
class Py3LangId:
    """The identifier inside the package py3langid (model in the wheel, nothing is fetched)."""

    @property
    def labels(self) -> frozenset[str]:
        """The ISO 639 codes that the model knows."""
        return frozenset(model().labels) - {NO_LANGUAGE}

    @property
    def settings(self) -> Mapping[str, Any]:
        """The version of the package, which holds the model."""
        return {"identifier": "py3langid", "version": model_version()}

    def identify(self, texts: Sequence[str]) -> list[Ranking]:
        """Return the likeliest labels of each text with the probabilities that `rank` of the package gives.

        Labels below a probability of 0.0001 are left out.
        """
        if not texts:
            return []
        probabilities = self.probabilities(texts)
        order = np.argsort(-probabilities, axis=1, kind="stable")
        values = np.take_along_axis(probabilities, order, axis=1)
        counts = np.maximum((values >= LEAST).sum(1), 1)
        names = model().nb_classes
        return [
            [(names[label], share) for label, share in zip(ids[:count], shares[:count], strict=True)]
            if text.strip()
            else [(NO_LANGUAGE, 1.0)]
            for text, ids, shares, count in zip(texts, order.tolist(), values.tolist(), counts.tolist(), strict=True)
        ]

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return [texts, columns of the model] probabilities; a label with two columns has all of it in the first."""
        from mothertongue.corpus.identify.space import Bags, bags, encode, py3langid_seed

        source, seed = model(), py3langid_seed()
        found = bags(texts, seed.automaton)
        # Characters that the package does not know are no features of its own.
        weights = np.where(found.features < seed.automaton.features, found.weights, np.float32(0))
        scores = Bags(found.features, weights, found.starts).scores(seed.table).astype(np.float64)
        known = np.add.reduceat(np.append(weights, np.float32(0)), found.starts[:-1]) * (np.diff(found.starts) > 0) > 0
        scores[known] += source.nb_pc
        scores[~known] = 0.0
        scores /= np.sqrt(np.maximum(np.diff(encode(texts)[1]), 1))[:, None]
        probabilities: NDArray[np.float64] = np.exp(scores - scores.max(axis=1, keepdims=True))
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        for first, second in source._alias_pairs:
            probabilities[:, first] += probabilities[:, second]
            probabilities[:, second] = 0.0
        return probabilities


@lru_cache(maxsize=1)
def model() -> Any:
    """Return the model of the installed package."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def model_version() -> str:
    """Return the version of the installed package, which is that of its model."""
    return version("py3langid")
