"""Failpoints for tests: every system step of `durability` is counted, and one of them can be made to fail.

Enters: the environment variable MOTHERTONGUE_FAULT, `KIND:N` or `KIND:N:forever`, where N is the ordinal (from 1) of a
step and KIND is `kill` (SIGKILL before the step), `kill_after`, `int`, `term`, `hup` (a signal to the own process) or
the name of an errno such as ENOSPC or EIO. Leaves: the fault, one line of evidence in the file MOTHERTONGUE_FAULT_LOG,
and at exit the number of steps in the file MOTHERTONGUE_FAULT_COUNT. Without these variables a step costs one addition.
"""

from __future__ import annotations

import atexit
import errno
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FAULT, LOG, COUNT = "MOTHERTONGUE_FAULT", "MOTHERTONGUE_FAULT_LOG", "MOTHERTONGUE_FAULT_COUNT"
_OWNER = "MOTHERTONGUE_FAULT_OWNER"
_SIGNALS = {"int": "SIGINT", "term": "SIGTERM", "hup": "SIGHUP"}


@dataclass(frozen=True)
class Fault:
    """What happens at which ordinal: once, or at every step from there on."""

    kind: str
    ordinal: int
    forever: bool = False

    @classmethod
    def parse(cls, text: str) -> Fault:
        """The fault of `KIND:N` or `KIND:N:forever`; raises ValueError when it has another form."""
        kind, ordinal, *rest = text.split(":")
        known = kind in ("kill", "kill_after") or kind in _SIGNALS or hasattr(errno, kind)
        if not known or rest not in ([], ["forever"]):
            raise ValueError(f"not a fault: {text}")
        return cls(kind, int(ordinal), bool(rest))

    def due(self, ordinal: int) -> bool:
        """Whether the step with this ordinal is one that fails."""
        return ordinal == self.ordinal or (self.forever and ordinal > self.ordinal)


class Failpoints:
    """The counter of system steps of this process, and the fault that waits for one of them."""

    def __init__(self, fault: Fault | None = None, log: str = "") -> None:
        self.fault = fault
        self.log = log
        self.count = 0
        self.names: list[str] | None = None  # tests set a list to see every step
        self._lock = threading.Lock()
        self._process = os.getpid()

    @contextmanager
    def step(self, name: str, path: str) -> Iterator[None]:
        """One system step: counted, and failed before or after if it is its turn."""
        with self._lock:
            self.count += 1
            ordinal = self.count
            if self.names is not None:
                self.names.append(name)
        fault = self.fault if self.fault is not None and os.getpid() == self._process else None
        due = fault is not None and fault.due(ordinal)
        if fault is not None and due and fault.kind != "kill_after":
            self._fire(fault, ordinal, name, path)
        yield
        if fault is not None and due and fault.kind == "kill_after":
            self._fire(fault, ordinal, name, path)

    def _fire(self, fault: Fault, ordinal: int, name: str, path: str) -> None:
        self._evidence(f"{fault.kind} {ordinal} {name} {Path(path).name}\n")
        if fault.kind.startswith("kill"):
            group = os.getpgrp() == os.getpid()  # only a group of our own may die with us
            (os.killpg if group else os.kill)(os.getpid(), signal.SIGKILL)
        if fault.kind in _SIGNALS:
            os.kill(os.getpid(), getattr(signal, _SIGNALS[fault.kind]))
            return
        number = getattr(errno, fault.kind)
        raise OSError(number, os.strerror(number), path)

    def _evidence(self, line: str) -> None:
        if not self.log:
            return
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(descriptor, line.encode("utf-8", "replace"))
        finally:
            os.close(descriptor)


def from_environment() -> Failpoints:
    """The failpoints of this process; only the first process of a tree carries the fault and writes the count."""
    text, count = os.environ.get(FAULT, ""), os.environ.get(COUNT, "")
    if not text and not count:
        return Failpoints()
    if os.environ.setdefault(_OWNER, str(os.getpid())) != str(os.getpid()):
        return Failpoints()
    points = Failpoints(Fault.parse(text) if text else None, os.environ.get(LOG, ""))
    if count:
        atexit.register(_write_count, count, points)
    return points


def _write_count(path: str, points: Failpoints) -> None:
    if os.getpid() != points._process:
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        os.write(descriptor, f"{points.count}\n".encode())
    finally:
        os.close(descriptor)


FAULTS = from_environment()
