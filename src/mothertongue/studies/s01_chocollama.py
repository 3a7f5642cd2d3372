"""Study 01: where the embedding rows of new tokens start, measured in bits per byte (card 01, step 7 and oracle b).

A chat model's vocabulary grows by Dutch tokens of the embedded sample. Three ways to start their rows are compared on
the same held-out texts at step 0 and after the same short training: the mean of all rows, a random draw around it, and
the mean of the rows that spelled the token before. The seed draws the texts, the random rows and the order of training.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mothertongue.studies.finding import Statistic
from mothertongue.studies.study import Scale, Study

if TYPE_CHECKING:
    from mothertongue.models.load import Loaded
    from mothertongue.training.packing import Row
    from mothertongue.vocabulary.extend import Extension

_INITIALIZERS = {"random": "random", "mean": "mean", "subword": "subword_mean"}
_MOST_SCORED_BYTES = 4_000


@dataclass(frozen=True)
class _Size:
    """How large the study is at a scale: new tokens, steps of training, tokens in a row."""

    tokens: int
    steps: int
    row: int


_SIZES = {
    Scale.SMOKE: _Size(40, 3, 32),
    Scale.MINI: _Size(600, 8, 128),
    Scale.LAPTOP: _Size(1500, 60, 256),
    Scale.PAPER: _Size(50_000, 60_000, 4096),
}


class RowInitialisation:
    """Initialisers of new rows side by side."""

    number = 1
    claim = (
        "Rows of new tokens that start as the mean of their sub-word rows cost fewer bits per byte than rows that "
        "start as the mean of all rows, at once and after the same training."
    )
    arms = tuple(f"{name}_{when}" for when in ("start", "trained") for name in _INITIALIZERS)
    statistic = Statistic(arm="subword_trained", against="mean_trained", expected="less", threshold=0.0)

    def run(self, scale: Scale, seed: int, folder: Path) -> Mapping[str, float]:
        """Bits per byte of every initialiser at step 0 and after training."""
        from mothertongue.vocabulary.expand import expand_model
        from mothertongue.vocabulary.extend import extend_tokenizer
        from mothertongue.vocabulary.initialize import find_initializer

        size = _SIZES[scale]
        train, held_out = _texts(seed)
        extension = extend_tokenizer(_base(scale, folder).tokenizer, train, size.tokens)
        values: dict[str, float] = {}
        for name, initializer in _INITIALIZERS.items():
            base = _base(scale, folder)
            expand_model(base.model, extension, find_initializer(initializer), seed)
            values[f"{name}_start"] = _bits(base, extension, held_out)
            _train(base, _rows(extension, train, size), size, seed)
            values[f"{name}_trained"] = _bits(base, extension, held_out)
        return values


def _texts(seed: int) -> tuple[list[str], list[str]]:
    """Training and held-out texts of the embedded sample in an order drawn by the seed."""
    from mothertongue.corpus.curate import curate
    from mothertongue.stages.material import SAMPLE_LANGUAGE, sample_folder

    curated = curate([sample_folder() / SAMPLE_LANGUAGE], SAMPLE_LANGUAGE)
    train = [document.text for document in curated.train]
    held_out = [document.text for document in curated.held_out]
    draw = random.Random(seed)
    draw.shuffle(train)
    draw.shuffle(held_out)
    kept: list[str] = []
    while held_out and sum(len(text.encode()) for text in kept) < _MOST_SCORED_BYTES:
        kept.append(held_out.pop())
    return train, kept


def _base(scale: Scale, folder: Path) -> Loaded:
    """A fresh copy of the model: a tiny one made from scratch at smoke scale, else the embedded chat model."""
    from mothertongue.models.bases import resolve_base
    from mothertongue.models.load import load
    from mothertongue.testing import tiny_folder

    if scale is not Scale.SMOKE:
        return load(resolve_base("smollm2-135m-instruct"))
    tiny = folder / "tiny"
    return load(tiny if tiny.is_dir() else tiny_folder(tiny))


def _bits(base: Loaded, extension: Extension, texts: Sequence[str]) -> float:
    from mothertongue.evaluation.scorer import Scorer, bits_per_byte

    return bits_per_byte(Scorer(base.model, extension.tokenizer), texts).bits_per_byte


def _rows(extension: Extension, texts: Sequence[str], size: _Size) -> list[Row]:
    from mothertongue.training.packing import encode_documents, pack

    return pack(encode_documents(extension.tokenizer, texts), size.row, "target")


def _train(base: Loaded, rows: Sequence[Row], size: _Size, seed: int) -> None:
    from mothertongue.models.device import prepare_machine
    from mothertongue.training.loop import Loop, LoopOptions
    from mothertongue.training.objectives.causal import CausalObjective
    from mothertongue.training.order import MixedOrder
    from mothertongue.training.trainable import TrainableOptions, finish

    prepare_machine()
    trainable = TrainableOptions("full", 1, 3e-4, 3e-4, True, seed)
    order = MixedOrder({"target": len(rows)}, {"target": 1.0}, 2, seed)
    loop = Loop(base.model, CausalObjective(), {"target": rows}, order, trainable, LoopOptions(size.steps))
    loop.run()
    finish(base.model, trainable)


STUDY: Study = RowInitialisation()
