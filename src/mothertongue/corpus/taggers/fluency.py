"""Tagger `fluency`: how expected a text is to a model of the user's own clean text, and its least expected part."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import Field

from mothertongue.corpus.fluency import mean_and_worst
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.taggers.models import fluency
from mothertongue.corpus.taggers.rows import NUMBER, Row, RowTagger, checked, content_hash, schema, set_option, texts_of


@checked
class Fluency(RowTagger):
    """Bits per character of a document (fewer are more fluent) and of its worst window; null without characters."""

    name: ClassVar[str] = "fluency"
    version: ClassVar[int] = 1
    columns: ClassVar[pa.Schema] = schema(bits_per_character=NUMBER, worst_bits=NUMBER)

    model: str
    """Path of a model made by `train_fluency`."""
    model_sha256: str = ""
    window: Annotated[int, Field(ge=1)] = 200
    """Characters of the window."""

    def __post_init__(self) -> None:
        set_option(self, "model_sha256", content_hash(self.model, self.model_sha256, "fluency.model"))

    def rows(self, batch: pa.RecordBatch, profile: LanguageProfile) -> Iterable[Row]:
        """Return the bits of each document."""
        model = fluency(self.model, self.model_sha256, profile)
        for text in texts_of(batch):
            bits = model.bits(text)
            yield mean_and_worst(bits, self.window) if len(bits) else (None, None)
