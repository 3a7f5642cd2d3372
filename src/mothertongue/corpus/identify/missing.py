"""The problem of a package that is not installed."""

from __future__ import annotations

from mothertongue.errors import Problem


def missing_extra(extra: str, name: str) -> Problem:
    """Return the problem of an identifier whose extra is missing, with the line that installs it."""
    return Problem(
        "MT241",
        "needs a package that is not installed",
        key="corpus.identifier",
        value=name,
        allowed="py3langid, which is always there",
        do=f'pip install "mothertongue[{extra}]"',
    )
