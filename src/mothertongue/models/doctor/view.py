"""An examination as text: one line per check with a plain mark, and under each finding what to do."""

from __future__ import annotations

from mothertongue.models.doctor.finding import SEVERITIES, Check, Examination
from mothertongue.models.doctor.table import CHECKS

_WIDTH = max(len(check.name) for check in CHECKS)
_INDENT = " " * 10


def render(examination: Examination) -> str:
    """The text that the verb `doctor` prints: a head, a line per check, remedies under findings, and the counts."""
    lines = [f"doctor: {examination.folder}"]
    if examination.reference is not None:
        lines.append(f"reference: {examination.reference}")
    for check in CHECKS:
        lines += _lines(check, examination)
    return "\n".join([*lines, _summary(examination)])


def _lines(check: Check, examination: Examination) -> list[str]:
    findings = [finding for finding in examination.findings if finding.check == check.name]
    lines = [_line(finding.severity, check, finding.text) for finding in findings]
    if findings and any(finding.severity != "note" for finding in findings):
        lines.append(f"{_INDENT}do: {check.remedy}")
    if not findings and check.name in examination.checked:
        lines.append(_line("ok", check, check.title))
    if check.name in examination.not_applicable:
        lines.append(_line("n/a", check, examination.not_applicable[check.name]))
    return lines


def _line(mark: str, check: Check, text: str) -> str:
    return f"{f'[{mark}]':<10}{check.code} {check.name:<{_WIDTH}}  {text}"


def _summary(examination: Examination) -> str:
    counts = [sum(finding.severity == severity for finding in examination.findings) for severity in SEVERITIES]
    parts = [f"{count} {name}{'' if count == 1 else 's'}" for count, name in zip(counts, SEVERITIES, strict=True)]
    return (
        f"{', '.join(parts)}; {len(examination.checked)} checks made, {len(examination.not_applicable)} not applicable"
    )
