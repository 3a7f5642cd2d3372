"""The table of initialisers. To add one: a file in `initializers/`, a line here, a row in the contract test."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from mothertongue.errors import InputError, Problem
from mothertongue.vocabulary.initializers.align import AlignedMean
from mothertongue.vocabulary.initializers.mean import MeanRows
from mothertongue.vocabulary.initializers.merge import MergeMean
from mothertongue.vocabulary.initializers.random import RandomRows
from mothertongue.vocabulary.initializers.subword_first import SubwordFirst
from mothertongue.vocabulary.initializers.subword_mean import SubwordMean
from mothertongue.vocabulary.initializers.subword_mean_first import SubwordMeanFirst
from mothertongue.vocabulary.rows import Initializer

_ALL: tuple[Initializer, ...] = (
    SubwordMeanFirst(),
    SubwordMean(),
    SubwordFirst(),
    MergeMean(),
    AlignedMean(),
    MeanRows(),
    RandomRows(),
)

INITIALIZERS: Mapping[str, Initializer] = {initializer.name: initializer for initializer in _ALL}


def find_initializer(name: str) -> Initializer:
    """The initialiser of that name; raises InputError (MT305) with the nearest name if there is none."""
    if name in INITIALIZERS:
        return INITIALIZERS[name]
    near = difflib.get_close_matches(name, INITIALIZERS, n=1)
    message = "is not an initialiser" + (f"; nearest: {near[0]}" if near else "")
    raise InputError(
        Problem("MT305", message, key="vocabulary.initializer", value=name, allowed=", ".join(INITIALIZERS))
    )
