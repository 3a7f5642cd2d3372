"""Language tags: BCP 47 text in, a checked canonical tag and its English name out.

The tables are those of IANA, shipped in the package ``langcodes``; ``data/languages.toml`` adds what people type
instead of a tag (names of languages in the language itself, country codes).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from mothertongue.errors import InputError, Problem

NOT_LANGUAGES: Final = frozenset({"und", "mul", "mis", "zxx"})
_TAG_LIMIT: Final = 35  # BCP 47, section 4.4.1: the length that every reader of tags must accept
_ALLOWED: Final = "a BCP 47 tag: ISO 639 language, optional script and region, such as nl, fi, sr-Latn, pt-BR"


@dataclass(frozen=True)
class LanguageTag:
    """A checked tag in canonical form (``nld_latn`` becomes ``nl-Latn``) with its parts; missing parts are empty."""

    tag: str
    language: str
    script: str = ""
    region: str = ""

    @property
    def name(self) -> str:
        """The English name, such as ``Serbian (Latin)``."""
        names = _names()
        parts = [names.get(("script", self.script), ""), names.get(("region", self.region), "")]
        detail = ", ".join(part for part in parts if part)
        name = names.get(("language", self.language), self.language)
        return f"{name} ({detail})" if detail else name


def parse_language(text: str, *, key: str = "language", where: str = "") -> LanguageTag:
    """Return the canonical form of a tag.

    Raises InputError MT113 for anything that is not one living or historical language, naming the tags of the
    languages that were probably meant.
    """
    import langcodes
    from langcodes.tag_parser import LanguageTagError

    if 0 < len(text) <= _TAG_LIMIT and text.isascii():
        try:
            found = langcodes.Language.get(_usual_code(text))
        except (LanguageTagError, ValueError):
            found = None
        if found is not None and _is_one_language(found):
            return LanguageTag(found.to_tag(), found.language or "", found.script or "", found.territory or "")
    raise InputError(unknown_language(text, key=key, where=where))


def unknown_language(text: str, *, key: str = "language", where: str = "") -> Problem:
    """Return the problem that says why ``text`` is no language tag and which tags are near."""
    nearest = nearest_tags(text)
    hint = "; nearest: " + ", ".join(f"{name} is {tag}" for name, tag in nearest) if nearest else ""
    return Problem(
        code="MT113",
        message=f"is not a known language tag{hint}",
        where=where,
        key=key,
        value=text,
        allowed=_ALLOWED,
        do=f"write {key}: {nearest[0][1]}" if nearest else "look the language up at https://iso639-3.sil.org",
    )


def display_name(tag: str) -> str:
    """Return the English name of a tag, such as ``Dutch``; raises InputError MT113 for an unknown tag."""
    return parse_language(tag).name


def nearest_tags(text: str, limit: int = 3) -> list[tuple[str, str]]:
    """Return up to ``limit`` pairs (name, tag) that ``text`` may have meant: a name, a country code, a slip of the pen.

    A name counts as near at an edit distance of at most 2 and of less than a third of its length.
    """
    from rapidfuzz.distance import Levenshtein

    wanted = text.strip().casefold()
    if not wanted or len(wanted) > 60:
        return []
    extra = _extra()
    if wanted in extra["mistaken"]:
        tag = extra["mistaken"][wanted]
        return [(display_name(tag), tag)]
    scored: dict[str, tuple[int, str]] = {}
    for name, tag in _tags_by_name():
        folded = name.casefold()
        distance = 0 if folded == wanted else Levenshtein.distance(wanted, folded, score_cutoff=2)
        if distance <= 2 and distance * 3 < len(folded):
            scored[tag] = min(scored.get(tag, (3, "")), (distance, name))
    ordered = sorted((distance, len(tag), name, tag) for tag, (distance, name) in scored.items())
    return [(name, tag) for distance, _, name, tag in ordered if distance == ordered[0][0]][:limit]


def _usual_code(text: str) -> str:
    """Replace a bibliographic ISO 639-2 code at the start (``dut``) by the usual one."""
    head, separator, rest = text.replace("_", "-").partition("-")
    return _extra()["bibliographic"].get(head.lower(), head) + separator + rest


def _is_one_language(found: object) -> bool:
    import langcodes

    if not isinstance(found, langcodes.Language) or found.extensions or found.private or found.extlangs:
        return False
    language = found.language
    if not language or language in NOT_LANGUAGES or ("language", language) in _unusable():
        return False
    # a code for private use (XX, Qaaa) counts as valid there, but it is in no registry and says nothing
    parts = [("language", language), ("script", found.script), ("region", found.territory)]
    return bool(found.is_valid()) and all(part in _names() for part in parts if part[1])


@cache
def _registry() -> tuple[dict[str, object], ...]:
    from langcodes.registry_parser import parse_registry

    return tuple(parse_registry())  # type: ignore[no-untyped-call]


@cache
def _unusable() -> frozenset[tuple[str, str]]:
    """Subtags that name no single language: families of languages and codes for private use."""
    rows = {
        ("language", str(row["Subtag"]))
        for row in _registry()
        if row.get("Type") == "language" and row.get("Scope") in {"collection", "special", "private-use"}
    }
    return frozenset(
        rows | {("language", f"q{a}{b}") for a in "abcdefghijklmnopqrst" for b in "abcdefghijklmnopqrstuvwxyz"}
    )


@cache
def _names() -> dict[tuple[str, str | None], str]:
    names: dict[tuple[str, str | None], str] = {}
    for row in _registry():
        descriptions = row.get("Description")
        if isinstance(descriptions, list) and "Subtag" in row:
            names[str(row["Type"]), str(row["Subtag"])] = str(descriptions[0])
    names.update((("language", tag), name) for tag, name in _extra()["names"].items())
    names.update((("script", tag), name) for tag, name in _extra()["scripts"].items())
    return names


@cache
def _tags_by_name() -> tuple[tuple[str, str], ...]:
    """Every (name, tag) of a living language, with several names for one tag where it has them."""
    pairs = [
        (str(description), str(row["Subtag"]))
        for row in _registry()
        if row.get("Type") == "language"
        and "Deprecated" not in row
        and ("language", row.get("Subtag")) not in _unusable()
        for description in (row.get("Description") or [])  # type: ignore[attr-defined]
        if row["Subtag"] not in NOT_LANGUAGES
    ]
    extra = _extra()
    pairs += [(name, tag) for tag, name in extra["names"].items()]
    return tuple(pairs + [(name, tag) for name, tag in extra["autonyms"].items()])


@cache
def _extra() -> dict[str, dict[str, str]]:
    text = (resources.files("mothertongue") / "data" / "languages.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
