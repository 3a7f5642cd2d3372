"""Studies: one file per published method that measures its effect, the catalogue of methods, and findings.

Enters: a method's number, a scale and seeds. Leaves: a `Finding` with a verdict computed from seeds and an interval.
Studies use the rooms as a user would. The names below are loaded at first use; none of them imports torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mothertongue.studies.catalogue import Hit, Method, findings, load_methods, method, search, status
    from mothertongue.studies.finding import (
        Arm,
        Finding,
        Statistic,
        finding_schema,
        judge,
        read_finding,
        write_finding,
    )
    from mothertongue.studies.pages import (
        docs_page,
        hit_values,
        method_values,
        methods,
        render_finding,
        render_hits,
        render_method,
        render_table,
    )
    from mothertongue.studies.runner import measure, reproduce
    from mothertongue.studies.study import Scale, Study, load_study, study_modules

_HOMES = {
    "catalogue": ("Hit", "Method", "findings", "load_methods", "method", "search", "status"),
    "finding": ("Arm", "Finding", "Statistic", "finding_schema", "judge", "read_finding", "write_finding"),
    "pages": (
        *("docs_page", "hit_values", "method_values", "methods"),
        *("render_finding", "render_hits", "render_method", "render_table"),
    ),
    "runner": ("measure", "reproduce"),
    "study": ("Scale", "Study", "load_study", "study_modules"),
}
__all__ = [
    "Arm",
    "Finding",
    "Hit",
    "Method",
    "Scale",
    "Statistic",
    "Study",
    "docs_page",
    "finding_schema",
    "findings",
    "hit_values",
    "judge",
    "load_methods",
    "load_study",
    "measure",
    "method",
    "method_values",
    "methods",
    "read_finding",
    "render_finding",
    "render_hits",
    "render_method",
    "render_table",
    "reproduce",
    "search",
    "status",
    "study_modules",
    "write_finding",
]


def __getattr__(name: str) -> Any:
    """The public name from its module, at first use."""
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
