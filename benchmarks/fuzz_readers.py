"""Hostile files for every reader: each outcome counted, nothing raised, nothing slower than a second.

    python benchmarks/fuzz_readers.py [--count 10000] [--readers .html .pdf] [--json FILE]

Seconds are processor time of this process, so that other work on the machine does not count. A reader that raises, or
takes longer than the limit, is named with the number of the file, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from mothertongue import durability
from mothertongue.corpus.document import Dropped
from mothertongue.corpus.readers import reader_for
from mothertongue.ledger import versions

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "corpus"))

from hostile_files import FORMATS, hostile_files

LIMIT_SECONDS = 1.0


def fuzz(suffix: str, count: int, seed: int, folder: Path) -> dict[str, Any]:
    """Return how many files ended in which outcome, what raised, and the slowest files."""
    outcomes: Counter[str] = Counter()
    raised: list[str] = []
    times: list[tuple[float, int]] = []
    documents = 0
    for number, (ending, data) in enumerate(hostile_files(suffix, seed, count)):
        path = folder / f"file{ending}"
        path.write_bytes(data)
        reader = reader_for(path, "nl")
        started = time.process_time()
        found: set[str] = set()
        try:
            for item in reader.read(path) if reader else []:
                documents += not isinstance(item, Dropped)
                found.add(item.reason if isinstance(item, Dropped) else "document")
        except BaseException as error:  # a panic of a compiled reader is no Exception
            if isinstance(error, KeyboardInterrupt):
                raise
            raised.append(f"file {number}: {error!r:.200}")
        times.append((time.process_time() - started, number))
        outcomes.update(found or {"nothing"})
        path.unlink()
    slowest, at = max(times)
    over = [number for seconds, number in times if seconds > LIMIT_SECONDS]
    return {
        "files": len(times),
        "documents": documents,
        "files_by_outcome": dict(sorted(outcomes.items())),
        "raised": raised,
        "slowest_seconds": round(slowest, 3),
        "slowest_file": at,
        "files_over_a_second": over,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    """Fuzzes the readers one after another and prints the account of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--readers", nargs="*", default=list(FORMATS))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        for suffix in options.readers:
            results[suffix] = fuzz(suffix, options.count, options.seed, Path(folder))
            print(suffix, results[suffix], flush=True)
    if options.json:
        command = f"python benchmarks/fuzz_readers.py --count {options.count} --seed {options.seed}"
        durability.write_json(options.json, {"command": command, "results": results, "versions": versions()})
    if any(result["raised"] or result["files_over_a_second"] for result in results.values()):
        raise SystemExit("some files raised or took longer than a second")


if __name__ == "__main__":
    main()
