"""One peer's near-duplicates of a file: run by `deduplication.py` with the interpreter of the peers' environment.

    PYTHON benchmarks/deduplication_peers.py PEER IN.jsonl OUT.json

PEER is one of `PEERS`: datasketch as its documentation shows it and in batches with xxhash, rensa in bulk, text-dedup
with the settings of the contest and with its own. text-dedup is a program, so its start (some seconds) counts.

IN has `id` and `text` on each line; OUT gets the label of every document (the position of a document of its cluster),
and the seconds of wall clock and CPU from opening the file to the labels. Settings are those of the contest: 128
values, 32 bands of 4, shingles of five words, no more than each tool's documentation asks for.
"""

from __future__ import annotations

import json
import pickle
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

LANES, BANDS, ROWS, SHINGLE, THRESHOLD = 128, 32, 4, 5, 0.7
WORD = re.compile(r"\w+")


def datasketch(path: Path) -> list[int]:
    """MinHash.update for each shingle and MinHashLSH, as its documentation shows."""
    return with_datasketch(path, lambda sketch, encoded: [sketch.update(shingle) for shingle in encoded])


def datasketch_in_batches(path: Path) -> list[int]:
    """The same with MinHash.update_batch and xxhash."""
    import xxhash

    return with_datasketch(path, lambda sketch, encoded: sketch.update_batch(encoded), hashfunc=xxhash.xxh32_intdigest)


def with_datasketch(path: Path, fill: Callable[[Any, list[bytes]], object], **options: Any) -> list[int]:
    from datasketch import MinHash, MinHashLSH

    index, clusters = MinHashLSH(num_perm=LANES, params=(BANDS, ROWS)), Clusters()
    for place, text in enumerate(read(path)):
        sketch = MinHash(num_perm=LANES, seed=1, **options)
        fill(sketch, [shingle.encode() for shingle in shingles(text)])
        clusters.add(index.query(sketch))
        index.insert(place, sketch)
    return clusters.labels()


def rensa(path: Path) -> list[int]:
    """RMinHash and RMinHashLSH, all documents in one call each, the quickest way that clusters allow."""
    from rensa import RMinHash, RMinHashLSH

    sketches = RMinHash.from_token_sets([shingles(text) for text in read(path)], LANES, 1)
    index, clusters = RMinHashLSH(threshold=THRESHOLD, num_perm=LANES, num_bands=BANDS), Clusters()
    index.insert_many(sketches)
    for place, found in enumerate(index.query_all(sketches)):
        clusters.add(other for other in found if other < place)
    return clusters.labels()


def text_dedup(path: Path) -> list[int]:
    """`text_dedup.minhash` with the settings of the contest."""
    settings = ("--num_perm", LANES, "--b", BANDS, "--r", ROWS, "--hash_func", "xxh3")
    return with_text_dedup(path, map(str, settings))


def text_dedup_as_published(path: Path) -> list[int]:
    """`text_dedup.minhash` with its own defaults: 250 values, bands by its own optimum, sha1."""
    return with_text_dedup(path, ())


def with_text_dedup(path: Path, settings: Iterable[str]) -> list[int]:
    with tempfile.TemporaryDirectory() as folder:
        own = ("--path", "json", "--data_files", str(path), "--split", "train", "--column", "text", "--num_proc", "1")
        common = ("--ngram", str(SHINGLE), "--threshold", str(THRESHOLD), "--min_length", "1", "--debug")
        places = ("--cache_dir", f"{folder}/cache", "--output", f"{folder}/out")
        command = [sys.executable, "-m", "text_dedup.minhash", *own, *common, *places, *settings]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            raise SystemExit(result.stderr)
        # Written a moment ago by the tool itself.
        joined = pickle.loads((Path(folder) / "out" / "uf.pkl").read_bytes())  # noqa: S301
    parents = joined["uf"] if isinstance(joined, dict) else joined
    return [int(parents.find(place)) for place in range(sum(1 for _ in path.open("rb")))]


class Clusters:
    """Union-find over documents that come one after another."""

    def __init__(self) -> None:
        self._parents: list[int] = []

    def add(self, candidates: Iterable[int]) -> None:
        """Add the next document, joined with its candidates."""
        own = len(self._parents)
        self._parents.append(own)
        for other in candidates:
            self._parents[self._root(other)] = self._root(own)

    def labels(self) -> list[int]:
        return [self._root(place) for place in range(len(self._parents))]

    def _root(self, place: int) -> int:
        while self._parents[place] != place:
            self._parents[place] = self._parents[self._parents[place]]
            place = self._parents[place]
        return place


def read(path: Path) -> Iterable[str]:
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)["text"]


def shingles(text: str) -> list[str]:
    words = WORD.findall(text.lower())
    return [" ".join(words[place : place + SHINGLE]) for place in range(max(1, len(words) - SHINGLE + 1))]


PEERS: dict[str, Callable[[Path], list[int]]] = {
    "datasketch": datasketch,
    "datasketch-in-batches": datasketch_in_batches,
    "rensa": rensa,
    "text-dedup": text_dedup,
    "text-dedup-as-published": text_dedup_as_published,
}


def main(name: str, source: Path, target: Path) -> None:
    result: dict[str, Any] = {}
    started, cpu = time.monotonic(), cpu_seconds()
    result["labels"] = PEERS[name](source)
    result["seconds"], result["cpu_seconds"] = time.monotonic() - started, cpu_seconds() - cpu
    target.write_text(json.dumps(result))


def cpu_seconds() -> float:
    """CPU time of this process and of all its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
