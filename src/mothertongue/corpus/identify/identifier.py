"""What an identifier is: a ranking of languages for a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Ranking = list[tuple[str, float]]
"""Language tags with probabilities, most probable first."""

NO_LANGUAGE = "zxx"
"""The label of a text without words (ISO 639: no linguistic content)."""
UNKNOWN = "und"
"""The label of a text in none of the languages of an identifier (ISO 639: undetermined)."""


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
