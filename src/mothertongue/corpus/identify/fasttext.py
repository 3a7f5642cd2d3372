"""Any fastText model of languages, by the path of its file (`.bin` or `.ftz`): lid.176, OpenLID, GlotLID, your own.

Needs the extra `fasttext` (fasttext-predict: reads models, trains none).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from mothertongue import durability
from mothertongue.corpus.identify.identifier import MOST, NO_LANGUAGE, Ranking
from mothertongue.corpus.identify.missing import missing_extra
from mothertongue.corpus.identify.tags import bcp47
from mothertongue.corpus.identify.taught import not_an_identifier
from mothertongue.errors import InputError, WorkError

FAMILY = "fasttext"
_MAGIC, _SUPERVISED, _LABEL = 793712314, 3, 1
_OPTIONS = struct.Struct("<2i12id")
_COUNTS = struct.Struct("<iiiqq")
_ENTRY = struct.Struct("<qb")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class FastText:
    """Ranks the labels of a fastText model; labels become BCP 47 tags, those that become the same are summed."""

    path: Path
    content: str = field(default="", init=False)
    """The sha256 of the file, which decides the answers."""

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "content", durability.sha256_file(self.path))
            _labels(self.path, self.content)
        except (OSError, ValueError, struct.error, WorkError) as error:
            raise InputError(not_an_identifier(self.path, str(error), "a fastText model of classes")) from error
        _model(self.path, self.content)

    @property
    def labels(self) -> frozenset[str]:
        """The tags that the model can give."""
        return frozenset(bcp47(label, FAMILY) for label in _labels(self.path, self.content)) - {NO_LANGUAGE}

    @property
    def settings(self) -> Mapping[str, Any]:
        """The hash of the file."""
        return {"identifier": FAMILY, "content": self.content}

    def identify(self, texts: Sequence[str]) -> list[Ranking]:
        """Return up to eight tags of each text with the model's probabilities; line ends count as spaces."""
        model = _model(self.path, self.content)
        return [_ranking(model, text) for text in texts]


def _ranking(model: Any, text: str) -> Ranking:
    if not any(map(str.isalpha, text)):
        return [(NO_LANGUAGE, 1.0)]
    labels, probabilities = model.predict(" ".join(durability.encode(text).decode().split()), k=MOST)
    summed: dict[str, float] = {}
    for label, probability in zip(labels, probabilities, strict=True):
        tag = bcp47(label, FAMILY)
        # fastText rounds upwards past 1
        summed[tag] = min(1.0, summed.get(tag, 0.0) + float(probability))
    return sorted(summed.items(), key=lambda pair: (-pair[1], pair[0]))


@lru_cache(maxsize=4)
def _labels(path: Path, _content: str) -> tuple[str, ...]:
    """Return the labels in the dictionary of a model; raises ValueError when it is none (or gives no classes)."""
    with path.open("rb", buffering=_CHUNK) as stream:
        magic, _version, *options = _OPTIONS.unpack(stream.read(_OPTIONS.size))
        if magic != _MAGIC or options[7] != _SUPERVISED:
            raise ValueError("not a fastText model of classes")
        entries, _words, number, _tokens, _pruned = _COUNTS.unpack(stream.read(_COUNTS.size))
        names = []
        for _ in range(entries):
            name = bytearray()
            while (byte := stream.read(1)) not in (b"\0", b""):
                name += byte
            _count, kind = _ENTRY.unpack(stream.read(_ENTRY.size))
            if kind == _LABEL:
                names.append(name.decode("utf-8", "replace"))
    if len(names) != number or not names:
        raise ValueError("its dictionary is damaged")
    return tuple(names)


@lru_cache(maxsize=4)
def _model(path: Path, _content: str) -> Any:
    try:
        import fasttext
    except ImportError as error:
        raise InputError(missing_extra("fasttext", f"{FAMILY}:{path}")) from error
    try:
        return fasttext.load_model(str(path))
    except (ValueError, RuntimeError, MemoryError) as error:
        raise InputError(not_an_identifier(path, str(error), "a fastText model of classes")) from error
