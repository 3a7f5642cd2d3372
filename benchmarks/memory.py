"""Peak memory and speed of a whole curation of 2 GB of text on two processes; the target is below 1.5 GB.

    python benchmarks/memory.py FOLDER [--gigabytes 2] [--workers 2] [--json FILE]

The input is the corpus of the benchmarks (made below FOLDER, see corpus.py), repeated with other words: in nine of ten
copies of a document about a third of the words is exchanged for words of the same document, in the tenth one word in
fifty, so that there are near-duplicates, too. Every text takes part: languages are identified and not dropped, or left
alone with `--language-check off`.
Memory is the sum of the proportional set sizes (what a process has for itself, and its share of what several map) of
all processes of the curation, looked at four times a second.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import psutil

from corpus import corpus_texts
from mothertongue import durability
from mothertongue.corpus.curate import curate
from mothertongue.corpus.executors import Processes
from mothertongue.corpus.options import CurateOptions
from mothertongue.corpus.work import costs
from mothertongue.ledger import versions

TARGET_BYTES = 1_500_000_000
LANGUAGE = "en"
OPTIONS = CurateOptions(language_check="warn", deduplicate=("exact", "near"))
EXCHANGED, NEAR, EVERY = 0.35, 0.02, 10
FILE_BYTES = 8_000_000
SECONDS = 0.25


@dataclass
class Peak:
    """The largest sums over a tree of processes, in bytes."""

    proportional: int = 0
    resident: int = 0
    processes: int = 0

    def look(self, root: psutil.Process) -> None:
        """Take the processes that are there now into account."""
        proportional = resident = count = 0
        for process in [root, *root.children(recursive=True)]:
            try:
                memory = process.memory_full_info()
            except psutil.Error:
                continue
            proportional, resident, count = proportional + memory.pss, resident + memory.rss, count + 1
        self.proportional = max(self.proportional, proportional)
        self.resident = max(self.resident, resident)
        self.processes = max(self.processes, count)


def perturbed(text: str, share: float, chance: np.random.Generator) -> str:
    """The text with a share of its words exchanged for other words of it; lines stay lines."""
    lines = [line.split(" ") for line in text.split("\n")]
    words = [word for line in lines for word in line]
    places = np.flatnonzero(chance.random(len(words)) < share)
    for place, other in zip(places.tolist(), chance.integers(0, len(words), len(places)).tolist(), strict=True):
        words[place] = words[other]
    rest = iter(words)
    return "\n".join(" ".join(next(rest) for _ in line) for line in lines)


def copies(folder: Path, wanted: int) -> Iterator[str]:
    """Lines of JSON with texts of `wanted` bytes in all."""
    size, copy = 0, 0
    while True:
        for number, record in enumerate(corpus_texts(folder)):
            chance = np.random.default_rng([copy, number])
            share = 0.0 if copy == 0 else NEAR if (copy + number) % EVERY == 0 else EXCHANGED
            text = perturbed(record["text"], share, chance)
            size += len(text.encode())
            yield json.dumps({"text": text, "source": record["source"]}, ensure_ascii=False) + "\n"
            if size >= wanted:
                return
        copy += 1


def make_input(folder: Path, wanted: int) -> Path:
    """The folder with the input, made first where it is missing."""
    target = folder / f"memory-{wanted}"
    if not target.is_dir():
        with durability.writing_folder(target) as temporary:
            lines: list[str] = []
            size = number = 0
            for line in copies(folder, wanted):
                lines.append(line)
                size += len(line)
                if size >= FILE_BYTES:
                    (temporary / f"{number:04d}.jsonl").write_text("".join(lines), encoding="utf-8")
                    lines, size, number = [], 0, number + 1
            (temporary / f"{number:04d}.jsonl").write_text("".join(lines), encoding="utf-8")
    return target


def child(source: Path, work: Path, workers: int, language_check: Literal["warn", "off"]) -> None:
    """Curates, as a user's program would, and prints the funnel and what the steps cost."""
    options = replace(OPTIONS, language_check=language_check)
    curated = curate([source], LANGUAGE, options, folder=work, executor=Processes(workers))
    value = {
        "funnel": [asdict(step) for step in curated.funnel],
        "duplicates": curated.duplicates,
        "steps": costs(work),
    }
    print(json.dumps(durability.plain(value)))


def measure(source: Path, workers: int, language_check: str) -> tuple[dict[str, Any], Peak, float]:
    """What the curation printed, its peak memory, and its seconds of wall clock."""
    peak, began = Peak(), time.monotonic()
    with tempfile.TemporaryDirectory(dir=source.parent, prefix="curation-") as work:
        words = [sys.executable, __file__, str(source), "--child", work, "--workers", str(workers)]
        words += ["--language-check", language_check]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        root = psutil.Process(process.pid)
        try:
            while process.poll() is None:
                peak.look(root)
                time.sleep(SECONDS)
        finally:
            process.terminate()
        assert process.stdout is not None
        output = process.stdout.read()
    if process.returncode != 0:
        raise SystemExit(f"the curation ended with {process.returncode}")
    return json.loads(output), peak, time.monotonic() - began


def main() -> None:
    """Runs the curation once; exit with a message if its memory is above the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--language-check", choices=["warn", "off"], default="warn")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.folder, options.child, options.workers, options.language_check)
        return
    wanted = int(options.gigabytes * 1e9)
    source = make_input(options.folder, wanted)
    found, peak, seconds = measure(source, options.workers, options.language_check)
    size = found["funnel"][0]["bytes"]
    for step, cost in sorted(found["steps"].items(), key=lambda item: -item[1]["cpu_seconds"]):
        print(f"{step:48} {cost['cpu_seconds']:9.1f} cpu s {cost['peak_memory_bytes'] / 1e6:8.0f} MB a process")
    print(f"{size / 1e9:.2f} GB in {seconds:.0f} s: {size / seconds / 1e6:.1f} MB/s on {options.workers} processes")
    print(f"peak {peak.proportional / 1e6:.0f} MB, {peak.proportional / TARGET_BYTES:.2f} of the target")
    if options.json:
        result = {"bytes": size, "seconds": seconds, "workers": options.workers, "peak": asdict(peak)}
        result["language_check"] = options.language_check
        durability.write_json(options.json, {**result, "target_bytes": TARGET_BYTES, **found, "versions": versions()})
    if peak.proportional > TARGET_BYTES:
        raise SystemExit("above the target")


if __name__ == "__main__":
    main()
