"""The mean of the pieces that spelled a token before."""

from __future__ import annotations

from torch import Tensor

from mothertongue.vocabulary.rows import RowRequest, check_request, mean_of, stack


class SubwordMean:
    """The mean of the old rows of the token's pieces (card 01, step 7, FVT; card 46, step 4)."""

    name = "subword_mean"

    def rows(self, old_rows: Tensor, request: RowRequest) -> Tensor:
        """One mean per new token."""
        check_request(old_rows, request)
        return stack([mean_of(old_rows, request.pieces[index]) for index in request.new_ids], old_rows.shape[1])
