"""What a study found: values of its arms for each seed, and effect, interval and verdict computed from them.

Enters: one number per arm and seed, and a `Statistic` that says which comparison the claim is about. Leaves: a
`Finding` and its JSON file. Nobody writes a verdict: it follows from the numbers, and a file whose verdict does not
follow is refused.
"""

from __future__ import annotations

import json
import math
import os
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from mothertongue import durability
from mothertongue.errors import InputError, Problem

Verdict: TypeAlias = Literal["reproduced", "contradicted", "inconclusive"]
Expected: TypeAlias = Literal["greater", "less", "within"]
ScaleName: TypeAlias = Literal["smoke", "mini", "laptop", "paper"]
Interval: TypeAlias = tuple[float, float]
Words: TypeAlias = Annotated[str, Field(min_length=1)]

# Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom.
_T95 = (
    *(12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157, 2.228139),
    *(2.200985, 2.178813, 2.160369, 2.144787, 2.131450, 2.119905, 2.109816, 2.100922, 2.093024, 2.085963),
    *(2.079614, 2.073873, 2.068658, 2.063899, 2.059539, 2.055529, 2.051831, 2.048407, 2.045230, 2.042272),
)
_Z95 = 1.959964
_TOLERANCE = 1e-9  # relative; a file passes through decimal text, which keeps more digits than this


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Arm(_Strict):
    """One way that a study compares, with its value for each seed, in the order of the seeds."""

    name: Words
    values: tuple[float, ...] = Field(min_length=1)


class Statistic(_Strict):
    """The comparison a claim is about: `arm` against `against`, and what the claim expects of it.

    kind `difference`: arm - against, in the unit of the values; `ratio`: arm / against - 1; an empty `against` takes
    the values of `arm` themselves. expected `greater` or `less`: than `threshold`; `within`: between -threshold and
    threshold ("no effect").
    """

    arm: Words
    against: str = ""
    kind: Literal["difference", "ratio"] = "difference"
    expected: Expected = "greater"
    threshold: float = 0.0

    def per_seed(self, arms: Mapping[str, Sequence[float]]) -> list[float]:
        """The effect for each seed, paired by seed; raises ValueError for a missing arm or a ratio to zero."""
        missing = [name for name in (self.arm, self.against) if name and name not in arms]
        if missing:
            raise ValueError(f"the statistic names {', '.join(missing)}, which is no arm")
        values = arms[self.arm]
        if not self.against:
            return list(values)
        pairs = zip(values, arms[self.against], strict=True)
        if self.kind == "difference":
            return [value - base for value, base in pairs]
        if 0.0 in arms[self.against]:
            raise ValueError(f"a ratio to {self.against} needs values other than zero")
        return [value / base - 1 for value, base in pairs]


def t_quantile(degrees: int) -> float:
    """The two-sided 95 % quantile of Student's t, to 1e-4; `degrees` of freedom are at least 1."""
    if degrees <= len(_T95):
        return _T95[degrees - 1]
    z = _Z95
    return z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)


