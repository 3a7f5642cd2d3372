"""The n-gram profile of a language: what teaching needs of its lines, without their text.

A user makes it once from some hundred lines and can pass it on: it holds the n-grams of each line without their order.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mothertongue import durability
from mothertongue.corpus.identify.space import Bags, Seed, bags, py3langid_seed
from mothertongue.corpus.identify.taught import not_an_identifier, read_arrays
from mothertongue.corpus.identify.words import word_bags
from mothertongue.corpus.scripts import script_shares
from mothertongue.errors import InputError, Problem
from mothertongue.fingerprint import canonical_json

FORMAT: Final = 2
FEWEST: Final = 50
"""Lines below which nothing can be held out to see what was learned."""
_OWN_COLUMN = 0.1
"""A writing system with at least this share of the lines gets a column of its own."""
_TOGETHER = {"Hira": "Jpan", "Kana": "Jpan", "Hani": "Jpan", "Hang": "Kore"}


@dataclass(frozen=True, eq=False)
class LineProfile:
    """The n-grams of the lines of one language, by writing system."""

    language: str
    automaton: str
    """The digest of the automaton that found the n-grams."""
    parts: tuple[Bags, ...]
    """One collection of lines per writing system, largest first."""
    words: tuple[Bags, ...]
    """The words of the same lines."""

    @property
    def lines(self) -> int:
        """Number of lines."""
        return sum(len(part) for part in self.parts)

    def write(self, path: Path) -> None:
        """Write the profile as one compressed `.npz` file."""
        header = {"format": FORMAT, "language": self.language, "automaton": self.automaton, "parts": len(self.parts)}
        arrays: dict[str, NDArray[np.generic]] = {"header": np.frombuffer(canonical_json(header).encode(), np.uint8)}
        for kind, several in (("ngram", self.parts), ("word", self.words)):
            for number, part in enumerate(several):
                arrays |= {f"{kind}_features{number}": part.features, f"{kind}_weights{number}": part.weights}
                arrays[f"{kind}_starts{number}"] = part.starts
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
        durability.write_bytes(path, buffer.getvalue())


def build_profile(language: str, lines: Iterable[str], *, seed_identifier: Seed | None = None) -> LineProfile:
    """Return the n-gram profile of a language; the order of lines and repetitions do not matter.

    Raises InputError MT243 when fewer than 50 different lines with letters are left.
    """
    usable = usable_lines(lines)
    if len(usable) < FEWEST:
        raise InputError(
            Problem(
                "MT243",
                "there is too little text to teach a language",
                key=language,
                value=f"{len(usable)} different lines with letters",
                allowed=f"at least {FEWEST}; 200 to 500 are a good number",
                do="give more lines of the language, each a sentence or two",
            )
        )
    automaton = (seed_identifier or py3langid_seed()).automaton
    groups = by_script(usable)
    parts = tuple(bags(group, automaton) for group in groups)
    return LineProfile(language, automaton.digest, parts, tuple(word_bags(group) for group in groups))


def usable_lines(lines: Iterable[str]) -> list[str]:
    """Return the different lines that hold a letter, stripped and sorted."""
    return sorted({line for line in (raw.strip() for raw in lines) if any(map(str.isalpha, line))})


def by_script(lines: Sequence[str]) -> list[list[str]]:
    """Return lines by their main writing system, largest group first; small groups stay with the largest."""
    groups: dict[str, list[str]] = {}
    for line in lines:
        script = next(iter(script_shares(line)), "Zyyy")
        groups.setdefault(_TOGETHER.get(script, script), []).append(line)
    ordered = [group for _, group in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))]
    large = [group for group in ordered if len(group) >= max(FEWEST / 2, _OWN_COLUMN * len(lines))] or ordered[:1]
    rest = [line for group in ordered[len(large) :] for line in group]
    return [sorted(large[0] + rest), *large[1:]]


def read_line_profile(path: Path) -> LineProfile:
    """Return the profile in a file; raises InputError MT242 for anything that `write` has not written."""
    try:
        arrays = read_arrays(path)
        header = json.loads(arrays["header"].tobytes())
        if header["format"] != FORMAT:
            raise ValueError(f"format {header['format']}, this version reads format {FORMAT}")
        parts, words = (
            tuple(_part(arrays, kind, number) for number in range(header["parts"])) for kind in ("ngram", "word")
        )
        if list(map(len, parts)) != list(map(len, words)):
            raise ValueError("its arrays do not fit together")
        return LineProfile(str(header["language"]), str(header["automaton"]), parts, words)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(not_an_identifier(path, str(error), "an n-gram profile written by mothertongue")) from error


def _part(arrays: dict[str, NDArray[np.generic]], kind: str, number: int) -> Bags:
    features = arrays[f"{kind}_features{number}"].astype(np.int32, casting="safe")
    weights = arrays[f"{kind}_weights{number}"].astype(np.float32, casting="safe")
    starts = arrays[f"{kind}_starts{number}"].astype(np.int64, casting="safe")
    whole = starts[0] == 0 and starts[-1] == len(features) == len(weights) and (np.diff(starts) >= 0).all()
    if not whole or (len(features) and features.min() < 0):
        raise ValueError("its arrays do not fit together")
    return Bags(features, weights, starts)
