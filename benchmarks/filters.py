"""Gopher's and C4's rules beside dolma and datatrove: documents per second as ratios of one run, and equal decisions.

    python benchmarks/filters.py FOLDER [--turns 3] [--json FILE]

FOLDER keeps the corpus of `corpus.py`. Peers run in environments of their own (`make .venv-peers/dolma
.venv-peers/datatrove`); only files cross. All work on two processes and begin with the same .jsonl.gz files: dolma
writes attributes, as its users do before mixing; datatrove writes which documents it keeps; this project writes
documents, attributes and decisions as tasks of its pipeline, with the rules of the peer it is compared with. It reads
texts once for all later steps, so ratios are given for the rules alone and with that reading; peers always read.
A third ratio is that of the whole corpus from the command to the end, with the start of both. Contestants take turns,
since machines are noisy, and processor time stands beside the wall clock, since machines are shared. Each turn also
runs the first document of every file alone, and its time is taken off: what counts is the rate once a tool has started
(all of them take seconds to load). Neither what takes two seconds nor what takes minutes is measured well, so this
project gets the corpus `COPIES` times and datatrove every `THIN`-th document, which does not change a rate; decisions
are then compared on all documents.

Decisions of dolma are its attributes judged by the thresholds of the rule sets `gopher-dolma` and `c4-dolma`, with its
own list of words; decisions of datatrove are its filters' own. Every difference is listed with the rule, and what each
side measured.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from benchmarks.corpus import corpus_files

from mothertongue import durability
from mothertongue.corpus.checked_rules import check_rules
from mothertongue.corpus.decide import decide, decide_task
from mothertongue.corpus.document import Document, write_shard
from mothertongue.corpus.executors.processes import Processes
from mothertongue.corpus.profile import neutral_profile
from mothertongue.corpus.readers.jsonl import JsonLinesReader
from mothertongue.corpus.rules import RuleSet, read_rules, rules_from
from mothertongue.corpus.steps.tag import tag
from mothertongue.corpus.taggers import make_tagger
from mothertongue.corpus.work import Task, Work
from mothertongue.ledger import versions

PROCESSES, COPIES, THIN, LANGUAGE = 2, 5, 4, "en"
RULES = {"dolma": ("gopher-dolma", "c4-dolma"), "datatrove": ("datatrove",)}
ROOT = Path(__file__).resolve().parent.parent
TARGETS = {"dolma": 10.0, "datatrove": 50.0}
EQUAL = 0.999
STEPS, UNITS = ("reading", "rules"), ("seconds", "cpu")
Result = dict[str, Any]


# --- this project -----------------------------------------------------------------------------------------------------


def ours(peer: str, source: Path, target: Path) -> Result:
    """Read, measure and decide all files with the program's own tasks; returns the time of reading and of the rules."""
    rules, profile = rules_of(peer), neutral_profile(LANGUAGE)
    profile.write(target / "profile.toml")
    files = sorted(source.glob("*.jsonl.gz"))
    names = [f"documents/{number:05d}.parquet" for number in range(len(files))]
    call = "benchmarks.filters:read_file"
    reading = [
        Task("read", number, call, {"source": str(file), "target": names[number]}, outputs=(names[number],))
        for number, file in enumerate(files)
    ]
    settings = {name: rules.settings.get(name, {}) for name in rules.taggers}

    def judge(work: Work) -> None:
        tagged = tag(work, names, settings, profile)
        attributes = [{name: (one.shards[n], one.key) for name, one in tagged.items()} for n in range(len(names))]
        work.run([decide_task(n, of, rules, language=LANGUAGE) for n, of in enumerate(attributes)], "deciding")

    work = Work(target, Processes(PROCESSES))
    steps = {
        "reading": timed(lambda: work.run(reading, "reading")),
        "rules": timed(lambda: judge(work)),
    }
    work.executor.close()
    return steps


def timed(step: Callable[[], object]) -> dict[str, float]:
    """Perform a step and return its seconds by the clock and of all processors, those of living workers included."""
    before, started = processor_seconds(), time.monotonic()
    step()
    return {"seconds": time.monotonic() - started, "cpu": processor_seconds() - before}


