"""Lines of languages that no bundled profile holds: the translated strings of Firefox, from Debian's packages.

The packages `firefox-esr-l10n-*` hold catalogues of Fluent and of properties. A string is a line of a catalogue without
its placeables. Missing translations are filled in with English ones, so a string that shares half of its words with the
English string of the same name is left out.
"""

from __future__ import annotations

import random
import re
import subprocess
import zipfile
from pathlib import Path

PACKAGE = "firefox-esr-l10n-{}"
ENGLISH = "en-gb"
MOST = 20
"""Strings of one catalogue: those of errors in certificates alone would otherwise be half of what teaches."""
_CATALOGUES = (".ftl", ".properties")
_STRING = re.compile(r"^(\s*)([.\w-]+)\s*=[ \t]*(.*)$", re.MULTILINE)
_PLACEABLE = re.compile(r"\{[^{}]*\}|%\d*\$?[A-Za-z]|</?\w[^>]*>|\\u[0-9A-Fa-f]{4}|\\n")
_WORD = re.compile(r"[^\W\d_]+")
Name = tuple[str, str, str]
"""Catalogue, message, and attribute of the message or the message again."""


def fetch(folder: Path, code: str) -> Path:
    """The language pack of a code of Firefox, unpacked from its Debian package."""
    name = PACKAGE.format(code)
    root = folder / name
    if not root.exists():
        subprocess.run(["apt-get", "download", name], cwd=folder, check=True, capture_output=True)
        subprocess.run(["dpkg-deb", "-x", str(next(folder.glob(f"{name}_*.deb"))), str(root)], check=True)
    return next(root.rglob("langpack-*.xpi"))


def strings(pack: Path) -> dict[Name, str]:
    """Name -> string."""
    found: dict[Name, str] = {}
    with zipfile.ZipFile(pack) as archive:
        for path in sorted(archive.namelist()):
            if not path.endswith(_CATALOGUES):
                continue
            message = ""
            for indent, name, value in _STRING.findall(archive.read(path).decode("utf-8")):
                message = message if indent else name
                if value:
                    found[path.rsplit("/", 1)[-1], message, name] = " ".join(_PLACEABLE.sub(" ", value).split())
    return found


def translated(folder: Path, code: str) -> dict[str, list[str]]:
    """Catalogue -> some of its translated strings, drawn."""
    english = {} if code == ENGLISH else strings(fetch(folder, ENGLISH))
    pages: dict[str, list[str]] = {}
    for name, value in strings(fetch(folder, code)).items():
        words = _words(value)
        if len(words & _words(english.get(name, ""))) * 2 < len(words):
            pages.setdefault(name[0], []).append(value)
    draw = random.Random(code)
    return {name: draw.sample(values, min(MOST, len(values))) for name, values in pages.items()}


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))
