"""Tokens for comparing texts: words where words are separated, characters where they are not."""

from __future__ import annotations

import re
import unicodedata

import regex

from mothertongue.corpus.scripts import UNSEGMENTED

# A letter of an unsegmented script stands alone with its marks; all other letters, marks, digits and joiners run on.
_SCRIPTS = "".join(rf"\p{{Script={code}}}" for code in UNSEGMENTED)
ALONE = rf"[{_SCRIPTS}--\p{{M}}]"
JOINERS = "\u200c\u200d"
RUNNING = rf"[[\p{{L}}\p{{M}}\p{{N}}{JOINERS}]--{ALONE}]"
_TOKEN = regex.compile(rf"{ALONE}\p{{M}}*|{RUNNING}+", regex.V1)

# Below U+0300 there are neither marks nor unsegmented scripts: the plain engine gives the same tokens much faster.
_LATIN_TOKEN = re.compile(r"[^\W_]+")
_FIRST_MARK = "\u0300"


def tokens(text: str) -> list[str]:
    """Return the tokens of the NFKC, case-folded form of `text`; punctuation and spaces separate and are left out."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    if folded.isascii() or max(folded, default="") < _FIRST_MARK:
        return _LATIN_TOKEN.findall(folded)
    found: list[str] = _TOKEN.findall(folded)
    return found
