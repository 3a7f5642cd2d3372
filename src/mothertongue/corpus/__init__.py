"""The corpus room: files of text in, clean documents and a full account of what was dropped out.

Enters: files and folders (plain text, Markdown, HTML, JSON Lines, Parquet, Mallard, DocBook) and a language tag.
Leaves: documents for training, held-out documents that share no near-duplicate with them, every dropped document with
its reason, counts of repairs, and shares of languages. Nothing here imports torch.

The nouns: `Document` and `Dropped` (document), `Reader` (readers), `Identifier` (language), `Tagger` (quality),
`Executor` (execute). One file per implementation; `curate` puts them in order.
"""

from mothertongue.corpus.account import DroppedRows, FunnelStep
from mothertongue.corpus.control_tokens import find_control_tokens
from mothertongue.corpus.curate import Curated, curate, plain_texts
from mothertongue.corpus.deduplicate import deduplicate_exact, deduplicate_near, overlap
from mothertongue.corpus.document import SCHEMA, Document, Dropped, content_id, read_shard, write_shard
from mothertongue.corpus.executors import Executor, ExecutorOptions, Inline, Processes, choose_executor
from mothertongue.corpus.identify import Identifier, make_identifier
from mothertongue.corpus.options import CurateOptions
from mothertongue.corpus.profile import LanguageProfile, neutral_profile, read_profile
from mothertongue.corpus.readers import Limits, Reader
from mothertongue.corpus.tagger import Tagger
from mothertongue.corpus.taggers import make_tagger
from mothertongue.corpus.unicode import repair

__all__ = [
    "SCHEMA",
    "CurateOptions",
    "Curated",
    "Document",
    "Dropped",
    "DroppedRows",
    "Executor",
    "ExecutorOptions",
    "FunnelStep",
    "Identifier",
    "Inline",
    "LanguageProfile",
    "Limits",
    "Processes",
    "Reader",
    "Tagger",
    "choose_executor",
    "content_id",
    "curate",
    "deduplicate_exact",
    "deduplicate_near",
    "find_control_tokens",
    "make_identifier",
    "make_tagger",
    "neutral_profile",
    "overlap",
    "plain_texts",
    "read_profile",
    "read_shard",
    "repair",
    "write_shard",
]
