"""The plan of a run from a short measured probe: a few training steps and a few scored tokens of the real model."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from mothertongue.corpus.curate import find_sources
from mothertongue.errors import InputError, Problem
from mothertongue.language import display_name
from mothertongue.models.bases import resolve_base
from mothertongue.models.device import prepare_machine
from mothertongue.models.load import Loaded, load
from mothertongue.plan import Plan, StageEstimate
from mothertongue.recipe import Recipe
from mothertongue.run import Stage, why_rerun
from mothertongue.stages.items import DECISION_PROMPTS, FORMAT_TOKENS
from mothertongue.stages.material import Material, resolve
from mothertongue.stages.training import TRIAL_TOKENS, loop_options, trainable_options
from mothertongue.training.loop import Loop
from mothertongue.training.objectives.causal import CausalObjective
from mothertongue.training.order import MixedOrder
from mothertongue.training.packing import Row
from mothertongue.training.trainable import Method

_SPREAD = 0.3
"""Half-width of the time ranges: what a shared machine varies by."""
_CURATED_BYTES_PER_SECOND = 250_000
"""Reading, repair, language and duplicates of short documents on one core; rarely what takes long."""
_DECISION_ARMS = 3
_MOST_COPIES, _PROGRAM_BYTES = 7, 900_000_000
"""Copies of the weights that live at once (two models, gradient and moments in a trial; rules in restoring), and what
the program, torch and activations take beside them."""
_PROBE_TOKENS = 2_048
"""Most tokens of one step of the probe: it measures speed, which rows of any length show."""
_FLOAT = 4


@dataclass(frozen=True)
class Probe:
    """What the probe measured: tokens a second of training and scoring, tokens a byte, and the size of the model."""

    training: float
    scoring: float
    parameters: int
    resident_bytes: int


def probe(recipe: Recipe, loaded: Loaded) -> Probe:
    """Speeds of the real model on this machine, from three steps on random ids; takes a few seconds."""
    import torch

    from mothertongue.evaluation.scorer import Scorer

    prepare_machine()
    size = len(loaded.tokenizer)
    length = min(recipe.pretrain.sequence_length, _PROBE_TOKENS)
    count = max(1, min(recipe.pretrain.batch_size, _PROBE_TOKENS // length))
    ids = torch.randint(size, (count, length), generator=torch.Generator().manual_seed(0)).tolist()
    scorer = Scorer(loaded.model, loaded.tokenizer)
    requests = [(scorer.start, row) for row in ids]
    scorer.token_logprobs(requests[:1])
    started = time.monotonic()
    scorer.token_logprobs(requests)
    scoring = count * length / (time.monotonic() - started)
    method: Method = "lora" if recipe.pretrain.method == "lora" else "full"
    rows = {"target": [Row(row, list(range(len(row))), "target", [1] * len(row)) for row in ids]}
    order = MixedOrder({"target": len(ids)}, {"target": 1.0}, count, 0)
    loop = Loop(
        loaded.model, CausalObjective(), rows, order, trainable_options(recipe, method), loop_options(recipe, 3)
    )
    seconds: list[float] = []
    loop.run(lambda report: seconds.append(report.seconds))
    training = count * length / min(seconds[1:])
    parameters = sum(parameter.numel() for parameter in loaded.model.parameters())
    return Probe(training, scoring, parameters, psutil.Process().memory_info().rss)


def make_plan(recipe: Recipe, run_folder: Path, stages: Sequence[Stage]) -> Plan:
    """Seconds, tokens, memory and disk of every stage; finished stages are named and cost nothing.

    Loads the base and trains three steps on random ids, which takes some seconds and changes nothing.
    """
    material = resolve(recipe)
    loaded = load(resolve_base(recipe.base))
    scored = _scored_tokens(recipe, material, loaded)
    measured = probe(recipe, loaded)
    causes = why_rerun(stages, recipe, run_folder) if (run_folder / "run.json").is_file() else {}
    finished = tuple(name for name, why in causes.items() if not why)
    estimates = _estimates(recipe, material, measured, scored)
    steps, reason = _steps(recipe, estimates)
    if not finished:
        _refuse_too_short(recipe, measured, estimates)
    return Plan(
        language=f"{display_name(recipe.language)} ({recipe.language})",
        base=recipe.base,
        run=str(run_folder),
        stages=tuple(estimates),
        finished=finished,
        settings={"pretrain.steps": f"about {steps} ({reason})"},
        assumptions=(
            f"measured here: training {measured.training:.0f} tokens/s, scoring {measured.scoring:.0f} tokens/s",
            f"time ranges are {100 * _SPREAD:.0f} % to either side; steps are fixed when training begins",
        ),
    )


def _estimates(recipe: Recipe, material: Material, measured: Probe, scored: int) -> list[StageEstimate]:
    model = measured.parameters * _FLOAT
    size = _source_bytes(material)
    evaluation = scored / measured.scoring + _generation_seconds(recipe, measured)
    arms = _DECISION_ARMS if "decide" in (recipe.vocabulary.strategy, recipe.pretrain.method) else 0
    trial = TRIAL_TOKENS / measured.training + 4 * 1000 / measured.scoring
    answers = DECISION_PROMPTS * FORMAT_TOKENS / (measured.scoring / 3)
    restore = (len(recipe.restore.rules) + 1) * (2000 / measured.scoring + answers) + 5
    other = 3 + size / _CURATED_BYTES_PER_SECOND + 2 * evaluation + arms * trial + restore + 3
    training = _training_seconds(recipe, material, measured, other)
    peak = max(measured.resident_bytes, _MOST_COPIES * model + _PROGRAM_BYTES)

    def row(name: str, seconds: float, tokens: int, disk: int, why: str) -> StageEstimate:
        return StageEstimate(name, (1 - _SPREAD) * seconds, (1 + _SPREAD) * seconds, tokens, peak, disk, why)

    first = arms and 2 * trial
    return [
        row("corpus", 3 + size / _CURATED_BYTES_PER_SECOND, 0, 2 * size, f"{size / 1e6:.1f} MB of files"),
        row("baseline", evaluation, scored, 1_000_000, "the untouched model is measured"),
        row(
            "vocabulary",
            first + 3,
            2 * TRIAL_TOKENS if arms else 0,
            model,
            "keep against extend" if arms else "as asked",
        ),
        row("pretrain", training + (arms and trial), int(training * measured.training), 4 * model, "training"),
        row("restore", restore, 0, model, f"{len(recipe.restore.rules)} rules"),
        row("evaluate", evaluation, scored, 1_000_000, "the taught model is measured"),
        row("report", 3, 0, 5_000_000, "report.html and the model's card"),
    ]


def _source_bytes(material: Material) -> int:
    """Bytes of the files of all sources; the size of a dataset is not known before it is read."""
    files, _ = find_sources(material.sources)
    return sum(file.size for file in files)


def _opening(material: Material) -> str:
    """The first characters of the first file of the sources, or of the replay texts when there are only datasets."""
    files = find_sources(material.sources)[0] or find_sources([material.replay])[0]
    return files[0].path.read_text("utf-8", "replace")[:4000]


def _scored_tokens(recipe: Recipe, material: Material, loaded: Loaded) -> int:
    """Tokens of one evaluation: the three document sets at their cap, and the items of questions and pairs."""
    from mothertongue.prompting.text import encode_text

    files = (material.questions, material.minimal_pairs, material.retention_pairs)
    items = "".join(path.read_text("utf-8") for path in files if path is not None)
    # an item's line holds several languages and keys; about a third of it is scored
    taken = min(recipe.corpus.held_out_bytes, max(1, _source_bytes(material) or recipe.corpus.held_out_bytes))
    text = items[:4000] or _opening(material)
    per_byte = len(encode_text(loaded.tokenizer, text)) / len(text.encode())
    return int(per_byte * (3 * taken + len(items.encode()) / 3))


def _generation_seconds(recipe: Recipe, measured: Probe) -> float:
    """Answers are written in batches, at about a third of the speed of scoring."""
    return 20 * recipe.evaluate.new_tokens / (measured.scoring / 3)


def _training_seconds(recipe: Recipe, material: Material, measured: Probe, other: float) -> float:
    pretrain = recipe.pretrain
    if pretrain.steps is not None:
        return pretrain.steps * pretrain.sequence_length * pretrain.batch_size / measured.training
    if pretrain.seconds is not None:
        return float(pretrain.seconds)
    if recipe.budget is not None:
        return max(0.0, recipe.budget - other)
    size = _source_bytes(material)
    return 2 * size / 3 / (1 - recipe.corpus.replay_share) / measured.training


def _refuse_too_short(recipe: Recipe, measured: Probe, estimates: Sequence[StageEstimate]) -> None:
    """InputError (MT504) when not even the lower ends of the time ranges leave a training step within the budget."""
    pretrain, budget = recipe.pretrain, recipe.budget
    if budget is None or pretrain.steps is not None or pretrain.seconds is not None:
        return
    step = pretrain.sequence_length * pretrain.batch_size / measured.training
    others = sum(row.seconds_low for row in estimates if row.stage != "pretrain")
    if budget < others + step:
        raise InputError(
            Problem(
                "MT504",
                f"the other stages take {others:.0f} s or more here, which leaves not one training step",
                key="budget",
                value=f"{budget:.0f}s",
                allowed=f"about {others / (1 - _SPREAD) + step:.0f}s or more on this machine",
                do="allow more time, or lower corpus.held_out_bytes so that less is scored",
            )
        )


def _steps(recipe: Recipe, estimates: Sequence[StageEstimate]) -> tuple[int, str]:
    if recipe.pretrain.steps is not None:
        return recipe.pretrain.steps, "from the recipe"
    tokens = next(row.tokens for row in estimates if row.stage == "pretrain")
    reason = (
        "from pretrain.seconds"
        if recipe.pretrain.seconds
        else "from the budget"
        if recipe.budget
        else "two readings of the texts"
    )
    return tokens // (recipe.pretrain.sequence_length * recipe.pretrain.batch_size), reason
