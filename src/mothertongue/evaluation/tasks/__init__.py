"""The table of tasks: one file per kind of scoring, one row here; a contract test compares both."""

from __future__ import annotations

from mothertongue.evaluation.tasks.bits import Bits
from mothertongue.evaluation.tasks.choice import Choices
from mothertongue.evaluation.tasks.format import ChatFormat
from mothertongue.evaluation.tasks.minimal_pair import MinimalPairs
from mothertongue.evaluation.tasks.protocol import Subject, Task

TASKS: dict[str, type[Task]] = {
    "bits": Bits,
    "choice": Choices,
    "format": ChatFormat,
    "minimal_pair": MinimalPairs,
}

__all__ = ["TASKS", "Bits", "ChatFormat", "Choices", "MinimalPairs", "Subject", "Task"]
