"""Chat templates rendered in a worker process that is capped in time, output and memory, and started once."""

from __future__ import annotations

import atexit
import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from mothertongue.errors import InputError, Problem, WorkError

_WORKER = Path(__file__).with_name("worker.py")
_START_SECONDS = 60.0
_CLOCK_SECONDS = 10.0  # the worker stops itself after 1 s of processor time; this ends what it cannot stop


class TemplateRefusedError(InputError):
    """A template broke a limit, left the sandbox, or failed; `kind` is time, output, size, unsafe, syntax or failed."""

    def __init__(self, kind: str, message: str) -> None:
        self.kind = kind
        super().__init__(
            Problem(
                "MT631",
                f"the chat template was refused ({kind}): {message}",
                key="chat_template",
                do="repair chat_template.jinja in the model folder, or take the template of the base model",
            )
        )


class Renderer:
    """Renders templates in one worker process; starts it when needed and again after it had to be ended."""

    def __init__(self, clock_seconds: float = _CLOCK_SECONDS) -> None:
        self._clock_seconds = clock_seconds
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str] = queue.Queue()
        self._lock = threading.Lock()

    def render(self, template: str, variants: list[list[dict[str, str]]], variables: dict[str, Any]) -> list[str]:
        """The template's text for each list of messages in `variants`; TemplateRefusedError if it may not or cannot."""
        request = json.dumps({"template": template, "variants": variants, "variables": variables})
        with self._lock:
            reply = self._ask(request)
        if "refused" in reply:
            raise TemplateRefusedError(reply["refused"], reply["message"])
        texts: list[str] = reply["texts"]
        return texts

    def close(self) -> None:
        """End the worker process, if one runs."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()

    def _ask(self, request: str) -> dict[str, Any]:
        process = self._started()
        assert process.stdin is not None  # opened as a pipe in _started
        try:
            process.stdin.write(request + "\n")
            process.stdin.flush()
            line = self._answers.get(timeout=self._clock_seconds)
        except queue.Empty:
            self.close()
            raise TemplateRefusedError("time", f"more than {self._clock_seconds:g} s") from None
        except OSError:
            line = ""
        if not line:
            self.close()
            raise TemplateRefusedError("failed", "the template ended its worker process")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _started(self) -> subprocess.Popen[str]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        # Only what Python needs: a template must not find tokens in the environment even if it left the sandbox.
        kept = ("SYSTEMROOT", "SOURCE_DATE_EPOCH")
        environment = {name: os.environ[name] for name in kept if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        environment["PYTHONIOENCODING"] = "utf-8:surrogatepass"
        process = subprocess.Popen(
            [sys.executable, "-P", str(_WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            encoding="utf-8",
        )
        answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=_forward, args=(process, answers), daemon=True).start()
        self._process, self._answers = process, answers
        try:
            ready = answers.get(timeout=_START_SECONDS)
        except queue.Empty:
            ready = ""
        if not ready:
            self.close()
            raise WorkError(Problem("MT632", "the worker that renders chat templates did not start"))
        return process


def _forward(process: subprocess.Popen[str], answers: queue.Queue[str]) -> None:
    """Copy the worker's lines into a queue that can be waited on with a limit; an empty line is its end."""
    assert process.stdout is not None  # opened as a pipe
    try:
        for line in process.stdout:
            answers.put(line)
    except ValueError:  # the stream was closed by Renderer.close
        pass
    answers.put("")


_shared: Renderer | None = None


def shared_renderer() -> Renderer:
    """The renderer of this process; its worker ends with the process."""
    global _shared
    if _shared is None:
        _shared = Renderer()
        atexit.register(_shared.close)
    return _shared
