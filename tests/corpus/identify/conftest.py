"""One identifier, taught once, for all tests that only look at it."""

from __future__ import annotations

import numpy as np
import pytest
from tests.corpus.identify.languages import LATIN, SISTER, lines

from mothertongue.corpus.identify.space import UNCOVERED_ROWS, Automaton, Seed
from mothertongue.corpus.identify.taught import TaughtIdentifier
from mothertongue.corpus.identify.teach import teach_identifier


@pytest.fixture(scope="session")
def taught() -> TaughtIdentifier:
    """Knows the made-up language qaa, its sister qab, and the languages of the seed."""
    return teach_identifier("qaa", lines(LATIN, 200), neighbours={"qab": lines(SISTER, 200)})


@pytest.fixture(scope="session")
def small(bytes_seed: Seed) -> TaughtIdentifier:
    """The same over the small seed."""
    return teach_identifier("qaa", lines(LATIN, 80), neighbours={"qab": lines(SISTER, 80)}, seed_identifier=bytes_seed)


@pytest.fixture(scope="session")
def bytes_seed() -> Seed:
    """A seed that knows single bytes and two languages, one of a and b, one of c and d."""
    # State 1 + byte follows each byte; every state has the same row of next states.
    moves = np.arange(1, 257, dtype=np.uint32)
    outputs = np.concatenate([[-1], np.arange(256)]).astype(np.int32)
    automaton = Automaton(moves, np.zeros(257, np.int32), outputs, 256)
    table = np.full((256 + UNCOVERED_ROWS, 2), 1e-4)
    table[[ord("a"), ord("b")], 0] = table[[ord("c"), ord("d")], 1] = 0.4
    return Seed("small", automaton, ("xab", "xcd"), np.log(table).astype(np.float16).astype(np.float32))
