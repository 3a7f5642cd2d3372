"""Language check: is this text in the language that the user named?

An `Identifier` ranks languages; this module decides. The decision is kept conservative: a document goes only when the
identifier finds the wanted language (or one that nobody could tell from it) improbable and another one probable. For a
language that the identifier has never seen, only the writing system is checked.
"""

from __future__ import annotations

from dataclasses import dataclass

from mothertongue.corpus.document import Document, Dropped, drop
from mothertongue.corpus.identify.identifier import Identifier, Ranking
from mothertongue.corpus.identify.py3langid import Py3LangId
from mothertongue.corpus.scripts import expected_scripts, explicit_script, script_shares

__all__ = ["Identifier", "LanguageCheck", "Py3LangId", "Ranking", "Verdict", "accepted_labels"]

OPENING_CHARACTERS = 4_000
MINIMUM_PROBABILITY = 0.1
"""A document whose wanted language is less probable than this is in another language."""
MINIMUM_SCRIPT_SHARE = 0.5
PARAGRAPH_CHARACTERS = 40
PARAGRAPH_PROBABILITY = 0.02
FOREIGN_PROBABILITY = 0.8
"""A paragraph goes when its own language is below 0.02 and a foreign one is above 0.8."""
CERTAIN = 0.9
SURE_SHARE = 0.5
"""A document of which half is in paragraphs that are certainly in its language is not looked at again as a whole."""
# Standards of one language (or of varieties written almost alike): telling them apart is not the check's business.
_TOGETHER = (
    frozenset({"bs", "cnr", "hr", "sh", "sr"}),
    frozenset({"da", "nb", "nn", "no"}),
    frozenset({"id", "ms", "zsm"}),
    frozenset({"cmn", "wuu", "yue", "zh"}),
    frozenset({"ar", "arb", "ary", "arz"}),
    frozenset({"ckb", "kmr", "ku", "sdh"}),
    frozenset({"uz", "uzn", "uzs"}),
    frozenset({"fa", "prs", "tg"}),
    frozenset({"gn", "gug"}),
    frozenset({"gom", "kok", "mr"}),
    frozenset({"ki", "kik"}),
    frozenset({"fuv", "ff"}),
    frozenset({"bg", "mk"}),
)
_NEAR = 10


@dataclass(frozen=True)
class Verdict:
    """What the check says of one document: the text to keep, paragraphs and document dropped, bytes per language."""

    document: Document
    dropped: tuple[Dropped, ...]
    """Paragraphs in another language (reason `foreign_paragraph`), or the document itself (`language`, `script`)."""
    keep: bool
    shares: dict[str, int]
    """Language tag -> bytes of this document."""


class LanguageCheck:
    """Judges documents of one language; made once per process.

    With `enforce=False` it only measures: documents come back whole and kept, with their bytes per language.
    """

    def __init__(self, language: str, identifier: Identifier, *, enforce: bool = True) -> None:
        self.language, self.enforce = language, enforce
        self._identifier = identifier
        self._accepted = accepted_labels(language, identifier.labels)
        self._scripts = expected_scripts(language)
        self._script_matters = explicit_script(language) or not self._accepted

    @property
    def known(self) -> bool:
        """Whether the identifier knows the language (or one that it cannot be told from)."""
        return bool(self._accepted)

    def judge(self, document: Document) -> Verdict:
        """Return the verdict on one document."""
        shares: dict[str, int] = {}
        kept, dropped, sure = self._paragraphs(document, shares)
        size = len(kept.text.encode("utf-8", "replace"))
        reason = self._wrong_script(kept)
        label = self.language
        if reason is not None or not sure:
            ranking = self._identifier.identify([kept.text[:OPENING_CHARACTERS]])[0]
            mine = self._support(ranking) >= MINIMUM_PROBABILITY
            label = self.language if self.known and mine and reason is None else ranking[0][0]
            if self.known and not mine and reason is None:
                value = f"{label} ({ranking[0][1]:.2f})"
                reason = drop(kept, "language", value, f"{self.language} at least {MINIMUM_PROBABILITY}")
        shares[label] = shares.get(label, 0) + size
        if not self.enforce:
            return Verdict(document, (), True, shares)
        return Verdict(kept, (*dropped, reason) if reason else tuple(dropped), reason is None, shares)

    def _wrong_script(self, document: Document) -> Dropped | None:
        """Return a reason when the tag names a script, or nothing but the script can be checked, and it is another."""
        if not (self._script_matters and self._scripts and document.text):
            return None
        shares = script_shares(document.text)
        written = sum(share for script, share in shares.items() if script in self._scripts)
        if written >= MINIMUM_SCRIPT_SHARE:
            return None
        value = f"{next(iter(shares), 'no letters')}, {self._scripts[0]} {written:.2f}"
        return drop(document, "script", value, f"{self._scripts[0]} at least {MINIMUM_SCRIPT_SHARE}")

    def _support(self, ranking: Ranking) -> float:
        return sum(probability for tag, probability in ranking if tag in self._accepted)

    def _paragraphs(self, document: Document, shares: dict[str, int]) -> tuple[Document, list[Dropped], bool]:
        """Return the document without paragraphs that are certainly foreign, those, and whether the rest is sure."""
        lines = document.text.split("\n")
        long = [number for number, line in enumerate(lines) if len(line) >= PARAGRAPH_CHARACTERS]
        if not self.known or len(long) < 2:
            return document, [], False
        dropped = []
        certain = 0
        rankings = self._identifier.identify([lines[number][:OPENING_CHARACTERS] for number in long])
        for number, ranking in zip(long, rankings, strict=True):
            tag, probability = ranking[0]
            support = self._support(ranking)
            certain += len(lines[number]) if support >= CERTAIN else 0
            if support < PARAGRAPH_PROBABILITY and probability >= FOREIGN_PROBABILITY:
                part = Document(f"{document.id}#{number + 1}", lines[number], document.source, document.language)
                value, threshold = f"{tag} ({probability:.2f})", f"{self.language} at least {PARAGRAPH_PROBABILITY}"
                dropped.append(drop(part, "foreign_paragraph", value, threshold))
                shares[tag] = shares.get(tag, 0) + len(lines[number].encode("utf-8", "replace"))
                lines[number] = ""
        text = _close_gaps("\n".join(lines)) if dropped else document.text
        kept = Document(document.id, text, document.source, document.language, document.meta)
        return kept, dropped, certain >= SURE_SHARE * max(len(text), 1)


def _close_gaps(text: str) -> str:
    """Return text in which removed lines leave no more than one empty line behind."""
    paragraphs = [paragraph.strip("\n") for paragraph in text.split("\n\n")]
    lines = ["\n".join(line for line in paragraph.split("\n") if line) for paragraph in paragraphs]
    return "\n\n".join(paragraph for paragraph in lines if paragraph)


def accepted_labels(language: str, labels: frozenset[str]) -> frozenset[str]:
    """Return the labels of an identifier that count as `language`: itself, its macrolanguage, and its near twins."""
    import langcodes

    base = langcodes.Language.get(language).language or language
    macro = langcodes.Language.get(langcodes.standardize_tag(base, macro=True)).language or base
    together = {base, macro}
    for group in _TOGETHER:
        if base in group or macro in group:
            together |= group
    near = {label for label in labels if label in together or langcodes.tag_distance(base, label) < _NEAR}
    # Without the language itself or a twin among the labels, a mere neighbour must not stand in for it.
    return frozenset(near) if near & together else frozenset()
