"""Language identification: a text in, languages with probabilities out. One implementation a file.

`make_identifier` gives one by its name. `py3langid` is the default seed; `taught:PATH` was taught by the user
(`teach_identifier`, in `teach`); `fasttext:PATH` is a fastText model file; `heliport` is an extra. Nothing here
fetches a model. Beside them: labels per line (`lines`), the confusion table (`confusion`), contamination lists
(`contamination`).
"""

from __future__ import annotations

from mothertongue.corpus.identify.confusion import Confusion, confusion
from mothertongue.corpus.identify.contamination import contamination_words
from mothertongue.corpus.identify.identifier import NO_LANGUAGE, UNKNOWN, Described, Identifier, Ranking
from mothertongue.corpus.identify.lines import LabelledLine, label_lines
from mothertongue.corpus.identify.make import ALLOWED, make_identifier

__all__ = [
    "ALLOWED",
    "NO_LANGUAGE",
    "UNKNOWN",
    "Confusion",
    "Described",
    "Identifier",
    "LabelledLine",
    "Ranking",
    "confusion",
    "contamination_words",
    "label_lines",
    "make_identifier",
]
