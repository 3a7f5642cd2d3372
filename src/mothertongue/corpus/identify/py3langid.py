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
        return frozenset(_model().labels) - {NO_LANGUAGE}

    @property
    def settings(self) -> Mapping[str, Any]:
        """The version of the package, which holds the model."""
        return {"identifier": "py3langid", "version": version("py3langid")}

    def identify(self, texts: Sequence[str]) -> list[Ranking]:
        """Return the labels of each text with probabilities that sum to 1."""
        model = _model()
        return [model.rank(text) if text.strip() else [(NO_LANGUAGE, 1.0)] for text in texts]


@lru_cache(maxsize=1)
def _model() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
