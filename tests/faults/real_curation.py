"""A real curation as a program: `real_curation.py SOURCE FOLDER WORKERS`; prints its outcome as one line of JSON."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from mothertongue.corpus.curate import curate
from mothertongue.corpus.executors import Inline, Processes
from mothertongue.corpus.options import CurateOptions
from mothertongue.corpus.steps import read
from mothertongue.errors import MothertongueError

SHARD_BYTES = 40_000
"""Small shards give many tasks, so that kills find many places."""
OPTIONS = CurateOptions(held_out_bytes=4000, deduplicate=("exact", "near", "paragraphs"))


def main() -> int:
    source, folder, workers = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    read.SHARD_BYTES = SHARD_BYTES
    try:
        found = curate([source], "nl", OPTIONS, folder=folder, executor=Processes(workers) if workers else Inline())
    except MothertongueError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    outcome = {
        "train": [asdict(document) for document in found.train],
        "held_out": [asdict(document) for document in found.held_out],
        "dropped": [asdict(row) for row in found.dropped],
        "funnel": [asdict(step) for step in found.funnel],
        "duplicates": found.duplicates,
        "repairs": found.repairs,
        "warnings": found.warnings,
    }
    print(json.dumps(outcome))
    return 0


if __name__ == "__main__":
    sys.exit(main())
