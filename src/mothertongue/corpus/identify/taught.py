"""The identifier that the user taught: naive Bayes over n-grams, with calibrated probabilities and "none of these".

It is one file of plain arrays (`.npz`, nothing in it is ever executed) that needs no other file: the languages of the
seed are inside. Made by `teach.teach_identifier`.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import regex
import xxhash
from numpy.typing import NDArray

from mothertongue import durability
from mothertongue.corpus.identify.calibration import FACTS, Calibration
from mothertongue.corpus.identify.identifier import NO_LANGUAGE, UNKNOWN, Ranking, rankings
from mothertongue.corpus.identify.space import UNCOVERED_ROWS, Automaton, encode
from mothertongue.corpus.identify.words import Words, word_bags
from mothertongue.errors import InputError, Problem
from mothertongue.fingerprint import canonical_json

FORMAT: Final = 2
BATCH: Final = 512
"""Texts that are scored at once: bounds memory to a few megabytes."""
_WORD = regex.compile(r"\p{L}")
_LARGEST = 1 << 30
"""A file that unpacks to more than this is no identifier."""


@dataclass(frozen=True, eq=False)
class TaughtIdentifier:
    """Ranks languages for texts, and says `und` for a text that is probably in none of them."""

    automaton: Automaton
    tags: tuple[str, ...]
    """The label of each column, sorted; a label may own several columns (writing systems)."""
    table: NDArray[np.float32]
    """[features, columns + 1] log-probabilities; the last column is the average of all languages of the seed."""
    expected: NDArray[np.float64]
    """[labels] by how many nats per feature a text of the label beats the average of all languages."""
    calibration: Calibration
    words: Words
    facts: Mapping[str, Any]
    """How it was taught: languages, lines, nearest languages, what was confused when its own lines were held out."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The labels in the order of `expected`, sorted."""
        return tuple(dict.fromkeys(self.tags))

    @property
    def labels(self) -> frozenset[str]:
        """The tags of its languages; `und` (none of them) and `zxx` (no words) are not among them."""
        return frozenset(self.names) - {NO_LANGUAGE}

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """The hash of everything that decides an answer."""
        state = xxhash.xxh3_128()
        for name, value in sorted(_arrays(self).items()):
            state.update(name.encode())
            state.update(np.ascontiguousarray(value).tobytes())
        return {"identifier": "taught", "format": FORMAT, "content": state.hexdigest()}

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        return np.array([self.tags.index(name) for name in self.names])

    def identify(self, texts: Sequence[str]) -> list[Ranking]:
        """Return up to eight labels of each text with their probabilities, best first; `und` is none of the labels.

        Labels below 0.001 are left out, so a ranking sums to a little less than 1. Text without letters is `zxx`.
        """
        found: list[Ranking] = []
        for start in range(0, len(texts), BATCH):
            found += self._ranked(texts[start : start + BATCH])
        return found

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return [texts, labels + 1] probabilities in the order of `names`; the last column is `und`."""
        from mothertongue.corpus.identify.kernels import text_scores

        score: Callable[..., Any] = text_scores
        data, starts = encode(texts)
        columns, mass = score(data, starts, *self.automaton.parts, self.table)
        scores = np.maximum.reduceat(columns[:, :-1], self._starts, axis=1)
        background, mass = columns[:, -1].astype(np.float64), np.maximum(mass, 1e-6)
        scores = self.words.added(scores, mass, self.names, word_bags(texts))
        return self.calibration.probabilities(scores, background, mass, self.expected)

    def _ranked(self, texts: Sequence[str]) -> list[Ranking]:
        worded = [number for number, text in enumerate(texts) if _WORD.search(text)]
        found: list[Ranking] = [[(NO_LANGUAGE, 1.0)] for _ in texts]
        if worded:
            probabilities = self.probabilities([texts[number] for number in worded])
            for number, ranking in zip(worded, rankings(probabilities, (*self.names, UNKNOWN)), strict=True):
                found[number] = ranking
        return found

    def write(self, path: Path) -> None:
        """Write the identifier as one compressed `.npz` file; equal identifiers give equal bytes."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **_arrays(self))  # type: ignore[arg-type]
        durability.write_bytes(path, buffer.getvalue())

    def __reduce__(self) -> tuple[Any, ...]:
        # Worker processes get the arrays, not the caches.
        parts = (self.automaton, self.tags, self.table, self.expected, self.calibration, self.words, dict(self.facts))
        return (TaughtIdentifier, parts)