def processor_seconds() -> float:
    own = psutil.Process()
    times = [process.cpu_times() for process in (own, *own.children(recursive=True))]
    ended = own.cpu_times()
    return sum(one.user + one.system for one in times) + ended.children_user + ended.children_system


def read_file(folder: Path, source: str, target: str) -> dict[str, int]:
    """Turn one file into a shard of documents."""
    rows = JsonLinesReader(LANGUAGE).read(Path(source))
    return {"documents": write_shard(folder / target, (row for row in rows if isinstance(row, Document)))}


def rules_of(peer: str) -> RuleSet:
    """Return the rules of a peer without their edits, which change texts and no decision."""
    value = read_rules(RULES[peer]).value()
    words = os.environ.get("NAUGHTY_WORDS")
    if peer == "dolma" and words:
        value["taggers"]["c4"]["toxic_words"] = Path(words).read_text(encoding="utf-8").split("\n")[:-1]
    return rules_from({key: row for key, row in value.items() if key != "edit"})


# --- turns ------------------------------------------------------------------------------------------------------------


def run(command: list[str], environment: Mapping[str, str]) -> Result:
    """Return what a program printed as JSON on its last line; SystemExit with its last words when it fails."""
    done = subprocess.run(
        command, env={**os.environ, **environment}, cwd=ROOT, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-4000:]}")
    found: Result = json.loads(done.stdout.strip().splitlines()[-1])
    return found


