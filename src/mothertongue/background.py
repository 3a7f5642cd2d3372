"""Writers in the background whose errors are never lost: a swallowed error would be a green run with missing files.

Enters: actions to perform in another thread, in order. Leaves: the first error, raised in the main loop as WorkError
at the next submission, check or close; errors of any other thread are noticed as well.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

from mothertongue.errors import MothertongueError, Problem, WorkError


class ThreadErrors:
    """While open, an exception that ends any thread of the process is kept and raised by `check`."""

    def __init__(self) -> None:
        self._errors: list[tuple[str, BaseException]] = []
        self._before: Any = None

    def __enter__(self) -> ThreadErrors:
        self._before = threading.excepthook
        threading.excepthook = self._keep
        return self

    def __exit__(self, *_: object) -> None:
        threading.excepthook = self._before

    def check(self) -> None:
        """Nothing, or WorkError MT827 with the first error of a thread."""
        if self._errors:
            name, error = self._errors[0]
            raise background_error(name, error) from error

    def _keep(self, details: threading.ExceptHookArgs) -> None:
        if details.exc_value is not None and not isinstance(details.exc_value, SystemExit):
            self._errors.append((details.thread.name if details.thread else "?", details.exc_value))


class BackgroundWriter:
    """A thread that performs actions in order; at most `capacity` wait, so that memory stays bounded."""

    def __init__(self, name: str = "writer", capacity: int = 64) -> None:
        self.name = name
        self._queue: queue.Queue[Callable[[], None] | None] = queue.Queue(capacity)
        self._error: BaseException | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def submit(self, action: Callable[[], None]) -> None:
        """The action will be performed after those before it; raises the first error of an earlier one."""
        if self._closed:
            raise RuntimeError(f"the background writer {self.name} is closed")
        self.check()
        self._queue.put(action)

    def check(self) -> None:
        """Nothing, or the first error as WorkError."""
        if self._error is not None:
            raise background_error(self.name, self._error) from self._error

    def close(self) -> None:
        """All actions are done; raises the first error of any of them."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            self._thread.join()
        self.check()

    def _work(self) -> None:
        while (action := self._queue.get()) is not None:
            if self._error is not None:
                continue  # what comes after an error would be written out of order
            try:
                action()
            except BaseException as error:  # kept for the main loop, whatever it is
                self._error = error


def background_error(name: str, error: BaseException) -> WorkError:
    """The WorkError for an error of the background thread `name`; problems of ours keep their own code."""
    if isinstance(error, MothertongueError) and error.problems:
        return WorkError(error.problems)
    message = f"the background thread {name} failed: {type(error).__name__}: {error}"
    return WorkError(Problem("MT827", message, do="see error.txt in the run folder; run the same command to continue"))
