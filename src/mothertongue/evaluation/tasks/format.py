"""Chat form: does the model still answer as a chat model does. Greedy answers, five rules, each of them counted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mothertongue.errors import InputError, Problem
from mothertongue.evaluation.readers import Prompt
from mothertongue.evaluation.result import ItemResult, TaskResult
from mothertongue.evaluation.tasks.protocol import Subject
from mothertongue.generation.protocol import Completion, Sampling
from mothertongue.prompting.chat import end_of_turn, render_chat
from mothertongue.prompting.text import control_tokens

RULES = ("ended", "not_empty", "no_control_token", "no_role_header", "no_repetition")

_NGRAM, _TIMES = 4, 3  # the same four words three times in a row
_HEADER = re.compile(r"(?:^|\n)\s*(?:#+\s*)?(?:user|assistant|system|human)\s*(?::|\n|$)", re.IGNORECASE)


@dataclass(frozen=True)
class ChatFormat:
    """The share of prompts whose answer keeps all of RULES; each rule is a companion metric of its own.

    An answer must end with the end-of-turn token within `max_new_tokens`, say something, emit no other control token,
    write no role header such as `user:`, and not repeat one run of words without end. The answer is kept as `text`.
    """

    name: str
    prompts: Sequence[Prompt]
    max_new_tokens: int = 128

    def run(self, subject: Subject) -> TaskResult:
        """1 for an answer that keeps every rule, else 0; InputError (MT622) without a generator."""
        if subject.generator is None:
            raise InputError(Problem("MT622", "this task needs a generator", self.name))
        tokenizer = subject.tokenizer
        chats = [
            render_chat(tokenizer, [{"role": "user", "content": item.prompt}], add_generation_prompt=True)
            for item in self.prompts
        ]
        answers = subject.generator.generate(chats, Sampling(max_new_tokens=self.max_new_tokens))
        ends = set(end_of_turn(tokenizer))
        controls = set(control_tokens(tokenizer).values()) - ends
        items = []
        for item, answer in zip(self.prompts, answers, strict=True):
            kept = check_answer(answer, ends, controls)
            detail = {**{rule: float(kept[rule]) for rule in RULES}, "text": answer.text, "language": item.language}
            items.append(ItemResult(item.id, float(all(kept.values())), detail))
        head = tuple(chats[0][:8]) if chats else ()
        return TaskResult(self.name, "chat_format", tuple(items), companions=RULES, first_ids=head)


def check_answer(answer: Completion, ends: set[int], controls: set[int]) -> dict[str, bool]:
    """Which of RULES an answer keeps; `ends` are the ids that end a turn, `controls` those it must not emit."""
    return {
        "ended": bool(answer.ids) and answer.ids[-1] in ends,
        "not_empty": bool(answer.text.strip()),
        "no_control_token": not controls.intersection(answer.ids),
        "no_role_header": not _HEADER.search(answer.text),
        "no_repetition": not repeats(answer.text.split()) and not repeats(list(answer.text), 8, 4),
    }


def repeats(units: Sequence[str], size: int = _NGRAM, times: int = _TIMES) -> bool:
    """Whether some run of at most `size` units stands at least `times` times in a row (runs of blank units aside).

    A run shorter than `size` must fill as much as `size` units repeated `times` times, so that "ha ha ha" is no loop.
    """
    for length in range(1, size + 1):
        needed = size * times - length  # equal neighbours at this distance that such a stretch has
        streak = 0
        for place in range(length, len(units)):
            same = units[place] == units[place - length]
            streak = streak + 1 if same else 0
            if streak >= needed and any(unit.strip() for unit in units[place - length : place]):
                return True
    return False
