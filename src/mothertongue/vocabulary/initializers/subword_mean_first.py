"""Half the mean of the pieces, half the first piece."""

from __future__ import annotations

from torch import Tensor

from mothertongue.vocabulary.initializers.subword_first import SubwordFirst
from mothertongue.vocabulary.initializers.subword_mean import SubwordMean
from mothertongue.vocabulary.rows import RowRequest


class SubwordMeanFirst:
    """The average of `subword_mean` and `subword_first`.

    Read as an input a token means all its pieces; predicted as an output (the same row when weights are tied) the
    model's habit is to predict the first piece. The average serves both.
    """

    name = "subword_mean_first"

    def rows(self, old_rows: Tensor, request: RowRequest) -> Tensor:
        """One average per new token."""
        return (SubwordMean().rows(old_rows, request) + SubwordFirst().rows(old_rows, request)) / 2
