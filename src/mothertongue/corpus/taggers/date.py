"""Tagger `date`: when a text was written, as far as its metadata tell, and how old it is on a given day (card 14).

The clock is never asked: an age needs the setting `today`. The day on which a page was fetched is not the day on
which it was written, so the evidence stands beside the year and rules can ask for it.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, ClassVar

import pyarrow as pa
from pydantic import AfterValidator

from mothertongue.corpus.profile import LanguageProfile, Words
from mothertongue.corpus.taggers.facts import addresses_of, facts_of
from mothertongue.corpus.taggers.rows import COUNT, NUMBER, WORD, Row, RowTagger, checked, schema

DAYS_PER_YEAR = 365.2425
FIRST_YEAR, LAST_YEAR = 1000, 2999
_ISO = re.compile(r"\s*(\d{4})(?:[-/.]?(\d{2})(?:[-/.]?(\d{2}))?)?(?!\d)")
_IN_ADDRESS = re.compile(r"(?<![\d])((?:19|20)\d{2})(?:[/_-](\d{1,2})(?![\d]))?(?:[/_-](\d{1,2})(?!\d))?(?!\d)")
_MILLISECONDS = 1e11


def _day(text: str) -> str:
    if text:
        date.fromisoformat(text)
    return text


@checked
class Date(RowTagger):
    """The year of the first of `keys` in the metadata that holds a date, else of a date in the path of an address.

    `age` is in years at `today` (null without it), counted from the middle of the year or month where no day is known.
    A date after `today` is no evidence. `evidence` is the key in the metadata that told.
    """

    name: ClassVar[str] = "date"
    version: ClassVar[int] = 1
    columns: ClassVar[pa.Schema] = schema(year=COUNT, age=NUMBER, evidence=WORD)

    today: Annotated[str, AfterValidator(_day)] = ""
    """The day to count ages from, as 2026-01-31."""
    keys: Words = ("date", "created", "published", "year", "timestamp")
    """Where dates stand in the metadata, the most telling first."""

    def rows(self, batch: pa.RecordBatch, profile: LanguageProfile) -> Iterable[Row]:  # noqa: ARG002 - needs none
        """Return the date of each document."""
        last = date.fromisoformat(self.today) if self.today else None
        for facts in facts_of(batch):
            evidence = _evidence(facts, self.keys)
            told, found = next(((key, day) for key, day in evidence if last is None or day <= last), ("", None))
            age = (last - found).days / DAYS_PER_YEAR if last and found else None
            yield found.year if found else None, age, told or None


def _evidence(facts: dict[str, Any], keys: Iterable[str]) -> Iterator[tuple[str, date]]:
    for key in keys:
        if (found := parse_date(facts.get(key))) is not None:
            yield key, found
    for key, address in addresses_of(facts):
        if (found := _in_address(address)) is not None:
            yield key, found


def parse_date(value: Any) -> date | None:
    """Return the day that a value of metadata stands for; the middle of the year or month where it says no more.

    Read are years, ISO 8601 dates and their compact form, dates of mail and web headers, and seconds or milliseconds
    since 1970.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return _middle(int(value)) if FIRST_YEAR <= value <= LAST_YEAR else _since_1970(value)
    if not isinstance(value, str):
        return None
    if match := _ISO.match(value):
        return _middle(*(int(part) for part in match.groups() if part))
    try:
        return parsedate_to_datetime(value[:100]).date()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _since_1970(seconds: float) -> date | None:
    try:
        moment = datetime.fromtimestamp(seconds / 1000 if seconds >= _MILLISECONDS else seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    # Small numbers are counts of something else.
    return moment.date() if moment.year > 1970 else None


def _in_address(address: str) -> date | None:
    _, _, path = address.partition("://")
    _, slash, path = (path or address).partition("/")
    for match in _IN_ADDRESS.finditer(path) if slash else ():
        found = _middle(*(int(part) for part in match.groups() if part))
        if found is not None:
            return found
    return None


def _middle(year: int, month: int | None = None, day: int | None = None) -> date | None:
    """Return a day; the second of July or the fifteenth where month or day are not known; None for no real date."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    if month is None:
        return date(year, 7, 2)
    if not 1 <= month <= 12:
        return None
    if day is None:
        return date(year, month, 15)
    return date(year, month, day) if 1 <= day <= monthrange(year, month)[1] else None
