"""Training speed beside the HF Trainer and TRL's SFTTrainer: same model, same rows, same loss, one run, as ratios.

    python benchmarks/training.py [--steps 8] [--json FILE]

Each contestant trains the embedded chat model for a few steps on the same packed rows; the first two steps are not
counted. Machines are noisy, so contestants take turns, and the ratio of each turn is printed with the median.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from transformers import Trainer, TrainerCallback, TrainingArguments
from trl import SFTConfig, SFTTrainer

from mothertongue import durability
from mothertongue.corpus.curate import curate
from mothertongue.ledger import versions
from mothertongue.models.bases import resolve_base
from mothertongue.models.device import prepare_machine
from mothertongue.models.load import Loaded, load
from mothertongue.stages.material import SAMPLE_LANGUAGE, sample_folder
from mothertongue.training.loop import Loop, LoopOptions
from mothertongue.training.objectives.causal import CausalObjective
from mothertongue.training.packing import Row, encode_documents, pack
from mothertongue.training.trainable import Method, TrainableOptions

LENGTH, BATCH, WARM, RANK = 256, 2, 2, 16
RATES: dict[Method, float] = {"full": 3e-4, "lora": 2e-3}
Result = tuple[float, float]
"""Tokens a second after the warm steps, and the loss of the first step in nats per token."""


class InOrder:
    """Rows as they come, so that every contestant sees the same batches."""

    def __init__(self) -> None:
        self._next = 0

    def next(self) -> list[tuple[str, int]]:
        taken = [("target", self._next + i) for i in range(BATCH)]
        self._next += BATCH
        return taken

    def state(self) -> dict[str, Any]:
        return {"next": self._next}

    def load_state(self, state: Any) -> None:
        self._next = state["next"]

    def observe(self, metrics: Any) -> None:
        pass


class Clock(TrainerCallback):
    """Seconds of every step of a Trainer."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self._started = time.monotonic()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.seconds.append(time.monotonic() - self._started)


def ours(rows: Sequence[Row], method: Method, steps: int) -> Result:
    """This project's loop on the rows."""
    loaded = fresh()
    trainable = TrainableOptions(method, RANK, RATES[method], RATES[method], method == "full", 0)
    loop = Loop(loaded.model, CausalObjective(), {"target": rows}, InOrder(), trainable, LoopOptions(steps))
    reports: list[Any] = []
    loop.run(reports.append)
    return speed([report.seconds for report in reports]), reports[0].loss


def hf_trainer(rows: Sequence[Row], method: Method, steps: int) -> Result:
    """The HF Trainer on the same rows, with PEFT for the adapter."""
    return with_trainer(
        rows,
        method,
        steps,
        lambda model, data, folder, clock: Trainer(
            model=model,
            train_dataset=data,
            callbacks=[clock],
            args=TrainingArguments(**arguments(folder, method, steps)),
        ),
    )


def trl_sft(rows: Sequence[Row], method: Method, steps: int) -> Result:
    """TRL's SFTTrainer on the same rows, with its own default loss."""
    return with_trainer(
        rows,
        method,
        steps,
        lambda model, data, folder, clock: SFTTrainer(
            model=model,
            train_dataset=data,
            processing_class=fresh().tokenizer,
            callbacks=[clock],
            args=SFTConfig(**arguments(folder, method, steps), max_length=LENGTH, gradient_checkpointing=False),
        ),
    )


def with_trainer(rows: Sequence[Row], method: Method, steps: int, build: Callable[..., Any]) -> Result:
    model: Any = fresh().model.train()
    if method == "lora":
        model = get_peft_model(model, LoraConfig(r=RANK, lora_alpha=RANK, target_modules="all-linear"))
    data = Dataset.from_list([{"input_ids": row.ids, "labels": row.ids} for row in rows[: BATCH * steps]])
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        trainer = build(model, data, folder, clock)
        trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return speed(clock.seconds), losses[0]


def arguments(folder: str, method: Method, steps: int) -> dict[str, Any]:
    return {
        "output_dir": folder,
        "max_steps": steps,
        "per_device_train_batch_size": BATCH,
        "learning_rate": RATES[method],
        "optim": "adamw_torch_fused",
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "train_sampling_strategy": "sequential",
        "bf16": False,
    }


def fresh() -> Loaded:
    return load(resolve_base("smollm2-135m-instruct"))


def speed(seconds: Sequence[float]) -> float:
    return BATCH * LENGTH / statistics.median(seconds[WARM:])


def sample_rows(steps: int) -> list[Row]:
    """Rows of one piece each, since the peers do not keep packed documents apart on a CPU."""
    curated = curate([sample_folder() / SAMPLE_LANGUAGE], SAMPLE_LANGUAGE)
    packed = pack(encode_documents(fresh().tokenizer, [d.text for d in curated.train]), LENGTH, "target")
    return [Row(row.ids, list(range(LENGTH)), "target", [1] * LENGTH) for row in packed[: BATCH * steps]]


def main() -> None:
    """Runs all contestants in turn; exit with a message if they do not compute the same loss."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    prepare_machine()
    rows = sample_rows(options.steps)
    contestants = {"ours": ours, "HF Trainer": hf_trainer, "TRL SFTTrainer": trl_sft}
    found: dict[str, Any] = {}
    for method in ("full", "lora"):
        turns = [
            {name: run(rows, method, options.steps) for name, run in contestants.items()} for _ in range(options.turns)
        ]
        for name in contestants:
            speeds = [turn[name][0] for turn in turns]
            ratios = [turn["ours"][0] / turn[name][0] for turn in turns]
            loss = turns[0][name][1]
            found[f"{method}, {name}"] = {
                "tokens_per_second": statistics.median(speeds),
                "ours_is_faster_by": statistics.median(ratios),
                "first_loss": loss,
            }
            row = found[f"{method}, {name}"]
            print(f"{method:5} {name:15}", " ".join(f"{key} {value:.3f}" for key, value in row.items()))
        losses = [turns[0][name][1] for name in contestants]
        if max(losses) - min(losses) > 2e-3:
            raise SystemExit(f"the contestants do not compute the same loss: {losses}")
    if options.json:
        durability.write_json(
            options.json, {"results": found, "versions": versions(), "threads": torch.get_num_threads()}
        )


if __name__ == "__main__":
    main()
