"""A Slurm of one machine for tests: `fake_slurm.py COMMAND ARGUMENTS...`; its state is the folder FAKE_SLURM.

sbatch puts the array into the queue, where the tests run it. A file `refuse` makes sbatch fail with its content, a file
`silent` makes squeue fail. Every call is noted in `calls`.
"""

import json
import os
import shlex
import sys
from pathlib import Path

STATE = Path(os.environ.get("FAKE_SLURM", "."))


def options(script: Path) -> dict[str, str]:
    """The options in the script, read with the rules of a shell for quotes."""
    lines = [line.removeprefix("#SBATCH ") for line in script.read_text().splitlines() if line.startswith("#SBATCH ")]
    words = [word.removeprefix("--").partition("=") for line in lines for word in shlex.split(line)]
    return {key: value for key, _, value in words}


def sbatch(arguments: list[str]) -> int:
    if (STATE / "refuse").exists():
        print("sbatch: error:", (STATE / "refuse").read_text(), file=sys.stderr)
        return 1
    script = Path(arguments[-1])
    number = len(list(STATE.glob("job-*.json"))) + 1
    elements = int(options(script)["array"].partition("%")[0].partition("-")[2]) + 1
    job = STATE / f"job-{number}.json"
    job.write_text(json.dumps({"script": str(script), "elements": elements, "states": ["PENDING"] * elements}))
    print(number)
    return 0


def squeue(arguments: list[str]) -> int:
    if (STATE / "silent").exists():
        print("slurm_load_jobs error: Unable to contact slurm controller", file=sys.stderr)
        return 1
    (number,) = [word.partition("=")[2] for word in arguments if word.startswith("--jobs=")]
    for element, state in enumerate(json.loads((STATE / f"job-{number}.json").read_text())["states"]):
        print(element, state)
    return 0


def scancel(arguments: list[str]) -> int:
    job = STATE / f"job-{arguments[0]}.json"
    value = json.loads(job.read_text())
    value["states"] = ["CANCELLED" if state == "PENDING" else state for state in value["states"]]
    job.write_text(json.dumps(value))
    return 0


def sacct(arguments: list[str]) -> int:
    (name,) = [word.partition("=")[2] for word in arguments if word.startswith("--jobs=")]
    number, _, element = name.partition("_")
    print(json.loads((STATE / f"job-{number}.json").read_text())["states"][int(element)])
    return 0


def main() -> int:
    command, *arguments = sys.argv[1:]
    with (STATE / "calls").open("a") as stream:
        stream.write(json.dumps([command, *arguments]) + "\n")
    return {"sbatch": sbatch, "squeue": squeue, "scancel": scancel, "sacct": sacct}[command](arguments)


if __name__ == "__main__":
    sys.exit(main())
