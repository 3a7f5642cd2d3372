"""A small world for whole runs: a tiny model, a few documents of the sample, and the words of a short run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mothertongue import testing
from mothertongue.stages.material import sample_folder

STAGES = ("corpus", "baseline", "vocabulary", "pretrain", "restore", "evaluate", "report")
SHORT = (
    "corpus.held_out_bytes=2000",
    "vocabulary.strategy=keep",
    "pretrain.method=full",
    "pretrain.steps=6",
    "pretrain.sequence_length=32",
    "restore.rules=[none]",
    "report.samples=2",
    "evaluate.new_tokens=4",
    "evaluate.bootstrap_samples=100",
)
_TIMED = ("cost", "stages", "plan_against_actual", "run_health", "command", "chat_command")


@dataclass(frozen=True)
class World:
    """The folders that runs read: base models, Dutch text, English text for replay and for retention."""

    root: Path
    base: Path
    other_base: Path
    dutch: Path
    english: Path
    retention: Path

    def words(self, verb: str, run: Path, *changes: str, source: Path | None = None) -> list[str]:
        """The command line of a short run; later changes win over earlier ones."""
        values = dict(word.split("=", 1) for word in (*SHORT, *changes))
        values |= {"base": values.get("base", str(self.base))}
        values |= {"corpus.replay": str(self.english), "corpus.retention": str(self.retention)}
        given = [f"{key}={value}" for key, value in values.items()]
        return [verb, str(source or self.dutch), "--language", "nl", "--run", str(run), *given]


def make_world(root: Path, documents: int = 12) -> World:
    """The first documents of each file of the sample, and two tiny models of one family."""
    for language in ("nl", "en"):
        for name in ("general", "people", "places", "times"):
            lines = (sample_folder() / language / f"{name}.jsonl").read_text("utf-8").splitlines()[:documents]
            folder = root / ("retention" if (language, name) == ("en", "general") else language)
            folder.mkdir(exist_ok=True)
            (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    base, other = testing.tiny_folder(root / "tiny"), testing.tiny_folder(root / "plain", seed=1)
    return World(root, base, other, root / "nl", root / "en", root / "retention")


def dutch_texts(world: World) -> list[str]:
    """The texts of the Dutch documents."""
    lines = [line for path in sorted(world.dutch.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    return [json.loads(line)["text"] for line in lines]


def read_json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def tree(folder: Path) -> dict[str, bytes]:
    """Relative path -> content of every file."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def finished_stages(run: Path) -> dict[str, bytes]:
    """Relative path -> content of every file of a finished stage."""
    return {name: data for name, data in tree(run).items() if name.split("/")[0] in STAGES}


def timeless(run: Path) -> dict[str, str]:
    """Relative path -> hash of all that two equal runs have in common: everything but times, speeds and the place."""
    found = {}
    for name, data in tree(run).items():
        last = name.rsplit("/", 1)[-1]
        if name in ("run.json", "report/manifest.json") or last == "report.html":
            continue
        if name.startswith(("curation/costs/", "curation/card.")):
            continue
        if last == "report.json":
            data = _dump({key: value for key, value in json.loads(data).items() if key not in _TIMED})
        elif name == "decisions.json":
            data = _dump({key: value for key, value in json.loads(data).items() if key not in ("corpus", "sha256")})
        elif name == "metrics.jsonl":
            rows = [json.loads(line) for line in data.splitlines()]
            data = _dump([{k: v for k, v in row.items() if "seconds" not in k} for row in rows])
        elif last == "README.md":
            kept = [line for line in data.decode().splitlines() if not line.startswith(("- cost:", "    mothertongue"))]
            data = "\n".join(kept).encode()
        found[name] = hashlib.sha256(data).hexdigest()
    return found


def _dump(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()
