"""Turns short measured trials into a choice between training methods, with both sides kept for the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

GROWTH: Mapping[str, float] = {"full": 0.45, "lora": 0.30}
"""How the gain of a method grows with the tokens seen: gain ~ tokens ** growth, between 4,000 and 72,000 tokens of two
Dutch corpora at 135 million parameters (docs/log.md). The adapter starts faster and flattens earlier."""


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

    def projected_gain(self, tokens: float, growth: float) -> float:
        """`gain` carried on to `tokens` as a power of the tokens: a short trial alone favours what starts fast."""
        times: float = max(tokens / self.tokens, 1.0) ** growth
        return self.gain * times

    @property
    def loss(self) -> float:
        """Relative rise of bits per byte in the old language; positive is forgotten."""
        return self.retention_after / self.retention_before - 1

    def values(self) -> dict[str, Any]:
        """The measured values and those derived from them, for the report."""
        derived = {
            "gain_percent": 100 * self.gain,
            "forgotten_percent": 100 * self.loss,
            "tokens_per_second": self.tokens_per_second,
        }
        return {key: value for key, value in asdict(self).items() if key != "name"} | derived


def decide_method(trials: Sequence[Trial], horizon: Callable[[Trial], float], max_loss: float) -> tuple[str, str]:
    """The method to train with and one sentence why.

    `horizon` gives the tokens that a method would see in the whole training. Among the methods that forget no more
    than `max_loss` (relative rise of bits per byte) in the trial, the one with the largest projected gain wins; when
    all forget more, the one that forgets least does.
    """
    kept = [trial for trial in trials if trial.loss <= max_loss]
    if not kept:
        best = min(trials, key=lambda trial: trial.loss)
        reason = f"every method forgot more than {100 * max_loss:.1f} % in the trial; {best.name} forgot least"
        return best.name, f"{reason} ({100 * best.loss:.1f} %)"
    best = max(kept, key=lambda trial: trial.projected_gain(horizon(trial), GROWTH[trial.name]))
    told = ", ".join(f"{trial.name} {_projection(trial, horizon(trial))}" for trial in trials)
    return best.name, f"carried on from the trial to the whole training: {told}"


def _projection(trial: Trial, tokens: float) -> str:
    return f"{-100 * trial.projected_gain(tokens, GROWTH[trial.name]):+.1f} % of bits per byte in {tokens:,.0f} tokens"
