"""A small curation as a program: `curation_program.py FOLDER WORKERS`; prints its totals as one line of JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from corpus.executors import small_work as small
from mothertongue.corpus.executors import Inline, Processes
from mothertongue.corpus.work import open_work, total
from mothertongue.errors import MothertongueError


def main() -> int:
    folder, workers = Path(sys.argv[1]), int(sys.argv[2])
    try:
        with open_work(folder, Processes(workers) if workers else Inline()) as work:
            counts = small.everything(work)
    except MothertongueError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(json.dumps([total(part) for part in counts]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
