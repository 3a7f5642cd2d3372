"""What a check is, what it yields, and what an examination holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mothertongue.errors import codes

if TYPE_CHECKING:
    from mothertongue.models.doctor.folder import ModelFolder

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
_MOST_SHOWN = 5
_MOST_CHARACTERS = 60


class NotApplicable(Exception):  # noqa: N818 - no error: the folder has nothing that this check could look at
    """A check has nothing to look at in this folder; its text is the reason, as shown to the user."""


@dataclass(frozen=True)
class Found:
    """One thing that a check noticed: how bad it is, and a sentence with the values found."""

    severity: Severity
    text: str


@dataclass(frozen=True)
class Check:
    """One row of the table of checks; title and remedy stand under `code` in data/codes/doctor.toml."""

    code: str
    name: str
    evidence: str
    run: Callable[[ModelFolder], Iterable[Found]]

    @property
    def title(self) -> str:
        """What the check looks for, in a few words."""
        return codes()[self.code]["title"]

    @property
    def remedy(self) -> str:
        """What to do when it finds something."""
        return codes()[self.code]["remedy"]


@dataclass(frozen=True)
class Finding:
    """A fault of a folder: the check that found it, the values found, and what to do."""

    code: str
    check: str
    title: str
    severity: Severity
    text: str
    remedy: str
    evidence: str


@dataclass(frozen=True)
class Examination:
    """What `examine` found: findings (worst first), names of the checks that ran, and why others could not."""

    folder: Path
    findings: tuple[Finding, ...]
    checked: tuple[str, ...]
    not_applicable: dict[str, str]
    reference: Path | None = None

    @property
    def worst(self) -> Severity | Literal["none"]:
        """The worst severity found: error, warning, note or none."""
        return next((severity for severity in SEVERITIES if any(f.severity == severity for f in self.findings)), "none")

    def to_json(self) -> dict[str, Any]:
        """The examination in the types of JSON."""
        return {
            "folder": str(self.folder),
            "reference": None if self.reference is None else str(self.reference),
            "worst": self.worst,
            "findings": [dict(vars(finding)) for finding in self.findings],
            "checked": list(self.checked),
            "not_applicable": dict(self.not_applicable),
        }


def shown(value: object) -> str:
    """A value out of a file on one line: quoted, control characters escaped, cut to 60 characters."""
    text = repr(value)
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 3] + "..."


def listed(values: Iterable[object]) -> str:
    """The first five values, each as by `shown`, and the number of the rest."""
    items = list(values)
    rest = len(items) - _MOST_SHOWN
    return ", ".join(shown(item) for item in items[:_MOST_SHOWN]) + (f" and {rest:,} more" if rest > 0 else "")


def ids(numbers: Iterable[int]) -> str:
    """The first five ids and the number of the rest."""
    return listed(sorted(numbers))
