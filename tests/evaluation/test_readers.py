"""The embedded sample is read whole; a damaged file tells every problem at once, with its line."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from mothertongue.errors import InputError, codes
from mothertongue.evaluation.readers import read_pairs, read_prompts, read_questions

SAMPLE = Path(str(resources.files("mothertongue"))) / "data" / "sample"


def test_the_embedded_sample() -> None:
    for language in ("nl", "en"):
        assert all(len(item.distractors) >= 2 for item in read_questions(SAMPLE / "questions.jsonl", language))
        assert len({item.phenomenon for item in read_pairs(SAMPLE / f"minimal_pairs-{language}.jsonl")}) >= 5
    assert {item.language for item in read_prompts(SAMPLE / "prompts.jsonl")} >= {"nl", "en"}


def question(**changes: Any) -> dict[str, Any]:
    return {"id": "q", "nl": {"question": "Wie?", "answer": "Jan", "distractors": ["Piet"], **changes}}


PAIR = {"id": "p", "phenomenon": "agreement", "good": "a b", "bad": "a c"}


@pytest.mark.parametrize(
    ("read", "lines", "expected"),
    [
        (lambda path: read_questions(path, "nl"), [question(answer=""), "{", [1], question(distractors=[])],
         [("MT612", 1), ("MT611", 2), ("MT611", 3), ("MT613", 4)]),
        (lambda path: read_questions(path, "nl"), [question(distractors=["Jan"]), {"id": "r", "en": {}}, {"nl": {}}],
         [("MT612", 1), ("MT612", 2), ("MT612", 3)]),
        (lambda path: read_questions(path, "nl"), [question(distractors="Piet"), {"id": "r", "nl": {}}],
         [("MT612", 1), ("MT612", 2), ("MT612", 2), ("MT612", 2)]),
        (read_pairs, [PAIR, PAIR, {**PAIR, "id": "x", "bad": "a b"}, {**PAIR, "id": "y", "good": 3, "phenomenon": " "}],
         [("MT613", 2), ("MT612", 3), ("MT612", 4), ("MT612", 4)]),
        (read_prompts, [{"id": "a", "language": "nl"}, {"id": "b", "prompt": "x"}], [("MT612", 1), ("MT612", 2)]),
        (read_prompts, [], [("MT611", None)]),
    ],
)  # fmt: skip
def test_every_problem_is_told(
    read: Callable[[Path], Any], lines: list[Any], expected: list[tuple[str, int | None]], tmp_path: Path
) -> None:
    path = tmp_path / "items.jsonl"
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    with pytest.raises(InputError) as caught:
        read(path)
    assert [(problem.code, problem.line) for problem in caught.value.problems] == expected
    assert all(problem.where == str(path) for problem in caught.value.problems)


def test_missing_file_and_wrong_encoding(tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    path.write_bytes(b'{"id": "\xff"}\n')
    for bad in (path, tmp_path / "none"):
        with pytest.raises(InputError) as caught:
            read_pairs(bad)
        assert [problem.code for problem in caught.value.problems] == ["MT611"]


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(PAIR).encode() + b"\r\n\n")
    assert [item.id for item in read_pairs(path)] == ["p"]


def test_every_code_of_the_room_is_explained() -> None:
    root = Path(str(resources.files("mothertongue")))
    used = set()
    for room in ("evaluation", "prompting", "generation"):
        for file in (root / room).rglob("*.py"):
            used |= {f"MT{part[:3]}" for part in file.read_text().split('"MT')[1:]}
    assert used == {code for code in codes() if code.startswith("MT6")}
