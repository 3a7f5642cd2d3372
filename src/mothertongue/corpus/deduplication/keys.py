"""Keys under which documents are equal: the hash of the text, and the hash of the address in its usual form."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

from mothertongue.corpus.deduplication.documents import Taken
from mothertongue.corpus.deduplication.places import Place, ShardPlace
from mothertongue.corpus.work import Counts

_PORTS = {"http": 80, "https": 443}
_TRACKING = ("utm_", "fbclid", "gclid")
_LOW = (1 << 64) - 1
KEYS = pa.schema(
    [
        pa.field("hash", pa.uint64()),
        pa.field("low", pa.uint64()),
        pa.field("node", pa.uint64()),
        pa.field("length", pa.uint32()),
        pa.field("weight", pa.uint32()),
        pa.field("id", pa.string()),
    ]
)
"""One document under a 128-bit key: its node, code points, how many copies it stands for, and its id."""


def text_key(text: str) -> int:
    """Return the 128-bit hash under which texts count as equal: white space collapsed, NFC."""
    form = unicodedata.normalize("NFC", " ".join(text.split()))
    return xxhash.xxh3_128_intdigest(form.encode("utf-8", "surrogatepass"))


def url_key(address: str) -> int:
    """Return the 128-bit hash of an address in its usual form (`usual_url`)."""
    return xxhash.xxh3_128_intdigest(usual_url(address).encode("utf-8", "surrogatepass"))


def usual_url(address: str) -> str:
    """Return an address without what does not change the page it names.

    Scheme http or https, user, default port, fragment, final slash and parameters of trackers go; the host is lower
    case. An address that cannot be read is its own form.
    """
    try:
        parts = urlsplit(address.strip())
        port, host = parts.port, (parts.hostname or "").rstrip(".")
    except ValueError:
        return address.strip()
    if not host:
        return address.strip()
    place = host if port in (None, _PORTS.get(parts.scheme)) else f"{host}:{port}"
    scheme = "" if parts.scheme in _PORTS else f"{parts.scheme}:"
    asked = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not pair[0].startswith(_TRACKING)]
    query = f"?{urlencode(asked)}" if asked else ""
    return f"{scheme}//{place}{parts.path.rstrip('/')}{query}"


def write_text_keys(folder: Path, *, place: Place, parts: int) -> Counts:
    """Write the keys of the texts of one shard, parted by hash."""
    return _write(folder, ShardPlace(**place), parts, lambda batch: list(map(text_key, batch.texts())))


def write_url_keys(folder: Path, *, place: Place, parts: int, field: str) -> Counts:
    """Write the keys of the addresses of one shard, parted by hash; documents without an address give none."""

    def keys(batch: Taken) -> list[int | None]:
        metas = batch.batch.column("meta").filter(pa.array(batch.take)).to_pylist()
        addresses = [json.loads(meta).get(field) if f'"{field}"' in meta else None for meta in metas]
        return [url_key(text) if isinstance(text, str) and text.strip() else None for text in addresses]

    return _write(folder, ShardPlace(**place), parts, keys, "meta")


def _write(
    folder: Path, place: ShardPlace, parts: int, keys: Callable[[Taken], Sequence[int | None]], *columns: str
) -> Counts:
    batches = [_key_table(batch, keys(batch), place) for batch in place.taken(folder, "id", "text", *columns)]
    table = pa.concat_tables([KEYS.empty_table(), *batches])
    place.write(folder, table, parts)
    return {"keys": table.num_rows}


def _key_table(batch: Taken, keys: Sequence[int | None], place: ShardPlace) -> pa.Table:
    has = np.array([key is not None for key in keys], bool)
    high, low = halves([key for key in keys if key is not None])
    chosen = batch.batch.filter(pa.array(batch.take)).filter(pa.array(has))
    columns: list[Any] = [
        high,
        low,
        place.nodes(batch.rows[has]),
        pc.utf8_length(chosen.column("text")).cast(pa.uint32()),
        np.ones(len(high), np.uint32),
        chosen.column("id"),
    ]
    return pa.Table.from_arrays([pa.array(values) for values in columns], schema=KEYS)


def halves(keys: Sequence[int]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return the upper and the lower 64 bits of 128-bit keys."""
    return np.array([key >> 64 for key in keys], np.uint64), np.array([key & _LOW for key in keys], np.uint64)
