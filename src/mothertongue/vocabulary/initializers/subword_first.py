"""The first piece that spelled a token before."""

from __future__ import annotations

from torch import Tensor

from mothertongue.vocabulary.rows import RowRequest, check_request, mean_of, stack


class SubwordFirst:
    """The old row of the token's first piece: as an output, the model already predicts it where the token starts."""

    name = "subword_first"

    def rows(self, old_rows: Tensor, request: RowRequest) -> Tensor:
        """One old row per new token."""
        check_request(old_rows, request)
        return stack([mean_of(old_rows, request.pieces[index][:1]) for index in request.new_ids], old_rows.shape[1])
