"""Deduplication of shards: exact, by address, near, by paragraph and by substring; incremental through an index.

Enters: shards of documents, a language profile, optionally masks of documents already dropped and an index of all
dumps before. Leaves: attribute shards with duplicates, representatives, cluster sizes and spans (card 49, step 10).

Every step is a list of tasks that exchange sorted parts of tables through files, so memory is bounded by the size of
a part, any executor gives the same bits, and a killed run goes on where it was.
"""

from mothertongue.corpus.deduplication.find import find_duplicates
from mothertongue.corpus.deduplication.options import DeduplicationOptions
from mothertongue.corpus.deduplication.tables import COLUMNS, DuplicateTable, DuplicateTables

__all__ = ["COLUMNS", "DeduplicationOptions", "DuplicateTable", "DuplicateTables", "find_duplicates"]
