"""Words and numbers of the pages in the reader's language: one catalogue file per BCP 47 tag, English as fallback."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from mothertongue.errors import InputError, Problem
from mothertongue.report.markup import Content

_UNITS = ("B", "kB", "MB", "GB", "TB")


@dataclass(frozen=True)
class Words:
    """A catalogue: texts by dotted key, with the language's way to write numbers."""

    tag: str
    texts: Mapping[str, str]

    def __call__(self, key: str, **values: str) -> str:
        """The text of a key with its placeholders filled. Raises KeyError for an unknown key."""
        return self.texts[key].format(**values)

    def rich(self, key: str, **values: Content) -> list[Content]:
        """The text of a key as content, so that a placeholder can hold an element."""
        parts: list[Content] = []
        for literal, field, _, _ in string.Formatter().parse(self.texts[key]):
            parts.append(literal)
            if field is not None:
                parts.append(values[field])
        return parts

    def named(self, group: str, name: str) -> str:
        """The word for a name of a group, or the name itself with spaces where the catalogue has none."""
        return self.texts.get(f"{group}.{name}", name.replace("_", " "))

    def count(self, what: str, amount: int) -> str:
        """An amount with its noun, as in "48 documents"."""
        form = "one" if amount == 1 else "other"
        return self(f"count.{what}.{form}", n=self.whole(amount))

    def decimal(self, value: float, digits: int = 2, signed: bool = False) -> str:
        """A number with a fixed count of decimals in the language's notation, with a real minus sign."""
        shown = f"{abs(value):,.{digits}f}"
        is_zero = not any(digit in "123456789" for digit in shown)
        sign = "" if is_zero else self("number.minus") if value < 0 else "+" if signed else ""
        swapped = shown.replace(",", "\0").replace(".", self("number.decimal")).replace("\0", self("number.group"))
        return sign + swapped

    def whole(self, value: float) -> str:
        """A whole number with group separators."""
        return self.decimal(round(value), 0)

    def plain(self, value: float) -> str:
        """A number of unknown size at about three significant digits."""
        if float(value).is_integer() and abs(value) < 1e15:
            return self.whole(value)
        if abs(value) < 1e-3:
            return f"{value:.2e}".replace(".", self("number.decimal"))
        digits = 3 if abs(value) < 1 else 2 if abs(value) < 100 else 1 if abs(value) < 1000 else 0
        return self.decimal(value, digits)

    def percent(self, value: float, signed: bool = False, digits: int = 1) -> str:
        """Percent of 100 in the language's notation."""
        return self("number.percent", value=self.decimal(value, digits, signed))

    def bytes(self, amount: float) -> str:
        """Bytes in a readable unit, powers of 1000."""
        scaled, unit = float(amount), 0
        while abs(scaled) >= 1000 and unit < len(_UNITS) - 1:
            scaled, unit = scaled / 1000, unit + 1
        return f"{self.decimal(scaled, 0 if unit == 0 or scaled >= 100 else 1)}\u00a0{_UNITS[unit]}"

    def duration(self, seconds: float) -> str:
        """Seconds as hours, minutes and seconds, the two largest units."""
        if seconds < 60:
            return self("time.seconds", s=self.decimal(seconds, 0 if seconds >= 10 else 1))
        minutes, rest = divmod(round(seconds), 60)
        if minutes < 60:
            return self("time.minutes", m=str(minutes), s=str(rest))
        return self("time.hours", h=self.whole(minutes // 60), m=str(minutes % 60))

    def quantity(self, value: float, unit: str) -> str:
        """A value in its unit: seconds, bytes, percent, tokens or any word."""
        if unit == "seconds":
            return self.duration(value)
        if unit == "bytes":
            return self.bytes(value)
        if unit == "percent":
            return self.percent(value)
        return f"{self.plain(value)} {self.named('unit', unit)}".strip()


def available() -> list[str]:
    """The tags of all catalogues, sorted."""
    folder = files("mothertongue.report") / "strings"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


@cache
def load_words(tag: str = "en") -> Words:
    """The catalogue of a tag; a text it lacks comes from English. Raises InputError (MT702) for an unknown tag."""
    known = available()
    chosen = next((name for name in (tag, tag.split("-")[0]) if name in known), None)
    if chosen is None:
        raise InputError(
            Problem(
                "MT702",
                "no catalogue of texts for the pages in this language",
                key="report.ui",
                value=tag,
                allowed=", ".join(known),
                do="choose one of these; the report speaks about any language in each of them",
            )
        )
    return Words(chosen, _read("en") | _read(chosen))


def _read(tag: str) -> dict[str, str]:
    source = files("mothertongue.report") / "strings" / f"{tag}.toml"
    return flatten(tomllib.loads(source.read_text(encoding="utf-8")))


def flatten(table: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    """Nested tables as dotted keys. Raises TypeError for a value that is no text."""
    flat: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        elif isinstance(value, str):
            flat[prefix + key] = value
        else:
            raise TypeError(f"{prefix}{key} is {type(value).__name__}, not text")
    return flat
