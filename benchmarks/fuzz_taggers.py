"""Hostile texts through every tagger: what happened to each, the slowest, and speed on plain texts.

`python benchmarks/fuzz_taggers.py --count 10000 --json benchmarks/results/fuzz-taggers.json`

Outcomes: `said` (some attribute has a value), `silent` (all are null), `slow` (over a second), `raised`. Seconds are
those of the processor, so that other work on the machine does not count. Speed is in documents of 2 kB a second, of
one process, with py3langid as identifier.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pyarrow as pa
from tests.corpus.hostile import hostile_texts
from tests.corpus.taggers.samples import ROWS, batch_of, settings_of
from tests.corpus.texts import text as dutch

from mothertongue.corpus.profile import neutral_profile
from mothertongue.corpus.tagger import Tagger
from mothertongue.corpus.taggers import make_tagger
from mothertongue.durability import write_json

LANGUAGE = "nl"
SEED = 11
LIMIT = 1.0
PLAIN, PLAIN_WORDS = 200, 350


def outcome(tagger: Tagger, batch: pa.RecordBatch) -> tuple[str, float]:
    """Return what happened to a batch of one text, and the seconds that it took."""
    profile = neutral_profile(LANGUAGE)
    start = time.process_time()
    try:
        tagged = tagger.tag(batch, profile)
    except Exception as error:
        return f"raised {type(error).__name__}", time.process_time() - start
    seconds = time.process_time() - start
    if seconds > LIMIT:
        return "slow", seconds
    silent = tagged.num_columns == 0 or all(value in (None, []) for value in tagged.to_pylist()[0].values())
    return "silent" if silent else "said", seconds


def fuzz(taggers: dict[str, Tagger], count: int) -> dict[str, dict[str, Any]]:
    """Return outcomes and the slowest text of every tagger."""
    found: dict[str, dict[str, Any]] = {
        name: {"outcomes": Counter(), "slowest": {"seconds": 0.0}, "seconds": 0.0} for name in taggers
    }
    for number, text in enumerate(hostile_texts(SEED, count)):
        batch = batch_of([text], LANGUAGE)
        for name, tagger in taggers.items():
            kind, seconds = outcome(tagger, batch)
            row = found[name]
            row["outcomes"][kind] += 1
            row["seconds"] += seconds
            if seconds > row["slowest"]["seconds"]:
                row["slowest"] = {"seconds": seconds, "number": number, "characters": len(text)}
    return found


def speeds(taggers: dict[str, Tagger]) -> Iterator[tuple[str, float]]:
    """Yield the documents a second of every tagger on plain texts, the best of three rounds."""
    batch = batch_of([dutch(seed, PLAIN_WORDS) for seed in range(PLAIN)], LANGUAGE)
    profile = neutral_profile(LANGUAGE)
    for name, tagger in taggers.items():
        rounds = []
        for _ in range(3):
            start = time.process_time()
            tagger.tag(batch, profile)
            rounds.append(time.process_time() - start)
        yield name, PLAIN / min(rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        taggers = {name: make_tagger(name, settings_of(name, Path(folder), LANGUAGE)) for name in sorted(ROWS)}
        for tagger in taggers.values():
            tagger.tag(batch_of(["warm"], LANGUAGE), neutral_profile(LANGUAGE))
        rows = fuzz(taggers, options.count)
        for name, speed in speeds(taggers):
            rows[name]["documents_per_second"] = round(speed)
    for name, row in rows.items():
        print(f"{name:12} {row['documents_per_second']:>8,}/s  {dict(row['outcomes'])}  {row['slowest']}")
    if options.json:
        write_json(options.json, {"count": options.count, "seed": SEED, "limit_seconds": LIMIT, "taggers": rows})
    failed = [name for name, row in rows.items() if set(row["outcomes"]) - {"said", "silent"}]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
