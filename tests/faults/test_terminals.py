"""R40: output never fails: old code pages, no terminal, narrow ones, no colour, closed pipes, full devices."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import textwrap
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from harness import SOURCE

from mothertongue import console

TEXTS = (
    "Straße, 日本語, ქართული, हिन्दी \u200d",
    "emoji \U0001f600 and \ud800 a lone surrogate",
    "right to left: שלום, \u202eevil",
    "[bold]not markup[/bold] [/nothing] :smile:",
    "plain ascii",
)
SCRIPT = """
    import sys
    from mothertongue import console
    for text in {texts!r}:
        console.say(text)
        console.emit(text)
        console.console().print(text, markup=False)
        with console.progress(text, 3, "documents") as advance:
            for _ in range(3):
                advance(1)
    console.console().rule("end")
"""
ENCODINGS = ("ascii", "cp1252", "cp936", "cp950", "utf-8", "latin-1")


def run(environment=(), script=SCRIPT, **streams) -> subprocess.CompletedProcess[bytes]:
    code = textwrap.dedent(script).format(texts=TEXTS)
    settings = {**os.environ, "PYTHONPATH": str(SOURCE), **dict(environment)}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    return subprocess.run([sys.executable, "-c", code], env=settings, timeout=60, check=False, **streams)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("text", TEXTS, ids=range(5))
def test_every_text_can_be_shown_in_every_code_page(monkeypatch, encoding, text):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stderr", stream)
    console.say(text)
    console.console().print(text, markup=False)
    shown = stream.buffer.getvalue().decode(encoding)
    assert shown.isascii() or encoding != "ascii"
    assert shown.count("\n") >= 2


@pytest.mark.parametrize("width", [20, 40, 60, 200])
@pytest.mark.parametrize("text", TEXTS, ids=range(5))
def test_every_width_has_room(monkeypatch, capsys, width, text):
    monkeypatch.setenv("COLUMNS", str(width))
    here = console.console()
    assert here.width == width
    with console._bar(here, text, 100, "documents") as advance:
        advance(50)
    here.rule("x")
    assert capsys.readouterr().err


def on_a_terminal(environment, script=SCRIPT) -> str:
    """What the script writes on a pseudo-terminal."""
    leader, follower = pty.openpty()
    found: list[bytes] = []
    reader = threading.Thread(target=read_all, args=(leader, found), daemon=True)
    reader.start()  # while the child works, because a terminal holds only 4 KiB
    result = run(environment, script, stderr=follower)
    os.close(follower)
    reader.join()
    os.close(leader)
    assert result.returncode == 0
    return b"".join(found).decode("utf-8", "replace")


def read_all(descriptor: int, found: list[bytes]) -> None:
    with suppress(OSError):  # EIO is the end of a pseudo-terminal
        while block := os.read(descriptor, 65536):
            found.append(block)


TERMINAL = {"TERM": "xterm-256color", "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}


def test_a_terminal_shows_a_bar():
    assert "100%" in on_a_terminal(TERMINAL)


def test_messages_and_a_bar_in_a_bar_share_a_terminal():
    script = """
    from mothertongue import console
    with console.progress("outer", 2, "x") as outer:
        with console.progress("inner", 2, "x") as inner:
            inner(2)
            console.say("a message")
        outer(2)
    """
    shown = on_a_terminal(TERMINAL, script)
    assert "a message" in shown
    assert "outer" in shown
    assert "inner" not in shown


def test_no_color_is_honoured():
    assert "\x1b[3" not in on_a_terminal(TERMINAL | {"NO_COLOR": "1"})


def test_a_dumb_terminal_gets_no_control_codes():
    assert "\x1b" not in on_a_terminal(TERMINAL | {"TERM": "dumb"})


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp936"])
@pytest.mark.parametrize("optimise", ["0", "1"])
def test_a_process_in_an_old_code_page_ends_well(encoding, optimise):
    result = run({"PYTHONIOENCODING": encoding, "PYTHONUTF8": optimise})
    assert result.returncode == 0, result.stderr
    assert b"Traceback" not in result.stderr


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_full_device_is_no_error(stream):
    with Path("/dev/full").open("wb") as full:
        assert run(**{stream: full}).returncode == 0


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_closed_pipe_is_quiet(stream):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        result = run(**{stream: writer})
    finally:
        os.close(writer)
    assert result.returncode == 0
    assert b"BrokenPipe" not in (result.stdout or b"") + (result.stderr or b"")


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_missing_stream_is_no_error(stream):
    assert run(script=SCRIPT.replace("import sys\n", f"import sys\n    sys.{stream} = None\n")).returncode == 0


def test_without_a_terminal_there_is_at_most_one_line_a_minute(monkeypatch, capsys):
    now = [1000.0]
    monkeypatch.setattr(console, "clock", lambda: now[0])
    monkeypatch.setattr(console, "_LINES", {})
    for _ in range(3):  # three bars after another share the minute
        with console.progress("reading", 1000, "documents") as advance:
            for _ in range(1000):
                now[0] += 0.2
                advance(1)
    lines = capsys.readouterr().err.splitlines()
    assert 9 <= len(lines) <= 10
    assert lines[0] == "reading: 300 of 1,000 documents (30 %), 5 documents/s, 2 min 20 s left"


def test_a_line_without_a_total_counts_only(monkeypatch):
    monkeypatch.setattr(console, "clock", lambda: 0.0)
    line = console._LineProgress("reading", 0, "bytes")
    line.done = 5
    assert line.line(10.0) == "reading: 5 bytes, 0.5 bytes/s"


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0 s"), (59.4, "59 s"), (60, "1 min 00 s"), (3599, "59 min 59 s"), (7500, "2 h 05 min")]
)
def test_durations_for_people(seconds, text):
    assert console.duration(seconds) == text


@pytest.mark.parametrize(
    "secret",
    [
        "hf_CANARYcanary1234",
        "sk-proj-CANARYcanary1234",
        "https://user:CANARYpass@host/path",
        "https://host/?a=1&api_key=CANARY1234",
        "https://host/x?token=CANARY1234#top",
        "Authorization: Bearer CANARY.1234-5678",
        "{'authorization': 'Basic CANARY1234=='}",
        "api_key: CANARY1234",
        '"password": "CANARY1234"',
        "HF_TOKEN=CANARY1234",
        "ghp_CANARY1234567890",
        "bearer CANARY12345678",
    ],
)
def test_secrets_are_hidden_before_they_are_shown(capsys, secret):
    console.say(f"cannot reach {secret} now")
    console.emit(f"cannot reach {secret} now")
    shown = "".join(capsys.readouterr())
    assert "CANARY" not in shown
    assert "***" in shown
    assert shown.count("cannot reach") == 2


def test_secrets_of_the_environment_are_hidden(monkeypatch, capsys):
    monkeypatch.setenv("SOME_API_KEY", "canary value with blanks")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    console.say("found canary value with blanks; parallel = false")
    assert capsys.readouterr().err == "found ***; parallel = false\n"


@pytest.mark.parametrize(
    "text",
    ["characters per token: 3.45", "tokens = 12345", "special token: <|im_end|>", "key = pretrain.rank", "a@b.org"],
)
def test_ordinary_words_are_not_secrets(text):
    assert console.redact(text) == text
