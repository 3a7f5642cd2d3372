"""Writes a fastText classifier with known weights, so that the adapter reads a real file whose answers are known."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

MAGIC, VERSION = 793712314, 12
SOFTMAX, SUPERVISED = 3, 3
WORD, LABEL = 0, 1


def write_model(path: Path, words: dict[str, Sequence[float]], labels: dict[str, Sequence[float]]) -> None:
    """Write a model without n-grams: a text is the mean of its words' vectors, a label scores by the dot product."""
    size = len(next(iter(words.values())))
    options = (size, 5, 1, 1, 5, 1, SOFTMAX, SUPERVISED, 0, 0, 0, 100)
    parts = [struct.pack("<ii", MAGIC, VERSION), struct.pack("<12id", *options, 1e-4)]
    parts.append(struct.pack("<iiiqq", len(words) + len(labels), len(words), len(labels), 100, -1))
    entries = [(word, WORD) for word in words] + [(label, LABEL) for label in labels]
    parts += [name.encode() + b"\0" + struct.pack("<qb", 10, kind) for name, kind in entries]
    for rows in (words, labels):
        flat = [value for row in rows.values() for value in row]
        parts += [struct.pack("<?qq", False, len(rows), size), struct.pack(f"<{len(flat)}f", *flat)]
    path.write_bytes(b"".join(parts))
