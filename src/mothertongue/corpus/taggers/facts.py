"""What the metadata of documents say: their facts, and the address that a text came from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

ADDRESS_KEYS = ("url", "uri", "link", "source_url")
MOST_CHARACTERS = 2_000


def facts_of(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """Yield the facts of each document; none for metadata that are no JSON object."""
    for meta in batch.column("meta").to_pylist():
        facts = json.loads(meta)
        yield facts if isinstance(facts, dict) else {}


def addresses_of(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield key and value of each address among facts, cut to 2,000 characters."""
    for key in ADDRESS_KEYS:
        if isinstance(value := facts.get(key), str) and value:
            yield key, value[:MOST_CHARACTERS]
