"""Attributes of documents in memory, and which documents a rule keeps: the corpus room for studies of rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from mothertongue.corpus.checked_rules import check_rules
from mothertongue.corpus.decide import Decided, decide
from mothertongue.corpus.document import Document, to_table
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.rules import RuleSet, read_rules
from mothertongue.corpus.taggers import make_tagger


@dataclass(frozen=True)
class Measured:
    """Documents with one row of attributes each, named `tagger.column`."""

    documents: Sequence[Document]
    tables: Mapping[str, pa.Table]
    profile: LanguageProfile

    def decided(self, rules: RuleSet) -> Decided:
        """Return what a rule set decides on each document, and which rules each fails."""
        columns = {name: table.schema for name, table in self.tables.items()}
        joined = {f"{name}.{key}": table[key] for name, table in self.tables.items() for key in table.column_names}
        return decide(pa.table(joined), check_rules(rules, columns, self.profile))

    def kept(self, rule: str) -> list[Document]:
        """Return the documents that one rule, an expression over attributes, keeps."""
        flags = self.decided(read_rules((), {"study": rule})).keep.tolist()
        return [document for document, keep in zip(self.documents, flags, strict=True) if keep]

    def quantile(self, attribute: str, share: float) -> float:
        """Return a measured value of the attribute that `share` of the documents do not exceed."""
        tagger, _, column = attribute.partition(".")
        return float(np.quantile(self.tables[tagger][column].to_numpy(), share, method="inverted_cdf"))


def measured(
    documents: Sequence[Document], taggers: Mapping[str, Mapping[str, Any]], profile: LanguageProfile
) -> Measured:
    """Return `documents` with the attributes of `taggers`, a table of name -> settings."""
    batch = to_table(documents).combine_chunks().to_batches()[0]
    tables = {
        name: pa.Table.from_batches([make_tagger(name, settings).tag(batch, profile)])
        for name, settings in taggers.items()
    }
    return Measured(documents, tables, profile)
