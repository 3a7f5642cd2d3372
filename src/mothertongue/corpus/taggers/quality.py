"""Tagger `quality`: how much a text is like the bad examples rather than the good ones (card 14, step 4)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import pyarrow as pa

from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.taggers.models import classifier
from mothertongue.corpus.taggers.rows import (
    NUMBER,
    Row,
    RowTagger,
    checked,
    content_hash,
    schema,
    set_option,
    texts_of,
)


@checked
class Quality(RowTagger):
    """`badness` from 0 = like the good examples to 1 = like the bad ones; null for a text without words.

    A score says how alike a text is to the examples, no more: it tells against genres and dialects that the good ones
    lack. Choose thresholds by the share of text that they keep.
    """

    name: ClassVar[str] = "quality"
    version: ClassVar[int] = 1
    columns: ClassVar[pa.Schema] = schema(badness=NUMBER)

    model: str
    """Path of a classifier made by `train_classifier` with the good texts as positive ones."""
    model_sha256: str = ""

    def __post_init__(self) -> None:
        set_option(self, "model_sha256", content_hash(self.model, self.model_sha256, "quality.model"))

    def rows(self, batch: pa.RecordBatch, profile: LanguageProfile) -> Iterable[Row]:
        """Return the badness of each document."""
        texts = texts_of(batch)
        likeness = classifier(self.model, self.model_sha256, profile).probabilities(texts)
        for text, good in zip(texts, likeness, strict=True):
            yield (None if not text or text.isspace() else 1 - good,)