def t_interval(values: Sequence[float]) -> Interval | None:
    """The 95 % t interval of the mean of `values`, low then high; None for fewer than two values."""
    if len(values) < 2:
        return None
    mean = statistics.fmean(values)
    half = t_quantile(len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    return mean - half, mean + half


def judge(interval: Interval | None, expected: Expected, threshold: float, scale: ScaleName) -> Verdict:
    """The verdict: `reproduced` if the whole interval is where the claim says, `contradicted` if all of it is outside.

    Anything between, a missing interval, and the scale `smoke` (which tests plumbing) are `inconclusive`. An interval
    that only touches the threshold has not crossed it.
    """
    if interval is None or scale == "smoke":
        return "inconclusive"
    low, high = interval
    if expected == "less":
        low, high, threshold = -high, -low, -threshold
    if expected == "within":
        inside = -threshold < low and high < threshold
        outside = low > threshold or high < -threshold
    else:
        inside, outside = low > threshold, high < threshold
    return "reproduced" if inside else "contradicted" if outside else "inconclusive"


class Finding(_Strict):
    """The result of a study at one scale; effect, interval and verdict other than the computed ones are refused."""

    study: int = Field(ge=1)
    title: Words
    claim: Words
    scale: ScaleName
    seeds: tuple[int, ...] = Field(min_length=1)
    arms: tuple[Arm, ...] = Field(min_length=1)
    effect: float
    interval: Interval | None
    verdict: Verdict
    seconds: float = Field(ge=0)
    versions: dict[str, str]
    command: Words
    statistic: Statistic

    @classmethod
    def of(
        cls, *, arms: Mapping[str, Sequence[float]], statistic: Statistic, scale: ScaleName, **facts: Any
    ) -> Finding:
        """A finding with effect, interval and verdict computed; `facts` are the remaining fields."""
        rows = tuple(Arm(name=name, values=tuple(values)) for name, values in arms.items())
        effect, interval, verdict = _computed(arms, statistic, scale)
        return cls(
            arms=rows, statistic=statistic, scale=scale, effect=effect, interval=interval, verdict=verdict, **facts
        )

    @model_validator(mode="after")
    def _follows_from_its_numbers(self) -> Self:
        names = [arm.name for arm in self.arms]
        if len(set(names)) < len(names) or len(set(self.seeds)) < len(self.seeds):
            raise ValueError("names of arms, and seeds, differ from each other")
        if any(len(arm.values) != len(self.seeds) for arm in self.arms):
            raise ValueError(f"every arm has one value for each of the {len(self.seeds)} seeds")
        effect, interval, verdict = _computed({arm.name: arm.values for arm in self.arms}, self.statistic, self.scale)
        stored = (self.effect, *(self.interval or ()))
        computed = (effect, *(interval or ()))
        _same("verdict", self.verdict, verdict, self.verdict == verdict)
        _same("effect, interval", stored, computed, len(stored) == len(computed) and all(map(_close, stored, computed)))
        return self


def _computed(
    arms: Mapping[str, Sequence[float]], statistic: Statistic, scale: ScaleName
) -> tuple[float, Interval | None, Verdict]:
    effects = statistic.per_seed(arms)
    if not all(map(math.isfinite, effects)):
        raise ValueError("the effects are too large for a number")
    interval = t_interval(effects)
    return statistics.fmean(effects), interval, judge(interval, statistic.expected, statistic.threshold, scale)


def _close(stored: float, computed: float) -> bool:
    return math.isclose(stored, computed, rel_tol=_TOLERANCE, abs_tol=1e-12)


def _same(key: str, stored: object, computed: object, equal: bool) -> None:
    if not equal:
        context = {"key": key, "stored": str(stored), "computed": str(computed)}
        raise PydanticCustomError("finding_differs", "{key}: stored {stored}, computed {computed}", context)


def finding_schema() -> dict[str, Any]:
    """The JSON schema of a finding file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Finding.model_json_schema()}


def write_finding(path: str | os.PathLike[str], finding: Finding) -> None:
    """A file at `path` with `finding` as JSON, in the order of the contract; WorkError if the disk refuses."""
    durability.write_text(path, json.dumps(finding.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n")


def read_finding(path: str | os.PathLike[str]) -> Finding:
    """The finding in the file `path`; InputError MT903 if it is no finding, MT904 if its verdict does not follow."""
    try:
        return Finding.model_validate_json(Path(path).read_bytes())
    except OSError as error:
        message = f"cannot be opened: {error.strerror or error}"
        raise InputError(Problem("MT903", message, where=os.fspath(path), do="check the path")) from error
    except ValidationError as error:
        raise InputError([_problem(os.fspath(path), row) for row in error.errors()]) from error


def _problem(path: str, row: Mapping[str, Any]) -> Problem:
    key = ".".join(str(part) for part in row["loc"])
    if row["type"] == "finding_differs":
        found: Mapping[str, str] = row["ctx"]
        message = f"the values of the arms give {found['computed']}"
        do = "measure again with the command in the file"
        return Problem("MT904", message, where=path, key=found["key"], value=found["stored"], do=do)
    return Problem("MT903", row["msg"], where=path, key=key, do="make the file again with `mothertongue reproduce`")
