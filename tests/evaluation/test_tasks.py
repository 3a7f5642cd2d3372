"""Tasks give what their formula says on the tiny model, and each file of the folder has its row in the table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mothertongue.errors import InputError
from mothertongue.evaluation import tasks
from mothertongue.evaluation.readers import Pair, Prompt, Question
from mothertongue.evaluation.result import TaskResult
from mothertongue.evaluation.scorer import Scorer
from mothertongue.evaluation.tasks import TASKS, Bits, ChatFormat, Choices, MinimalPairs, Subject
from mothertongue.evaluation.tasks.format import RULES, check_answer, repeats
from mothertongue.generation.local import LocalGenerator
from mothertongue.generation.protocol import Completion, Sampling
from mothertongue.prompting.text import document_start, encode_text
from mothertongue.testing import TEXTS

PAIRS = [Pair(str(k), "word_order", text, " ".join(reversed(text.split()))) for k, text in enumerate(TEXTS)]
QUESTIONS = [
    Question("q1", "Who keeps the key of the tower?", "The baker", ("The miller", "The bridge", "é <|im_end|>")),
    Question("q2", "Wie bewaart de sleutel?", "De bakker van de toren", ("De molenaar",)),
]
PROMPTS = [Prompt(str(k), "nl", text) for k, text in enumerate(TEXTS[:3])]
DOCUMENTS = [(str(k), text) for k, text in enumerate(TEXTS)]
ROWS: dict[str, Any] = {
    "bits": Bits("b", DOCUMENTS),
    "choice": Choices("c", QUESTIONS),
    "format": ChatFormat("f", PROMPTS, max_new_tokens=4),
    "minimal_pair": MinimalPairs("m", PAIRS),
}


@pytest.fixture
def subject(model: Any, tokenizer: Any) -> Subject:
    return Subject(model, tokenizer, Scorer(model, tokenizer), LocalGenerator(model, tokenizer))


def test_every_file_has_a_row() -> None:
    files = {path.stem for path in Path(str(tasks.__file__)).parent.glob("*.py")} - {"__init__", "protocol"}
    assert files == set(TASKS) == set(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_contract(name: str, subject: Subject) -> None:
    assert type(ROWS[name]) is TASKS[name]
    first, again = ROWS[name].run(subject), ROWS[name].run(subject)
    assert first == again
    assert first.name == ROWS[name].name
    assert TaskResult.from_json(first.to_json()) == first
    assert 1 <= len(first.first_ids) <= 8
    for companion in first.companions:
        assert np.isfinite(first.of(companion).value)


def sentence_score(model: Any, tokenizer: Any, prefix: list[int], text: str) -> float:
    ids = torch.tensor([[*prefix, *encode_text(tokenizer, text)]])
    with torch.no_grad():
        values = torch.log_softmax(model(ids).logits[0, :-1].double(), 1).gather(1, ids[0, 1:, None])
    return float(values[len(prefix) - 1 :].sum())


def test_minimal_pairs_by_the_formula(model: Any, tokenizer: Any, subject: Subject) -> None:
    result = MinimalPairs("m", PAIRS).run(subject)
    start = document_start(tokenizer)
    for item, pair in zip(result.items, PAIRS, strict=True):
        ratio = sentence_score(model, tokenizer, start, pair.good) - sentence_score(model, tokenizer, start, pair.bad)
        assert item.detail["log_ratio"] == pytest.approx(ratio, abs=1e-3)
        assert item.value == float(ratio > 0)


def test_equal_sentences_do_not_count_as_found(subject: Subject) -> None:
    assert MinimalPairs("m", [Pair("a", "none", "x y", "x y")]).run(subject).value == 0


@pytest.mark.parametrize("form", ["chat", "plain"])
def test_choices_by_the_formula(form: Any, model: Any, tokenizer: Any, subject: Subject) -> None:
    result = Choices("c", QUESTIONS, form).run(subject)
    for item, question in zip(result.items, QUESTIONS, strict=True):
        if form == "chat":
            messages = [{"role": "user", "content": question.question}]
            found = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)
            prefix, space = list(found["input_ids"]), ""
        else:
            prefix, space = [*document_start(tokenizer), *encode_text(tokenizer, question.question)], " "
        answers = [question.answer, *question.distractors]
        sums = [sentence_score(model, tokenizer, prefix, space + answer) for answer in answers]
        rates = [total / len(answer.encode()) for total, answer in zip(sums, answers, strict=True)]
        assert item.value == float(np.argmax(sums) == 0)
        assert item.detail["margin"] == pytest.approx(rates[0] - max(rates[1:]), abs=1e-3)
        assert item.detail["picked"] == answers[int(np.argmax(sums))]


def test_bits_leave_out_empty_documents(subject: Subject) -> None:
    result = Bits("b", [*DOCUMENTS, ("empty", "")]).run(subject)
    assert [item.id for item in result.items] == [key for key, _ in DOCUMENTS]
    assert result.items[0].detail["bytes"] == len(TEXTS[0].encode())


def test_format_without_a_generator_is_refused(model: Any, tokenizer: Any) -> None:
    with pytest.raises(InputError) as caught:
        ROWS["format"].run(Subject(model, tokenizer, Scorer(model, tokenizer)))
    assert caught.value.problems[0].code == "MT622"


class Scripted:
    """A generator that gives prepared answers."""

    identity = "scripted"

    def __init__(self, answers: list[Completion]) -> None:
        self.answers = answers

    def generate(self, prompts: Any, sampling: Sampling) -> list[Completion]:
        assert len(prompts) == len(self.answers)
        return self.answers


def test_format_counts_each_rule(model: Any, tokenizer: Any) -> None:
    answers = [
        Completion("Goed zo.", [5, 6, 2], "stop"),
        Completion(" ", [5, 2], "stop"),
        Completion("ja", [5], "length"),
    ]
    subject = Subject(model, tokenizer, Scorer(model, tokenizer), Scripted(answers))
    result = ChatFormat("f", PROMPTS).run(subject)
    assert [item.value for item in result.items] == [1, 0, 0]
    assert {rule: result.of(rule).value for rule in RULES} == {
        "ended": pytest.approx(2 / 3), "not_empty": pytest.approx(2 / 3),
        "no_control_token": 1, "no_role_header": 1, "no_repetition": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "ids", "broken"),
    [
        ("Een goed antwoord.", [7, 2], set()),
        ("", [2], {"not_empty"}),
        ("afgebroken", [7, 8], {"ended"}),
        ("twee", [7, 1, 8, 2], {"no_control_token"}),
        ("Ja.\nuser\nEn nu?", [7, 2], {"no_role_header"}),
        ("Ja.\n### Assistant: nee", [7, 2], {"no_role_header"}),
        ("The user must log in: so.", [7, 2], set()),
        ("de man zag de " * 3, [7, 2], {"no_repetition"}),
        ("ja " * 12, [7, 2], {"no_repetition"}),
        ("ja ja ja, echt", [7, 2], set()),
        ("a" * 40, [7, 2], {"no_repetition"}),
        ("een\n\n\n\n" + " " * 60 + "twee", [7, 2], set()),
        ("", [], {"ended", "not_empty"}),
    ],
)
def test_rules(text: str, ids: list[int], broken: set[str]) -> None:
    kept = check_answer(Completion(text, ids, "stop"), {2}, {0, 1})
    assert {rule for rule in RULES if not kept[rule]} == broken


def test_repeats_by_hand() -> None:
    assert repeats(list("abcd" * 3))
    assert not repeats(list("abcd" * 2 + "abc"))
    assert repeats(list("aaaa"), size=1, times=4)
    assert not repeats(list("aaab"), size=1, times=4)
