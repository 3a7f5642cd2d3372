"""The one place that writes to disk: whole files by temporary name, fsync, rename and fsync of the folder.

Enters: bytes, text, JSON values, or a library that writes a file or folder itself. Leaves: a file that is either the
old one or the new one, never a part of it. Every system step is a named failpoint with an ordinal (`faults`), so that
tests can kill the process or fail the n-th step. An `OSError` leaves as `WorkError` with path, cause, needed and free
bytes.
"""

from __future__ import annotations

import ctypes
import dataclasses
import errno
import hashlib
import json
import math
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from mothertongue.errors import Problem, WorkError
from mothertongue.faults import FAULTS

T = TypeVar("T")
TEMPORARY = ".mt-tmp"  # in the name of every unfinished file or folder; such names are removed when a run starts
_CHUNK = 1 << 20
_SURROGATES = re.compile("[\ud800-\udfff]")
_FENCES: dict[str, Callable[[], None]] = {}
_DISK_ERRORS = {
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EIO", "EROFS", "EMFILE", "ENFILE", "EFBIG", "EACCES", "EPERM", "ESTALE")
    if hasattr(errno, name)
}


@dataclass(frozen=True)
class FileEntry:
    """One file of a manifest: path relative to the folder with `/`, size in bytes, sha256 in hex."""

    path: str
    size: int
    sha256: str


# --- whole files ------------------------------------------------------------------------------------------------------


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """A file at `path` that holds exactly `data`; after a crash it is the old file or the new one."""
    target = Path(path)
    _need_parent(target)
    temporary = _temporary(target)
    try:
        _step("write", target, lambda: _write_new(temporary, data), needed=len(data))
        _step("fsync", target, lambda: _fsync(temporary), needed=len(data))
        rename(temporary, target)
    except BaseException:
        _discard(temporary)
        raise


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """A UTF-8 file with `text` as it is (no newline translation); lone surrogates become U+FFFD."""
    write_bytes(path, encode(text))


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """A UTF-8 JSON file, indented by two, keys in the order given; numbers that are not finite become null."""
    write_text(path, json.dumps(plain(value), ensure_ascii=False, indent=2, allow_nan=False) + "\n")


@contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path in the same folder for a library that writes a file itself; renamed to `path` at success."""
    target = Path(path)
    _need_parent(target)
    temporary = _temporary(target)
    try:
        with _disk_errors("write", target):
            yield temporary
        _step("write", target, lambda: None)
        _step("fsync", target, lambda: _fsync(temporary))
        rename(temporary, target)
    except BaseException:
        _discard(temporary)
        raise


@contextmanager
def writing_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary folder for a library that writes many files; all synced, then renamed to `path` at success.

    An existing folder at `path` is exchanged in one step where the system can, and then removed.
    """
    target = Path(path)
    _need_parent(target)
    temporary = _temporary(target)
    try:
        make_folder(temporary)
        with _disk_errors("write", target):
            yield temporary
        _step("write", target, lambda: None)
        sync_folder(temporary)
        replace_folder(temporary, target)
    except BaseException:
        _discard(temporary)
        raise


# --- lines ------------------------------------------------------------------------------------------------------------


def append_line(path: str | os.PathLike[str], line: str) -> None:
    """One whole line at the end of `path`, given to the system in one call; a failed call leaves no half line."""
    target = Path(path)
    _need_parent(target)
    _check_fence(target)
    data = encode(line.rstrip("\n") + "\n")
    _step("append", target, lambda: _append(target, data), needed=len(data))


def sync_file(path: str | os.PathLike[str]) -> int:
    """The size in bytes of `path` after everything appended so far has reached the disk; 0 if there is no file."""
    target = Path(path)
    if not target.exists():
        return 0
    _step("fsync", target, lambda: _fsync(target))
    return target.stat().st_size


def truncate_file(path: str | os.PathLike[str], size: int) -> None:
    """The file cut back to `size` bytes (for resume); a missing file or a smaller one is left as it is."""
    target = Path(path)
    if not target.exists() or target.stat().st_size <= size:
        return
    _check_fence(target)

    def cut() -> None:
        os.truncate(target, size)
        _fsync(target)

    _step("truncate", target, cut)


# --- names ------------------------------------------------------------------------------------------------------------


