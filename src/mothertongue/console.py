"""What is printed while a run works: one console on stderr, progress, and the removal of secrets.

Enters: text in any language. Leaves: output that never raises (old code pages, closed pipes, full devices), with plain
ASCII marks; on a terminal a bar with rate and time left, otherwise at most one progress line a minute.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from rich.console import Console

SECONDS_BETWEEN_LINES = 60.0
_SECRET_NAMES = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|CREDENTIAL", re.IGNORECASE)
_HIDDEN = "***"
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(://)[^/\s@'\"<>]{1,256}@"), rf"\1{_HIDDEN}@"),
    (
        re.compile(
            r"([?&;](?:access_?token|auth|api[_-]?key|key|password|secret|sig|signature|token|x-amz-[a-z-]{1,40})=)"
            r"[^&\s'\"<>#]{1,2048}",
            re.IGNORECASE,
        ),
        rf"\1{_HIDDEN}",
    ),
    (re.compile(r"(authorization['\"]?\s{0,4}[:=]\s{0,4}['\"]?)[^\r\n'\"]{1,2048}", re.IGNORECASE), rf"\1{_HIDDEN}"),
    (re.compile(r"\b(bearer\s{1,4})[\w.~+/=-]{8,2048}", re.IGNORECASE), rf"\1{_HIDDEN}"),
    (
        re.compile(
            r"((?:api[_-]?key|access[_-]?token|auth[_-]?token|hf[_-]?token|client[_-]?secret|secret|passw(?:or)?d)"
            r"['\"]?\s{0,4}[:=]\s{0,4}['\"]?)[^\s'\",;&]{4,2048}",
            re.IGNORECASE,
        ),
        rf"\1{_HIDDEN}",
    ),
    (re.compile(r"\b(?:hf|api_org)_[A-Za-z0-9]{8,256}"), _HIDDEN),
    (re.compile(r"\bsk-[A-Za-z0-9_-]{8,256}"), _HIDDEN),
    (re.compile(r"\b(?:gh[pousr]_|github_pat_|glpat-|npm_|pypi-|xox[abprs]-|AIza|AKIA)[\w-]{8,256}"), _HIDDEN),
)
_STATE = threading.local()
_LINES_LOCK = threading.Lock()
_LINES: dict[str, float] = {}
_BAR = threading.Lock()  # one bar at a time on a terminal
_LIVE: list[Console] = []


def clock() -> float:
    """Seconds of a clock that never goes back; only differences mean something."""
    return time.monotonic()


def redact(text: str) -> str:
    """`text` with secrets hidden: keys in URLs and headers, known token forms, and secrets of the environment."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    for name, value in os.environ.items():
        if len(value) >= 8 and value in text and _SECRET_NAMES.search(name) and not value.startswith(os.sep):
            text = text.replace(value, _HIDDEN)
    return text


