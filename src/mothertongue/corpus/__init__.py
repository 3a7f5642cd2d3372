"""The corpus room: files of text in, clean documents and a full account of what was dropped out.

Enters: files and folders (plain text, Markdown, HTML, JSON Lines, Parquet, Mallard, DocBook) and a language tag.
Leaves: documents for training, held-out documents that share no near-duplicate with them, every dropped document with
its reason, counts of repairs, and shares of languages. Nothing here imports torch.

The nouns: `Document` and `Dropped` (document), `Reader` (readers), `Identifier` (language), `Tagger` (quality),
`Executor` (execute). One file per implementation; `curate` puts them in order.
"""

from mothertongue.corpus.control_tokens import find_control_tokens
from mothertongue.corpus.curate import Curated, CurateOptions, FunnelStep, curate, plain_texts
from mothertongue.corpus.deduplicate import deduplicate_exact, deduplicate_near, overlap
from mothertongue.corpus.document import SCHEMA, Document, Dropped, content_id, read_shard, write_shard
from mothertongue.corpus.executors import Executor, Inline, Processes
from mothertongue.corpus.language import Identifier, Py3LangId
from mothertongue.corpus.quality import QualityTagger, Tagger
from mothertongue.corpus.readers import Limits, Reader
from mothertongue.corpus.unicode import repair

__all__ = [
    "SCHEMA",
    "CurateOptions",
    "Curated",
    "Document",
    "Dropped",
    "Executor",
    "FunnelStep",
    "Identifier",
    "Inline",
    "Limits",
    "Processes",
    "Py3LangId",
    "QualityTagger",
    "Reader",
    "Tagger",
    "content_id",
    "curate",
    "deduplicate_exact",
    "deduplicate_near",
    "find_control_tokens",
    "overlap",
    "plain_texts",
    "read_shard",
    "repair",
    "write_shard",
]
