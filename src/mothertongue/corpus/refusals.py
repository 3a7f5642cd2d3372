"""What this room says when the user's texts cannot be used: one function per refusal, each with a way on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from mothertongue.corpus.document import Dropped
from mothertongue.corpus.listing import list_files
from mothertongue.corpus.readers import known_suffixes
from mothertongue.corpus.readers.streams import PACKED
from mothertongue.errors import InputError, Problem

KEY = "corpus.sources"


def bad_option(name: str, value: object, allowed: str) -> Problem:
    """Return the problem of an option out of range."""
    return Problem(
        code="MT209",
        key=f"corpus.{name}",
        value=str(value),
        message="is out of range",
        allowed=allowed,
        do=f"give corpus.{name} a value in this range",
    )


def check_sources(sources: Sequence[Path]) -> None:
    """Raise InputError with a problem for every source that is missing (MT201) or has no file (MT202)."""
    problems = []
    if not sources:
        problems.append(_source("MT202", "", "names no source of text", "name a folder or file of texts"))
    for source in sources:
        if not source.exists():
            problems.append(_source("MT201", str(source), "does not exist", _nearest(source)))
        elif not list_files(source):
            problems.append(_source("MT202", str(source), "holds no file", "put texts into it, or name another folder"))
    if problems:
        raise InputError(problems)


def _source(code: str, value: str, message: str, do: str) -> Problem:
    allowed = "an existing file, or a folder with files ending in " + _endings()
    return Problem(code=code, key=KEY, value=value, message=message, allowed=allowed, do=do)


def _endings() -> str:
    return f"{' '.join(known_suffixes())}, formats of text also compressed ({' '.join(PACKED)})"


def _nearest(path: Path) -> str:
    """Return advice for a missing path: the part of it that exists."""
    for parent in path.absolute().parents:
        if parent.exists():
            names = sorted(entry.name for entry in parent.iterdir())[:5] if parent.is_dir() else []
            found = f"; it holds {', '.join(names)}" if names else ""
            return f"check the spelling: {parent} exists{found}"
    return "check the spelling"


def no_readable_file(sources: Sequence[Path | str], dropped: Sequence[Dropped]) -> InputError:
    """Return the refusal of sources that gave no document, with what was found instead (MT203)."""
    found = Counter(_found(row) for row in dropped)
    listed = "; ".join(f"{number} x {what}" for what, number in found.most_common(5))
    return InputError(
        Problem(
            code="MT203",
            key=KEY,
            value=_names(sources),
            message=f"no text could be read; found: {listed or 'nothing'}",
            allowed="UTF-8 text, tables with a column `text` or `messages`, in files ending in " + _endings(),
            do="convert the files (for example with iconv or pandoc), or name another folder",
        )
    )


def _found(row: Dropped) -> str:
    """Return a reason without its offset, so that equal reasons count together."""
    return f"{row.reason} ({row.value.partition(': ')[2] or row.value})"[:160]


def _names(sources: Sequence[Path | str]) -> str:
    return ", ".join(map(str, sources[:3])) + (f" and {len(sources) - 3} more" if len(sources) > 3 else "")


def _reasons(dropped: Counter[str]) -> str:
    return ", ".join(f"{reason} {number}" for reason, number in dropped.most_common(6))


def all_dropped(sources: Sequence[Path | str], dropped: Counter[str], first: Dropped) -> InputError:
    """Return the refusal of texts of which none was left, with the reasons (MT204)."""
    return InputError(
        Problem(
            code="MT204",
            key=KEY,
            value=_names(sources),
            message=f"every document was dropped: {_reasons(dropped)}; the first: {first.source} {first.reason} "
            f"{first.value}",
            allowed="at least two documents that pass the filters",
            do="lower corpus.minimum_characters, or give longer documents of running text",
        )
    )


def one_document(sources: Sequence[Path | str], left: int, dropped: Counter[str]) -> InputError:
    """Return the refusal of a corpus of one document, from which nothing can be held out (MT205)."""
    return InputError(
        Problem(
            code="MT205",
            key=KEY,
            value=_names(sources),
            message=f"{left} document is left, and a test needs others"
            + (f"; dropped: {_reasons(dropped)}" if dropped else ""),
            allowed="at least two documents, better a hundred",
            do="cut the text into files (one story, article or chapter each), or lower corpus.maximum_characters",
        )
    )


def wrong_language(language: str, share: float, shares: Mapping[str, float]) -> InputError:
    """Return the refusal of a corpus in another language, naming what was detected (MT207)."""
    found = ", ".join(f"{tag} {part:.0%}" for tag, part in list(shares.items())[:3] if part >= 0.005)
    return InputError(
        Problem(
            code="MT207",
            key="language",
            value=language,
            message=f"the texts are in another language; detected: {found} of the bytes; {language}: {share:.0%}",
            allowed="texts that are mostly in the language of the recipe",
            do=f"set language to {next(iter(shares))}, name other texts, or set corpus.language_check to warn",
        )
    )
