"""The process that renders chat templates: one JSON request per line in, one JSON answer per line out.

Templates are programs that came with a model. This file runs as a script in a process of its own, imports only the
standard library and jinja2, never the package, and answers `{"texts": [...]}` or `{"refused": KIND, "message": ...}`.
It limits processor time, output and memory itself; its parent (`prompting/chat.py`) holds the clock as a second line.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import FrameType
from typing import Any

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.parser
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

SECONDS = 1.0
CHARACTERS = 1_000_000
MEMORY_BYTES = 1 << 30


class _TooLongError(Exception):
    """More output than allowed."""


class _TooSlowError(Exception):
    """More processor time than allowed."""


class _Generation(jinja2.ext.Extension):
    """Accepts `{% generation %}` blocks, which mark assistant text, and renders what they hold."""

    tags = {"generation"}  # noqa: RUF012 (jinja2 declares it as an instance variable)

    def parse(self, parser: jinja2.parser.Parser) -> list[jinja2.nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _raise_exception(message: str) -> None:
    raise jinja2.TemplateError(message)


def _to_json(value: Any, ensure_ascii: bool = False, indent: int | None = None, **options: Any) -> str:
    allowed = {key: options[key] for key in ("separators", "sort_keys") if key in options}
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, **allowed)


def _strftime_now(form: str) -> str:
    # SOURCE_DATE_EPOCH is the usual way to make dated output repeatable.
    return time.strftime(form, time.gmtime(float(os.environ.get("SOURCE_DATE_EPOCH", time.time()))))


@lru_cache(maxsize=32)
def _compiled(source: str) -> jinja2.Template:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, jinja2.ext.loopcontrols]
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = _strftime_now
    return environment.from_string(source)


@contextmanager
def _processor_time(seconds: float) -> Iterator[None]:
    """Raises _TooSlowError inside the block after this much processor time; a busy machine does not shorten it."""
    if not hasattr(signal, "setitimer"):  # Windows: only the parent's clock holds
        yield
        return

    def expire(_number: int, _frame: FrameType | None) -> None:
        raise _TooSlowError

    signal.signal(signal.SIGVTALRM, expire)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _render(source: str, variables: dict[str, Any]) -> str:
    parts: list[str] = []
    size = 0
    for part in _compiled(source).generate(**variables):
        size += len(part)
        if size > CHARACTERS:
            raise _TooLongError
        parts.append(part)
    return "".join(parts)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to one request `{"template", "variants": [messages, ...], "variables"}`."""
    try:
        with _processor_time(SECONDS):
            texts = [
                _render(request["template"], {**request["variables"], "messages": messages})
                for messages in request["variants"]
            ]
        return {"texts": texts}
    except _TooSlowError:
        return {"refused": "time", "message": f"more than {SECONDS:g} s of processor time"}
    except _TooLongError:
        return {"refused": "output", "message": f"more than {CHARACTERS:,} characters"}
    except (MemoryError, OverflowError) as error:
        return {"refused": "size", "message": str(error) or f"more than {MEMORY_BYTES >> 20} MiB of memory"}
    except SecurityError as error:
        return {"refused": "unsafe", "message": str(error)}
    except jinja2.TemplateSyntaxError as error:
        return {"refused": "syntax", "message": f"line {error.lineno}: {error.message}"}
    except Exception as error:  # whatever a template does wrong is the template's fault and is told by name
        return {"refused": "failed", "message": f"{type(error).__name__}: {error}"[:500]}


def _limit_process() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Answer requests until the input ends."""
    _limit_process()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which closes our input
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
