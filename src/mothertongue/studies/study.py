"""What a study is, and which studies there are.

A study is one file `sNN_slug.py` beside this one; NN is the number of the card, the slug that of its row in
data/methods.toml with `_` for `-`. It uses the rooms as a user would, and has one name that is read here, `STUDY`:

    \"\"\"Study 08: prompt-based continued pretraining, measured in accuracy (card 08).\"\"\"

    class PromptPretraining:
        number = 8
        claim = "Continued pretraining on filled templates raises few-shot accuracy."
        arms = ("plain", "pcp")
        statistic = Statistic(arm="pcp", against="plain", expected="greater", threshold=0.0)

        def run(self, scale: Scale, seed: int, folder: Path) -> dict[str, float]:
            steps = {Scale.SMOKE: 5, Scale.MINI: 300, Scale.LAPTOP: 5000, Scale.PAPER: 100_000}[scale]
            ...  # imports torch here, not at the top; writes only below `folder`, through mothertongue.durability
            return {"plain": plain_accuracy, "pcp": pcp_accuracy}

    STUDY: Study = PromptPretraining()

The arms of one seed share everything but the thing that is compared: data, order, initial weights, number of steps or
bytes. Values are finite; two calls with the same seed give the same values. A comparison that is more than a difference
or a ratio of two arms (a correlation, a worst case) is computed in `run` and returned as an arm of its own.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from mothertongue.errors import InputError, Problem
from mothertongue.studies.finding import Statistic

STUDIES: Final = Path(__file__).resolve().parent
_MODULE = re.compile(r"s(\d\d)_(\w+)\.py")


class Scale(StrEnum):
    """How large a study is run, smallest first."""

    SMOKE = "smoke"
    MINI = "mini"
    LAPTOP = "laptop"
    PAPER = "paper"

    @property
    def limit_seconds(self) -> float | None:
        """The most time that all seeds together may take on two cores; None for the published setting."""
        return {"smoke": 60.0, "mini": 300.0, "laptop": 3600.0}.get(self.value)

    @property
    def default_seeds(self) -> tuple[int, ...]:
        """The seeds that are run when none are named."""
        return tuple(range({"smoke": 1, "mini": 3, "laptop": 5, "paper": 3}[self.value]))

    @property
    def rank(self) -> int:
        """0 for the smallest scale, 3 for the largest."""
        return list(Scale).index(self)


@runtime_checkable
class Study(Protocol):
    """The measurement of one method's effect: what it claims, what it compares, and how to run it once."""

    @property
    def number(self) -> int:
        """The number of the card."""

    @property
    def claim(self) -> str:
        """One sentence that the numbers can confirm or contradict."""

    @property
    def arms(self) -> tuple[str, ...]:
        """The names of the ways that are compared."""

    @property
    def statistic(self) -> Statistic:
        """Which arms are compared, and what the claim expects."""

    def run(self, scale: Scale, seed: int, folder: Path) -> Mapping[str, float]:
        """One finite value per arm, measured with `seed`; files go below `folder`, which exists and is the study's."""


def study_modules(folder: Path = STUDIES) -> dict[int, str]:
    """The study files of `folder` by number, as module names such as `s08_pcp`; nothing is imported."""
    matches = (_MODULE.fullmatch(path.name) for path in sorted(folder.glob("s[0-9][0-9]_*.py")))
    return {int(match[1]): match[0].removesuffix(".py") for match in matches if match}


def module_slug(module: str) -> str:
    """The slug of the row that a study file belongs to: `s46_elchat_vocabulary` gives `elchat-vocabulary`."""
    return module[4:].replace("_", "-")


def load_study(number: int) -> Study:
    """The study of the method `number`, imported; InputError MT902 if there is none, MT908 if the file has no STUDY."""
    module = study_modules().get(number)
    if module is None:
        known = ", ".join(str(n) for n in study_modules()) or "none yet"
        do = "choose another method, or write the study (CONTRIBUTING.md)"
        problem = Problem(
            "MT902", "the method is planned; it has no study", key="study", value=str(number), allowed=known, do=do
        )
        raise InputError(problem)
    study = getattr(importlib.import_module(f"mothertongue.studies.{module}"), "STUDY", None)
    if not isinstance(study, Study):
        where = f"studies/{module}.py"
        raise InputError(Problem("MT908", "has no STUDY that is a Study", where=where, do="see studies/study.py"))
    return study


def study_problems(study: Study, slug: str, module: str) -> list[Problem]:
    """What is wrong with a study against its row and its file name; an empty list when nothing is."""
    named = [name for name in (study.statistic.arm, study.statistic.against) if name]
    checks = {
        f"its file is named for slug {module_slug(module)}, its row has {slug}": module_slug(module) != slug,
        f"its number {study.number} is not that of its file": f"s{study.number:02d}" != module[:3],
        "it has no claim": not study.claim.strip(),
        "its arms are missing or named twice": not study.arms or len(set(study.arms)) < len(study.arms),
        "its statistic names an arm that it does not have": not set(named) <= set(study.arms),
    }
    where = f"studies/{module}.py"
    do = "correct the file or the row"
    return [Problem("MT908", message, where=where, do=do) for message, wrong in checks.items() if wrong]
