"""Rows drawn from the distribution of the old ones: the baseline that every other initialiser must beat."""

from __future__ import annotations

import torch
from torch import Tensor

from mothertongue.vocabulary.rows import RowRequest, check_request


class RandomRows:
    """Each dimension drawn from N(mean, standard deviation) of the old rows (card 01, step 7, random)."""

    name = "random"

    def rows(self, old_rows: Tensor, request: RowRequest) -> Tensor:
        """The drawn rows; the same seed gives the same rows."""
        check_request(old_rows, request)
        old = old_rows.detach().float().cpu()
        generator = torch.Generator().manual_seed(request.seed)
        noise = torch.randn(len(request.new_ids), old.shape[1], generator=generator)
        return (old.mean(dim=0) + old.std(dim=0, correction=0) * noise).to(old_rows.device)
