"""What the compiled taggers share: slices measured one after the other, arrays that become columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mothertongue.corpus.kernels import matching
from mothertongue.corpus.kernels.strings import strings
from mothertongue.corpus.kernels.texts import Parts, Texts, slices
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.tagger import SPAN, SPANS
from mothertongue.corpus.taggers.rows import RowTagger

Numbers = NDArray[Any]
Values = Mapping[str, "Numbers | pa.Array | None"]
"""Column -> one value per text: NaN stands for null, None for a column of nulls."""


class MeasuringTagger(RowTagger):
    """A tagger whose columns come from kernels, slice by slice."""

    def tag(self, batch: pa.RecordBatch, profile: LanguageProfile) -> pa.RecordBatch:
        """Return one row of `columns` per document."""
        measured = [(len(texts.lengths), self.measure(texts, profile)) for texts in slices(batch)]
        arrays = [
            pa.concat_arrays([_array(values[field.name], field.type, rows) for rows, values in measured])
            if measured
            else pa.array([], field.type)
            for field in self.columns
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self.columns)

    def measure(self, texts: Texts, profile: LanguageProfile) -> Values:
        """Return the values of all columns for the texts of one slice."""
        raise NotImplementedError


def _array(values: Numbers | pa.Array | None, kind: pa.DataType, rows: int) -> pa.Array:
    if values is None:
        return pa.nulls(rows, kind)
    return values if isinstance(values, pa.Array) else pa.array(values, kind, from_pandas=True)


def ratio(part: Numbers, whole: Numbers) -> Numbers:
    """Return part over whole; NaN where there is no whole."""
    out = np.full(len(part), np.nan)
    np.divide(part, whole, out=out, where=whole > 0)
    return out


def spans_of(parts: Parts, texts: Texts, chosen: NDArray[np.bool_], to_next: bool) -> pa.Array:
    """Return chosen parts as `SPANS` with score 1; with `to_next` each reaches to the next part or the text's end."""
    end = parts.end
    if to_next and len(end):
        end = np.append(parts.begin[1:], end[-1])
        last = parts.first[1:][parts.count > 0] - 1
        end[last] = texts.starts[1:][parts.count > 0]
    chosen = chosen & (end > parts.begin)
    start = texts.starts[parts.text[chosen]].astype(np.int32)
    columns = (parts.begin[chosen] - start, end[chosen] - start, np.ones(len(start), np.float32))
    structs = pa.StructArray.from_arrays([pa.array(column) for column in columns], fields=list(SPAN))
    offsets = np.concatenate(([0], np.cumsum(parts.sums(chosen)))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), structs, type=SPANS)


def holding(lines: Parts, point: int) -> NDArray[np.bool_]:
    """Return which lines hold a character that ends no line; lines follow each other with line ends between them."""
    flags = np.zeros(len(lines.begin), np.bool_)
    flags[np.searchsorted(lines.begin, np.flatnonzero(lines.points == point), side="right") - 1] = True
    return flags


def share_matching(lines: Parts, texts: tuple[str, ...], at_end: bool) -> Numbers:
    """Return the share of lines of each text that begin, or end, with one of `texts`."""
    return ratio(lines.sums(matching.parts_matching(*lines.places, *strings(texts), at_end)), lines.count)
