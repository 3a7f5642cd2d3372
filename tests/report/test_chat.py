"""The terminal chat: side by side or line by line, with a conversation of its own for each model."""

from __future__ import annotations

import io

import pytest

from mothertongue.errors import InputError
from mothertongue.report.chat import chosen_subjects, readable, terminal_chat, together

from .fakes import Broken, Echo


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def talk(text: str, compare: bool = True, live: bool = False) -> tuple[str, Echo, Echo]:
    before, after = Echo("before", "b:"), Echo("after", "a:")
    kind = Terminal if live else io.StringIO
    source, target = kind(text), kind()
    terminal_chat({"before": before, "after": after}, compare, source=source, target=target)
    return target.getvalue(), before, after


def test_plain_lines() -> None:
    output, _, _ = talk("one two\n\nthree\n")
    assert output == "[before] b:one two \n[after] a:one two \n[before] b:three \n[after] a:three \n"


def test_without_comparison_only_the_last_model_answers() -> None:
    output, before, after = talk("hello\n", compare=False)
    assert output == "a:hello \n"
    assert before.asked == []
    assert len(after.asked) == 1


def test_each_model_sees_its_own_answers_only() -> None:
    _, before, after = talk("one\ntwo\n")
    assert [message["content"] for message in before.asked[1]] == ["one", "b:one ", "two"]
    assert [message["content"] for message in after.asked[1]] == ["one", "a:one ", "two"]
    assert [message["role"] for message in after.asked[1]] == ["user", "assistant", "user"]


def test_new_forgets_and_quit_ends() -> None:
    _, before, _ = talk("one\n/new\ntwo\n/quit\nthree\n")
    assert [len(messages) for messages in before.asked] == [1, 1]


def test_a_terminal_shows_columns() -> None:
    output, _, _ = talk("hello there\n", live=True)
    assert "b:hello there" in output
    assert "a:hello there" in output
    rows = [line for line in output.splitlines() if "before" in line and "after" in line]
    assert rows


def test_answers_come_in_turn() -> None:
    subjects = {"x": Echo("x", "1"), "y": Echo("y", "2")}
    history = [{"role": "user", "content": "a b"}]
    order = [name for name, _ in together(subjects, {"x": history, "y": history})]
    assert order == ["x", "y", "x", "y", "x", "y"]


def test_an_abandoned_answer_ends_its_model() -> None:
    subjects = {"x": Echo("x"), "y": Echo("y")}
    history = [{"role": "user", "content": "a b c"}]
    pieces = together(subjects, {"x": history, "y": history})
    next(pieces)
    next(pieces)
    pieces.close()
    assert [subject.ended for subject in subjects.values()] == [1, 1]


def test_nothing_steers_the_terminal() -> None:
    assert readable("a\x1b[2Jb\x07\u202ec\td\n\ud800") == "a\ufffd[2Jb\ufffd\ufffdc\td\n\ufffd"
    output, _, _ = talk("\x1b]0;owned\x07\n")
    assert "\x1b" not in output
    assert "\x07" not in output


def test_markup_of_the_terminal_library_is_text() -> None:
    output, _, _ = talk("[red]hi[/red] [link=http://x]y[/link]\n", live=True)
    assert "[red]hi[/red]" in output


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp936", "utf-8"])
def test_every_terminal_encoding_is_served(encoding: str) -> None:
    raw = io.BytesIO()
    target = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    terminal_chat({"x": Echo("x")}, True, source=io.StringIO("شكرا é 你\n"), target=target)
    target.flush()
    assert raw.getvalue().decode(encoding)


def test_nobody_to_talk_to_is_refused() -> None:
    with pytest.raises(InputError, match="MT703"):
        chosen_subjects({}, True)


def test_a_failing_model_is_not_hidden() -> None:
    with pytest.raises(ValueError, match="secret"):
        terminal_chat({"x": Broken()}, True, source=io.StringIO("hi\n"), target=io.StringIO())
