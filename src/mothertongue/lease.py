"""The lease of a run folder: one process writes, and a dead owner is replaced without the user.

Enters: a run folder. Leaves: `lease.json`, a file written whole and taken exclusively, that names host, process, start
time and nonce, and a counter that its owner raises every two seconds. Ages come from a counter that stops changing,
never from differences of wall clocks; locks of the file system are not used, because network disks break them.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import secrets
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from mothertongue import durability
from mothertongue.console import clock, duration, say
from mothertongue.errors import InputError, Problem, WorkError

FILE = "lease.json"
BEAT_SECONDS = 2.0
PATIENCE_SECONDS = 10.0  # five missed beats


@dataclass(frozen=True)
class Owner:
    """The content of a lease: who holds it, and the counter of its heartbeat.

    `machine` tells apart two hosts of one name, two starts of one host, and two containers with their own process ids;
    `started` is the start time of the process as the system counts it, which differs when a process id is used again.
    """

    host: str
    machine: str
    pid: int
    started: str
    nonce: str
    beat: int = 0

    def data(self) -> bytes:
        """The bytes of the file; all beats have the same length, so that a file rewritten in place stays whole."""
        value = asdict(self) | {"beat": f"{self.beat:012d}"}
        return (json.dumps(value, ensure_ascii=True) + "\n").encode("ascii")


def read_owner(folder: Path) -> Owner | None:
    """The owner named by the lease of `folder`; None when there is none or it cannot be understood."""
    try:
        value = json.loads((folder / FILE).read_bytes())
        return Owner(
            str(value["host"]),
            str(value["machine"]),
            int(value["pid"]),
            str(value["started"]),
            str(value["nonce"]),
            int(value["beat"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


class Lease:
    """The held lease of a run folder; a context manager that beats in the background and gives it back at the end."""

    def __init__(self, folder: Path, owner: Owner, descriptor: int, beat_seconds: float) -> None:
        self.folder = folder
        self.owner = owner
        self._descriptor = descriptor
        self._beat_seconds = beat_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)

    def __enter__(self) -> Lease:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if self._ours():
            # Not a failpoint step that may raise: the work is done, and a lease left behind heals itself.
            with suppress(OSError):
                (self.folder / FILE).unlink()
        os.close(self._descriptor)

    def check(self) -> None:
        """Nothing while the lease is ours; WorkError once another process has taken it (we were stopped too long)."""
        for _ in range(20):
            if self._ours():
                return
            if read_owner(self.folder) is not None:
                break
            time.sleep(0.05)  # a rival that judged wrongly puts the file back at once
        other = read_owner(self.folder)
        holder = f"process {other.pid} on {other.host}" if other else "nobody (the file is gone)"
        message = f"this process lost the run folder; it is now held by {holder}"
        raise WorkError(
            Problem(
                "MT812", message, where=str(self.folder), do="let the other process finish, or stop it and start again"
            )
        )

    def _ours(self) -> bool:
        current = read_owner(self.folder)
        return current is not None and current.nonce == self.owner.nonce

    def _beat(self) -> None:
        count = 0
        while not self._stop.wait(self._beat_seconds):
            count += 1
            # The descriptor stays with our own file: after a take-over the beats go to a file without a name.
            # A failed beat is not an error here, since check() decides before every rename.
            with suppress(OSError):
                beat = Owner(**(asdict(self.owner) | {"beat": count}))
                durability.overwrite_held(self._descriptor, beat.data())


def acquire(folder: Path, *, beat: float = BEAT_SECONDS, patience: float = PATIENCE_SECONDS) -> Lease:
    """The lease of `folder`, taken now or from a dead owner; InputError MT811 when a living process holds it.

    An owner on this machine is dead when its process is gone. One on another machine, or one that is stopped, is dead
    when its counter has not changed for `patience` seconds.
    """
    mine = Owner(platform.node(), machine(), os.getpid(), process_start(os.getpid()) or "", secrets.token_hex(16))
    while True:
        descriptor = durability.create_exclusive(folder / FILE, mine.data())
        if descriptor is not None:
            return Lease(folder, mine, descriptor, beat)
        content = _content(folder)
        if content is None:
            continue  # given back in this moment
        owner = read_owner(folder)
        if _lives(folder, owner, content, patience):
            raise InputError(_held(folder, owner))
        if _take_away(folder, content):
            name = f"process {owner.pid} on {owner.host}" if owner else "an unknown process"
            say(f"took over the run folder from {name}, which no longer works on it")


def machine() -> str:
    """A name for this start of this machine and its space of process ids; differs between containers."""
    parts = [_first_line(Path("/proc/sys/kernel/random/boot_id"))]
    with suppress(OSError):
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return ":".join(part for part in parts if part) or platform.node()


def process_start(pid: int) -> str | None:
    """The start time of a living process as the system counts it; None when there is no such process or a zombie."""
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        # Ticks since the boot, where the system has them: create_time() moves when the wall clock is set.
        ticks = _ticks(pid)
        return ticks if ticks else f"{process.create_time():.2f}"
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied:
        return ""


def _lives(folder: Path, owner: Owner | None, content: bytes, patience: float) -> bool:
    """Whether the owner still works; looks at the process on this machine, else waits for a change of the counter."""
    if owner is not None and owner.machine == machine():
        started = process_start(owner.pid)
        if started is None or (started and owner.started and started != owner.started):
            return False
        if not _stopped(owner.pid):
            return True
    return _changes(folder, content, patience)


def _changes(folder: Path, content: bytes, patience: float) -> bool:
    """Whether the file changes within `patience` seconds; a change to another owner counts as life."""
    until = clock() + patience
    while clock() < until:
        now = _content(folder)
        if now is None:
            return False
        if now != content:
            return True
        time.sleep(min(0.1, patience / 10))
    return False


def _take_away(folder: Path, content: bytes) -> bool:
    """Whether the dead lease was moved away by us; one that changed in the meantime is put back.

    A claim under a name made from the content lets one rival alone take this very lease away: without it a slow one
    could move the lease that a faster one has just made.
    """
    claim = folder / f".lease.{hashlib.sha256(content).hexdigest()[:16]}{durability.TEMPORARY}"
    descriptor = durability.create_exclusive(claim, b"")
    if descriptor is None:
        _wait_for_claim(claim)
        return False
    try:
        return _content(folder) == content and _move_away(folder, content)
    finally:
        os.close(descriptor)
        with suppress(OSError):
            claim.unlink()


def _wait_for_claim(claim: Path) -> None:
    """Returns when a rival's claim is gone; one that stays for a second was left by a death and is removed."""
    for _ in range(20):
        if not claim.exists():
            return
        time.sleep(0.05)
    with suppress(OSError):
        claim.unlink()


