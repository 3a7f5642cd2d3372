"""The mean of the two parts a token was merged from, and of their parts in turn."""

from __future__ import annotations

from torch import Tensor

from mothertongue.vocabulary.rows import RowRequest, check_request, mean_of, stack


class MergeMean:
    """The recursive mean along the new merges down to old tokens (card 01, step 7, merge; card 46, 'merge').

    The last part of a token weighs as much as all that was merged before it. A token without a merge takes the mean of
    its pieces.
    """

    name = "merge"

    def rows(self, old_rows: Tensor, request: RowRequest) -> Tensor:
        """One mean per new token; each part is computed once."""
        check_request(old_rows, request)
        new, known = set(request.new_ids), dict[int, Tensor]()
        waiting = list(reversed(list(request.new_ids)))
        while waiting:
            index = waiting[-1]
            parts = request.merges.get(index, ())
            missing = [part for part in parts if part in new and part not in known]
            if missing:
                waiting.extend(missing)
                continue
            waiting.pop()
            if index not in known:
                known[index] = (
                    _mean_of_parts(old_rows, known, parts) if parts else mean_of(old_rows, request.pieces[index])
                )
        return stack([known[index] for index in request.new_ids], old_rows.shape[1])


def _mean_of_parts(old_rows: Tensor, known: dict[int, Tensor], parts: tuple[int, ...]) -> Tensor:
    rows = [known[part] if part in known else old_rows[part].float() for part in parts]
    return stack(rows, old_rows.shape[1]).mean(dim=0)
