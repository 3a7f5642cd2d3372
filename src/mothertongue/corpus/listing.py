"""Finding the files of a corpus: sorted, each real file once, safe against loops of symbolic links."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FoundFile:
    """One regular file: where it is, its name below the source it was found in (with /), and its size in bytes."""

    path: Path
    name: str
    size: int


def list_files(source: Path) -> list[FoundFile]:
    """Return the files below a folder (or the file itself) sorted by name; hidden files and folders are left out.

    Links are followed, but every folder and file is visited once, under the first of its names.
    """
    if source.is_file():
        return [FoundFile(source, source.name, source.stat().st_size)]
    return sorted(_walk(source), key=lambda file: file.name)


def _walk(root: Path) -> Iterator[FoundFile]:
    seen: set[tuple[int, int]] = set()
    waiting = [(root, "")]
    while waiting:
        folder, prefix = waiting.pop()
        status = _status(folder)
        if status is None or (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        folders = []
        for name in _names(folder):
            path = folder / name
            status = _status(path)
            if status is None:
                continue
            if stat.S_ISDIR(status.st_mode):
                folders.append((path, f"{prefix}{name}/"))
            elif stat.S_ISREG(status.st_mode) and (status.st_dev, status.st_ino) not in seen:
                if status.st_nlink > 1 or path.is_symlink():
                    seen.add((status.st_dev, status.st_ino))
                yield FoundFile(path, f"{prefix}{name}".encode("utf-8", "replace").decode(), status.st_size)
        waiting.extend(reversed(folders))


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError:
        return []


def _status(path: Path) -> os.stat_result | None:
    """Return the status of what a path leads to; None for broken links and links that lead to themselves."""
    try:
        return path.stat()
    except OSError:
        return None


def shards(files: Sequence[FoundFile], shard_bytes: int, shard_files: int) -> list[tuple[FoundFile, ...]]:
    """Return files in their order cut into shards; the cut depends on the files only, never on the machine."""
    cut: list[tuple[FoundFile, ...]] = []
    current: list[FoundFile] = []
    size = 0
    for file in files:
        if current and (size + file.size > shard_bytes or len(current) >= shard_files):
            cut.append(tuple(current))
            current, size = [], 0
        current.append(file)
        size += file.size
    if current:
        cut.append(tuple(current))
    return cut
