"""Labels of models as BCP 47 tags: the one place that knows the code styles of identifiers.

`__label__eng_Latn`, `zho_Hant`, `nld` and `nb-NO` become `en`, `zh-Hant`, `nl` and `nb-NO`: two letters where there are
two, and a script only where it is not the usual one. Codes that models use with a meaning of their own are in
data/identifier_labels.toml.
"""

from __future__ import annotations

import tomllib
from functools import cache, lru_cache
from importlib import resources

PREFIX = "__label__"


@lru_cache(maxsize=8192)
def bcp47(label: str, family: str = "") -> str:
    """Return the BCP 47 tag of a model's label; `family` names the model's table of exceptions.

    A label that is no tag stays readable as a private one: `und-x-label`.
    """
    import langcodes
    from langcodes.tag_parser import LanguageTagError

    code = label.removeprefix(PREFIX)
    known = _exceptions().get(family, {}).get(code)
    if known is not None:
        return known
    try:
        tag = langcodes.standardize_tag(code)
        language = langcodes.Language.get(tag)
    except (LanguageTagError, ValueError):
        return _private(code)
    if not language.is_valid():
        return _private(code)
    plain = langcodes.Language.make(language=language.language, territory=language.territory)
    usual = language.script is not None and plain.maximize().script == language.script
    return plain.to_tag() if usual else language.to_tag()


def _private(code: str) -> str:
    plain = "".join(character for character in code.lower() if character.isascii() and character.isalnum())
    return f"und-x-{plain[:8]}" if plain else "und"


@cache
def _exceptions() -> dict[str, dict[str, str]]:
    text = resources.files("mothertongue.data").joinpath("identifier_labels.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
