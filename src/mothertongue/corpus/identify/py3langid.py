"""The identifier inside the package py3langid: 138 languages, model in the wheel, nothing is fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mothertongue.corpus.identify.identifier import NO_LANGUAGE, Ranking, rankings

if TYPE_CHECKING:
    from mothertongue.corpus.identify.space import Seed


@dataclass(frozen=True)
class Py3LangId:
    """The identifier inside the package py3langid (model in the wheel, nothing is fetched)."""

    @property
    def labels(self) -> frozenset[str]:
        """The ISO 639 codes that the model knows."""
        return parts().seed.labels

    @property
    def settings(self) -> Mapping[str, Any]:
        """The version of the package, which holds the model."""
        return {"identifier": "py3langid", "version": model_version()}

    def identify(self, texts: Sequence[str]) -> list[Ranking]:
        """Return up to eight labels of each text with the probabilities that `rank` of the package gives.

        Labels below a probability of 0.001 are left out.
        """
        if not texts:
            return []
        found = rankings(self.probabilities(texts), parts().seed.tags)
        return [own if text.strip() else [(NO_LANGUAGE, 1.0)] for text, own in zip(texts, found, strict=True)]

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return [texts, columns of the model] probabilities; a label with two columns has all of it in the first."""
        from mothertongue.corpus.identify.space import Bags, bags, encode

        seed = parts().seed
        found = bags(texts, seed.automaton)
        # Characters that the package does not know are no features of its own.
        weights = np.where(found.features < seed.automaton.features, found.weights, np.float32(0))
        scores = Bags(found.features, weights, found.starts).scores(seed.table).astype(np.float64)
        known = np.add.reduceat(np.append(weights, np.float32(0)), found.starts[:-1]) * (np.diff(found.starts) > 0) > 0
        scores[known] += parts().prior
        scores[~known] = 0.0
        scores /= np.sqrt(np.maximum(np.diff(encode(texts)[1]), 1))[:, None]
        probabilities: NDArray[np.float64] = np.exp(scores - scores.max(axis=1, keepdims=True))
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        for first, second in parts().aliases:
            probabilities[:, first] += probabilities[:, second]
            probabilities[:, second] = 0.0
        return probabilities


@dataclass(frozen=True, eq=False)
class Parts:
    """What identification needs of the model; the rest of it, most of its memory, is let go."""

    seed: Seed
    prior: NDArray[np.float32]
    """Log-probability of each column."""
    aliases: tuple[tuple[int, int], ...]
    """Columns of one label: the first, and another one."""


@lru_cache(maxsize=1)
def parts() -> Parts:
    """Return the parts of the installed model, read once."""
    from mothertongue.corpus.identify.space import seed_of

    source = model()
    return Parts(seed_of(source, f"py3langid {model_version()}"), source.nb_pc, tuple(source._alias_pairs))


def model() -> Any:
    """Return the model of the installed package, read anew."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def model_version() -> str:
    """Return the version of the installed package, which is that of its model."""
    return version("py3langid")
