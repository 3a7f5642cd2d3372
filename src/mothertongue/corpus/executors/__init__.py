"""Executors: one function over many items, in order, with the same bits from each of them. One file each."""

from mothertongue.corpus.executors.executor import Executor
from mothertongue.corpus.executors.inline import Inline
from mothertongue.corpus.executors.processes import Processes, usual_executor

__all__ = ["Executor", "Inline", "Processes", "usual_executor"]
