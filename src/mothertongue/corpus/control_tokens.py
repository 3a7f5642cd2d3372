"""Special tokens of a model that occur as plain text in documents: they stay text, and are counted."""

from __future__ import annotations

from collections.abc import Iterable

import regex


def find_control_tokens(text: str, tokens: Iterable[str]) -> dict[str, int]:
    """Return how often each of `tokens` occurs in `text`; the longest token wins where two begin at one place."""
    wanted = sorted({token for token in tokens if token}, key=lambda token: (-len(token), token))
    counts: dict[str, int] = {}
    if not any(token in text for token in wanted):
        return counts
    for match in regex.finditer("|".join(regex.escape(token) for token in wanted), text):
        counts[match.group()] = counts.get(match.group(), 0) + 1
    return dict(sorted(counts.items()))
