"""What is said of a curation as a whole: refusals of texts that cannot be used, and warnings about the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from mothertongue.corpus.account import DroppedRows, FunnelStep
from mothertongue.corpus.criteria import Criteria
from mothertongue.corpus.options import CurateOptions
from mothertongue.corpus.refusals import all_dropped, one_document, wrong_language
from mothertongue.corpus.work import Counts

REFUSED_SHARE: Final = 0.2
"""Below this share of bytes in the wanted language the corpus is taken for a mistake."""
WARNED_SHARE: Final = 0.8
SCRIPT: Final = "wrong_script"
MOST_SAID: Final = 5
LEAST_DOCUMENTS: Final = 2


def refuse_too_little(sources: Sequence[Path | str], steps: Sequence[FunnelStep], dropped: DroppedRows) -> None:
    """Raise InputError MT204 when no document is left, MT205 when there is one."""
    left = steps[-1].documents
    if left < LEAST_DOCUMENTS:
        reasons = Counter({reason: number for step in steps for reason, number in step.dropped_by_reason.items()})
        raise all_dropped(sources, reasons, next(iter(dropped))) if left == 0 else one_document(sources, left, reasons)


def said_cuts(reading: Counts, options: CurateOptions) -> list[str]:
    """Return which texts were cut into how many documents, the first of them by name."""
    cut, number = reading["cut"], reading["cuts"]
    said = [
        f"{source} is longer than {options.maximum_characters} characters and was cut into {pieces} documents"
        for source, pieces in cut[:MOST_SAID]
    ]
    return said + ([f"and {number - MOST_SAID} more long texts were cut"] if number > MOST_SAID else [])


def language_verdict(
    criteria: Criteria, options: CurateOptions, shares: Mapping[str, float], decided: Counts
) -> list[str]:
    """Return warnings about the language; raises InputError MT207 when the corpus is in another one."""
    language = criteria.profile.language
    if not shares:
        return []
    if not criteria.known:
        script = decided["reasons"].get(SCRIPT, {"first": {"bytes": 0}})["first"]["bytes"]
        kept = 1 - script / max(decided["bytes"], 1)
        if options.language_check == "strict" and kept < REFUSED_SHARE:
            raise wrong_language(language, kept, shares)
        return [f"the language {language} is not known to the identifier: only its script was checked"]
    wanted = shares.get(language, 0.0)
    if options.language_check == "strict" and wanted < REFUSED_SHARE:
        raise wrong_language(language, wanted, shares)
    if wanted >= WARNED_SHARE:
        return []
    named = [f"{tag} {share:.0%}" for tag, share in list(shares.items())[:3] if tag != language and share >= 0.005]
    left = "was left out" if options.language_check == "strict" else "is still in"
    return [f"only {wanted:.0%} of the bytes read are in {language}; the rest ({', '.join(named)}) {left}"]
