"""Writing systems: the share of each Unicode script in a text, and the scripts that a language tag expects."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import regex

SAMPLE_CHARACTERS = 20_000
# ISO 15924 codes in the order of how often they are met, so that the usual letter is found at once.
_CODES = """
    Latn Cyrl Arab Hani Deva Hira Kana Hang Beng Grek Thai Taml Telu Knda Mlym Gujr Guru Orya Sinh Khmr Laoo Mymr
    Tibt Hebr Armn Geor Ethi Mong Cher Cans Nkoo Adlm Tfng Vaii Syrc Thaa Olck Mtei Cakm Java Sund Bali Yiii Lisu
    Bopo Copt Goth Osma Rohg Hmnp Hmng Wara Sora Lepc Limb Tale Talu Lana Tavt Bugi Batk Cham Rjng Tglg Hano Buhd
    Tagb Saur Samr Mand Bamu Bass Mend Medf Shaw Dsrt Osge Nshu Plrd Newa Tirh Mahj Sind Khoj Modi Gran
"""
_PATTERNS = tuple((code, regex.compile(rf"\p{{Script={code}}}")) for code in _CODES.split())
_COMBINED = {
    "Hans": ("Hani",),
    "Hant": ("Hani",),
    "Jpan": ("Hira", "Kana", "Hani"),
    "Hrkt": ("Hira", "Kana"),
    "Kore": ("Hang", "Hani"),
    "Aran": ("Arab",),
    "Latf": ("Latn",),
    "Latg": ("Latn",),
    "Cyrs": ("Cyrl",),
    "Syre": ("Syrc",),
    "Syrj": ("Syrc",),
    "Syrn": ("Syrc",),
    "Geok": ("Geor",),
    "Hanb": ("Hani", "Bopo"),
}
UNSEGMENTED = ("Hani", "Hira", "Kana", "Thai", "Laoo", "Khmr", "Mymr", "Tibt", "Yiii", "Java", "Bali", "Lana", "Talu")
"""Scripts whose writers put no space between words; their text is compared by characters."""


@lru_cache(maxsize=65_536)
def script_of(character: str) -> str:
    """Return the ISO 15924 code of a letter, `Zyyy` for anything that is no letter or belongs to many scripts."""
    if not character.isalpha():
        return "Zyyy"
    for code, pattern in _PATTERNS:
        if pattern.match(character):
            return code
    return "Zyyy"


def script_shares(text: str) -> dict[str, float]:
    """Return the share of each script among the letters in the first 20,000 characters, largest first."""
    counts: Counter[str] = Counter()
    for character, number in Counter(text[:SAMPLE_CHARACTERS]).items():
        script = script_of(character)
        if script != "Zyyy":
            counts[script] += number
    total = sum(counts.values())
    return {code: number / total for code, number in sorted(counts.items(), key=lambda item: (-item[1], item[0]))}


def expected_scripts(language: str) -> tuple[str, ...]:
    """Return the scripts of a tag: the one it names, else the usual one of the language; empty when unknown."""
    import langcodes

    script = langcodes.Language.get(language).maximize().script or ""
    if not script or script in ("Zzzz", "Zyyy"):
        return ()
    return _COMBINED.get(script, (script,))


def explicit_script(language: str) -> bool:
    """Return whether the tag itself names a script, as `sr-Latn` does."""
    import langcodes

    return langcodes.Language.get(language).script is not None
