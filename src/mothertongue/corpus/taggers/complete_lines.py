"""Complete lines, as datatrove's C4 filter judges them line by line; measured for the tagger `fineweb`.

A line with too long a word, without an ending mark, with too few words, or with a phrase of scripts or policies is
deleted. Phrases of placeholders and curly braces count only where they stand in a line that is complete otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mothertongue.corpus.kernels import matching
from mothertongue.corpus.kernels.characters import classes
from mothertongue.corpus.kernels.strings import WordRules, phrases, strings
from mothertongue.corpus.kernels.texts import Parts, Texts, sentences
from mothertongue.corpus.tagger import SPANS
from mothertongue.corpus.taggers.measured import Values, holding, spans_of
from mothertongue.corpus.taggers.rows import COUNT, FLAG

COLUMNS: Final = {
    "complete_line_with_curly_brace": FLAG,
    "complete_line_with_lorem_ipsum": FLAG,
    "complete_lines": COUNT,
    "sentences_in_complete_lines": COUNT,
    "incomplete_lines": SPANS,
    "citations": SPANS,
}
_BRACE: Final = ord("{")
_PLACEHOLDER, _SCRIPT, _POLICY = (1 << kind for kind in range(3))


@dataclass(frozen=True)
class LineRules:
    """What makes a line complete; phrases are in lower case."""

    ends: tuple[str, ...]
    unfinished: tuple[str, ...]
    """Line ends that do not complete a line although their last character would."""
    minimum_words: int
    longest_word: int
    placeholders: tuple[str, ...]
    scripts: tuple[str, ...]
    policies: tuple[str, ...]
    citations: tuple[str, ...]
    """Citations beside [] and [12]."""


def complete_lines(texts: Texts, rules: LineRules, words: WordRules, alone: bool) -> Values:
    """Return the values of `COLUMNS`; without ending marks nothing is said but where citations stand."""
    lines = texts.any_lines()
    inner = lines.stripped(classes())
    begin, stop, shorter = matching.citations_in(*inner.places, classes(), *strings(rules.citations))
    citations = Parts(texts.points, begin, stop, np.searchsorted(begin, texts.starts))
    cited = spans_of(citations, texts, np.ones(len(begin), np.bool_), to_next=False)
    if not rules.ends:
        return {**dict.fromkeys(COLUMNS), "citations": cited}
    whole = _ended(inner, shorter, rules)
    count, longest = matching.words_in_parts(*inner.places, classes(), alone)
    whole &= (count >= rules.minimum_words) & (longest <= rules.longest_word)
    kinds = phrases((rules.placeholders, rules.scripts, rules.policies))
    found = matching.phrases_in(texts.lowered, inner.begin, inner.end, *kinds)
    kept = whole & ((found & (_SCRIPT | _POLICY)) == 0)
    braces = whole & holding(lines, _BRACE) & ((found & _SCRIPT) == 0)
    complete = inner.where(kept)
    return {
        "complete_line_with_curly_brace": lines.sums(braces) > 0,
        "complete_line_with_lorem_ipsum": _with_placeholder(lines, whole, found) if rules.placeholders else None,
        "complete_lines": lines.sums(kept),
        "sentences_in_complete_lines": complete.sums(sentences(complete, shorter[kept], words, alone)),
        "incomplete_lines": spans_of(lines, texts, ~kept, to_next=True),
        "citations": cited,
    }


def _ended(inner: Parts, end: NDArray[np.int32], rules: LineRules) -> NDArray[np.bool_]:
    """Return which lines, without the citations behind them, end as they should."""
    places = (inner.points, inner.begin, end)
    ended: NDArray[np.bool_] = matching.parts_matching(*places, *strings(rules.ends), True)
    ended &= ~matching.parts_matching(*places, *strings(rules.unfinished), True)
    return ended


def _with_placeholder(lines: Parts, whole: NDArray[np.bool_], found: NDArray[np.uint32]) -> NDArray[np.bool_]:
    present: NDArray[np.bool_] = lines.sums(whole & ((found & _PLACEHOLDER) != 0)) > 0
    return present
