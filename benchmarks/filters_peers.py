"""A peer's filters on the corpus: run by `filters.py` with the interpreter of the peer's own environment.

    PYTHON benchmarks/filters_peers.py {dolma|datatrove} IN_FOLDER OUT_FOLDER
    PYTHON benchmarks/filters_peers.py explain IN.jsonl OUT.json

IN_FOLDER holds .jsonl.gz files. The tools run as their documentation says, on two processes, with their own defaults
for English; datatrove with its stock tokenizer for English (spaCy's blank model, which needs no download). OUT_FOLDER
gets dolma's attribute files, or the ids that datatrove keeps; the seconds of wall clock and of processors, children
included, are printed as JSON. `explain` writes what datatrove's filters say of each text, and what they measured.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

PROCESSES = 2


def dolma(source: Path, target: Path) -> None:
    """`dolma tag --taggers gopher_v2 c4_v2`."""
    from dolma.core.runtime import create_and_run_tagger

    create_and_run_tagger(
        documents=[f"{source}/*.jsonl.gz"],
        taggers=["gopher_v2", "c4_v2"],
        experiment="bench",
        destination=str(target),
        num_processes=PROCESSES,
        ignore_existing=True,
    )


def datatrove(source: Path, target: Path) -> None:
    """A local pipeline of the three filters, one task per file, whose last step writes the ids it receives."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.readers import JsonlReader

    pipeline = [JsonlReader(str(source)), *filters(), KeptIds(target)]
    tasks = len(list(source.glob("*.jsonl.gz")))
    LocalPipelineExecutor(pipeline, tasks=tasks, workers=PROCESSES, logging_dir=str(target / "logs")).run()


class KeptIds:
    """A step that writes the ids of the documents that come through, and the processor time of its worker so far.

    Workers of this tool are children of a server process, so that nobody else can say what they used.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, data: Any, rank: int = 0, world_size: int = 1) -> Any:
        with (self.folder / f"{rank:05d}.kept").open("w", encoding="utf-8") as stream:
            for document in data:
                stream.write(document.id + "\n")
                yield document
        (self.folder / f"{os.getpid()}.cpu").write_text(str(time.process_time()))


def filters() -> list[Any]:
    from datatrove.pipeline.filters import C4QualityFilter, GopherQualityFilter, GopherRepetitionFilter

    return [GopherRepetitionFilter(), GopherQualityFilter(), C4QualityFilter()]


def explain(source: Path, target: Path) -> None:
    """For each text, what each of the three filters says, and the tokens that they measured."""
    from datatrove.data import Document
    from datatrove.utils.text import split_into_words

    found = {}
    for line in source.open(encoding="utf-8"):
        row = json.loads(line)
        said = [step.filter(Document(text=row["text"], id=row["id"])) for step in filters()]
        reason = next((answer[1] for answer in said if answer is not True), "")
        found[row["id"]] = {"reason": reason, "tokens": split_into_words(row["text"])}
    target.write_text(json.dumps(found), encoding="utf-8")


def main() -> None:
    name, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if name == "explain":
        explain(source, target)
        return
    target.mkdir(parents=True)
    # The tools write to the standard output.
    own, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    started = time.monotonic()
    {"dolma": dolma, "datatrove": datatrove}[name](source, target)
    seconds = time.monotonic() - started
    os.dup2(own, 1)
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(one.ru_utime + one.ru_stime for one in usage)
    cpu += sum(float(file.read_text()) for file in target.glob("*.cpu"))
    print(json.dumps({"seconds": seconds, "cpu": cpu, "version": version(name)}))


if __name__ == "__main__":
    main()
