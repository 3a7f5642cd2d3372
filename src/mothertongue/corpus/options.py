"""The options of a curation: the corpus section of a recipe, as far as this room uses it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mothertongue.corpus.deduplication import DeduplicationOptions
from mothertongue.corpus.mix import MixOptions
from mothertongue.corpus.refusals import bad_option
from mothertongue.errors import InputError, Problem

Kind = Literal["url", "exact", "near", "paragraphs", "substrings"]


@dataclass(frozen=True)
class CurateOptions:
    """What decides a curation, besides the texts. Raises InputError MT209 with every value that is out of range."""

    held_out_share: float = 0.05
    """Share of all bytes that is held out for the test."""
    held_out_bytes: int = 16_000
    """Most bytes held out."""
    near_duplicate_threshold: float = 0.7
    """Jaccard similarity of five-token shingles from which two documents count as one."""
    minimum_characters: int = 200
    """Shorter documents are dropped."""
    maximum_characters: int = 100_000
    """Longer documents are cut at paragraphs, sentences or words."""
    language_check: Literal["strict", "warn", "off"] = "strict"
    """strict drops and refuses other languages, warn only says so, off does not look."""
    identifier: str = "py3langid"
    """The name of what identifies languages (`identify.make_identifier`)."""
    profile: Path | None = None
    """A language profile; None knows what follows from the tag alone."""
    rules: tuple[str, ...] = ("usual",)
    """Sets of rules: shipped ones by name, own ones by path."""
    keep: tuple[str, ...] = ()
    """Further expressions that documents must fulfil."""
    measure: tuple[str, ...] = ()
    """Taggers that run although no rule needs them, for the data card."""
    evaluation: Path | None = None
    """Texts that an evaluation asks (JSON Lines or plain lines); documents that hold one of them are dropped."""
    deduplicate: tuple[Kind, ...] = ("exact", "near")
    """The kinds of repetition that are removed."""
    index: Path | None = None
    """Folder that remembers everything before; None compares the documents with each other only."""
    dump: str = ""
    """Name of these documents in the index."""
    years: tuple[int | None, int | None] | None = None
    """First and last year in which documents were written; None is no bound, undated ones stay."""
    mix: MixOptions | None = None
    """How the training set is put together; None takes every document once."""
    seed: int = 0

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise InputError(problems)

    def _problems(self) -> Iterator[Problem]:
        checks = (
            ("held_out_share", 0 < self.held_out_share <= 0.5, "above 0, at most 0.5"),
            ("held_out_bytes", self.held_out_bytes >= 1000, "at least 1000"),
            ("near_duplicate_threshold", 0.1 <= self.near_duplicate_threshold <= 1, "0.1 to 1"),
            ("minimum_characters", self.minimum_characters >= 1, "at least 1"),
            (
                "maximum_characters",
                self.maximum_characters >= max(100, self.minimum_characters),
                "at least 100 and at least minimum_characters",
            ),
            ("language_check", self.language_check in ("strict", "warn", "off"), "strict, warn, off"),
        )
        for name, fine, allowed in checks:
            if not fine:
                yield bad_option(name, getattr(self, name), allowed)

    def deduplication(self) -> DeduplicationOptions:
        """Return the options of deduplication."""
        return DeduplicationOptions(
            url="sorted" if "url" in self.deduplicate else "off",
            exact="exact" in self.deduplicate,
            near="near" in self.deduplicate,
            near_threshold=self.near_duplicate_threshold,
            paragraphs="sorted" if "paragraphs" in self.deduplicate else "off",
            substrings="substrings" in self.deduplicate,
            seed=self.seed,
            dump=self.dump,
        )