class SafeStream:
    """A writable text stream over sys.stderr or sys.stdout that never raises and hides secrets.

    `encoding` says ascii, so that rich draws plain marks; the text itself keeps every character that the real stream
    can show, and the rest becomes backslash escapes.
    """

    encoding = "ascii"

    def __init__(self, name: str) -> None:
        self._name = name  # looked up at every write, because tests and notebooks exchange sys.stderr

    def _stream(self) -> IO[str] | None:
        stream = getattr(sys, self._name)
        # While rich shows a bar it puts a proxy there that writes to its console, hence to us: ask for the real one.
        return cast("IO[str] | None", getattr(stream, "rich_proxied_file", stream))

    def write(self, text: str) -> int:
        """The number of characters of `text`, whether or not the real stream could take them."""
        stream = self._stream()
        if stream is None:
            return len(text)
        try:
            stream.write(_showable(redact(text), getattr(stream, "encoding", None)))
            stream.flush()
        except (OSError, ValueError):
            self._give_up(stream)
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back: every write is flushed."""

    def isatty(self) -> bool:
        """Whether the real stream is a terminal."""
        try:
            stream = self._stream()
            return stream is not None and stream.isatty()
        except ValueError:
            return False

    def fileno(self) -> int:
        """The descriptor of the real stream; raises OSError when it has none."""
        stream = self._stream()
        if stream is None:
            raise OSError("no stream")
        return stream.fileno()

    def _give_up(self, stream: IO[str]) -> None:
        # The reader is gone or the device is full. What the stream still holds would be flushed at exit and turn exit
        # code 0 into 120, so its descriptor is pointed at the null device.
        try:
            descriptor = stream.fileno()
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, descriptor)
            os.close(null)
            stream.flush()
        except (OSError, ValueError):
            setattr(sys, self._name, None)


def _showable(text: str, encoding: str | None) -> str:
    name = encoding or "utf-8"
    try:
        return text.encode(name, "backslashreplace").decode(name)
    except LookupError:
        return text.encode("ascii", "backslashreplace").decode("ascii")


_ERR, _OUT = SafeStream("stderr"), SafeStream("stdout")


def console() -> Console:
    """The rich console on stderr for everything that is not a result; markup in user text must be escaped."""
    from rich.console import Console

    key = (_ERR._stream(), os.environ.get("COLUMNS"), os.environ.get("NO_COLOR"), os.environ.get("TERM"))
    if getattr(_STATE, "key", None) != key:
        _STATE.key, _STATE.console = key, Console(file=cast("IO[str]", _ERR), highlight=False, emoji=False)
    return cast("Console", _STATE.console)


def say(text: str) -> None:
    """One message on stderr, as plain text: no markup, no wrapping; above the bar if there is one."""
    if _LIVE:
        _LIVE[-1].print(text, markup=False, soft_wrap=True)
    else:
        _ERR.write(text + "\n")


def emit(text: str) -> None:
    """One result on stdout (JSON, tables, explanations), as plain text; a closed pipe is quiet."""
    _OUT.write(text if text.endswith("\n") else text + "\n")


@contextmanager
def progress(description: str, total: float, unit: str) -> Iterator[Callable[[float], None]]:
    """A function that is called with the amount just done; shows share, rate in `unit` per second and time left.

    Inside another progress it is silent on a terminal, since two bars cannot share a line.
    """
    here = console()
    if not here.is_terminal or here.is_dumb_terminal:
        yield _LineProgress(description, total, unit)
    elif _BAR.acquire(blocking=False):
        try:
            with _bar(here, description, total, unit) as advance:
                _LIVE.append(here)
                yield advance
        finally:
            _LIVE.clear()
            _BAR.release()
    else:
        yield lambda _amount: None


@contextmanager
def _bar(here: Console, description: str, total: float, unit: str) -> Iterator[Callable[[float], None]]:
    from rich.progress import BarColumn, Progress, Task, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(TextColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{_amount(task.finished_speed or task.speed or 0.0)} {unit}/s", no_wrap=True)

    columns: list[Any] = [TextColumn("{task.description}", markup=False)]
    if here.width >= 60:
        columns.append(BarColumn(bar_width=24))
    columns.append(TaskProgressColumn())
    if here.width >= 40:
        columns += [Rate(""), TimeRemainingColumn()]
    with Progress(*columns, console=here, transient=True, refresh_per_second=4) as bar:
        task = bar.add_task(description, total=total or None)
        yield lambda amount: bar.advance(task, amount)


class _LineProgress:
    """Progress without a terminal: a line at most once a minute over all bars of the process."""

    def __init__(self, description: str, total: float, unit: str) -> None:
        self.description, self.total, self.unit = description, total, unit
        self.done = 0.0
        self.started = clock()
        with _LINES_LOCK:
            _LINES.setdefault("last", self.started)

    def __call__(self, amount: float) -> None:
        now = clock()
        with _LINES_LOCK:
            self.done += amount
            if now - _LINES["last"] < SECONDS_BETWEEN_LINES:
                return
            _LINES["last"] = now
        say(self.line(now))

    def line(self, now: float) -> str:
        """The line for the moment `now` of clock(): done, total, rate and time left."""
        rate = self.done / max(now - self.started, 1e-9)
        text = f"{self.description}: {_amount(self.done)}"
        if self.total:
            text += f" of {_amount(self.total)} {self.unit} ({100 * self.done / self.total:.0f} %)"
        else:
            text += f" {self.unit}"
        text += f", {_amount(rate)} {self.unit}/s"
        if self.total and rate > 0:
            text += f", {duration(max(self.total - self.done, 0.0) / rate)} left"
        return text


def duration(seconds: float) -> str:
    """A length of time for people: `45 s`, `3 min 20 s`, `2 h 05 min`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.2g}"