def _arrays(made: TaughtIdentifier) -> dict[str, NDArray[Any]]:
    header = {
        "format": FORMAT,
        "tags": list(made.tags),
        "features": made.automaton.features,
        "scale": made.calibration.scale,
        "unknown": list(made.calibration.unknown),
        "words": list(made.words.labels),
        "facts": dict(made.facts),
    }
    return {
        "header": np.frombuffer(canonical_json(header).encode(), np.uint8),
        "moves": made.automaton.moves,
        "rows": made.automaton.rows,
        "outputs": made.automaton.outputs,
        "table": made.table.astype(np.float16),
        "expected": made.expected,
        "word_features": made.words.features,
        "word_table": made.words.table.astype(np.float16),
    }


def read_taught(path: Path) -> TaughtIdentifier:
    """Return the identifier in a file; raises InputError MT242 for anything that `write` has not written."""
    return _read(path, durability.sha256_file(path) if path.is_file() else "")


@lru_cache(maxsize=4)
def _read(path: Path, _content: str) -> TaughtIdentifier:
    try:
        arrays = read_arrays(path)
        header = json.loads(arrays["header"].tobytes())
        if header["format"] != FORMAT:
            raise ValueError(f"format {header['format']}, this version reads format {FORMAT}")
        automaton = Automaton(arrays["moves"], arrays["rows"], arrays["outputs"], int(header["features"]))
        calibration = Calibration(float(header["scale"]), tuple(header["unknown"]))
        table = np.ascontiguousarray(arrays["table"].astype(np.float32))
        word_table = np.ascontiguousarray(arrays["word_table"].astype(np.float32))
        words = Words(tuple(header["words"]), arrays["word_features"], word_table)
        made = TaughtIdentifier(
            automaton, tuple(header["tags"]), table, arrays["expected"], calibration, words, header["facts"]
        )
        _check(made)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            not_an_identifier(path, str(error), "a file written by mothertongue when it was taught")
        ) from error
    return made


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of an `.npz` file without executing anything; ValueError when they are too large."""
    with zipfile.ZipFile(path) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > _LARGEST:
            raise ValueError(f"unpacks to more than {_LARGEST:,} bytes")
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _check(made: TaughtIdentifier) -> None:
    """Raise ValueError unless every index stays inside: compiled code does not look."""
    automaton = made.automaton
    states = len(automaton.rows)
    words = made.words
    types = [str(part.dtype) for part in (automaton.moves, automaton.rows, automaton.outputs, words.features)]
    inside = (
        types == ["uint32", "int32", "int32", "int32"]
        and len(automaton.moves) % 256 == 0
        and len(automaton.outputs) == states
        and states > 0
        and int(automaton.moves.max()) < states
        and int(automaton.rows.min()) >= 0
        and int(automaton.rows.max()) < len(automaton.moves) // 256
        and int(automaton.outputs.max()) < automaton.features
        and made.table.shape == (automaton.features + UNCOVERED_ROWS, len(made.tags) + 1)
        and made.tags == tuple(sorted(made.tags))
        and made.expected.shape == (len(made.names),)
        and len(made.calibration.unknown) == FACTS
        and bool(np.isfinite(made.table).all())
        and set(words.labels) <= set(made.names)
        and words.table.shape == (len(words.features), len(words.labels))
        and bool((np.diff(words.features) > 0).all())
        and bool(np.isfinite(words.table).all())
    )
    if not inside:
        raise ValueError("its arrays do not fit together")


def not_an_identifier(path: Path, found: str, allowed: str) -> Problem:
    """Return the problem of a file that is no model of its kind."""
    return Problem(
        "MT242",
        "is not an identifier",
        where=str(path),
        value=(found.splitlines() or [""])[0][:200],
        allowed=allowed,
        do="name the file of a model, or teach it again",
    )
