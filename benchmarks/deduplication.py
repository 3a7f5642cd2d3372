"""Near-duplicates beside datasketch, rensa and text-dedup: the same texts, one run, as ratios; and who finds what.

    python benchmarks/deduplication.py FOLDER [--megabytes 24] [--turns 3] [--json FILE]

Speed: pages of the benchmark corpus (FOLDER, see corpus.py) in languages with spaces between words; contestants take
turns, and the ratio of each turn is told with the median. Everybody uses one core, 128 values, 32 bands of 4 and
shingles of five words, and goes from a file of documents to clusters; this project verifies its candidates as well.
Quality: documents of distinct words from the corpus with planted copies of known Jaccard similarity, exactly computed
on plain Python sets; a pair is a duplicate from 0.7 on. Found pairs are those in one cluster. Peers live in an
environment of their own below FOLDER, since text-dedup needs older libraries.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from deduplication_peers import BANDS, LANES, PEERS, ROWS, SHINGLE, THRESHOLD, cpu_seconds

from corpus import corpus_texts
from mothertongue import durability
from mothertongue.corpus.deduplication import DeduplicationOptions, find_duplicates
from mothertongue.corpus.deduplication.minhash import bands_for
from mothertongue.corpus.document import Document, write_shard
from mothertongue.corpus.profile import neutral_profile
from mothertongue.corpus.tokens import tokens
from mothertongue.corpus.work import Work
from mothertongue.ledger import versions

PACKAGES = (
    "datasketch==2.0.0",
    "rensa==0.5.0",
    "datasets>=4.7",
    "click<9",
    "click-option-group",
    "fire",
    "ftfy",
    "regex",
)
ALONE = ("text-dedup==0.4.0",)
"""Installed without its dependencies: it pins rich and urllib3 and asks for Spark, which its MinHash does not use."""
MORE = (
    "datasets>=4.7",
    "click<9",
    "click-option-group",
    "fire",
    "ftfy",
    "regex",
    "bitarray",
    "pybloom-live",
    "psutil",
    "scipy",
    "tqdm",
    "xxhash",
    "zstandard",
    "setuptools<81",
    "rich",
)
LANGUAGES = ("cs", "de", "el", "en-us", "es", "fi", "fr", "hu", "ru", "tr")
SHARD_BYTES = 4_000_000
PAIRS, WORDS, SHARED = 1500, 220, 0.2
"""Planted pairs, words of a document, and the similarity below which two originals count as unrelated."""
OURS = ("mothertongue", "mothertongue, unverified")
OFF: dict[str, Any] = {"url": "off", "exact": False}
Labels = list[Any]


def speed(folder: Path, python: Path, megabytes: float, turns: int) -> dict[str, Any]:
    """Return MB/s of wall clock and of CPU time for each contestant and the ratios of each turn."""
    documents = list(pages(folder, int(megabytes * 1e6)))
    size = sum(len(document.text.encode()) for document in documents)
    rates: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory(dir=folder) as name:
        source = write_lines(Path(name) / "in.jsonl", documents)
        for way in ("shingles", "off"):
            ours(documents[:50], way)  # code is compiled once a machine
        for _ in range(turns):
            for contestant in (*OURS, *(name for name in PEERS if name != "text-dedup-as-published")):
                result = run(contestant, documents, source, python)
                rates.setdefault(contestant, []).append(
                    (size / 1e6 / result["seconds"], size / 1e6 / result["cpu_seconds"])
                )
                print(f"  {contestant}: {rates[contestant][-1][1]:.2f} MB/s of CPU time", flush=True)
    return {"megabytes": size / 1e6, "documents": len(documents), "contestants": summary(rates)}


def summary(rates: dict[str, list[tuple[float, float]]]) -> dict[str, Any]:
    """Return medians, and the ratio of ours to each peer turn by turn."""
    first = rates["mothertongue"]
    return {
        name: {
            "megabytes_per_second": statistics.median(wall for wall, _ in turns),
            "megabytes_per_cpu_second": statistics.median(cpu for _, cpu in turns),
            "times_faster": [one[0] / other[0] for one, other in zip(first, turns, strict=True)],
            "times_faster_in_cpu_time": [one[1] / other[1] for one, other in zip(first, turns, strict=True)],
            "median_times_faster_in_cpu_time": statistics.median(
                one[1] / other[1] for one, other in zip(first, turns, strict=True)
            ),
        }
        for name, turns in rates.items()
    }


def run(contestant: str, documents: Sequence[Document], source: Path, python: Path) -> dict[str, Any]:
    """Return labels, seconds and CPU seconds of one contestant."""
    if contestant.startswith("mothertongue"):
        return ours(documents, "off" if contestant.endswith("unverified") else "shingles")
    target = source.with_suffix(f".{contestant}.json")
    script = Path(__file__).with_name("deduplication_peers.py")
    subprocess.run([str(python), str(script), contestant, str(source), str(target)], check=True)
    result: dict[str, Any] = json.loads(target.read_text())
    return result


def ours(documents: Sequence[Document], verify: str) -> dict[str, Any]:
    """Return what `run` does for this project: from shards to tables, read back as labels."""
    with tempfile.TemporaryDirectory() as name:
        work = Work(Path(name))
        shards = write_shards(work.folder, documents)
        options = DeduplicationOptions(**OFF, near_threshold=THRESHOLD, near_lanes=LANES, near_verify=verify)
        started, cpu = time.monotonic(), cpu_seconds()
        tables = find_duplicates(work, shards, options, neutral_profile("en"))
        seconds, used = time.monotonic() - started, cpu_seconds() - cpu
        return {
            "labels": read_labels(work.folder, tables.tables["near"].files),
            "seconds": seconds,
            "cpu_seconds": used,
        }


def write_shards(folder: Path, documents: Sequence[Document]) -> list[str]:
    names: list[str] = []
    waiting: list[Document] = []
    size = 0
    for place, document in enumerate(documents, 1):
        waiting.append(document)
        size += len(document.text.encode())
        if size >= SHARD_BYTES or place == len(documents):
            names.append(f"documents/{len(names):05d}.parquet")
            write_shard(folder / names[-1], waiting)
            waiting, size = [], 0
    return names


def read_labels(folder: Path, files: Sequence[str]) -> Labels:
    return [value for name in files for value in pq.read_table(folder / name)["representative"].to_pylist()]


def write_lines(path: Path, documents: Sequence[Document]) -> Path:
    lines = (json.dumps({"id": one.id, "text": one.text}, ensure_ascii=False) + "\n" for one in documents)
    path.write_text("".join(lines), encoding="utf-8")
    return path


def pages(folder: Path, most: int) -> Iterator[Document]:
    """Yield pages of all languages in turn until there are so many bytes."""
    records = [record for record in corpus_texts(folder) if record["source"] in LANGUAGES]
    random.Random(1).shuffle(records)
    size = 0
    for place, record in enumerate(records):
        if size >= most:
            return
        size += len(record["text"].encode())
        yield Document(str(place), record["text"], record["source"], "und")


# --- quality ----------------------------------------------------------------------------------------------------------


def quality(folder: Path, python: Path) -> dict[str, Any]:
    """Return precision and recall of each contestant on planted pairs, and the detections beside the formula."""
    documents, similarities = planted(folder)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        source = write_lines(Path(name) / "in.jsonl", documents)
        contestants = (*OURS, *PEERS)
        found = {name: run(name, documents, source, python)["labels"] for name in contestants}
    scores = {name: score(labels, similarities) for name, labels in found.items()}
    return {
        "pairs": len(similarities),
        "duplicates": sum(value >= THRESHOLD for value in similarities),
        "contestants": scores,
        "detection": detection(found["mothertongue, unverified"], similarities),
    }


def planted(folder: Path) -> tuple[list[Document], list[float]]:
    """Return documents, a copy after each original, and the exact similarity of each pair.

    An original is a stretch of the words of a page; one that shares more than `SHARED` of its shingles with those
    before it is left out, so that the planted pairs are all there is.
    """
    draw, seen = random.Random(3), set[tuple[str, ...]]()
    documents: list[Document] = []
    similarities: list[float] = []
    for page in pages(folder, 1 << 62):
        words = page.text.split()
        for start in range(0, len(words) - WORDS + 1, WORDS):
            original = words[start : start + WORDS]
            own = shingle_set(" ".join(original))
            if len(own) < WORDS // 2 or len(own & seen) > SHARED * len(own):
                continue
            seen |= own
            copy = list(original)
            for place in draw.sample(range(WORDS), draw.randrange(1, 24)):
                copy[place] = "".join(draw.sample("bcdfghklmnprst", 9))
            texts = (" ".join(original), " ".join(copy))
            documents += [Document(str(len(documents) + n), text, page.source, "und") for n, text in enumerate(texts)]
            similarities.append(jaccard(own, shingle_set(texts[1])))
            if len(similarities) == PAIRS:
                return documents, similarities
    raise SystemExit("the corpus is too small for so many pairs")


def shingle_set(text: str) -> set[tuple[str, ...]]:
    words = tokens(text)
    return {tuple(words[place : place + SHINGLE]) for place in range(len(words) - SHINGLE + 1)}


def jaccard(one: set[Any], two: set[Any]) -> float:
    return len(one & two) / len(one | two)


def score(labels: Labels, similarities: Sequence[float]) -> dict[str, float]:
    """Return precision, recall and F1 over pairs of documents in one cluster."""
    sizes: dict[Any, int] = {}
    for label in labels:
        sizes[label] = sizes.get(label, 0) + 1
    found = sum(size * (size - 1) // 2 for size in sizes.values())
    together = [labels[2 * pair] == labels[2 * pair + 1] for pair in range(len(similarities))]
    right = sum(joined for joined, value in zip(together, similarities, strict=True) if value >= THRESHOLD)
    wanted = sum(value >= THRESHOLD for value in similarities)
    precision, recall = right / max(found, 1), right / wanted
    return {"precision": precision, "recall": recall, "f1": 2 * precision * recall / max(precision + recall, 1e-9)}


def detection(labels: Labels, similarities: Sequence[float]) -> list[dict[str, float]]:
    """Return for each tenth of similarity the share found, the share that the formula of the bands expects, and z."""
    bands, rows = bands_for(THRESHOLD, LANES)
    if (bands, rows) != (BANDS, ROWS):
        raise SystemExit(f"the contest is set to {BANDS} bands of {ROWS}, ours has {bands} of {rows}")
    bins = []
    for lowest in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        pairs = [place for place, value in enumerate(similarities) if lowest <= value < lowest + 0.1]
        chances = [1 - (1 - similarities[place] ** rows) ** bands for place in pairs]
        found = sum(labels[2 * place] == labels[2 * place + 1] for place in pairs)
        deviation = sum(chance * (1 - chance) for chance in chances) ** 0.5
        entry = {"from": lowest, "pairs": len(pairs), "found": found, "expected": sum(chances)}
        bins.append({**entry, "z": (found - sum(chances)) / max(deviation, 0.5)})
    return bins


# --- peers ------------------------------------------------------------------------------------------------------------


def peers_python(folder: Path) -> Path:
    """Return the interpreter of the peers' environment, made first where it is missing."""
    python = folder / "peers" / "bin" / "python"
    if not python.is_file():
        subprocess.run([sys.executable, "-m", "venv", str(folder / "peers")], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet"]
        subprocess.run([*install, *PACKAGES, *MORE], check=True)
        subprocess.run([*install, "--no-deps", *ALONE], check=True)
    return python


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--megabytes", type=float, default=24.0)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    python = peers_python(arguments.folder.absolute())
    result = {
        "speed": speed(arguments.folder, python, arguments.megabytes, arguments.turns),
        "quality": quality(arguments.folder, python),
        "peers": [*PACKAGES[:2], *ALONE],
        "versions": versions(),
    }
    for name, row in result["speed"]["contestants"].items():
        ratio, rate = row["median_times_faster_in_cpu_time"], row["megabytes_per_cpu_second"]
        print(f"{name}: {rate:.2f} MB/s per core, {ratio:.1f} times the CPU time of mothertongue")
    for name, row in result["quality"]["contestants"].items():
        print(f"{name}: precision {row['precision']:.4f}, recall {row['recall']:.4f}, F1 {row['f1']:.4f}")
    for row in result["quality"]["detection"]:
        print(f"similarity from {row['from']}: {row['found']} of {row['pairs']} found, {row['expected']:.1f} expected")
    if arguments.json:
        durability.write_json(arguments.json, result)


if __name__ == "__main__":
    main()
