"""Turns short measured trials into a choice between training methods, with both sides kept for the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Trial:
    """What a short training run from the starting model measured on decision texts (never on the reported ones)."""

    name: str
    target_before: float
    """Bits per byte in the new language before the trial."""
    target_after: float
    retention_before: float
    """Bits per byte in the old language before the trial."""
    retention_after: float
    tokens: int
    seconds: float

    @property
    def tokens_per_second(self) -> float:
        """Training speed."""
        return self.tokens / max(self.seconds, 1e-9)

    @property
    def gain(self) -> float:
        """Relative fall of bits per byte in the new language; positive is learned."""
        return 1 - self.target_after / self.target_before

    @property
    def gain_per_minute(self) -> float:
        """`gain` for each minute of training: what a fixed budget buys."""
        return self.gain / max(self.seconds, 1e-9) * 60

    @property
    def loss(self) -> float:
        """Relative rise of bits per byte in the old language; positive is forgotten."""
        return self.retention_after / self.retention_before - 1

    def values(self) -> dict[str, Any]:
        """The measured values and those derived from them, for the report."""
        derived = {
            "gain_percent": 100 * self.gain,
            "gain_percent_per_minute": 100 * self.gain_per_minute,
            "forgotten_percent": 100 * self.loss,
            "tokens_per_second": self.tokens_per_second,
        }
        return {key: value for key, value in asdict(self).items() if key != "name"} | derived


def decide_method(trials: Sequence[Trial], max_loss: float) -> tuple[str, str]:
    """The method to train with and one sentence why.

    The method that learns most per minute wins among those that forget no more than `max_loss` (relative rise of bits
    per byte) in the trial; when all forget more, the one that forgets least does.
    """
    kept = [trial for trial in trials if trial.loss <= max_loss]
    if not kept:
        best = min(trials, key=lambda trial: trial.loss)
        return (
            best.name,
            f"every method forgot more than {100 * max_loss:.1f} %; {best.name} forgot least ({100 * best.loss:.1f} %)",
        )
    best = max(kept, key=lambda trial: trial.gain_per_minute)
    others = ", ".join(f"{t.name} {100 * t.gain_per_minute:.1f}" for t in trials if t is not best)
    reason = f"{best.name} learned {100 * best.gain_per_minute:.1f} % of bits per byte a minute in the trial"
    return best.name, reason + (f" ({others})" if others else "")
