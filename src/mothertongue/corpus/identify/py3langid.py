"""The identifier inside the package py3langid: 138 languages, model in the wheel, nothing is fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from mothertongue.corpus.identify.identifier import NO_LANGUAGE, Ranking


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
        """Return the labels of each text with probabilities that sum to 1."""
        source = model()
        return [source.rank(text) if text.strip() else [(NO_LANGUAGE, 1.0)] for text in texts]


@lru_cache(maxsize=1)
def model() -> Any:
    """Return the model of the installed package."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def model_version() -> str:
    """Return the version of the installed package, which is that of its model."""
    return version("py3langid")
