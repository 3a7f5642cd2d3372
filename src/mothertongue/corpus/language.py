"""Which labels of an identifier count as the language that the user named, and how sure it must be.

Decisions are kept conservative: a document goes only when the identifier finds the wanted language (or one that nobody
could tell from it) improbable. For a language that the identifier has never seen, only the writing system is checked.
"""

from __future__ import annotations

OPENING_CHARACTERS = 4_000
MINIMUM_PROBABILITY = 0.1
"""A document whose wanted language is less probable than this is in another language."""
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
