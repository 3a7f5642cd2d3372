"""The executor of a Ray cluster, or of a local Ray that lives as long as the work; Ray Core tasks, nothing else of Ray.

Shards and manifests go through the disk that all nodes share; between Ray's processes only jobs and counts travel.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

from mothertongue import durability
from mothertongue.corpus.executors.executor import appeared, one_thread_each, perform_and_give_back
from mothertongue.corpus.task import Counts, Job
from mothertongue.errors import InputError, Problem, WorkError
from mothertongue.ledger import versions

_AHEAD = 4
"""Jobs per worker that wait behind a slow one."""
_SHARED_MEMORY = 80 * 1024 * 1024
"""Counts are small, so a local Ray gets the smallest store that it accepts."""
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # keeps Ray from hiding accelerators, and from announcing that
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",  # under `uv run` Ray would upload the working folder
}


@dataclass
class RayTasks:
    """Performs jobs as Ray tasks.

    `address` is that of a running cluster (`auto`, `HOST:PORT`, `ray://HOST:PORT`); None starts a local Ray without
    dashboard, closed to others by a random token, and `close` stops it. A Ray that this program has already joined is
    used as it is. `workers` limits the tasks at once; None takes every core. A job whose worker dies is started again
    `retries` times, then WorkError MT261.
    """

    address: str | None = None
    workers: int | None = None
    retries: int = 2
    pause: Callable[[float], None] = field(default=time.sleep, repr=False, compare=False)
    _logs: Path | None = field(default=None, init=False, repr=False, compare=False)
    _ours: bool = field(default=False, init=False, repr=False, compare=False)

    def run(self, jobs: Sequence[Job]) -> Iterator[Counts]:
        """Yield the counts of each job, in the order of the jobs."""
        if not jobs:
            return
        ray = self._join()
        task = ray.remote(num_cpus=1, max_retries=self.retries)(_perform)
        ahead = self._ahead(ray)
        source = iter(jobs)
        waiting: deque[tuple[Job, Any]] = deque()
        try:
            for job in islice(source, ahead):
                waiting.append((job, task.remote(job, versions()["mothertongue"])))
            while waiting:
                job, reference = waiting[0]
                counts = _result(ray, job, reference)
                appeared(job, self.pause)
                waiting.popleft()
                waiting.extend((job, task.remote(job, versions()["mothertongue"])) for job in islice(source, 1))
                yield counts
        finally:
            for _, reference in waiting:
                with suppress(ray.exceptions.RayError):
                    ray.cancel(reference, force=True)

    def close(self) -> None:
        """Stop the local Ray, or leave the cluster."""
        if self._ours:
            _import().shutdown()
            self._ours = False
        if self._logs is not None:
            with suppress(WorkError):  # a daemon that is still ending may write a last line of its log
                durability.remove(self._logs)
            self._logs = None

    def _ahead(self, ray: ModuleType) -> int:
        """Return how many tasks are handed over at once; on a cluster that is what limits the workers."""
        if self.workers is not None and self.address is not None:
            return self.workers
        return _AHEAD * max(int(ray.cluster_resources().get("CPU", 1)), 1)

    def _join(self) -> ModuleType:
        if self.address is None and "ray" not in sys.modules:  # read once by Ray, at its import
            os.environ.setdefault("RAY_AUTH_MODE", "token")
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        ray = _import()
        if ray.is_initialized():
            return ray
        self._ours = True
        handler = signal.getsignal(signal.SIGTERM)
        try:
            self._start(ray)
        except (ConnectionError, RuntimeError, ValueError, OverflowError, OSError) as error:
            self.close()
            raise InputError(_no_ray(self.address, error)) from error
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)  # Ray puts its own there, and a run could not be asked to stop
        return ray

    def _start(self, ray: ModuleType) -> None:
        quiet = {"log_to_driver": False, "configure_logging": False}
        if self.address is not None:
            _check_address(self.address)
            ray.init(self.address, **quiet)
            return
        # Names of sockets must stay below 108 bytes, so the folder cannot lie in that of the work.
        self._logs = Path(tempfile.mkdtemp(prefix="mt-ray-"))
        ray.init(
            num_cpus=self.workers,
            include_dashboard=False,
            object_store_memory=_SHARED_MEMORY,
            _temp_dir=str(self._logs),
            **quiet,
        )


def _check_address(address: str) -> None:
    """Raise OSError when nothing listens there: Ray itself would try for a quarter of an hour."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


def _import() -> ModuleType:
    os.environ.update(_SETTINGS)
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        message = "Ray is not installed"
        do = "pip install 'mothertongue[ray]', or choose the executor processes"
        raise InputError(Problem("MT260", message, key="executor", value="ray", do=do)) from error
    return ray


def _perform(job: Job, version: str) -> Counts:
    """Perform a job on a node of the cluster, which must have our version and see our folder."""
    here = versions()["mothertongue"]
    if here != version:
        message = f"a node of the cluster has mothertongue {here}, this process has {version}"
        raise InputError(Problem("MT262", message, do="install the same version on every node"))
    if not Path(job.folder).is_dir():
        message = "a node of the cluster does not see the folder of the work"
        raise InputError(
            Problem("MT263", message, where=job.folder, do="choose a folder on a disk that all nodes share")
        )
    one_thread_each()
    return perform_and_give_back(job)


def _result(ray: ModuleType, job: Job, reference: Any) -> Counts:
    """Return the counts of a job; an error of the job itself leaves as it was, one of Ray as WorkError."""
    try:
        counts: Counts = ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, Exception):
            raise error.cause from error
        raise
    except ray.exceptions.RayError as error:
        first = (str(error).strip().splitlines() or [""])[0][:300]
        message = f"the task {job.task.name} was lost with its worker: {type(error).__name__}: {first}"
        do = "run the same command again, with fewer workers if memory ran out; finished work is kept"
        raise WorkError(Problem("MT261", message, where=job.folder, do=do)) from error
    return counts


def _no_ray(address: str | None, error: Exception) -> Problem:
    first = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
    if address is None:
        return Problem("MT264", f"a local Ray did not start: {first}", do="choose the executor processes")
    do = "name a running cluster (auto, HOST:PORT or ray://HOST:PORT), or leave the address out for a local Ray"
    return Problem("MT264", f"no Ray answers there: {first}", key="address", value=address, do=do)
