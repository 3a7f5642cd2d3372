"""The mean of what stood at a token's places in the corpus, weighted by how often."""

from __future__ import annotations

from torch import Tensor

from mothertongue.vocabulary.rows import RowRequest, check_request, mean_of, stack


class AlignedMean:
    """Sum over tuples of relative frequency times the mean of the tuple's old rows (card 46, 'align').

    After a continuation of the base's own merges a new token nearly always replaces the same pieces, and this equals
    `subword_mean`; it differs for a tokenizer that was learned apart. A token the corpus never uses takes the mean of
    its pieces.
    """

    name = "align"

    def rows(self, old_rows: Tensor, request: RowRequest) -> Tensor:
        """One weighted mean per new token."""
        check_request(old_rows, request)
        return stack([_aligned(old_rows, request, index) for index in request.new_ids], old_rows.shape[1])


def _aligned(old_rows: Tensor, request: RowRequest, index: int) -> Tensor:
    counts = request.alignments.get(index) or {request.pieces[index]: 1}
    total = sum(counts.values())
    smallest_first = sorted(counts.items(), key=lambda item: (item[1], item[0]))
    terms = [mean_of(old_rows, pieces) * (count / total) for pieces, count in smallest_first]
    return stack(terms, old_rows.shape[1]).sum(dim=0)
