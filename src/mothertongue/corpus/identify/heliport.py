"""The identifier inside the package heliport (220 languages, HeLI method): GPL-3.0, so an extra, never bundled."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from mothertongue.corpus.identify.identifier import LEAST, MOST, NO_LANGUAGE, UNKNOWN, Ranking
from mothertongue.corpus.identify.missing import missing_extra
from mothertongue.corpus.identify.tags import bcp47
from mothertongue.errors import InputError

FAMILY = "heliport"
_HALF = 0.5


@dataclass(frozen=True)
class Heliport:
    """Ranks the labels of heliport.

    Its scores are costs per word in powers of ten; they become odds that grow with the square root of the number of
    words, as neighbouring words are not independent. Where heliport itself is below its threshold of confidence, half
    of the probability goes to `und`.
    """

    def __post_init__(self) -> None:
        _model()

    @property
    def labels(self) -> frozenset[str]:
        """The tags that the model can give."""
        return frozenset(bcp47(label, FAMILY) for label in _model().get_confidence_all()) - {NO_LANGUAGE}

    @property
    def settings(self) -> Mapping[str, Any]:
        """The version of the package, which holds the model."""
        try:
            found = version("heliport")
        except PackageNotFoundError:
            found = "unknown"
        return {"identifier": FAMILY, "version": found}

    def identify(self, texts: Sequence[str]) -> list[Ranking]:
        """Return up to eight tags of each text, best first."""
        return [_ranking(_model(), text) for text in texts]


def _ranking(model: Any, text: str) -> Ranking:
    if not any(map(str.isalpha, text)):
        return [(NO_LANGUAGE, 1.0)]
    plain = text.encode("utf-8", "replace").decode()
    costs = [(bcp47(label, FAMILY), float(cost)) for label, cost in model.identify_topk_with_score(plain, MOST)]
    sure = model.identify(plain) != UNKNOWN
    power = math.sqrt(len(plain.split()))
    least = min(cost for _, cost in costs)
    odds: dict[str, float] = {}
    for tag, cost in costs:
        odds[tag] = odds.get(tag, 0.0) + 10 ** (-(cost - least) * power)
    part = (1.0 if sure else _HALF) / sum(odds.values())
    ranking = [(tag, odd * part) for tag, odd in odds.items()] + ([] if sure else [(UNKNOWN, _HALF)])
    ranking.sort(key=lambda pair: (-pair[1], pair[0] != UNKNOWN, pair[0]))
    return [pair for place, pair in enumerate(ranking) if pair[1] >= LEAST or place == 0]


@lru_cache(maxsize=1)
def _model() -> Any:
    try:
        import heliport
    except ImportError as error:
        raise InputError(missing_extra("heliport", FAMILY)) from error
    return heliport.Identifier()
