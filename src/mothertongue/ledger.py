"""The ledger of a run, run.json: what each stage cost and how often it was started and finished.

Enters: starts and ends of stages. Leaves: seconds, restarts, peak memory, fingerprints and versions of the software.
Times live here and in metrics.jsonl only, so that every other file of two equal runs has the same bits. Whether a stage
is finished is decided by its manifest, never by the ledger.
"""

from __future__ import annotations

import json
import sys
import threading
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from mothertongue import durability
from mothertongue.console import clock, redact

FILE = "run.json"
_PACKAGES = ("mothertongue", "torch", "transformers", "tokenizers", "safetensors", "peft", "pyarrow", "numpy")
_EMPTY = {"started": 0, "finished": 0, "restarts": 0, "seconds": 0.0, "peak_memory_bytes": 0}


class Ledger:
    """The content of run.json, written whole after each change."""

    def __init__(self, run: Path, command: str = "") -> None:
        self.path = run / FILE
        value = read_ledger(run)
        self.damaged = value is None and self.path.exists()
        self._value: dict[str, Any] = value or {"format": 1, "stages": {}}
        self._command = redact(command)
        self._meter: MemoryMeter | None = None
        self._began = 0.0

    def stage(self, name: str) -> dict[str, Any]:
        """The entry of a stage: state, fingerprint, version, started, finished, restarts, seconds, peak memory."""
        entry: dict[str, Any] = self._value["stages"].setdefault(name, {"state": "waiting", **_EMPTY})
        return entry

    def start(self, name: str, version: int, fingerprint: str, reasons: list[str]) -> None:
        """The stage is now at work; a start after an unfinished one with the same fingerprint counts as a restart."""
        entry = self.stage(name)
        again = entry["state"] == "running" and entry.get("fingerprint") == fingerprint
        if not again:
            entry["seconds"], entry["peak_memory_bytes"] = 0.0, 0
        entry["restarts"] += again
        entry["started"] += 1
        entry |= {"state": "running", "version": version, "fingerprint": fingerprint, "reasons": reasons}
        self._write()
        self._began, self._meter = clock(), MemoryMeter()

    def stop(self, name: str, *, complete: bool) -> None:
        """The attempt is over: its seconds and memory are added; `complete` when only the rename is left."""
        entry = self.stage(name)
        entry["seconds"] = round(entry["seconds"] + max(clock() - self._began, 0.0), 3)
        if self._meter is not None:
            entry["peak_memory_bytes"] = max(entry["peak_memory_bytes"], self._meter.stop())
            self._meter = None
        if complete:
            entry["state"] = "complete"
        self._write()

    def finish(self, name: str, version: int, fingerprint: str) -> None:
        """The stage is finished (its folder has its final name); also noted when a kill came before the note."""
        entry = self.stage(name)
        if entry["state"] == "finished" and entry.get("fingerprint") == fingerprint:
            return
        entry |= {"state": "finished", "version": version, "fingerprint": fingerprint}
        entry["finished"] += 1
        self._write()

    def _write(self) -> None:
        self._value["command"] = self._command
        self._value["versions"] = versions()
        durability.write_json(self.path, self._value)


def read_ledger(run: Path) -> dict[str, Any] | None:
    """The content of run.json; None when there is none or it is damaged (stages do not depend on it)."""
    try:
        value = json.loads((run / FILE).read_bytes())
        rows = value["stages"].values()
        whole = all(isinstance(row[key], int | float) for row in rows for key in _EMPTY) and all(
            isinstance(row["state"], str) for row in rows
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return value if whole and isinstance(value, dict) else None


@cache
def versions() -> dict[str, str]:
    """The versions of Python and of the packages that decide the bits, of those installed."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in _PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


class MemoryMeter:
    """The largest resident memory of this process while it is open, sampled by a thread twice a second."""

    def __init__(self, seconds: float = 0.5) -> None:
        import psutil

        self._process = psutil.Process()
        self._seconds = seconds
        self._before = _peak_of_process()
        self._peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="memory", daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """The peak in bytes."""
        self._ended.set()
        self._thread.join()
        # The system knows the exact peak of the whole process; it is ours when it rose while we were open.
        whole = _peak_of_process()
        return max(self._peak, whole if whole > self._before else 0)

    def _sample(self) -> None:
        import psutil

        while True:
            with suppress(psutil.Error):
                self._peak = max(self._peak, int(self._process.memory_info().rss))
            if self._ended.wait(self._seconds):
                return


def _peak_of_process() -> int:
    """The largest resident memory since the process began in bytes; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)
