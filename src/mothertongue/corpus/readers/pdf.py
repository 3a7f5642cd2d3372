"""PDF: the text layer of the pages, with lines joined to paragraphs; scans without text give that reason."""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mothertongue.corpus.document import Document, Dropped, content_id
from mothertongue.corpus.readers.facts import facts, iso_date
from mothertongue.corpus.readers.streams import USUAL_LIMITS, Limits, UnreadableError, too_large

if TYPE_CHECKING:
    from pypdf import PdfReader as Pdf

# Work that one page may cost: far above what pages of text need (some thousand operators, some thousand characters),
# since pypdf needs quadratic time for more.
PAGE_OPERATORS = 20_000
PAGE_CHARACTERS = 200_000
PAGE_WORK: dict[str, Any] = {
    "stream_parsing_work_maximum_count": 100_000,
    "zlib_maximum_output_length": 8_000_000,
    "lzw_maximum_output_length": 8_000_000,
    "run_length_maximum_output_length": 8_000_000,
    "array_based_stream_maximum_output_length": 8_000_000,
    "stream_decoding_work_maximum_length": 32_000_000,
    "xform_maximum_invocations_per_extraction": 200,
}
# A line shorter than this share of the usual line of its page ends a paragraph.
FULL_LINE = 0.7
_ALLOWED = "a sound PDF without password"
_PAGE_NUMBER = re.compile(r"\W{0,3}\d{1,5}\W{0,3}")
_DIVIDED = re.compile(r"[^\W\d_][-\u00ad\u2010]$")


@dataclass(frozen=True)
class PdfReader:
    """Reads .pdf files: one document of all pages, or several (`file:page`) when the text is very long."""

    language: str
    limits: Limits = USUAL_LIMITS
    suffixes: tuple[str, ...] = (".pdf",)

    def read(self, path: Path) -> Iterator[Document | Dropped]:
        """Yield the document, and a reason for every page that cannot be read or for the whole file."""
        source = path.as_posix()
        try:
            size = path.stat().st_size
            if size > self.limits.record_bytes:
                raise too_large(self.limits.record_bytes, 0)
            with path.open("rb") as file:
                yield from self._pages(_guarded(_opened, file, self.limits), source)
        except UnreadableError as error:
            yield error.dropped(source)
        except OSError as error:
            yield UnreadableError("unreadable", 0, error.strerror or str(error)).dropped(source)

    def _pages(self, pdf: Pdf, source: str) -> Iterator[Document | Dropped]:
        count, meta = _guarded(_counted, pdf, self.limits)
        waiting: list[str] = []
        seen: set[int] = set()
        first, size, given = 1, 0, 0  # first page and characters of the document that is open, rows given before
        for number in range(1, count + 1):
            try:
                text = _guarded(_page_text, pdf, number - 1, seen)
            except UnreadableError as error:
                yield error.dropped(f"{source}:{number}")
                given += 1
                continue
            size += len(text)
            if text:
                waiting.append(text)
            if size > self.limits.part_bytes:
                yield self._document(waiting, f"{source}:{first}", meta)
                waiting, first, size, given = [], number + 1, 0, given + 1
        if waiting:
            yield self._document(waiting, f"{source}:{first}" if first > 1 else source, meta)
        elif not given:
            found = f"{count} pages without text; a scan has to be recognised first"
            yield UnreadableError("no_text", 0, found, "pages with text").dropped(source)

    def _document(self, pages: list[str], source: str, meta: dict[str, str]) -> Document:
        text = "\n\n".join(pages)
        return Document(content_id(text), text, source, self.language, dict(meta))


def _guarded(function: Any, *arguments: Any) -> Any:
    """Return what a function that uses pypdf returns, within the limits of work; any failure is an UnreadableError."""
    from pypdf import apply_configuration
    from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        with apply_configuration(disable_legacy_handling=True, **PAGE_WORK):
            return function(*arguments)
    except UnreadableError:
        raise
    except LimitReachedError as error:
        raise UnreadableError("too_large", 0, f"{error!s:.200}", "the work of a usual page") from error
    except (FileNotDecryptedError, DependencyError) as error:
        raise UnreadableError("encrypted", 0, f"{error!s:.200}", _ALLOWED) from error
    except Exception as error:  # broken files make pypdf fail in every way that Python knows
        raise UnreadableError("damaged", 0, f"{type(error).__name__}: {error!s:.200}", _ALLOWED) from error


def _opened(file: Any, limits: Limits) -> Pdf:
    from pypdf import PdfReader as Pdf
    from pypdf import apply_configuration

    with apply_configuration(page_tree_maximum_entries=limits.pages):
        pdf = Pdf(file, strict=False)
        # Many files are locked against changes only, with an empty password.
        if pdf.is_encrypted and not pdf.decrypt(""):
            raise UnreadableError("encrypted", 0, "a password is needed", _ALLOWED)
        return pdf


def _counted(pdf: Pdf, limits: Limits) -> tuple[int, dict[str, str]]:
    count = len(pdf.pages)
    if count > limits.pages:
        raise UnreadableError("too_many_pages", 0, f"{count} pages", f"at most {limits.pages}")
    said: Any = pdf.metadata or {}
    language = pdf.root_object.get("/Lang")
    return count, facts(
        title=str(said.get("/Title") or ""),
        date=iso_date(str(said.get("/CreationDate") or "")),
        declared_language=str(language or ""),
    )


def _page_text(pdf: Pdf, number: int, seen: set[int]) -> str:
    """Return the text of a page, nothing for one that the file repeats: a small file can do so a million times."""
    page = pdf.pages[number]
    place = page.indirect_reference.idnum if page.indirect_reference is not None else -number
    if place in seen:
        return ""
    seen.add(place)
    operators = characters = 0

    def count(_operator: Any, operands: Any, *_: Any) -> None:
        nonlocal operators, characters
        operators += 1
        characters += sum(len(operand) for operand in operands if isinstance(operand, (str, bytes)))
        if operators > PAGE_OPERATORS or characters > PAGE_CHARACTERS:
            found = f"more than {PAGE_OPERATORS} operators or {PAGE_CHARACTERS} characters"
            raise UnreadableError("too_large", 0, found, "a usual page")

    return paragraphs(page.extract_text(visitor_operand_before=count))


def paragraphs(text: str) -> str:
    """Return the lines of a page as paragraphs: divided words whole again, page numbers gone, short lines end one."""
    lines = [" ".join(line.split()) for line in text.split("\n")]
    for place in (0, -1):
        filled = [number for number, line in enumerate(lines) if line]
        if filled and _PAGE_NUMBER.fullmatch(lines[filled[place]]):
            lines[filled[place]] = ""
    lengths = sorted(len(line) for line in lines if line)
    usual = lengths[int(0.9 * (len(lengths) - 1))] if lengths else 0
    done: list[str] = []
    going_on = False
    for line in lines:
        if not line:
            going_on = False
            continue
        if going_on:
            done[-1] = _joined(done[-1], line)
        else:
            done.append(line)
        going_on = len(line) >= FULL_LINE * usual
    return "\n\n".join(done)


def _joined(before: str, after: str) -> str:
    if _DIVIDED.search(before[-2:]) and after[0].islower():
        return before[:-1] + after
    wide = unicodedata.east_asian_width(before[-1]) in "WF" and unicodedata.east_asian_width(after[0]) in "WF"
    return before + ("" if wide else " ") + after
