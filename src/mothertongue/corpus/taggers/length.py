"""Tagger `length`: how much text there is, in every unit that rules and mixes count in, and a number to sample by."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, ClassVar

import pyarrow as pa
import xxhash
from pydantic import Field

from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.taggers.rows import COUNT, NUMBER, Row, RowTagger, checked, schema, texts_of
from mothertongue.corpus.token_hashes import token_hashes

_BLANK = re.compile(r"\n\s*\n")
_UNIT = 2.0**-53


@checked
class Length(RowTagger):
    """Characters, UTF-8 bytes, words, lines and paragraphs with something in them, and an estimate of tokens.

    `random` is uniform in [0, 1), made from the id and `seed`, so that every process draws the same sample (card 49,
    step 8).
    """

    name: ClassVar[str] = "length"
    version: ClassVar[int] = 1
    columns: ClassVar[pa.Schema] = schema(
        characters=COUNT, bytes=COUNT, words=COUNT, lines=COUNT, paragraphs=COUNT, tokens=NUMBER, random=NUMBER
    )

    bytes_per_token: Annotated[float, Field(gt=0)] = 4.0
    """A rule of thumb for multilingual tokenizers in most scripts; give the measured figure of yours."""
    seed: int = 0

    def rows(self, batch: pa.RecordBatch, profile: LanguageProfile) -> Iterable[Row]:
        """Return the lengths of each document."""
        for identifier, text in zip(batch.column("id").to_pylist(), texts_of(batch), strict=True):
            size = len(text.encode("utf-8"))
            lines = sum(1 for line in text.split("\n") if line and not line.isspace())
            paragraphs = sum(1 for part in _BLANK.split(text) if part and not part.isspace())
            words, estimate = word_count(text, profile), size / self.bytes_per_token
            yield len(text), size, words, lines, paragraphs, estimate, uniform(identifier, self.seed)


def word_count(text: str, profile: LanguageProfile) -> int:
    """Return the number of words: what stands between spaces, or each letter where writers put no spaces."""
    return len(token_hashes(text) if profile.segmentation == "characters" else text.split())


def uniform(identifier: str, seed: int) -> float:
    """Return a number in [0, 1) that depends on an id and a seed alone."""
    return (xxhash.xxh3_64_intdigest(f"{seed}\0{identifier}".encode()) >> 11) * _UNIT
