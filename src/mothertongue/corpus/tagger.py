"""Taggers: measuring without judging.

A tagger is a pure function of documents and a language profile. It gives one row of attributes per document, in the
same order; rules over attributes decide later (card 49). A tagger is added by writing its file in `taggers/` and one
row in the table there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import pyarrow as pa

from mothertongue.corpus.profile import LanguageProfile
from mothertongue.fingerprint import digest

SPAN = pa.struct(
    [
        pa.field("start", pa.int32(), nullable=False),
        pa.field("end", pa.int32(), nullable=False),
        pa.field("score", pa.float32(), nullable=False),
    ]
)
SPANS = pa.list_(SPAN)
"""Parts of a text: code points from `start` to before `end`, with a score; sorted, never overlapping, never empty."""


class Tagger(Protocol):
    """Measures documents; picklable, and made again from its name and settings: `TAGGERS[name](**settings)`."""

    @property
    def name(self) -> str:
        """The name under which rules find its columns: `name.column`."""

    @property
    def version(self) -> int:
        """Raised by hand whenever the same text may get other values."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The options it was made with, as JSON types; files count by content (include their hash)."""

    @property
    def columns(self) -> pa.Schema:
        """The attributes: float64, int64, bool or string for whole documents, `SPANS` for parts of them."""

    def tag(self, batch: pa.RecordBatch, profile: LanguageProfile) -> pa.RecordBatch:
        """Return one row of `columns` per document of `batch` (a batch of `document.SCHEMA`), in its order.

        Null stands for "cannot be said" (a profile without function words, a text without lines); rules pass over it.
        """


def attribute_key(tagger: Tagger, profile: LanguageProfile) -> str:
    """Return the name of a tagger's attribute folder: `name@version-hash`, over settings and facts of the profile.

    A setting `NAME` that names a file counts by its content where a setting `NAME_sha256` holds the hash of it.
    """
    given = tagger.settings
    counted = {key: value for key, value in given.items() if not given.get(f"{key}_sha256")}
    identity = digest({"settings": counted, "profile": profile.facts_digest()})
    return f"{tagger.name}@{tagger.version}-{identity[:12]}"
