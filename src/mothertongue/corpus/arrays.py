"""Model files of the corpus room: one NumPy archive with arrays and facts, and a hash over both.

Arrays enter with a kind and facts in JSON; equal content gives equal bytes. Reading never executes anything and checks
kind, format and hash, so that a damaged or foreign file is refused (MT276).
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mothertongue import durability
from mothertongue.errors import InputError, Problem
from mothertongue.fingerprint import canonical_json

Arrays = Mapping[str, NDArray[Any]]
FORMAT = 1
_HEAD = "head"


def write_arrays(path: Path, kind: str, facts: Mapping[str, Any], arrays: Arrays) -> None:
    """Write arrays and facts as one file of a kind; it is there whole or not at all."""
    head = {"kind": kind, "format": FORMAT, "facts": dict(facts), "sha256": content_digest(kind, facts, arrays)}
    stream = io.BytesIO()
    # The ids of a zip archive hold no time of day: numpy writes all members with the same date.
    np.savez_compressed(stream, allow_pickle=False, **{_HEAD: _bytes(canonical_json(head))}, **arrays)
    durability.write_bytes(path, stream.getvalue())


def read_arrays(path: Path, kind: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return the facts and arrays of a file of a kind.

    Raises InputError MT276 when there is no such file, it is of another kind or format, or it was changed.
    """
    try:
        # The stream is ours: a broken archive would leave the one that numpy opens unclosed.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        head = json.loads(arrays.pop(_HEAD).tobytes())
        found = f"{head['kind']}, format {head['format']}"
        facts, stored = dict(head["facts"]), head["sha256"]
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise broken(path, str(error).splitlines()[0] if str(error) else type(error).__name__, kind) from error
    if (head["kind"], head["format"]) != (kind, FORMAT):
        raise broken(path, found, kind)
    if stored != content_digest(kind, facts, arrays):
        raise broken(path, "the content does not match the hash inside the file", kind)
    return facts, arrays


def content_digest(kind: str, facts: Mapping[str, Any], arrays: Arrays) -> str:
    """Return the sha256 over kind, facts, and the names, types, shapes and values of the arrays."""
    state = hashlib.sha256(canonical_json({"kind": kind, "facts": dict(facts)}).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        state.update(f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        state.update(array.data)
    return state.hexdigest()


def broken(path: Path, found: str, kind: str) -> InputError:
    """Return the refusal of a model file: what was found in it and which kind is wanted."""
    do = f"name a file of this kind ({kind}), or make it again"
    return InputError(
        Problem("MT276", "cannot be used", where=str(path), value=found, allowed=f"{kind}, format {FORMAT}", do=do)
    )


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)