class Contest:
    """The files of one run and the environments of the peers."""

    def __init__(self, corpus: Path, scratch: Path, pythons: Mapping[str, Path]) -> None:
        self.corpus, self.scratch, self.pythons = corpus, scratch, pythons
        self.number = 0
        words = subprocess.run(
            [str(pythons["dolma"]), "-c", "import dolma; print(dolma.__path__[0])"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        self.environment = {"NAUGHTY_WORDS": str(Path(words.splitlines()[-1]) / "data" / "naughty_words_en.txt")}

    def fresh(self) -> Path:
        self.number += 1
        return self.scratch / f"{self.number:03d}"

    def peer(self, name: str, source: Path) -> tuple[Path, Result]:
        target = self.fresh()
        script = str(ROOT / "benchmarks" / "filters_peers.py")
        return target, run([str(self.pythons[name]), script, name, str(source), str(target)], {})

    def ours(self, name: str, source: Path) -> tuple[Path, Result]:
        target = self.fresh()
        command = [sys.executable, "-m", "benchmarks.filters", "--ours", name, str(source), str(target)]
        return target, run(command, self.environment)

    def explain(self, rows: list[dict[str, str]]) -> dict[str, Any]:
        """Return datatrove's reason and tokens of each row, by id."""
        source, target = self.fresh().with_suffix(".jsonl"), self.fresh().with_suffix(".json")
        source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        script = str(ROOT / "benchmarks" / "filters_peers.py")
        subprocess.run([str(self.pythons["datatrove"]), script, "explain", str(source), str(target)], check=True)
        found: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
        return found


def thinned(files: list[Path], folder: Path, step: int, most: int | None = None) -> Path:
    """Return a folder with every `step`-th document of each file, `most` of a file at most."""
    for file in files:
        with gzip.open(file, "rb") as stream:
            lines = stream.readlines()[::step][:most]
        durability.write_bytes(folder / file.name, gzip.compress(b"".join(lines), mtime=0))
    return folder


def repeated(corpus: Path, folder: Path, times: int) -> Path:
    """Return a folder with the files of the corpus several times; the first copy keeps their names."""
    for number, file in product(range(times), sorted(corpus.glob("*.jsonl.gz"))):
        durability.link_or_copy(file, folder / (f"copy-{number}-{file.name}" if number else file.name))
    return folder


def rows_in(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as stream:
            yield from map(json.loads, stream)


# --- decisions --------------------------------------------------------------------------------------------------------


def our_decisions(folder: Path) -> dict[str, Result]:
    """Return id -> keep, reason, value and threshold."""
    found: dict[str, Result] = {}
    for file in sorted((folder / "decisions").glob("*.parquet")):
        ids = pq.read_table(folder / "documents" / file.name, columns=["id"]).column("id").to_pylist()
        found |= dict(zip(ids, pq.read_table(file).to_pylist(), strict=True))
    return found


def dolma_decisions(folder: Path) -> dict[str, Result]:
    """Return the decisions on dolma's attributes, with the same thresholds."""
    rules = rules_of("dolma")
    profile = neutral_profile(LANGUAGE)
    checked = check_rules(rules, {name: make_tagger(name).columns for name in rules.taggers}, profile)
    found: dict[str, dict[str, Any]] = {}
    for row in rows_in(folder / "bench"):
        values = {
            key.removeprefix("bench__").replace("gopher_v2__", "gopher.").replace("c4_v2__", "c4."): spans[0][2]
            for key, spans in row["attributes"].items()
        }
        found[row["id"]] = values
    columns = {}
    for name in checked.attributes:
        flag = name.startswith("c4.has_")
        values = [row.get(name, 0.0 if flag else None) for row in found.values()]
        columns[name] = pa.array([value > 0 for value in values] if flag else values)
    decided = decide(pa.table(columns), checked)
    columns_ = (decided.keep.tolist(), decided.reason, decided.value, decided.threshold)
    rows = (
        dict(zip(("keep", "reason", "value", "threshold"), row, strict=True)) for row in zip(*columns_, strict=True)
    )
    return dict(zip(found, rows, strict=True))


def compare_dolma(_: Contest, mine: Path, theirs: Path) -> Result:
    """Return how many decisions on all documents are dolma's, and those that are not."""
    ours_, peer = our_decisions(mine), dolma_decisions(theirs)
    differences = [
        {
            "id": name,
            "cause": f"{row['reason'] or 'kept'} here, {peer[name]['reason'] or 'kept'} there",
            "here": f"{row['value']} against {row['threshold']}",
            "there": f"{peer[name]['value']} against {peer[name]['threshold']}",
        }
        for name, row in ours_.items()
        if row["keep"] != peer[name]["keep"]
    ]
    same_reason = sum(row["reason"] == peer[name]["reason"] for name, row in ours_.items())
    return summary(ours_, sum(row["keep"] for row in peer.values()), differences, same_reason / len(ours_))


def compare_datatrove(contest: Contest, mine: Path, theirs: Path) -> Result:
    """Return how many decisions on all documents are datatrove's, and those that are not and why."""
    ours_ = our_decisions(mine)
    kept = {line for file in theirs.glob("*.kept") for line in file.read_text(encoding="utf-8").split("\n")}
    other = {name for name, row in ours_.items() if row["keep"] != (name in kept)}
    rows = [row for row in rows_in(contest.corpus) if row["id"] in other]
    said = contest.explain(rows) if rows else {}
    differences = []
    for row in rows:
        name, reason, tokens = row["id"], said[row["id"]]["reason"], said[row["id"]]["tokens"]
        cut = our_tokens(row["text"])
        otherwise = first_difference(cut, tokens)
        differences.append(
            {
                "id": name,
                "cause": f"{ours_[name]['reason'] or 'kept'} here, {reason or 'kept'} there; "
                + (f"cut otherwise: {otherwise}" if otherwise else "equal tokens"),
                "here": f"{ours_[name]['value']} against {ours_[name]['threshold']}; {len(cut)} tokens",
                "there": f"{len(tokens)} tokens",
            }
        )
    return summary(ours_, len(kept - {""}), differences, None)


def our_tokens(text: str) -> list[str]:
    """Return the tokens that the rules of datatrove are measured on here."""
    from mothertongue.corpus.kernels.strings import word_rules
    from mothertongue.corpus.kernels.texts import slices

    settings = rules_of("datatrove").settings["fineweb"]
    batch = pa.record_batch({"text": pa.array([text], pa.large_string())})
    rules = word_rules(tuple(settings["exceptions"]), tuple(settings["endings"]))
    parts = next(iter(slices(batch))).marks(rules, alone=False)
    return [text[begin:end] for begin, end in zip(parts.begin.tolist(), parts.end.tolist(), strict=True)]


def first_difference(here: list[str], there: list[str]) -> str:
    """Return the first characters that are cut in two ways, empty when all tokens are equal."""
    place = next((n for n, pair in enumerate(zip(here, there, strict=False)) if pair[0] != pair[1]), None)
    if place is None:
        return ""
    sides: tuple[list[str], list[str]] = ([here[place]], [there[place]])
    while (sizes := [len("".join(side)) for side in sides])[0] != sizes[1]:
        shorter = sizes.index(min(sizes))
        whole = (here, there)[shorter]
        if place + len(sides[shorter]) == len(whole):
            break
        sides[shorter].append(whole[place + len(sides[shorter])])
    return f"{' '.join(sides[0])} here, {' '.join(sides[1])} there"


def summary(
    ours_: Mapping[str, Result], kept_there: int, differences: list[dict[str, str]], reasons: float | None
) -> Result:
    """Return the counts of kept documents, the share of equal decisions, and the causes of the others."""
    result: Result = {
        "documents": len(ours_),
        "kept_here": sum(row["keep"] for row in ours_.values()),
        "kept_there": kept_there,
        "equal_decisions": 1 - len(differences) / len(ours_),
        "causes": dict(Counter(row["cause"] for row in differences).most_common()),
        "differences": differences,
    }
    return result if reasons is None else {**result, "equal_first_reasons": reasons}


# --- the run ----------------------------------------------------------------------------------------------------------


def turns(
    contest: Contest, sources: Mapping[str, Path], starts: Mapping[str, Path], number: int
) -> dict[str, dict[str, list[Result]]]:
    """Return, for each peer and both sides, the rates of every turn and the folder of its results."""
    found: dict[str, dict[str, list[Result]]] = {name: {"ours": [], "peer": []} for name in RULES}
    total = sum(1 for _ in rows_in(contest.corpus))
    # The first start of a program waits for the disk and compiles; it would be taken off the first turn.
    for name, run_once in product(RULES, (contest.ours, contest.peer)):
        run_once(name, starts[name])
    for turn, name, side in product(range(number), RULES, ("ours", "peer")):
        who = "ours" if side == "ours" else name
        run_side = contest.ours if side == "ours" else contest.peer
        _, begun = run_side(name, starts[who])
        folder, done = run_side(name, sources[who])
        documents = sum(1 for _ in rows_in(sources[who])) - sum(1 for _ in rows_in(starts[who]))
        result = {"folder": str(folder), "version": done.get("version"), "start": whole(begun)}
        result |= {step: rates(documents, done[step], begun[step]) for step in STEPS if step in done}
        result["whole"] = rates(documents, whole(done), whole(begun))
        result["all"] = {unit: total / (result["start"][unit] + total / result["whole"][unit]) for unit in UNITS}
        found[name][side].append(result)
        who = name if side == "peer" else f"ours, rules of {name}"
        print(f"turn {turn + 1}: {who:25}", shown(result), flush=True)
    return found


def whole(result: Result) -> dict[str, float]:
    """Return the seconds of all steps."""
    steps = [result[step] for step in STEPS if step in result] or [result]
    return {unit: sum(step[unit] for step in steps) for unit in UNITS}


def rates(documents: int, done: Mapping[str, float], begun: Mapping[str, float]) -> dict[str, float]:
    """Return documents per second of the clock and of a processor, without the start."""
    return {unit: documents / max(done[unit] - begun[unit], 1e-3) for unit in UNITS}


def shown(result: Result) -> str:
    """Return one turn of one side in a line."""
    steps = ", ".join(
        f"{step} {result[step]['seconds']:.0f}/s ({result[step]['cpu']:.0f} per second of a processor)"
        for step in (*STEPS, "whole")
        if step in result
    )
    return f"{steps}; start {result['start']['seconds']:.1f} s, of a processor {result['start']['cpu']:.1f} s"


def ratios(found: Mapping[str, list[Result]]) -> Result:
    """Return medians over the turns; each ratio is of one turn, whose runs are neighbours in time."""
    result: Result = {}
    for unit, clock in (("seconds", "wall"), ("cpu", "processor")):
        peer = [row["whole"][unit] for row in found["peer"]]
        result[clock] = {
            "peer_documents_per_second": statistics.median(peer),
            "start_of_ours": statistics.median(row["start"][unit] for row in found["ours"]),
            "start_of_peer": statistics.median(row["start"][unit] for row in found["peer"]),
        }
        for step, name in (("rules", "rules"), ("whole", "with_reading"), ("all", "with_start")):
            mine = [row[step][unit] for row in found["ours"]]
            theirs = [row[step if step == "all" else "whole"][unit] for row in found["peer"]]
            each = [a / b for a, b in zip(mine, theirs, strict=True)]
            median = statistics.median(each)
            result[clock][name] = {"documents_per_second": statistics.median(mine), "ratio": median, "ratios": each}
    return result


def main() -> None:
    """Runs all contestants in turn, compares decisions, and exits with a message where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--thin", type=int, default=1, help="every n-th document of the corpus only")
    for name in RULES:
        parser.add_argument(f"--{name}", type=Path, default=ROOT / ".venv-peers" / name / "bin" / "python")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    files = corpus_files(options.folder)
    with tempfile.TemporaryDirectory() as scratch:
        corpus = thinned(files, Path(scratch) / "corpus", options.thin)
        pythons = {name: getattr(options, name) for name in RULES}
        contest = Contest(corpus, Path(scratch), pythons)
        thin = thinned(sorted(corpus.glob("*.jsonl.gz")), Path(scratch) / "thin", THIN)
        start = thinned(files, Path(scratch) / "start", 1, most=1)
        sources = {"ours": repeated(corpus, Path(scratch) / "copies", COPIES), "dolma": corpus, "datatrove": thin}
        starts = {"ours": repeated(start, Path(scratch) / "starts", COPIES), "dolma": start, "datatrove": start}
        found = turns(contest, sources, starts, options.turns)
        results: Result = {name: ratios(rows) for name, rows in found.items()}
        theirs = {
            "dolma": Path(found["dolma"]["peer"][-1]["folder"]),
            "datatrove": contest.peer("datatrove", corpus)[0],
        }
        for name, compare in (("dolma", compare_dolma), ("datatrove", compare_datatrove)):
            mine = Path(found[name]["ours"][-1]["folder"])
            results[name]["decisions"] = compare(contest, mine, theirs[name])
    report(results)
    if options.json:
        peers = {name: rows["peer"][0]["version"] for name, rows in found.items()}
        machine = {"processor": platform.processor() or platform.machine(), "processors": os.cpu_count()}
        durability.write_json(
            options.json,
            {
                "command": f"python benchmarks/filters.py FOLDER --turns {options.turns} --thin {options.thin}",
                "processes": PROCESSES,
                "results": results,
                "versions": {**versions(), **peers},
                "machine": machine,
            },
        )
    missed = [name for name in RULES if results[name]["processor"]["rules"]["ratio"] < TARGETS[name]]
    missed += [f"decisions of {name}" for name in RULES if results[name]["decisions"]["equal_decisions"] < EQUAL]
    if missed:
        raise SystemExit("below the targets: " + ", ".join(missed))


def report(results: Result) -> None:
    """Print ratios and decisions."""
    for name, row in results.items():
        for clock in ("wall", "processor"):
            rules, reading, start = (row[clock][step]["ratio"] for step in ("rules", "with_reading", "with_start"))
            print(f"{name:10} {clock:9} {rules:6.1f} times as many documents (target {TARGETS[name]:.0f}); ", end="")
            print(f"with our reading {reading:.1f}, with the start of both {start:.1f}")
        decisions_ = row["decisions"]
        print(f"{name:10} equal decisions {decisions_['equal_decisions']:.3%} of {decisions_['documents']}")
        for cause, number in decisions_["causes"].items():
            print(f"{'':10} {number:5} {cause}")


def ours_main(peer: str, source: Path, target: Path) -> None:
    """Run this project once; prints the seconds as JSON on the last line."""
    target.mkdir(parents=True)
    own = os.dup(1)
    os.dup2(2, 1)
    result = ours(peer, source, target)
    os.dup2(own, 1)
    print(json.dumps(result))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--ours"]:
        ours_main(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
    else:
        main()
