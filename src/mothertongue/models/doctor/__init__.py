"""The doctor: a model folder on disk enters, from us or not; findings with values and remedies leave.

Checks the failures of resized vocabularies, added tokens and adapters that the field notes list (section (b), rows
1-17), and what a folder must be to be loaded anywhere. Headers are read without weights; rows are read in blocks; only
the last check of the files loads the model, and only a small one. Nothing from the folder is run, unpickled or fetched.

Files: `table` is the list of checks, `finding` their nouns, `folder` and `headers` read, `view` prints; the checks are
in `files`, `loading`, `adapters`, `rows`, `tokens` and `chat`.
"""

from __future__ import annotations

from pathlib import Path

from mothertongue.errors import InputError, Problem
from mothertongue.models.doctor.finding import SEVERITIES, Check, Examination, Finding, Found, NotApplicable
from mothertongue.models.doctor.folder import ModelFolder, attempt
from mothertongue.models.doctor.table import CHECKS
from mothertongue.models.doctor.view import render

__all__ = ["CHECKS", "Check", "Examination", "Finding", "Found", "examine", "render"]


def examine(folder: Path, *, reference: Path | None = None, load: bool = True) -> Examination:
    """What every check of the table says about a model folder (or an adapter's), worst findings first.

    `reference` is the base it was made from: with it, new rows and tokens are known and old ones compared. `load=False`
    leaves out loading the model. A damaged folder gives findings; only a path that is no folder raises (MT402).
    """
    for path in (folder, reference):
        if path is not None and not path.is_dir():
            raise InputError(Problem("MT402", "this is no folder", value=str(path), do="give a model folder"))
    subject = ModelFolder(folder, None if reference is None else ModelFolder(reference), load)
    findings: list[Finding] = []
    checked: list[str] = []
    not_applicable: dict[str, str] = {}
    for check in CHECKS:
        found, reason = _run(check, subject)
        findings += [
            Finding(check.code, check.name, check.title, one.severity, one.text, check.remedy, check.evidence)
            for one in found
        ]
        if reason and not found:
            not_applicable[check.name] = reason
        else:
            checked.append(check.name)
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return Examination(folder, tuple(findings), tuple(checked), not_applicable, reference)


def _run(check: Check, subject: ModelFolder) -> tuple[list[Found], str]:
    """What a check found, and why it could not look (further); a file that breaks the check is a finding of its own."""
    found: list[Found] = []

    def collect() -> bool:
        found.extend(check.run(subject))
        return True

    try:
        problem, _ = attempt(collect)
    except NotApplicable as reason:
        return found, str(reason)
    if problem:
        found.append(Found("error", f"could not be examined, a file holds values that make no sense: {problem}"))
    return found, ""
