"""A real curation as a program: `real_curation.py SOURCE FOLDER WORKERS`; prints its outcome as one line of JSON.

WORKERS is 0 for one process, or a number of processes, or `ray`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from mothertongue.corpus import listing
from mothertongue.corpus.curate import curate
from mothertongue.corpus.executors import Inline, Processes, RayTasks
from mothertongue.corpus.listing import FoundFile
from mothertongue.corpus.options import CurateOptions
from mothertongue.corpus.steps import read
from mothertongue.errors import MothertongueError

OPTIONS = CurateOptions(held_out_bytes=4000, deduplicate=("exact", "near", "paragraphs"))


def small_groups(files: Sequence[FoundFile], _: int, most: int) -> list[tuple[FoundFile, ...]]:
    """Small groups of files give many tasks, so that kills find many places."""
    return listing.shards(files, 40_000, most)


read.shards = small_groups


def main() -> int:
    source, folder, workers = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    executor = RayTasks(workers=2) if workers == "ray" else Processes(int(workers)) if int(workers) else Inline()
    try:
        found = curate([source], "nl", OPTIONS, folder=folder, executor=executor)
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
