"""Questions with candidate answers: which answer does the model find most probable after the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mothertongue.evaluation.readers import Question
from mothertongue.evaluation.result import ItemResult, TaskResult
from mothertongue.evaluation.scorer import Request
from mothertongue.evaluation.tasks.protocol import Subject
from mothertongue.prompting.chat import render_chat
from mothertongue.prompting.text import encode_text, encode_texts


@dataclass(frozen=True)
class Choices:
    """Accuracy by summed log-probability of the answer, in the chat form or as plain `question answer` text.

    Companions, both from log-probability per UTF-8 byte of the answer: `margin` (right answer minus the best wrong
    one, nats per byte) and `accuracy_per_byte`. The answer is scored without an end token, in both forms.
    """

    name: str
    questions: Sequence[Question]
    form: Literal["chat", "plain"] = "chat"

    def run(self, subject: Subject) -> TaskResult:
        """1 for a question whose right answer is strictly the most probable, else 0."""
        requests: list[Request] = []
        for question in self.questions:
            requests += self._requests(subject, question)
        sums = iter([float(values.sum()) for values in subject.scorer.token_logprobs(requests)])
        items = tuple(_item(question, [next(sums) for _ in _answers(question)]) for question in self.questions)
        head = tuple(requests[0][0][:8]) if requests else ()
        return TaskResult(self.name, "accuracy", items, companions=("margin", "accuracy_per_byte"), first_ids=head)

    def _requests(self, subject: Subject, question: Question) -> list[Request]:
        if self.form == "plain":
            return _plain_requests(subject, question)
        messages = [{"role": "user", "content": question.question}]
        prompt = render_chat(subject.tokenizer, messages, add_generation_prompt=True)
        return [(prompt, ids) for ids in encode_texts(subject.tokenizer, _answers(question))]


def _answers(question: Question) -> list[str]:
    return [question.answer, *question.distractors]


def _plain_requests(subject: Subject, question: Question) -> list[Request]:
    """Question and answer encoded together and parted where the texts still agree, the same place for all answers."""
    tokenizer: Any = subject.tokenizer
    alone = encode_text(tokenizer, question.question)
    wholes = encode_texts(tokenizer, [f"{question.question} {answer}" for answer in _answers(question)])
    # A tokenizer may join the end of the question with the answer; then the joint token belongs to the answer.
    cut = min(_agreeing(alone, whole) for whole in wholes)
    return [([*subject.scorer.start, *whole[:cut]], whole[cut:]) for whole in wholes]


def _agreeing(first: Sequence[int], second: Sequence[int]) -> int:
    for place, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return place
    return min(len(first), len(second))


def _item(question: Question, sums: Sequence[float]) -> ItemResult:
    per_byte = [total / len(answer.encode()) for total, answer in zip(sums, _answers(question), strict=True)]
    margin = per_byte[0] - max(per_byte[1:])
    picked = max(range(len(sums)), key=lambda k: sums[k])
    detail = {"margin": margin, "accuracy_per_byte": float(margin > 0), "picked": _answers(question)[picked]}
    return ItemResult(question.id, float(sums[0] > max(sums[1:])), detail)
