"""The types of report.json: what a run learned, kept and cost, as plain data without numbers that nobody measured.

Units are in the names: `seconds`, `bytes`, `percent` (0 to 100), bits per UTF-8 byte. An `interval` always belongs
to the paired difference after minus before, in the unit of the measure. Unknown keys and values that are not finite are
refused.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Role = Literal["target", "second_domain", "retention"]
TaskRole = Literal["target", "retention", "other"]
Value = bool | int | float | str | None


class Part(BaseModel):
    """A piece of the report: strict about keys, refuses NaN and infinity, reads objects with the same attributes."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, from_attributes=True)


class Interval(Part):
    """A 95 % paired bootstrap interval of after minus before, in the unit of its measure."""

    low: float
    high: float
    estimate: float | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Interval:
        if self.low > self.high:
            raise ValueError(f"interval has low {self.low} above high {self.high}")
        return self


class BeforeAfter(Part):
    """One value of the untouched model and one of the taught model."""

    before: float
    after: float


class BitsPerByte(Part):
    """Bits per UTF-8 byte of one held-out set under both models; lower is better."""

    before: float = Field(gt=0)
    after: float = Field(ge=0)
    interval: Interval
    change_percent: float | None = None
    documents: int = Field(ge=0)
    bytes: int = Field(ge=0)
    role: Role = "target"

    @model_validator(mode="after")
    def _fill_change(self) -> BitsPerByte:
        if self.change_percent is None:
            self.change_percent = 100 * (self.after / self.before - 1)
        return self

    def percent(self, difference: float) -> float:
        """A difference in bits per byte as percent of the value before."""
        return 100 * difference / self.before


class CharactersPerToken(BeforeAfter):
    """Characters of text that one token carries, on the target text, and per named set where measured."""

    sets: dict[str, BeforeAfter] = Field(default_factory=dict)


class TaskItem(Part):
    """One question of a task with the answers of both models."""

    id: str = ""
    prompt: str
    language: str = ""
    options: list[str] = Field(default_factory=list)
    correct: str = ""
    before: str = ""
    after: str = ""
    before_correct: bool | None = None
    after_correct: bool | None = None


class TaskMeasure(Part):
    """One task under both models; `won` and `lost` count items that turned right and wrong."""

    metric: str
    before: float
    after: float
    interval: Interval
    n: int = Field(ge=0)
    won: int = Field(default=0, ge=0)
    lost: int = Field(default=0, ge=0)
    higher_is_better: bool = True
    role: TaskRole = "other"
    items: list[TaskItem] = Field(default_factory=list)


class Measures(Part):
    """All measured values, each with before and after."""

    bits_per_byte: dict[str, BitsPerByte] = Field(default_factory=dict)
    characters_per_token: CharactersPerToken | None = None
    tasks: dict[str, TaskMeasure] = Field(default_factory=dict)


class Retention(Part):
    """What was to be kept, and how much of it the recipe allowed to be lost (percent of bits per byte)."""

    language: str = "en"
    language_name: str = "English"
    limit_percent: float = Field(default=1.0, ge=0)
    rule: str = ""
    replay_share: float | None = None


class Cost(Part):
    """What the run used. Energy is an estimate and says how it was made."""

    seconds: float = Field(default=0.0, ge=0)
    tokens: int = Field(default=0, ge=0)
    bytes: int = Field(default=0, ge=0)
    peak_memory_bytes: int = Field(default=0, ge=0)
    energy_watt_hours_estimate: float | None = None
    energy_assumption: str = ""
    machine: str = ""


class Stage(Part):
    """One finished stage of the run."""

    name: str
    seconds: float = Field(ge=0)
    fingerprint: str = ""
    tokens: int | None = None
    bytes: int | None = None
    peak_memory_bytes: int | None = None
    restarts: int = 0
    command: str = ""


class Sample(Part):
    """The answers of both models to one prompt, same settings, unpicked."""

    prompt: str
    language: str = ""
    before: str
    after: str


class Arm(Part):
    """One side of a decision, with what was measured for it."""

    name: str
    values: dict[str, Value] = Field(default_factory=dict)
    note: str = ""


class Decision(Part):
    """A choice the run made by measuring: every side of it, which was taken, and why."""

    name: str
    chosen: str
    reason: str = ""
    arms: list[Arm] = Field(default_factory=list)


