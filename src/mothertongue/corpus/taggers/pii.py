"""Tagger `pii`: e-mail addresses, phone numbers, IP addresses, IBANs and card numbers of people (card 49, step 7).

All patterns are international and linear in the text; they see the start and the end of a text. Account and card
numbers must have the right check digits. What is reserved for documentation or private networks (example.org,
192.0.2.1, 10.0.0.1, 555-0100) gets score 0.5 and is not counted; everything else has score 1.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from typing import ClassVar

import pyarrow as pa

from mothertongue.corpus.edits import Edit, apply_edits
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.tagger import SPANS
from mothertongue.corpus.taggers.rows import COUNT, NUMBER, Row, RowTagger, Span, checked, covered, schema, texts_of
from mothertongue.corpus.taggers.tables import table

REAL, RESERVED = 1.0, 0.5
_CONTEXT = 12

# Letters that words are made of where words are separated: in other scripts an address touches its neighbours.
_LETTER = "0-9A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u0dff"
_EMAIL = re.compile(
    rf"(?<![{_LETTER}])[{_LETTER}][{_LETTER}.'_%+-]{{0,63}}+@"
    r"((?:[\w-]{1,63}\.){1,8}(?:[A-Za-z]{2,63}(?![A-Za-z0-9])|[^\W\d_A-Za-z]{2,63}(?!\w)))"
)
_RESERVED_DOMAIN = re.compile(r"(?:^|\.)(?:example(?:\.(?:com|net|org))?|test|invalid|localhost)$", re.IGNORECASE)

_FOUR_DIGITS = re.compile(r"\d(?:\D{0,3}\d){3}")
_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![\w]|\.[0-9])", re.ASCII)
_IPV6 = re.compile(r"[0-9A-Fa-f:]{2,39}+(?![\w:.])", re.ASCII)

_DASHES = "\\-\u2010\u2011\u2012\u2013"
_SPACES = " \u00a0\u2007\u2009\u202f"
_IBAN = re.compile(rf"[A-Za-z]{{2}}[0-9]{{2}}(?:[{_SPACES}{_DASHES}]?[A-Za-z0-9]){{11,30}}+")
_CARD = re.compile(
    rf"[0-9]{{13,19}}+|[0-9]{{4}}([{_SPACES}{_DASHES}])(?:[0-9]{{4}}\1[0-9]{{4}}\1[0-9]{{1,4}}(?:\1[0-9]{{1,3}})?"
    r"|[0-9]{6}\1[0-9]{4,5})(?![0-9])"
)
_PHONE = re.compile(rf"\+?\(?\+?\d(?:[{_SPACES}{_DASHES}./()]{{0,3}}+\d)*+")
_NORTH_AMERICAN = re.compile(rf"(?:1[{_DASHES} .])?\(?[2-9]\d\d(?:\) ?|[{_DASHES}.])[2-9]\d\d[{_DASHES}.]\d{{4}}")


@checked
class Pii(RowTagger):
    """Spans of each kind, how many have score 1, and the share of the text that those cover."""

    name: ClassVar[str] = "pii"
    version: ClassVar[int] = 1
    columns: ClassVar[pa.Schema] = schema(
        email=SPANS, phone=SPANS, ip=SPANS, iban=SPANS, card=SPANS, count=COUNT, share=NUMBER
    )

    def rows(self, batch: pa.RecordBatch, profile: LanguageProfile) -> Iterable[Row]:  # noqa: ARG002 - needs none
        """Return what is found in each document."""
        return (_row(text) for text in texts_of(batch))


def _row(text: str) -> Row:
    found = find(text)
    real = [span for spans in found.values() for span in spans if span[2] == REAL]
    kinds = (found[name] for name in Pii.columns.names[: len(found)])
    return *kinds, len(real), covered(real) / max(len(text), 1)


def find(text: str) -> dict[str, list[Span]]:
    """Return kind -> spans by start; where kinds overlap, the surer one stays: address, account, card, phone."""
    taken: list[Span] = []
    result: dict[str, list[Span]] = {kind: [] for kind in FINDERS}
    numbers = _FOUR_DIGITS.search(text) is not None
    for kind, (finder, needs_digits) in FINDERS.items():
        if numbers or not needs_digits:
            spans = _apart(finder(text), taken)
            result[kind] = spans
            taken = sorted(taken + spans)
    return result


def mask(text: str, spans: Mapping[str, Iterable[Sequence[float]]], replacements: Mapping[str, str]) -> str:
    """Return `text` with each span (start, end, ...) of a kind replaced by the word for that kind, such as `<email>`.

    Nothing of any span survives: overlapping ones are joined and take the word of the one that starts first. Raises
    ValueError for an empty span or one that leaves the text, KeyError for a kind without a word.
    """
    return apply_edits(
        text, (Edit(int(span[0]), int(span[1]), replacements[kind]) for kind, own in spans.items() for span in own)
    )


def _apart(spans: Iterable[Span], taken: list[Span]) -> list[Span]:
    """Return the spans that touch none of `taken`; both run from left to right."""
    kept = []
    place = 0
    for span in spans:
        while place < len(taken) and taken[place][1] <= span[0]:
            place += 1
        if place == len(taken) or taken[place][0] >= span[1]:
            kept.append(span)
    return kept


def emails(text: str) -> Iterator[Span]:
    """Yield addresses; the part before @ has at most 64 characters."""
    if "@" not in text:
        return
    for match in _EMAIL.finditer(text):
        yield match.start(), match.end(), RESERVED if _RESERVED_DOMAIN.search(match[1]) else REAL


def addresses(text: str) -> Iterator[Span]:
    """Yield IPv4 and IPv6 addresses; four single digits are more often the number of a version or section."""
    yield from sorted([*_ipv4(text), *_ipv6(text)])


def _ipv4(text: str) -> Iterator[Span]:
    for match in _IPV4.finditer(text):
        if _free(text, match.start(), "._-") and all(int(part) < 256 for part in match[0].split(".")):
            octets = [str(int(part)) for part in match[0].split(".")]
            private = max(map(len, octets)) == 1 or not IPv4Address(".".join(octets)).is_global
            yield match.start(), match.end(), RESERVED if private else REAL


def _ipv6(text: str) -> Iterator[Span]:
    if "::" not in text and text.count(":") < 7:
        return
    for match in _IPV6.finditer(text):
        groups = [group for group in match[0].split(":") if group]
        if len(groups) < 3 or match[0].count(":") > 8 or not _free(text, match.start(), ".:"):
            continue
        try:
            address = IPv6Address(match[0])
        except ValueError:
            continue
        yield match.start(), match.end(), REAL if address.is_global else RESERVED


def accounts(text: str) -> Iterator[Span]:
    """Yield IBANs of the length of their country and with right check digits."""
    from stdnum import iban

    for match in _IBAN.finditer(text):
        length = _iban_length(match[0][:2].upper())
        places = [place for place, character in enumerate(match[0]) if character.isalnum()]
        if not length or len(places) < length or not _free(text, match.start(), "_"):
            continue
        end = match.start() + places[length - 1] + 1
        number = "".join(match[0][place] for place in places[:length])
        if iban.is_valid(number, check_country=False) and not text[end : end + 1].isalnum():
            yield match.start(), end, REAL


@cache
def _iban_length(country: str) -> int:
    from stdnum import numdb

    parts = numdb.get("iban").info(country + "00")
    structure = parts[0][1].get("bban", "") if parts else ""
    return 4 + sum(map(int, re.findall(r"\d+(?=!)", structure))) if structure else 0


def cards(text: str) -> Iterator[Span]:
    """Yield card numbers with the first digits and length of a card system and the right check digit."""
    from stdnum import luhn

    for match in _CARD.finditer(text):
        number = re.sub(r"\D", "", match[0])
        alone = _free(text, match.start(), "._-") and not text[match.end() : match.end() + 1].isalnum()
        if alone and len(number) in _card_lengths(number[:4]) and len(set(number)) > 1 and luhn.is_valid(number):
            yield match.start(), match.end(), REAL


@cache
def _card_lengths(start: str) -> frozenset[int]:
    rows = table("pii")["cards"]
    return frozenset(length for row in rows if _begins(start, row["first"]) for length in row["lengths"])


def _begins(number: str, firsts: Iterable[str]) -> bool:
    """Return whether a number begins with one of `firsts`, of which `51-55` is a range."""
    for first in firsts:
        low, _, high = first.partition("-")
        if low <= number[: len(low)] <= (high or low):
            return True
    return False


def phones(text: str) -> Iterator[Span]:
    """Yield phone numbers: international ones, national ones with area code, and any behind a sign for phones."""
    for match in _PHONE.finditer(text):
        raw = match[0]
        if len(raw) < 6 or not _free(text, match.start(), ".,/=#$€£&-_"):
            continue
        before = text[max(0, match.start() - _CONTEXT) : match.start()].casefold().rstrip(" :=\u00a0")
        if _ends_number(text, match.end()) and not _marks("other_marks").search(before):
            digits = raw if raw.isascii() else "".join(str(unicodedata.digit(c, c)) for c in raw)
            groups = re.findall(r"[0-9]+", digits)
            if is_phone(digits, groups, marked=_marks("phone_marks").search(before) is not None):
                fiction = "".join(groups)[-7:-2] == "55501"
                yield (
                    match.start() + (raw.startswith("(") and ")" not in raw),
                    match.end(),
                    RESERVED if fiction else REAL,
                )


def is_phone(raw: str, groups: list[str], *, marked: bool) -> bool:
    """Return whether digits in these groups are a phone number; `marked` says that a sign for phones stands before."""
    number = "".join(groups)
    if raw.startswith(("+", "(+")) or (groups[0].startswith("00") and len(groups) > 1):
        code = number if "+" in raw[:2] else number[2:]
        return 8 <= len(code) <= 15 and _begins(code, table("pii")["calling_codes"])
    if marked:
        return 6 <= len(number) <= 15
    if _NORTH_AMERICAN.fullmatch(raw):
        return True
    national = number.startswith("0") and 9 <= len(number) <= 12 and 2 <= len(groups) <= 5
    return national and min(map(len, groups)) > 1 and not _is_date(groups)


def _is_date(groups: list[str]) -> bool:
    """Return whether the groups begin with day, month and year."""
    day, month, year = (*groups, "", "", "")[:3]
    return len(day) == len(month) == 2 and len(year) == 4 and int(day) <= 31 and int(month) <= 31


@cache
def _marks(name: str) -> re.Pattern[str]:
    """Return the pattern of a text that ends in one of the marks."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, table('pii')[name]))})\Z")


def _free(text: str, start: int, joining: str) -> bool:
    """Return whether nothing before `start` belongs to the same word or number."""
    before = text[start - 1 : start] if start else ""
    return not before or not (before in joining or (before.isascii() and before.isalnum()))


def _ends_number(text: str, end: int) -> bool:
    """Return whether a number ends at `end`: no letter, digit, percent sign or decimals follow."""
    after = text[end : end + 2]
    return (
        not (after[:1].isascii() and after[:1].isalnum())
        and after[:1] not in ("%", "°", "_")
        and not (after[:1] in (",", ":") and after[1:].isdigit())
    )


FINDERS: dict[str, tuple[Callable[[str], Iterable[Span]], bool]] = {
    "email": (emails, False),
    "iban": (accounts, True),
    "card": (cards, True),
    "ip": (addresses, True),
    "phone": (phones, True),
}
"""Kind -> finder and whether it needs digits, the surest first."""
