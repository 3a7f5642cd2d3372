"""What a stage is and what it sees of its run: its folder, seed, metrics, decisions and warnings.

Enters: calls of a stage. Leaves: lines of metrics.jsonl, values of decisions.json, warnings.json beside the output of
the stage. A context built by hand (folder, recipe, name, seed) works alone, for tests of a stage.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from mothertongue import durability
from mothertongue.background import BackgroundWriter
from mothertongue.console import clock, redact, say
from mothertongue.errors import Problem, WorkError
from mothertongue.fingerprint import MANIFEST, digest
from mothertongue.ledger import read_ledger

T = TypeVar("T")
METRICS, DECISIONS, WARNINGS = "metrics.jsonl", "decisions.json", "warnings.json"


class RecipeLike(Protocol):
    """What a run needs to know of a recipe."""

    @property
    def seed(self) -> int:
        """The seed of the whole run."""

    def resolved(self) -> Mapping[str, Any]:
        """All keys with their values, defaults filled in, in the types of JSON."""


@runtime_checkable
class Stage(Protocol):
    """One step of a run.

    Three optional attributes: `resumes = True` for a stage that continues from checkpoints in its own `.part` folder
    (otherwise that folder is emptied before each attempt), `publishes: Mapping[str, str]` from a path in the stage
    folder to a name in the run folder that shows the same content, and `seeded = False` for a stage without chance.
    """

    name: str
    version: int
    needs: tuple[str, ...]

    def options(self, recipe: Any) -> Mapping[str, Any]:
        """The resolved options that decide the output, without paths; dotted keys of the recipe are best."""

    def inputs(self, context: StageContext) -> Mapping[str, str]:
        """Name -> content hash of every external input; outputs of other stages are added by the run."""

    def run(self, context: StageContext) -> None:
        """The work: everything is written into `context.folder`, through `mothertongue.durability`."""


@dataclass
class StageContext:
    """What a stage sees of its run: its folder, the recipe, its seed, and where to report.

    `folder` is `<stage>.part`; at the end of the stage all that lies in it becomes the output.
    """

    run: Path
    folder: Path
    recipe: Any
    stage: str
    seed: int
    needs: tuple[str, ...] | None = None
    watch: Callable[[], None] = field(default=lambda: None, repr=False)
    spent: float = 0.0
    _began: float = field(default_factory=clock, repr=False)
    _writers: list[BackgroundWriter] = field(default_factory=list, repr=False)

    @property
    def seconds(self) -> float:
        """Seconds of work of this stage so far, over all its attempts."""
        return self.spent + max(clock() - self._began, 0.0)

    def output(self, stage: str) -> Path:
        """The finished folder of an upstream stage; WorkError MT824 when `needs` does not name it or it is missing."""
        folder = self.run / stage
        if (self.needs is not None and stage not in self.needs) or not (folder / MANIFEST).is_file():
            message = f"stage {self.stage} reads the output of {stage}, which it does not name in needs or has not run"
            raise WorkError(Problem("MT824", message, where=str(folder), do="report this as a fault of the program"))
        return folder

    def metric(self, **values: Any) -> None:
        """A line of metrics.jsonl with the stage, its seconds of work so far and `values`; also checks for stops."""
        seconds = round(self.seconds, 3)
        line = durability.plain({"stage": self.stage, "seconds": seconds, **values})
        durability.append_line(self.run / METRICS, json.dumps(line, ensure_ascii=False, allow_nan=False))
        self.watch()

    def metrics(self) -> list[dict[str, Any]]:
        """The lines that this stage has written so far, over all its attempts."""
        return [row for row in read_metrics(self.run) if row.get("stage") == self.stage]

    def rewind_metrics(self, count: int) -> None:
        """Only the first `count` lines of this stage are kept (those that a checkpoint knows); others stay."""
        keep_metrics(self.run, self.stage, count)

    def decide(self, key: str, make: Callable[[], T]) -> T:
        """The decision under `key`: made once by measuring, written to decisions.json, and never changed on resume.

        The value has the types of JSON, also at the first time (a tuple comes back as a list).
        """
        decisions = read_decisions(self.run)
        own = decisions.setdefault(self.stage, {})
        if key not in own:
            own[key] = json.loads(json.dumps(durability.plain(make()), allow_nan=False))
            write_decisions(self.run, decisions)
        value: T = own[key]
        return value

    def warn(self, text: str) -> None:
        """A warning for the report, kept once with the output of the stage and said on the console."""
        own, safe = _read_warnings(self.folder), redact(text)
        if safe not in own:
            durability.write_json(self.folder / WARNINGS, [*own, safe])
            say(f"warning: {safe}")

    def warnings(self) -> list[str]:
        """The warnings of the other finished stages, by name, and of this one, each once."""
        others = [path.parent for path in self.run.glob(f"*/{WARNINGS}")]
        folders = sorted(
            path
            for path in others
            if path.suffix != ".part" and path.name != self.stage and not path.name.startswith(".")
        )
        texts = [text for folder in (*folders, self.folder) for text in _read_warnings(folder)]
        return list(dict.fromkeys(texts))

    def background(self, name: str = "writer") -> BackgroundWriter:
        """A writer in another thread that is closed before the stage ends; its errors fail the run."""
        writer = BackgroundWriter(name)
        self._writers.append(writer)
        return writer

    def ledger(self) -> dict[str, Any]:
        """Stage -> its entry of run.json: state, seconds, restarts, peak_memory_bytes, fingerprint, version."""
        value = read_ledger(self.run)
        stages: dict[str, Any] = value["stages"] if value else {}
        return stages

    def check_interrupt(self) -> None:
        """Nothing, or Interrupted after a signal, or WorkError after an error in a background thread."""
        for writer in self._writers:
            writer.check()
        self.watch()

    def close(self) -> None:
        """All background writers are done; raises the first of their errors."""
        for writer in self._writers:
            writer.close()


def read_metrics(run: Path) -> list[dict[str, Any]]:
    """All whole lines of metrics.jsonl in order; [] when there are none."""
    try:
        lines = (run / METRICS).read_text(encoding="utf-8").splitlines(keepends=True)
    except FileNotFoundError:
        return []
    return [row for line in lines if line.endswith("\n") and (row := _json_object(line)) is not None]


def read_decisions(run: Path) -> dict[str, dict[str, Any]]:
    """Stage -> key -> value of decisions.json; {} when there is none; WorkError MT823 when it is damaged."""
    path = run / DECISIONS
    try:
        value = json.loads(path.read_bytes())
        check = value.pop("sha256")
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        value = check = None
    if not isinstance(value, dict) or check != digest(value):
        do = "delete this file; decisions of unfinished stages are then measured again"
        raise WorkError(Problem("MT823", "is damaged: its content does not have its checksum", where=str(path), do=do))
    return value


def write_decisions(run: Path, decisions: Mapping[str, Mapping[str, Any]]) -> None:
    """decisions.json with the values given and their checksum."""
    durability.write_json(run / DECISIONS, {**decisions, "sha256": digest(decisions)})


def keep_metrics(run: Path, stage: str, count: int) -> None:
    """Only the first `count` lines of `stage` stay in metrics.jsonl, and all lines of other stages."""
    path = run / METRICS
    if not path.is_file():
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept, seen = [], 0
    for line in lines:
        own = (_json_object(line) or {}).get("stage") == stage
        seen += own
        if not own or seen <= count:
            kept.append(line)
    if len(kept) < len(lines):
        durability.write_text(path, "".join(kept))


def _json_object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _read_warnings(folder: Path) -> list[str]:
    try:
        return list(json.loads((folder / WARNINGS).read_bytes()))
    except (OSError, ValueError):
        return []
