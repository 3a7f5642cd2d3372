"""What deduplication leaves: one attribute shard per kind and shard of documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa

from mothertongue.corpus.tagger import SPANS
from mothertongue.corpus.work import Counts

_DOCUMENT = [
    pa.field("duplicate", pa.int64()),
    pa.field("representative", pa.string()),
    pa.field("cluster_size", pa.int64()),
]
COLUMNS: Mapping[str, pa.Schema] = {
    "url": pa.schema(_DOCUMENT),
    "exact": pa.schema(_DOCUMENT),
    "near": pa.schema([*_DOCUMENT, pa.field("similarity", pa.float64())]),
    "paragraphs": pa.schema([pa.field("repeated", SPANS), pa.field("share", pa.float64())]),
    "substrings": pa.schema([pa.field("repeated", SPANS), pa.field("share", pa.float64())]),
}
"""Kind -> columns of its table. All are null for a document that took no part.

`duplicate` is 1 where another document stands for this one, else 0; `representative` is the id of the document that
stays (its own id where that is this one); `cluster_size` counts the documents of the cluster, this one included;
`similarity` is the largest Jaccard similarity found to another document, null where nothing was compared. `repeated`
holds spans whose score is how often the paragraph was met (1 for substrings), `share` their part of the characters.
"""


@dataclass(frozen=True)
class DuplicateTable:
    """The table of one kind: rules find column `c` of it as `kind.c`."""

    kind: str
    key: str
    """The key in the footer of each file (`attributes.read_attributes`)."""
    files: tuple[str, ...]
    """One file per shard, in the order of the shards, relative to the folder of the work."""
    counts: Counts
    """Totals: documents, duplicates, pairs ... by kind."""

    def counted(self, counts: Counts) -> DuplicateTable:
        """Return the table with more counts."""
        return replace(self, counts={**self.counts, **counts})

    @property
    def columns(self) -> pa.Schema:
        """The columns of each file."""
        return COLUMNS[self.kind]


@dataclass(frozen=True)
class DuplicateTables:
    """All tables of one run, in the order in which the kinds were looked for."""

    tables: Mapping[str, DuplicateTable] = field(default_factory=dict)

    def rules(self) -> tuple[str, ...]:
        """Return the expressions that hold for documents which stay, one per kind that judges whole documents."""
        return tuple(f"{kind}.duplicate == 0" for kind in self.tables if "duplicate" in COLUMNS[kind].names)
