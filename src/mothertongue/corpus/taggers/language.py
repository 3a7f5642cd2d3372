"""Tagger `language`: what an identifier says of a document and of its lines, and words that point to a neighbour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import ClassVar

import pyarrow as pa

from mothertongue.corpus.edits import Edit, apply_edits
from mothertongue.corpus.identify import Ranking, make_identifier
from mothertongue.corpus.identify.identifier import Described
from mothertongue.corpus.language import (
    CERTAIN,
    FOREIGN_PROBABILITY,
    OPENING_CHARACTERS,
    PARAGRAPH_CHARACTERS,
    PARAGRAPH_PROBABILITY,
    SURE_SHARE,
    accepted_labels,
)
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.tagger import SPANS
from mothertongue.corpus.taggers.parts import Line, lines_of, together
from mothertongue.corpus.taggers.rows import (
    NUMBER,
    WORD,
    Row,
    RowTagger,
    Span,
    checked,
    covered,
    expect,
    schema,
    set_option,
    share,
    texts_of,
)
from mothertongue.corpus.token_hashes import Hashes, count_among, hashes_of, token_hashes
from mothertongue.fingerprint import digest

Judged = tuple[int, int, Ranking]
"""A line with what the identifier says of it."""
MOST_PARTS = 500
"""Long lines of a document that are judged one by one; of more than that, neighbours are judged together."""


@checked
class Language(RowTagger):
    """The label of a document, the probability of the wanted language, and its lines in other languages.

    `probability`, `foreign_line_share` (in characters) and `foreign_lines` are null where the identifier knows neither
    the language nor a twin of it. A line of 40 characters is foreign when its own language is less probable than 0.02
    and another one has 0.8; the span holds its line end, its score is the probability of the other language.
    `foreign_word_share` is the share of the profile's `foreign_words` among all of those and `function_words`.
    """

    name: ClassVar[str] = "language"
    version: ClassVar[int] = 2
    columns: ClassVar[pa.Schema] = schema(
        label=WORD,
        label_probability=NUMBER,
        probability=NUMBER,
        foreign_line_share=NUMBER,
        foreign_lines=SPANS,
        foreign_word_share=NUMBER,
    )

    identifier: str = "py3langid"
    """The name of an identifier, with the path of its file where it has one: see `identify.make_identifier`."""
    identifier_sha256: str = ""
    """Digest of the identifier's settings; filled in when empty."""

    def __post_init__(self) -> None:
        found = digest(dict(_identifier(self.identifier).settings))
        set_option(self, "identifier_sha256", expect(found, self.identifier_sha256, "identifier"))

    def rows(self, batch: pa.RecordBatch, profile: LanguageProfile) -> Iterable[Row]:
        """Return what the identifier says of each document without its foreign lines; a batch is asked at once."""
        identifier = _identifier(self.identifier)
        accepted = accepted_labels(profile.language, identifier.labels)
        words = hashes_of(profile.foreign_words), hashes_of(profile.function_words)
        texts = texts_of(batch)
        parts = [_parts(text) if accepted else [] for text in texts]
        lines = [text[start:end] for text, own in zip(texts, parts, strict=True) for start, end in own]
        answers = iter(identifier.identify([line[:OPENING_CHARACTERS] for line in lines]))
        judged = [[(*part, next(answers)) for part in own] for own in parts]
        foreign = [list(_foreign(own, accepted)) for own in judged]
        openings = [_opening(text, spans) for text, spans in zip(texts, foreign, strict=True)]
        rankings = identifier.identify(openings)
        for text, own, spans, ranking in zip(texts, judged, foreign, rankings, strict=True):
            best = _sure(own, accepted, len(text)) or ranking
            yield (
                *_label(own, spans, best, len(text)),
                _support(best, accepted) if accepted else None,
                share(covered(spans), len(text)) if accepted else None,
                spans if accepted else None,
                _foreign_words(text, *words),
            )


@lru_cache(maxsize=4)
def _identifier(name: str) -> Described:
    return make_identifier(name)


def _support(ranking: Ranking, accepted: frozenset[str]) -> float:
    return sum(probability for tag, probability in ranking if tag in accepted)


def _parts(text: str) -> list[Line]:
    """Return the long lines of a text with their line ends, neighbours joined so that there are at most 500 parts."""
    long = [(start, end) for start, end in lines_of(text) if end - start >= PARAGRAPH_CHARACTERS]
    if len(long) < 2:
        return []
    return [(start, min(end + 1, len(text))) for start, end in together(long, MOST_PARTS)]


def _foreign(parts: Sequence[Judged], accepted: frozenset[str]) -> Iterator[Span]:
    for start, end, ranking in parts:
        probability = ranking[0][1]
        if probability >= FOREIGN_PROBABILITY and _support(ranking, accepted) < PARAGRAPH_PROBABILITY:
            yield start, end, probability


def _opening(text: str, foreign: Sequence[Span]) -> str:
    """Return the opening of what is left of a text without its foreign lines; all of it where nothing would be."""
    left = apply_edits(text, (Edit(start, end) for start, end, _ in foreign)) if foreign else text
    return (left if left.strip() else text)[:OPENING_CHARACTERS]


def _label(parts: Sequence[Judged], foreign: Sequence[Span], ranking: Ranking, characters: int) -> tuple[str, float]:
    """Return what the document as a whole is in: a text of which most is foreign is in the language of that."""
    if covered(foreign) <= SURE_SHARE * characters:
        return ranking[0]
    starts = {start for start, _, _ in foreign}
    longest = max((part for part in parts if part[0] in starts), key=lambda part: part[1] - part[0])
    return longest[2][0]


def _sure(parts: Sequence[Judged], accepted: frozenset[str], characters: int) -> Ranking | None:
    """Return the ranking of the longest line when half of the text stands in lines that are certainly accepted.

    The opening of such a text may hold what misleads, a title or a list of names.
    """
    certain = [part for part in parts if _support(part[2], accepted) >= CERTAIN]
    if sum(end - start for start, end, _ in certain) < SURE_SHARE * max(characters, 1) or not certain:
        return None
    return max(certain, key=lambda part: part[1] - part[0])[2]


def _foreign_words(text: str, foreign: Hashes, own: Hashes) -> float | None:
    if not len(foreign):
        return None
    found = token_hashes(text)
    hits = count_among(found, foreign)
    return share(hits, hits + count_among(found, own))
