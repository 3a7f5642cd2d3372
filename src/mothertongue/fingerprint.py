"""Fingerprints and manifests: what decides whether a finished stage is still valid, and whether it is undamaged.

Enters: the version, seed, resolved options, input hashes and upstream contents of a stage. Leaves: one sha256 over
meaning, never over times, paths or source text; the differences to an earlier one in words; and a manifest with size
and sha256 of every file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mothertongue import durability
from mothertongue.durability import FileEntry

MANIFEST = "manifest.json"
_FORMAT = 1


def canonical_json(value: Any) -> str:
    """The one JSON text of a value: keys sorted, no blanks, no NaN; equal values give equal texts."""
    plain = durability.plain(value)
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: Any) -> str:
    """The sha256 in hex of the canonical JSON of `value`."""
    return hashlib.sha256(durability.encode(canonical_json(value))).hexdigest()


def hash_input(path: str | Path) -> str:
    """The content hash of an input file or folder: names inside the folder count, its own path and times do not."""
    source = Path(path)
    if source.is_dir():
        return digest([[entry.path, entry.sha256] for entry in durability.folder_manifest(source)])
    return durability.sha256_file(source)


def stage_seed(seed: int, stage: str) -> int:
    """The seed of one stage (31 bits): depends on the seed of the recipe and the name of the stage alone."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{stage}".encode()).digest()[:4], "big") >> 1


@dataclass(frozen=True)
class Parts:
    """Everything that decides the output of a stage; `upstream` maps a stage to the hash of its output."""

    stage: str
    version: int
    seed: int
    options: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    upstream: Mapping[str, str] = field(default_factory=dict)

    def fingerprint(self) -> str:
        """The sha256 in hex over all parts."""
        return digest(self)

    def changed_options(self, before: Parts) -> dict[str, tuple[str, str]]:
        """Dotted option key -> its text before and now, for every option that differs (and the seed)."""
        changed = _changed(_flat({"seed": before.seed}), _flat({"seed": self.seed}))
        return changed | _changed(_flat(before.options), _flat(self.options))

    def differences(self, before: Parts) -> list[str]:
        """The causes in words for which a stage with the parts `before` has to run again; empty when none."""
        causes = []
        if self.version != before.version:
            causes.append(f"the version of stage {self.stage} changed: {before.version} -> {self.version}")
        causes += [f"{key} changed: {old} -> {new}" for key, (old, new) in self.changed_options(before).items()]
        causes += [f"input {name} {_verb(*pair)}" for name, pair in _changed(before.inputs, self.inputs).items()]
        changed = _changed(before.upstream, self.upstream)
        causes += [f"the output of stage {name} {_verb(*pair)}" for name, pair in changed.items()]
        return causes


@dataclass(frozen=True)
class Manifest:
    """The content of manifest.json of a finished stage: its parts and its files."""

    parts: Parts
    files: tuple[FileEntry, ...]

    @classmethod
    def of(cls, folder: Path, parts: Parts) -> Manifest:
        """The manifest of what now lies in `folder`, without the manifest file itself."""
        return cls(parts, tuple(entry for entry in durability.folder_manifest(folder) if entry.path != MANIFEST))

    def content(self) -> str:
        """The hash of the output: equal outputs of different options spare the stages that follow."""
        return digest(self.files)

    def value(self) -> dict[str, Any]:
        """The JSON value as written to the file."""
        return {
            "format": _FORMAT,
            "fingerprint": self.parts.fingerprint(),
            "parts": durability.plain(self.parts),
            "files": durability.plain(self.files),
        }

    def damage(self, folder: Path, *, trust: bool = False) -> list[str]:
        """The files that are missing or differ, in words; with `trust` only sizes are compared."""
        found = []
        for entry in self.files:
            path = folder / entry.path
            if not path.is_file():
                found.append(f"{entry.path} is missing")
            elif (size := path.stat().st_size) != entry.size:
                found.append(f"{entry.path} has {size:,} bytes instead of {entry.size:,}")
            elif not trust and durability.sha256_file(path) != entry.sha256:
                found.append(f"{entry.path} has another content than when it was written")
        return found


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a stage folder; None when there is none or it is damaged."""
    try:
        value = json.loads((folder / MANIFEST).read_bytes())
        parts = Parts(**value["parts"])
        files = tuple(FileEntry(str(row["path"]), int(row["size"]), str(row["sha256"])) for row in value["files"])
        whole = value["format"] == _FORMAT and parts.fingerprint() == value["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Manifest(parts, files) if whole else None


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Dotted key -> JSON text of every leaf; lists are leaves."""
    return dict(_leaves(durability.plain(value), prefix))


def _leaves(value: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, item in value.items():
        name = f"{prefix}.{key}" if prefix else key
        if isinstance(item, dict) and item:
            yield from _leaves(item, name)
        else:
            yield name, canonical_json(item)


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    keys = sorted(before.keys() | now.keys())
    return {
        key: (before.get(key, "(absent)"), now.get(key, "(absent)")) for key in keys if before.get(key) != now.get(key)
    }


def _verb(before: str, now: str) -> str:
    return "is new" if before == "(absent)" else "is gone" if now == "(absent)" else "changed"