def _move_away(folder: Path, content: bytes) -> bool:
    aside = folder / f".lease.{secrets.token_hex(4)}{durability.TEMPORARY}"
    try:
        (folder / FILE).rename(aside)
    except OSError:
        return False  # a rival was faster
    try:
        if aside.read_bytes() == content:
            return True
        with suppress(OSError):
            os.link(aside, folder / FILE)
        return False
    finally:
        with suppress(OSError):
            aside.unlink()


def _held(folder: Path, owner: Owner | None) -> Problem:
    if owner is None:
        return Problem("MT811", "the run folder is being taken by another process", where=str(folder), do="try again")
    age = _age(owner)
    message = f"is held by process {owner.pid} on {owner.host}" + (f", at work for {age}" if age else "")
    here = owner.machine == machine()
    stop = f"stop it (kill {owner.pid})" if here else f"stop it there (kill {owner.pid} on {owner.host})"
    return Problem(
        "MT811",
        message,
        where=str(folder),
        do=f"wait until it is done, {stop}, or choose another folder with --run",
    )


def _age(owner: Owner) -> str:
    """How long the owner has been at work, by its own count of beats."""
    return duration(owner.beat * BEAT_SECONDS)


def _content(folder: Path) -> bytes | None:
    try:
        return (folder / FILE).read_bytes()
    except FileNotFoundError:
        return None
    except OSError:
        return b""


def _stopped(pid: int) -> bool:
    import psutil

    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    except psutil.Error:
        return False


def _ticks(pid: int) -> str:
    # The command may hold blanks and brackets; field 22 is counted from the last bracket on.
    fields = _first_line(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 else ""


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").partition("\n")[0].strip()
    except OSError:
        return ""
