"""Fake stages: small files written in every way that real stages use, with decisions, metrics and checkpoints."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mothertongue import durability
from mothertongue.fingerprint import hash_input
from mothertongue.run import StageContext


@dataclass(frozen=True)
class FakeRecipe:
    source: Path
    seed: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)
    comment: str = ""

    def resolved(self) -> dict[str, Any]:
        return {"seed": self.seed, **self.values}


def record(context: StageContext) -> None:
    """A line in the file named by FAKE_STAGE_LOG for each start; a start beside a finished folder shows."""
    if log := os.environ.get("FAKE_STAGE_LOG"):
        done = (context.run / context.stage / "manifest.json").exists()
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(descriptor, f"{context.stage} {'again' if done else 'first'}\n".encode())
        os.close(descriptor)


class Corpus:
    """Reads the source and writes whole files and a folder that a library makes."""

    name, version, needs = "corpus", 1, ()

    def options(self, recipe: FakeRecipe) -> dict[str, Any]:
        return {"corpus": {"share": recipe.values.get("share", 0.05), "names": recipe.values.get("names", [])}}

    def inputs(self, context: StageContext) -> dict[str, str]:
        return {"source": hash_input(context.recipe.source)}

    def run(self, context: StageContext) -> None:
        record(context)
        words = context.recipe.source.read_text(encoding="utf-8").split()
        random.Random(context.seed).shuffle(words)
        durability.write_text(context.folder / "words.txt", "\n".join(words))
        with durability.writing_folder(context.folder / "shards") as shards:
            for number in range(2):
                (shards / f"{number}.txt").write_text(" ".join(words[number::2]))
        context.warn("this is a fake corpus")
        context.metric(documents=len(words))


class Training:
    """Sums random numbers; continues from checkpoints."""

    name, version, needs, resumes = "training", 1, ("corpus",), True
    steps = 6

    def options(self, recipe: FakeRecipe) -> dict[str, Any]:
        return {"training": {"rate": recipe.values.get("rate", 0.1)}}

    def inputs(self, context: StageContext) -> dict[str, str]:
        return {}

    def run(self, context: StageContext) -> None:
        record(context)
        size = context.decide("size", lambda: len((context.output("corpus") / "words.txt").read_text().split()))
        saved = context.folder / "checkpoint.json"
        state = json.loads(saved.read_text()) if saved.exists() else {"step": 0, "sum": 0.0, "lines": 0}
        context.rewind_metrics(state["lines"])
        while state["step"] < self.steps:
            context.check_interrupt()
            draw = random.Random(context.seed * 1000 + state["step"]).random()
            rate = self.options(context.recipe)["training"]["rate"]
            state = {"step": state["step"] + 1, "sum": state["sum"] + rate * draw * size, "lines": state["lines"] + 1}
            context.metric(step=state["step"], sum=state["sum"])
            if state["step"] % 2 == 0:
                durability.sync_file(context.run / "metrics.jsonl")
                durability.write_json(saved, state)
        with durability.writing(context.folder / "weights.bin") as path:
            path.write_bytes(repr(state["sum"]).encode() * 100)
        durability.remove(saved)


class Report:
    """Writes through a background writer and publishes a file and a folder."""

    name, version, needs = "report", 1, ("corpus", "training")
    publishes: Mapping[str, str] = {"report.html": "report.html", "model": "model"}

    def options(self, recipe: FakeRecipe) -> dict[str, Any]:
        return {"report": {"title": recipe.values.get("title", "é")}}

    def inputs(self, context: StageContext) -> dict[str, str]:
        return {}

    def run(self, context: StageContext) -> None:
        record(context)
        weights = (context.output("training") / "weights.bin").read_bytes()
        writer = context.background("pages")
        writer.submit(lambda: durability.write_text(context.folder / "report.html", f"<p>{len(weights)}"))
        writer.close()
        durability.make_folder(context.folder / "model")
        durability.write_bytes(context.folder / "model" / "weights.bin", weights)
        context.metric(warnings=len(context.warnings()))


def stages() -> list[Any]:
    return [Corpus(), Training(), Report()]
