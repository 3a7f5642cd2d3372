"""Starts commands in processes that have everything imported: a run that takes seconds is killed dozens of times.

One JSON request per line on stdin: argv, fault, notes, checkpoints. Two answers per line on stdout: the pid at the
start; the exit code, seconds since the fault fired and the names of all durable steps at the end. Each command runs in
a fork of this process, which has imported torch and started no thread.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from mothertongue import faults
from mothertongue.cli import main
from mothertongue.corpus.identify.py3langid import Py3LangId
from mothertongue.stages import teach  # noqa: F401 - the import is what this process is for
from mothertongue.training import loop


def work(request: dict[str, Any]) -> int:
    """The command in this process, with its fault; its exit code."""
    notes = Path(request["notes"])
    os.setsid()
    for number, name in ((1, "stdout"), (2, "stderr")):
        descriptor = os.open(notes / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(descriptor, number)
    points = faults.FAULTS
    points._process, points.count, points.names, points.log = os.getpid(), 0, [], str(notes / "fired")
    points.fault = faults.Fault.parse(request["fault"]) if request["fault"] else None
    loop._CHECKPOINT_SHARE = 1e9  # the disk of a test may take all the time
    code = main(request["argv"])
    (notes / "names").write_text(json.dumps(points.names))
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def serve() -> None:
    """Commands one after the other, until stdin ends."""
    Py3LangId().identify(["De molen."])  # its model is read once, its loops are compiled
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            code = 70
            try:
                code = work(request)
            finally:
                os._exit(code)
        print(json.dumps({"pid": pid}), flush=True)
        _, status = os.waitpid(pid, 0)
        fired = Path(request["notes"]) / "fired"
        late = time.time() - fired.stat().st_mtime if fired.exists() else None
        print(json.dumps({"code": os.waitstatus_to_exitcode(status), "seconds_after_fault": late}), flush=True)


if __name__ == "__main__":
    serve()
