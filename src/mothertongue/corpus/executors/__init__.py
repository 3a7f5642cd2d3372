"""Executors: they perform jobs, in order, with the same bits from each of them. One file each."""

from mothertongue.corpus.executors.choose import ExecutorOptions, choose_executor, cores, usual_executor
from mothertongue.corpus.executors.executor import Executor
from mothertongue.corpus.executors.inline import Inline
from mothertongue.corpus.executors.processes import Processes
from mothertongue.corpus.executors.ray import RayTasks
from mothertongue.corpus.executors.slurm import Slurm
from mothertongue.corpus.executors.slurm_array import SlurmOptions

__all__ = [
    "Executor",
    "ExecutorOptions",
    "Inline",
    "Processes",
    "RayTasks",
    "Slurm",
    "SlurmOptions",
    "choose_executor",
    "cores",
    "usual_executor",
]
