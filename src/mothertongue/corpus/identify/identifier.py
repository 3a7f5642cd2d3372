"""What an identifier is: a ranking of languages for a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

Ranking = list[tuple[str, float]]
"""Language tags with probabilities, most probable first."""

NO_LANGUAGE = "zxx"
"""The label of a text without words (ISO 639: no linguistic content)."""
UNKNOWN = "und"
"""The label of a text in none of the languages of an identifier (ISO 639: undetermined)."""
LEAST: Final = 0.001
"""Labels below this probability are not listed, but for the first."""
MOST: Final = 8
"""Labels in a ranking."""


class Identifier(Protocol):
    """Ranks languages for texts. Implementations are picklable and give the same answer in every process."""

    @property
    def labels(self) -> frozenset[str]:
        """The tags that the identifier can give."""

    def identify(self, texts: Sequence[str]) -> list[Ranking]:
        """Return one ranking per text; an empty or wordless text ranks nothing above 0.5."""


class Described(Identifier, Protocol):
    """An identifier that can say what decides its answers."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Name, version and content hash of its model, as JSON types: equal settings give equal rankings."""


def rankings(probabilities: NDArray[np.float64], names: Sequence[str]) -> list[Ranking]:
    """Return the ranking of each row of probabilities; of equal ones the label named first comes first."""
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :MOST]
    values = np.take_along_axis(probabilities, order, axis=1)
    listed = np.maximum((values >= LEAST).sum(1), 1)
    return [
        [(names[label], share) for label, share in zip(ids[:count], shares[:count], strict=True)]
        for ids, shares, count in zip(order.tolist(), values.tolist(), listed.tolist(), strict=True)
    ]
