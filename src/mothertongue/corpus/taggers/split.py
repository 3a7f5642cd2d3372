"""Tagger `split`: the set that documents name themselves, which a curation respects."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import ClassVar

import pyarrow as pa

from mothertongue.corpus.document import SPLITS
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.taggers.rows import WORD, Row, RowTagger, checked, schema


@checked
class Split(RowTagger):
    """The value of `split` in the meta of a document where it is one of `document.SPLITS`, else null."""

    name: ClassVar[str] = "split"
    version: ClassVar[int] = 1
    columns: ClassVar[pa.Schema] = schema(given=WORD)

    def rows(self, batch: pa.RecordBatch, profile: LanguageProfile) -> Iterable[Row]:  # noqa: ARG002 - needs none
        """Return the set that each document names."""
        for meta in batch.column("meta").to_pylist():
            named = json.loads(meta).get("split") if '"split"' in meta else None
            yield (named if named in SPLITS else None,)
