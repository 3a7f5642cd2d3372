"""Learning a language profile from clean reference text: one reviewable file, and what the text could not settle.

Texts enter, a `LanguageProfile` leaves: segmentation, writing systems, letters, function words, marks of punctuation,
neighbours with their contamination list, and thresholds as quantiles with a margin. Equal sets of texts give equal
profiles: neither their order nor repetitions matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mothertongue.corpus.document import Document
from mothertongue.corpus.identify.contamination import contamination_words, merged
from mothertongue.corpus.identify.profile import FEWEST, build_profile, usable_lines
from mothertongue.corpus.identify.space import py3langid_seed
from mothertongue.corpus.identify.teach import nearest_languages
from mothertongue.corpus.listing import list_files
from mothertongue.corpus.profile import LanguageProfile, Origin
from mothertongue.corpus.readers import reader_for
from mothertongue.corpus.reference import Reference, gather
from mothertongue.corpus.reference_facts import (
    ellipses,
    found_bullets,
    found_line_ends,
    function_words,
    letters,
    scripts,
    segmentation,
    word_counts,
)
from mothertongue.corpus.reference_thresholds import Settled, settle
from mothertongue.errors import InputError, Problem
from mothertongue.fingerprint import digest

NEIGHBOURS = 8
_LEAST_WEIGHT = 0.01
"""Weight in the mixture of `nearest_languages` from which a language counts as a neighbour."""
_LINES = 500
_LINE_CHARACTERS = 40


@dataclass(frozen=True)
class Derived:
    """A profile and how each of its thresholds came about."""

    profile: LanguageProfile
    settled: tuple[Settled, ...]

    def notes(self) -> dict[str, str]:
        """Return a comment for each threshold: its quantile, from how many documents, and its interval."""
        return {row.name: row.note() for row in self.settled}


def derive_profile(
    texts: Iterable[str],
    language: str,
    *,
    others: Mapping[str, Iterable[str]] | None = None,
    seed: int = 0,
) -> LanguageProfile:
    """Return the profile of `language` learned from clean `texts`, one per document.

    `others`: tag -> texts of neighbouring languages, for the list of foreign words. `seed` draws the bootstrap that
    tells settled thresholds from unsettled ones. Raises InputError MT245 when no text holds a letter.
    """
    return derive(texts, language, others=others, seed=seed).profile


def derive(
    texts: Iterable[str], language: str, *, others: Mapping[str, Iterable[str]] | None = None, seed: int = 0
) -> Derived:
    """Return the same profile with the account of its thresholds."""
    reference = gather(texts)
    if not reference.letters:
        raise InputError(_no_text(language, reference))
    neighbours = {tag: gather(theirs) for tag, theirs in sorted((others or {}).items())}
    facts = _facts(reference, language, neighbours)
    settled = tuple(settle(reference, facts, seed))
    values = {row.name: row.value for row in settled if row.value is not None}
    unsettled = tuple(row.name for row in settled if not row.sure)
    return Derived(facts.model_copy(update={"thresholds": values, "unsettled": unsettled}), settled)


def _facts(reference: Reference, language: str, neighbours: Mapping[str, Reference]) -> LanguageProfile:
    """Return the profile without thresholds."""
    texts = reference.texts
    mode = segmentation(texts)
    own = word_counts(texts)
    foreign = contamination_words(own, {tag: word_counts(theirs.texts) for tag, theirs in neighbours.items()})
    origin = Origin(
        documents=len(texts),
        characters=sum(map(len, texts)),
        sha256=digest([identity for identity, _ in reference.rows]),
    )
    return LanguageProfile(
        language=language,
        origin=origin,
        segmentation=mode,
        scripts=scripts(texts),
        letters=letters(texts),
        function_words=function_words(texts),
        line_ends=found_line_ends(texts),
        bullets=found_bullets(texts),
        ellipses=ellipses(texts),
        neighbours=_neighbours(reference, language, foreign),
        foreign_words=merged(foreign.values()),
    )


def _neighbours(reference: Reference, language: str, given: Iterable[str]) -> tuple[str, ...]:
    """Return the languages of the seed that the text leans on, nearest first, then those that the user names."""
    lines = _spread_lines(reference)
    tags = []
    if len(lines) >= FEWEST:
        found = nearest_languages(build_profile(language, lines), py3langid_seed())
        tags = [tag for tag, weight in found if weight >= _LEAST_WEIGHT][:NEIGHBOURS]
    return tuple(dict.fromkeys([*tags, *given]))


def sample_lines(texts: Iterable[str]) -> list[str]:
    """Return up to 500 different lines to teach an identifier with, the same whatever the order of the texts.

    Lines of 40 characters or more where there are 50 of them; memory is bounded like that of a profile.
    """
    return _spread_lines(gather(texts))


def _spread_lines(reference: Reference) -> list[str]:
    lines = usable_lines(line for text in reference.texts for line in text.split("\n"))
    long = [line for line in lines if len(line) >= _LINE_CHARACTERS]
    chosen = long if len(long) >= FEWEST else lines
    step = max(1, len(chosen) // _LINES)
    return chosen[::step][:_LINES]


def derive_from_folder(
    sources: Sequence[Path],
    language: str,
    output: Path,
    others: Mapping[str, Path] | None = None,
) -> LanguageProfile:
    """Return the profile learned from the files and folders in `sources`, and write it to `output` with comments.

    `others`: tag -> file or folder in a neighbouring language. What cannot be read is left out. Raises InputError
    MT245 when nothing with a letter is left.
    """
    neighbours = {tag: folder_texts([path], tag) for tag, path in (others or {}).items()}
    derived = derive(folder_texts(sources, language), language, others=neighbours)
    derived.profile.write(output, derived.notes())
    return derived.profile


def folder_texts(sources: Sequence[Path], language: str) -> Iterator[str]:
    """Yield the texts of all documents that can be read below some files and folders."""
    for source in sources:
        for file in list_files(source):
            reader = reader_for(file.path, language)
            for item in reader.read(file.path) if reader else ():
                if isinstance(item, Document):
                    yield item.text


def _no_text(language: str, reference: Reference) -> Problem:
    return Problem(
        "MT245",
        "there is no clean text to derive a profile from",
        key=language,
        value=f"{len(reference.rows)} texts without letters" if reference.rows else "no text",
        allowed="documents in the language",
        do="name a folder with clean texts in the language",
    )
