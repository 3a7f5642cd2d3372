"""The language profile: everything that a tagger or a rule may know about a language, in one file that people review.

A TOML file or a language tag enters; a frozen `LanguageProfile` leaves. Nothing in it defaults to English or to any
other language: what a profile does not say is not measured and not judged.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from mothertongue import durability
from mothertongue.corpus.scripts import UNSEGMENTED, expected_scripts
from mothertongue.errors import InputError, Problem
from mothertongue.fingerprint import digest

FORMAT: Final = 1
_WIDTH = 120


def _words(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Segmentation = Literal["spaces", "characters"]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Origin(_Part):
    """The reference text that a profile was learned from."""

    documents: int = 0
    characters: int = 0
    sha256: str = ""


class LanguageProfile(_Part):
    """What is known of one language. Tuples of words are sorted by falling frequency unless said otherwise."""

    format: Literal[1] = FORMAT
    language: Annotated[str, Field(min_length=2)]
    """BCP 47 tag."""
    origin: Origin = Origin()
    segmentation: Segmentation = "spaces"
    """Whether writers put spaces between words; with `characters`, each letter counts as a word."""
    scripts: Words = ()
    """ISO 15924 codes of its writing systems; empty when unknown."""
    letters: str = ""
    """The letters of the language, most frequent first; empty when unknown."""
    function_words: Words = ()
    """The words that any text of some length contains, lower case."""
    line_ends: Words = ()
    """The characters that end a finished line (`.`, `!`, a closing quotation mark ...)."""
    bullets: Words = ("*", "-", "•", "‣", "◦", "●")
    """The characters that open an item of a list."""
    ellipses: Words = ("…", "...")
    neighbours: Words = ()
    """Tags of languages that are easily mistaken for this one, nearest first."""
    foreign_words: Words = ()
    """Words that point to a neighbour: frequent there, absent here (contamination list)."""
    toxic_words: Words = ()
    """Words and phrases, lower case, that the user counts as toxic."""
    boilerplate: Words = ()
    """Phrases, lower case, of text that surrounds pages (cookie notices, navigation)."""
    thresholds: Mapping[str, float] = {}
    """Name -> number; rules name them as `profile.NAME`."""
    unsettled: Words = ()
    """Thresholds that the reference text could not settle; rules that name them are not applied."""

    def facts_digest(self) -> str:
        """Return the sha256 of all that taggers may read: thresholds belong to decisions and are left out."""
        return digest(self.model_dump(exclude={"thresholds", "unsettled", "origin"}))

    def to_toml(self, notes: Mapping[str, str] | None = None) -> str:
        """Return the profile as TOML with comments that `read_profile` reads back to an equal profile.

        `notes`: name of a threshold -> a line about it, set behind its value.
        """
        values = {key: list(v) if isinstance(v, tuple) else v for key, v in self.model_dump().items()}
        return commented_toml(values, _comments(), notes or {})

    def write(self, path: Path, notes: Mapping[str, str] | None = None) -> None:
        """Write the profile as a TOML file with comments."""
        durability.write_text(path, self.to_toml(notes))


def commented_toml(values: Mapping[str, Any], comments: Mapping[str, str], notes: Mapping[str, str]) -> str:
    """Return TOML with a comment above each key that has one, and a note behind each key of a table that has one.

    Tables come last, as TOML asks; long lists are wrapped.
    """
    import tomli_w

    blocks = []
    for key, value in sorted(values.items(), key=lambda item: isinstance(item[1], Mapping)):
        lines = [f"# {line}" for line in comments.get(key, "").strip().splitlines()]
        if isinstance(value, Mapping):
            rows = [(name, tomli_w.dumps({name: inner}).strip()) for name, inner in value.items()]
            lines += [f"[{key}]", *(f"{row}  # {notes[name]}" if name in notes else row for name, row in rows)]
        elif isinstance(value, list):
            lines.append(_list(key, [tomli_w.dumps({"x": item}).strip().removeprefix("x = ") for item in value]))
        else:
            lines.append(tomli_w.dumps({key: value}).strip())
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _list(key: str, items: Sequence[str]) -> str:
    short = f"{key} = [{', '.join(items)}]"
    if len(short) <= _WIDTH:
        return short
    rows, row = [], ""
    for item in items:
        if row and len(row) + len(item) + 2 > _WIDTH - 4:
            rows.append(row)
            row = ""
        row += f"{item}, "
    return "\n".join([f"{key} = [", *(f"    {line.rstrip()}" for line in [*rows, row] if line), "]"])


@cache
def _comments() -> dict[str, str]:
    text = resources.files("mothertongue.data").joinpath("profile_comments.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def neutral_profile(language: str) -> LanguageProfile:
    """Return what follows from the tag alone: writing systems and segmentation; it settles no threshold."""
    scripts = expected_scripts(language)
    unsegmented = bool(scripts) and scripts[0] in UNSEGMENTED
    return LanguageProfile(language=language, scripts=scripts, segmentation="characters" if unsegmented else "spaces")


def read_profile(path: Path, language: str) -> LanguageProfile:
    """Return the profile of `language` in a TOML file.

    Raises InputError MT220 with every problem of the file, or MT221 when it is the profile of another language.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(_broken(path, "", str(error).splitlines()[0], "")) from error
    try:
        profile = LanguageProfile.model_validate(values)
    except ValidationError as error:
        raise InputError(
            _broken(path, ".".join(map(str, row["loc"])), str(row["input"])[:80], row["msg"]) for row in error.errors()
        ) from error
    if profile.language != language:
        raise InputError(
            Problem(
                code="MT221",
                message="is the profile of another language",
                where=str(path),
                key="language",
                value=profile.language,
                allowed=language,
                do=f"give the profile of {language}, or derive one: mothertongue curate TEXTS --language {language} "
                "--derive-profile FILE",
            )
        )
    return profile


def _broken(path: Path, key: str, value: str, allowed: str) -> Problem:
    return Problem(
        code="MT220",
        message="is not a language profile",
        where=str(path),
        key=key,
        value=value,
        allowed=allowed or "TOML as written by mothertongue curate --derive-profile",
        do="correct the file or derive it again",
    )
