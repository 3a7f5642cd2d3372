"""Language identification: a text in, languages with probabilities out. One implementation a file.

`make_identifier` gives one by its name. `py3langid` is the default seed; `taught:PATH` was taught by the user
(`teach`); `fasttext:PATH` is a fastText model file; `heliport` is an extra. Nothing here fetches a model.
"""

from __future__ import annotations

from mothertongue.corpus.identify.identifier import NO_LANGUAGE, UNKNOWN, Described, Identifier, Ranking
from mothertongue.corpus.identify.make import ALLOWED, make_identifier

__all__ = ["ALLOWED", "NO_LANGUAGE", "UNKNOWN", "Described", "Identifier", "Ranking", "make_identifier"]
