"""Stopping a run: the first signal ends it after the current step, the second one at once.

Enters: SIGINT, SIGTERM, SIGHUP. Leaves: `Interrupted` at the next check, or, when no check comes within the grace or a
second signal comes, an exit with code 130; in both cases the last line is the command that continues the run.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from contextlib import suppress
from types import FrameType
from typing import Any

from mothertongue.console import clock, say
from mothertongue.errors import Interrupted

_ACTIVE: list[Interrupts] = []
GRACE_SECONDS = 4.0  # the promise is five
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Interrupts:
    """While open, signals are requests to stop; outside of the main thread it does nothing.

    A thread reads the signals from a pipe, because Python runs handlers only between two steps of the main thread,
    and one matrix product may take longer than the grace.
    """

    def __init__(self, command: str = "", grace: float = GRACE_SECONDS) -> None:
        self.command = command
        self.grace = grace
        self._asked = threading.Event()
        self._ended = threading.Event()
        self._before: dict[int, Any] = {}
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is not threading.main_thread():
            return self
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for name in _NAMES:
            number = getattr(signal, name, None)
            # An ignored signal stays ignored: nohup and background jobs of a shell rely on it.
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._handle)
        self._thread = threading.Thread(target=self._watch, name="interrupts", daemon=True)
        self._thread.start()
        _ACTIVE.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread is None:
            return
        _ACTIVE.remove(self)
        self._ended.set()
        self.restore()
        signal.set_wakeup_fd(self._wakeup)
        self._writer.close()
        self._thread.join()
        self._reader.close()

    def numbers(self) -> list[int]:
        """The signals that are requests to stop."""
        return list(self._before)

    def restore(self) -> None:
        """The handlers are those from before."""
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)

    def check(self) -> None:
        """Nothing, or Interrupted once a signal has asked to stop."""
        if self._asked.is_set():
            raise Interrupted(self.command)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self._asked.set()

    def _watch(self) -> None:
        """Wait for a first signal, then for a second one or the end of the grace, then leave."""
        if self._signalled(None):
            self._asked.set()
            if self._signalled(self.grace) is not None:
                self._leave()

    def _signalled(self, seconds: float | None) -> bool | None:
        """True once one of our signals came, False when `seconds` are over, None when the block is left."""
        until = None if seconds is None else clock() + seconds
        while True:
            self._reader.settimeout(None if until is None else max(until - clock(), 0.001))
            try:
                data = self._reader.recv(1)
            except TimeoutError:
                return False
            if not data:
                return None
            if data[0] in self._before:
                return True

    def _leave(self) -> None:
        # Every write is atomic, so leaving here loses no more than a kill would: the current step.
        if self._ended.is_set():
            return
        say(str(Interrupted(self.command, "interrupted at once")))
        _end_children()
        os._exit(130)


def _before_fork() -> None:
    """Signals wait until the worker has its own handlers back."""
    if _ACTIVE:
        signal.pthread_sigmask(signal.SIG_BLOCK, _numbers())


def _after_fork_here() -> None:
    if _ACTIVE:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _numbers())


def _after_fork_in_worker() -> None:
    """A forked worker shares the pipe: a signal that ends the worker must not look like one to us."""
    if not _ACTIVE:
        return
    numbers = _numbers()
    for interrupts in _ACTIVE:
        signal.set_wakeup_fd(-1)
        interrupts.restore()
    _ACTIVE.clear()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)


def _numbers() -> set[int]:
    return {number for interrupts in _ACTIVE for number in interrupts.numbers()}


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_here, after_in_child=_after_fork_in_worker)


def _end_children() -> None:
    """Worker processes of ours would wait for work for ever once we are gone."""
    import psutil

    with suppress(psutil.Error):
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                child.terminate()