class CurvePoint(Part):
    """One evaluation during training; `low` and `high` bound the value where an interval was computed."""

    step: int = Field(ge=0)
    tokens: int | None = None
    seconds: float | None = None
    bits_per_byte: float | None = None
    loss: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def value(self) -> float | None:
        """Bits per byte, or the loss where only that is known."""
        return self.bits_per_byte if self.bits_per_byte is not None else self.loss


class Curve(Part):
    """Values of one set over training."""

    set: str
    role: Role | Literal["training"] = "target"
    points: list[CurvePoint] = Field(default_factory=list)


class FunnelStep(Part):
    """What was left after one step of the corpus stage, and what that step dropped, by reason."""

    step: str
    documents: int = Field(ge=0)
    bytes: int = Field(default=0, ge=0)
    dropped: dict[str, int] = Field(default_factory=dict)


def _as_sample(value: Any) -> Any:
    return {"sample": value} if isinstance(value, str) else value


class DroppedSample(Part):
    """A document that was dropped, readable, with the value and the threshold that decided."""

    sample: str
    id: str = ""
    source: str = ""
    value: str = ""
    threshold: str = ""


class Bin(Part):
    """One bar of a histogram: values from `low` up to `high`."""

    low: float
    high: float
    count: int = Field(ge=0)


class Corpus(Part):
    """What came in, what was dropped and why, and what it turned out to be."""

    funnel: list[FunnelStep] = Field(default_factory=list)
    dropped_samples: dict[str, list[Annotated[DroppedSample, BeforeValidator(_as_sample)]]] = Field(
        default_factory=dict
    )
    language_shares: dict[str, float] = Field(default_factory=dict)
    lengths: list[Bin] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)


class Vocabulary(Part):
    """What an extension did to the vocabulary; `shift` is how far the new rows moved in training."""

    size_before: int
    size_after: int
    reachable_percent: float | None = None
    rows_never_seen: int | None = None
    examples: list[str] = Field(default_factory=list)
    shift: list[Bin] = Field(default_factory=list)


class TradePoint(Part):
    """One model state: how much was learned and forgotten, both in percent of bits per byte (positive is more)."""

    name: str
    learned: float
    forgotten: float
    chosen: bool = False


class PlanRow(Part):
    """One planned quantity as a range, and what it really was; `unit` is seconds, bytes, tokens or a word."""

    name: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    actual: float | None = None


class HealthPoint(Part):
    """The state of training at one step."""

    step: int = Field(ge=0)
    tokens: int | None = None
    learning_rate: float | None = None
    gradient_norm: float | None = None
    tokens_per_second: float | None = None
    memory_bytes: int | None = None


class RunHealth(Part):
    """Whether the run was sound."""

    points: list[HealthPoint] = Field(default_factory=list)
    skipped_steps: int = 0
    restarts: int = 0


class TrainingPiece(Part):
    """One token of a training example; `learned` says whether it entered the loss."""

    text: str
    learned: bool = True


class TrainingExample(Part):
    """An example as the model saw it."""

    language: str = ""
    pieces: list[TrainingPiece] = Field(default_factory=list)


class Report(Part):
    """Everything that report.json holds and report.html shows."""

    language: str
    base: str
    language_name: str = ""
    title: str = ""
    verdict: str = ""
    stages: list[Stage] = Field(default_factory=list)
    measures: Measures = Field(default_factory=Measures)
    retention: Retention = Field(default_factory=Retention)
    cost: Cost = Field(default_factory=Cost)
    samples: list[Sample] = Field(default_factory=list)
    versions: dict[str, str] = Field(default_factory=dict)
    warnings: list[str] = Field(default_factory=list)
    decisions: list[Decision] = Field(default_factory=list)
    curves: list[Curve] = Field(default_factory=list)
    trade_offs: list[TradePoint] = Field(default_factory=list)
    corpus: Corpus = Field(default_factory=Corpus)
    vocabulary: Vocabulary | None = None
    training_examples: list[TrainingExample] = Field(default_factory=list)
    plan_against_actual: list[PlanRow] = Field(default_factory=list)
    run_health: RunHealth = Field(default_factory=RunHealth)
    command: str = ""
    chat_command: str = ""
    recipe_yaml: str = ""

    @property
    def shown_language(self) -> str:
        """The language's name where known, else its tag."""
        return self.language_name or self.language
