"""Tagger `toxicity`: sentences with words of a list, and sentences that a classifier finds toxic (card 49, step 6).

Both judge by sentence, so that a mix can cut a sentence out or drop the document. Which words and examples are toxic
is the user's knowledge: without a list in the profile or settings and without a model, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.scripts import UNSEGMENTED, script_of
from mothertongue.corpus.tagger import SPANS
from mothertongue.corpus.taggers.models import classifier
from mothertongue.corpus.taggers.parts import Line, sentences_of, together
from mothertongue.corpus.taggers.rows import (
    COUNT,
    NUMBER,
    Row,
    RowTagger,
    Span,
    checked,
    content_hash,
    covered,
    schema,
    set_option,
    share,
    texts_of,
)
from mothertongue.corpus.token_hashes import Hashes, count_among, hashes_of, token_hashes
from mothertongue.errors import InputError, Problem

MOST_SENTENCES = 1_000
"""Sentences of a document that are judged one by one; of more than that, neighbours are judged together."""


@checked
class Toxicity(RowTagger):
    """Hits of the list with their sentences (score: hits), and all sentences with the score of the model.

    `words` counts hits, `word_share` is hits over words, `listed_share` the share of characters in `listed` sentences.
    They are null without a list. `highest` is the highest score of a sentence, null without a model. Single words match
    whole words; phrases match between word borders; in scripts without spaces any place counts. Case never matters.
    """

    name: ClassVar[str] = "toxicity"
    version: ClassVar[int] = 1
    columns: ClassVar[pa.Schema] = schema(
        words=COUNT, word_share=NUMBER, listed_share=NUMBER, listed=SPANS, highest=NUMBER, scored=SPANS
    )

    words: str = ""
    """Path of a list, one word or phrase a line; it is joined with `toxic_words` of the profile."""
    words_sha256: str = ""
    model: str = ""
    """Path of a classifier made by `train_classifier` with toxic sentences as the positive texts."""
    model_sha256: str = ""

    def __post_init__(self) -> None:
        for option in ("words", "model"):
            if path := getattr(self, option):
                expected = getattr(self, f"{option}_sha256")
                set_option(self, f"{option}_sha256", content_hash(path, expected, f"toxicity.{option}"))
        if self.words:
            _read_list(self.words, self.words_sha256)

    def rows(self, batch: pa.RecordBatch, profile: LanguageProfile) -> Iterable[Row]:
        """Return the hits and scores of each document."""
        own = _read_list(self.words, self.words_sha256) if self.words else ()
        lexicon = _lexicon((*profile.toxic_words, *own))
        texts = texts_of(batch)
        scored = self._scored(texts, profile)
        for text, spans in zip(texts, scored, strict=True):
            highest = max((score for _, _, score in spans), default=0.0) if spans is not None else None
            yield *_hits(text, lexicon), highest, spans

    def _scored(self, texts: Sequence[str], profile: LanguageProfile) -> Sequence[list[Span] | None]:
        """Return the scored sentences of each text; all of a batch are given to the model at once."""
        if not self.model:
            return [None] * len(texts)
        parts = [_sentences(text) for text in texts]
        asked = [text[start:end] for text, own in zip(texts, parts, strict=True) for start, end in own]
        scores = iter(classifier(self.model, self.model_sha256, profile).probabilities(asked))
        return [[(start, end, next(scores)) for start, end in own] for own in parts]


@dataclass(frozen=True)
class _Lexicon:
    """Folded entries: single words as hashes, which are looked up, and phrases with their patterns."""

    words: Hashes
    patterns: tuple[re.Pattern[str], ...]
    phrases: tuple[str, ...]

    def count(self, text: str) -> int:
        """Return the number of hits in a text."""
        found = count_among(token_hashes(text), self.words) if len(self.words) else 0
        folded = _folded(text) if self.phrases else ""
        near = (pattern for pattern, phrase in zip(self.patterns, self.phrases, strict=True) if phrase in folded)
        return found + sum(len(pattern.findall(folded)) for pattern in near)


@lru_cache(maxsize=8)
def _lexicon(entries: tuple[str, ...]) -> _Lexicon | None:
    """Return entries sorted by how they are looked for; None when there are none."""
    words = hashes_of(entries)
    # In scripts without spaces each letter is a token, so that their words are phrases here.
    phrases = tuple(sorted({_folded(entry) for entry in entries if len(token_hashes(entry)) > 1}))
    return _Lexicon(words, tuple(map(_pattern, phrases)), phrases) if len(words) or phrases else None


def _pattern(phrase: str) -> re.Pattern[str]:
    """Return the pattern of a phrase: at an end that is written with spaces, a word must end too."""
    left, right = (script_of(end) not in UNSEGMENTED for end in (phrase[0], phrase[-1]))
    before, after = r"(?<![^\W_])" if left else "", r"(?![^\W_])" if right else ""
    return re.compile(f"{before}{re.escape(phrase)}{after}")


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _hits(text: str, lexicon: _Lexicon | None) -> Row:
    if lexicon is None:
        return None, None, None, None
    if not text or not lexicon.count(text):
        return 0, 0.0, 0.0, []
    counted = ((start, end, float(lexicon.count(text[start:end]))) for start, end in _sentences(text))
    listed = [span for span in counted if span[2]]
    hits = int(sum(score for _, _, score in listed))
    return hits, share(hits, len(token_hashes(text))), covered(listed) / len(text), listed


def _sentences(text: str) -> list[Line]:
    return together(list(sentences_of(text)), MOST_SENTENCES)


@lru_cache(maxsize=4)
def _read_list(path: str, sha256: str) -> tuple[str, ...]:
    """Return the entries of a list file; raises InputError MT278 when it is no UTF-8 text or holds none."""
    del sha256  # part of the key: a file with another content is read again
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise _no_list(path, f"byte {error.start} is not UTF-8") from error
    entries = tuple(dict.fromkeys(line.strip() for line in lines if line.strip() and not line.startswith("#")))
    if not any(len(token_hashes(entry)) for entry in entries):
        raise _no_list(path, "no word")
    return entries


def _no_list(path: str, found: str) -> InputError:
    allowed, do = "UTF-8 text, one word or phrase a line", "save the list as UTF-8 text with an entry on each line"
    return InputError(Problem("MT278", "is not a list of words", where=path, value=found, allowed=allowed, do=do))
