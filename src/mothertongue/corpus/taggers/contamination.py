"""Tagger `contamination`: what documents share with the texts of an evaluation (card 49, step 11)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from mothertongue.corpus.decontaminate import LEAST_TOKENS, THRESHOLD, TOKENS, Evaluation
from mothertongue.corpus.deduplication.minhash import token_spans
from mothertongue.corpus.document import Document
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.tagger import SPANS
from mothertongue.corpus.taggers.rows import (
    COUNT,
    NUMBER,
    WORD,
    Row,
    RowTagger,
    checked,
    content_hash,
    schema,
    set_option,
    texts_of,
)

MOST_NAMED = 20
"""Items named for one document; all of them are counted."""
_NO_TEXT = ("id", "language", "source")


@checked
class Contamination(RowTagger):
    """Hits, the ids of the items, the shared runs, and the similarity to the nearest item.

    `contamination.hits == 0` keeps the clean documents. Everything is null without a file of items.
    """

    name: ClassVar[str] = "contamination"
    version: ClassVar[int] = 1
    columns: ClassVar[pa.Schema] = schema(hits=COUNT, items=WORD, similarity=NUMBER, shared=SPANS)

    items: str = ""
    """Path of the texts to keep out: JSON Lines, all strings of a row under its `id`, or plain text, one a line."""
    items_sha256: str = ""
    tokens: int = TOKENS
    """Length of a shared run that counts; shorter items count as a whole."""
    threshold: float = THRESHOLD
    """Similarity from which an edited copy counts."""

    def __post_init__(self) -> None:
        if self.items:
            set_option(self, "items_sha256", content_hash(self.items, self.items_sha256, "contamination.items"))

    def rows(self, batch: pa.RecordBatch, profile: LanguageProfile) -> Iterable[Row]:
        """Return what each document shares with the items."""
        if not self.items:
            return [(None, None, None, None)] * batch.num_rows
        characters = profile.segmentation == "characters"
        evaluation = _evaluation(self.items, self.items_sha256, self.tokens, self.threshold, characters)
        found = map(evaluation.hits, texts_of(batch))
        return [(len(hit.ids), " ".join(hit.ids[:MOST_NAMED]), hit.similarity, list(hit.spans)) for hit in found]


@lru_cache(maxsize=2)
def _evaluation(path: str, sha256: str, tokens: int, threshold: float, characters: bool) -> Evaluation:
    del sha256  # part of the key of the cache only
    return Evaluation(list(read_items(Path(path))), tokens=tokens, threshold=threshold, characters=characters)


def read_items(path: Path) -> Iterator[Document]:
    """Yield the texts of an evaluation file under the ids of their rows, or `FILE:LINE` where there is none.

    Strings of fewer than five tokens (answers such as "yes") are left out where a row has a longer one.
    """
    with path.open(encoding="utf-8", errors="replace") as stream:
        for number, line in enumerate(stream, 1):
            row = _row(line)
            name = str(row.get("id", f"{path.name}:{number}")) if isinstance(row, dict) else f"{path.name}:{number}"
            texts = list(_strings(row))
            long = [text for text in texts if len(token_spans(text)) >= LEAST_TOKENS]
            yield from (Document(name, text, path.name, "und") for text in long or texts)


def _row(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return line.strip()


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.strip():
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _strings(part) if key not in _NO_TEXT else ()
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
