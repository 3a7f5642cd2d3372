"""Turns measurements into decisions: keep or extend the vocabulary, and how its new rows start.

Both sides of every decision are kept with their numbers, so that a reader can disagree.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Arm:
    """One side of the choice after a short trial.

    Bits per byte on the same held-out target documents at the start and after the trial; bytes of target text per
    token; seconds the trial ran; tokens per word of the target language divided by those of the base language under
    this tokenizer (None when unknown).
    """

    bits_per_byte_start: float
    bits_per_byte_trial: float
    bytes_per_token: float
    seconds: float
    fertility_ratio: float | None = None


@dataclass(frozen=True)
class VocabularyPolicy:
    """The thresholds of the decision (card 50, step 8; the numbers are advice, not measurements).

    `extreme_fertility`: above it, shorter texts are worth a small loss; `small_loss`: how large, as a share of the
    kept arm's bits per byte; `time_slack`: how much longer one trial may run than the other and still be called equal.
    """

    extreme_fertility: float = 3.0
    small_loss: float = 0.02
    time_slack: float = 0.10


@dataclass(frozen=True)
class Decision:
    """What was chosen and why, in one sentence, with the numbers of every arm."""

    name: str
    chosen: str
    reason: str
    arms: list[dict[str, Any]]


def decide_vocabulary(keep: Arm, extend: Arm, policy: VocabularyPolicy | None = None) -> Decision:
    """Keep or extend, from two trials of equal time.

    Extend only when its bits per byte are not worse after the trial, or when the base cuts the target language more
    than `extreme_fertility` times finer than its own and the loss is small. A trial that diverged or ran longer than
    the other never wins for extending.
    """
    policy = policy or VocabularyPolicy()
    numbers = (
        f"{extend.bits_per_byte_trial:.3f} bits per byte extended against {keep.bits_per_byte_trial:.3f} kept,"
        f" after {extend.seconds:.0f} s and"
        f" {keep.seconds:.0f} s of training,"
        f" {extend.bytes_per_token:.2f} against {keep.bytes_per_token:.2f} bytes per token"
    )
    arms = [{"name": "keep", "values": _values(keep)}, {"name": "extend", "values": _values(extend)}]
    chosen, because = _vocabulary(keep, extend, policy)
    return Decision("vocabulary", chosen, f"{because}: {numbers}.", arms)


def _vocabulary(keep: Arm, extend: Arm, policy: VocabularyPolicy) -> tuple[str, str]:
    """The choice and the clause that explains it."""
    if not math.isfinite(extend.bits_per_byte_trial):
        return "keep", "The trial with the extended vocabulary diverged"
    if extend.seconds > keep.seconds * (1 + policy.time_slack):
        return "keep", "The extended trial ran longer, so the two cannot be compared and the vocabulary stays"
    if not math.isfinite(keep.bits_per_byte_trial):
        return "extend", "The trial with the base vocabulary diverged"
    if extend.bits_per_byte_trial <= keep.bits_per_byte_trial:
        return "extend", "The extended vocabulary is not worse and shortens the text"
    loss = extend.bits_per_byte_trial / keep.bits_per_byte_trial - 1
    ratio = keep.fertility_ratio
    if ratio is not None and ratio > policy.extreme_fertility and loss <= policy.small_loss:
        return "extend", (
            f"The base needs {ratio:.1f} times the tokens per word of its own language,"
            f" and extending loses only {100 * loss:.1f} %"
        )
    return "keep", f"Extending is {100 * loss:.1f} % worse"


def _values(arm: Arm) -> dict[str, float | None]:
    """The numbers of an arm by name; those that are not finite become None, because JSON has no word for them."""
    values = {
        "bits_per_byte_start": arm.bits_per_byte_start,
        "bits_per_byte_trial": arm.bits_per_byte_trial,
        "bytes_per_token": arm.bytes_per_token,
        "seconds": arm.seconds,
        "fertility_ratio": arm.fertility_ratio,
    }
    return {name: value if value is not None and math.isfinite(value) else None for name, value in values.items()}


def decide_initializer(bits_per_byte: Mapping[str, float]) -> Decision:
    """The initialiser with the fewest bits per byte before any training; the first named wins a tie.

    Raises ValueError when no score is finite: then nothing was measured.
    """
    finite = {name: score for name, score in bits_per_byte.items() if math.isfinite(score)}
    if not finite:
        raise ValueError("no initialiser has a finite score")
    chosen = min(finite, key=lambda name: finite[name])
    others = [f"{score:.3f} {name}" for name, score in finite.items() if name != chosen]
    reason = f"{chosen} starts at {finite[chosen]:.3f} bits per byte" + (
        f", against {', '.join(others)}" if others else ""
    )
    arms = [{"name": name, "values": {"bits_per_byte_start": finite.get(name)}} for name in bits_per_byte]
    return Decision("initializer", chosen, f"{reason}.", arms)