def rename(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> None:
    """`source` under the name `target`, replacing a file of that name, with the folder synced."""
    goal = Path(target)
    _check_fence(goal)
    _step("rename", goal, lambda: Path(source).replace(goal))
    _step("fsync_folder", goal, lambda: _fsync(goal.parent))


def replace_folder(source: Path, target: Path) -> None:
    """The folder `source` under the name `target`; a folder that was there is exchanged first and removed after."""
    _check_fence(target)
    if target.exists():
        if _step("rename", target, lambda: _exchange(source, target)):
            _step("fsync_folder", target, lambda: _fsync(target.parent))
            remove(source)
            return
        aside = _temporary(target)
        rename(target, aside)
        rename(source, target)
        remove(aside)
        return
    rename(source, target)


def make_folder(path: str | os.PathLike[str]) -> None:
    """A folder at `path` with its parents; nothing happens if it exists."""
    target = Path(path)
    if target.is_dir():
        return
    _step("mkdir", target, lambda: target.mkdir(parents=True, exist_ok=True))
    _step("fsync_folder", target, lambda: _fsync(target.parent))


def remove(path: str | os.PathLike[str]) -> None:
    """No file or folder at `path` any more; nothing happens if there was none."""
    target = Path(path)
    if not target.exists() and not target.is_symlink():
        return
    _check_fence(target)

    def take_away() -> None:
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        else:
            target.unlink()

    _step("remove", target, take_away)
    _step("fsync_folder", target, lambda: _fsync(target.parent))


def remove_temporary(folder: str | os.PathLike[str]) -> int:
    """The number of unfinished files and folders that dead writers left under `folder`, all removed now."""
    left = [Path(root, name) for root, folders, files in os.walk(folder) for name in (*folders, *files)]
    left = [path for path in left if is_temporary(path.name)]
    for path in left:
        remove(path)
    return len(left)


def is_temporary(name: str) -> bool:
    """Whether `name` is the name of an unfinished file or folder of this module."""
    return name.startswith(".") and TEMPORARY in name


def link_or_copy(source: Path, target: Path) -> None:
    """`target` with the same content as the file or folder `source`: hard links where possible, else copies."""
    if source.is_dir():
        with writing_folder(target) as temporary:
            shutil.copytree(source, temporary, dirs_exist_ok=True, copy_function=_link)
        return
    with writing(target) as temporary:
        _link(str(source), str(temporary))


# --- exclusive files, for the lease -----------------------------------------------------------------------------------


def create_exclusive(path: Path, data: bytes) -> int | None:
    """An open descriptor of a new file written whole, or None when `path` exists; for the lease, which holds it."""
    temporary = _temporary(path)
    try:
        _step("write", path, lambda: _write_new(temporary, data), needed=len(data))
        if not _step("link", path, lambda: _link_new(temporary, path, data)):
            return None
        return os.open(path, os.O_RDWR)
    finally:
        _discard(temporary)


def overwrite_held(descriptor: int, data: bytes) -> None:
    """The held file rewritten in place from its start; not a failpoint, because a heartbeat comes at any time."""
    os.pwrite(descriptor, data, 0)


# --- checks and hashes ------------------------------------------------------------------------------------------------


def sha256_file(path: str | os.PathLike[str]) -> str:
    """The sha256 of the content of a file in hex; raises WorkError when it cannot be read."""
    digest = hashlib.sha256()
    try:
        with Path(path).open("rb") as stream:
            while block := stream.read(_CHUNK):
                digest.update(block)
    except OSError as error:
        raise as_work_error("read", Path(path), error) from error
    return digest.hexdigest()


def folder_manifest(folder: str | os.PathLike[str]) -> list[FileEntry]:
    """Path, size and sha256 of every file below `folder`, sorted by path; unfinished files are left out."""
    root = Path(folder)
    paths = sorted(
        (path for path in root.rglob("*") if path.is_file()), key=lambda path: path.relative_to(root).as_posix()
    )
    return [
        FileEntry(path.relative_to(root).as_posix(), path.stat().st_size, sha256_file(path))
        for path in paths
        if not any(is_temporary(part) for part in path.relative_to(root).parts)
    ]


def sync_folder(folder: str | os.PathLike[str]) -> None:
    """Every file and folder below `folder` has reached the disk; one failpoint for all."""

    def sync() -> None:
        for root, _, files in os.walk(folder, topdown=False):
            for name in files:
                _fsync(Path(root, name))
            _fsync(Path(root))

    _step("fsync", Path(folder), sync)


def require_space(path: str | os.PathLike[str], needed: int) -> None:
    """Nothing, when the disk of `path` has `needed` bytes free; otherwise WorkError with both numbers."""
    free = _free(Path(path))
    if free is not None and free < needed:
        message = f"not enough space: {needed:,} bytes are needed, {free:,} are free"
        raise WorkError(Problem("MT805", message, where=str(path), do="free space, or use another disk with --run"))


@contextmanager
def fence(folder: str | os.PathLike[str], check: Callable[[], None]) -> Iterator[None]:
    """While it is open, `check` is called before every rename, append, truncation and removal below `folder`."""
    key = os.path.abspath(folder)  # noqa: PTH100 - `..` goes, links stay
    _FENCES[key] = check
    try:
        yield
    finally:
        _FENCES.pop(key, None)


def encode(text: str) -> bytes:
    """The UTF-8 bytes of `text`; lone surrogates, which UTF-8 cannot hold, become U+FFFD."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return _SURROGATES.sub("\ufffd", text).encode("utf-8")


def plain(value: Any) -> Any:
    """`value` in the types of JSON: paths as text, dataclasses and mappings as objects, not-finite numbers as None."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "item"):  # a NumPy or torch scalar
        return plain(value.item())
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


# --- system steps -----------------------------------------------------------------------------------------------------


def _step(name: str, path: Path, action: Callable[[], T], needed: int | None = None) -> T:
    """The result of one system step, counted as a failpoint; OSErrors leave as WorkError."""
    try:
        with FAULTS.step(name, str(path)):
            return action()
    except OSError as error:
        raise as_work_error(name, path, error, needed) from error


@contextmanager
def _disk_errors(name: str, path: Path) -> Iterator[None]:
    """Errors of the disk inside the block leave as WorkError; other OSErrors (a missing input) pass unchanged."""
    try:
        yield
    except OSError as error:
        if not is_disk_error(error):
            raise
        raise as_work_error(name, path, error) from error


def is_disk_error(error: OSError) -> bool:
    """Whether the cause is the disk or its permissions (full, broken, read-only), not a wrong name."""
    return error.errno in _DISK_ERRORS


def as_work_error(step: str, path: Path, error: OSError, needed: int | None = None) -> WorkError:
    """The WorkError for a failed step: code by kind of cause, remedy, bytes needed and free."""
    cause = os.strerror(error.errno) if error.errno else str(error)
    message = f"{step} failed: {cause}"
    free = _free(path)
    if needed is not None:
        message += f"; {needed:,} bytes were needed"
    if free is not None:
        message += f"; {free:,} bytes are free"
    where = str(path)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return WorkError(Problem("MT802", message, where=where, do="free space, then run the same command again"))
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return WorkError(Problem("MT803", message, where=where, do="allow writing there, or choose another --run"))
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return WorkError(Problem("MT804", message, where=where, do="raise the limit of open files (ulimit -n 4096)"))
    return WorkError(Problem("MT801", message, where=where, do="check the disk, then run the same command again"))


def _free(path: Path) -> int | None:
    for folder in (path, *path.absolute().parents):
        with suppress(OSError):
            return shutil.disk_usage(folder).free
    return None


def _check_fence(path: Path) -> None:
    if not _FENCES:
        return
    absolute = os.path.abspath(path)  # noqa: PTH100
    for folder, check in list(_FENCES.items()):
        if absolute == folder or absolute.startswith(folder + os.sep):
            check()


def _temporary(target: Path) -> Path:
    # The suffix stays last, because some libraries choose a format by it; long names are cut (255 bytes on disk).
    stem = target.stem.encode("utf-8")[:150].decode("utf-8", "ignore")
    suffix = target.suffix if len(target.suffix.encode("utf-8")) <= 40 else ""
    return target.with_name(f".{stem}.{secrets.token_hex(4)}{TEMPORARY}{suffix}")


def _need_parent(target: Path) -> None:
    if not target.parent.is_dir():
        make_folder(target.parent)


def _discard(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _write_new(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        _write_all(descriptor, data)
    finally:
        os.close(descriptor)


def _append(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        before = os.fstat(descriptor).st_size
        try:
            _write_all(descriptor, data)
        except OSError:
            os.ftruncate(descriptor, before)
            raise
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _fsync(path: Path) -> None:
    if os.name != "posix" and path.is_dir():
        return  # Windows has no handle for the sync of a folder
    descriptor = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _link_new(temporary: Path, path: Path, data: bytes) -> bool:
    """Whether `path` is new and ours."""
    try:
        try:
            os.link(temporary, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links: exclusive, though not whole for a moment
            _write_new(path, data)
    except FileExistsError:
        return False
    return True


def _exchange(first: Path, second: Path) -> bool:
    """Whether the two names were exchanged in one step (Linux renameat2 with RENAME_EXCHANGE)."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    here = -100  # AT_FDCWD: names are relative to the working folder
    return bool(call(here, os.fsencode(first), here, os.fsencode(second), 2) == 0)
