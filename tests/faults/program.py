"""A small real program over fake stages: `program.py RUN [--source FILE] [--patience S] [--hold FILE] [key=json]`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from fake_stages import FakeRecipe, stages

from mothertongue.console import emit, say
from mothertongue.errors import MothertongueError
from mothertongue.run import StageContext, execute


class Holding:
    """Waits in the middle of its work until a file appears, so that a test can look at a run in progress."""

    name, version, needs = "holding", 1, ()

    def __init__(self, signal: Path, checks: bool) -> None:
        self.signal = signal
        self.checks = checks

    def options(self, recipe: FakeRecipe) -> dict[str, object]:
        return {}

    def inputs(self, context: StageContext) -> dict[str, str]:
        return {}

    def run(self, context: StageContext) -> None:
        emit("holding")
        while not self.signal.exists():
            time.sleep(0.01)
            if self.checks:
                context.check_interrupt()
        context.metric(held=1)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("--source", type=Path, default=Path(__file__))
    parser.add_argument("--patience", type=float, default=10.0)
    parser.add_argument("--hold", type=Path)
    parser.add_argument("--deaf", action="store_true", help="the holding stage never asks for signals")
    parser.add_argument("values", nargs="*")
    options = parser.parse_args()
    values = {key: json.loads(value) for key, _, value in (item.partition("=") for item in options.values)}
    chosen = stages() if options.hold is None else [Holding(options.hold, not options.deaf), *stages()]
    try:
        result = execute(chosen, FakeRecipe(options.source, 0, values), options.run, patience=options.patience)
    except MothertongueError as error:
        say(str(error))
        return error.exit_code
    emit(json.dumps({"ran": result.ran, "kept": result.kept}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
