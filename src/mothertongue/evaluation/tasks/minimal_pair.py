"""Minimal pairs: does the model find the good sentence more probable than the bad one (BLiMP's criterion)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mothertongue.evaluation.readers import Pair
from mothertongue.evaluation.result import ItemResult, TaskResult
from mothertongue.evaluation.tasks.protocol import Subject
from mothertongue.prompting.text import encode_texts


@dataclass(frozen=True)
class MinimalPairs:
    """Accuracy over pairs; `result.by("phenomenon")` splits it, companion `log_ratio` is the margin in nats."""

    name: str
    pairs: Sequence[Pair]

    def run(self, subject: Subject) -> TaskResult:
        """1 for a pair whose good sentence has the strictly greater total log-probability, else 0."""
        start = subject.scorer.start
        sentences = [sentence for pair in self.pairs for sentence in (pair.good, pair.bad)]
        ids = encode_texts(subject.tokenizer, sentences)
        sums = [float(values.sum()) for values in subject.scorer.token_logprobs([(start, target) for target in ids])]
        items = tuple(
            ItemResult(pair.id, float(good > bad), {"phenomenon": pair.phenomenon, "log_ratio": good - bad})
            for pair, good, bad in zip(self.pairs, sums[::2], sums[1::2], strict=True)
        )
        head = tuple([*start, *ids[0]][:8]) if ids else ()
        return TaskResult(self.name, "accuracy", items, companions=("log_ratio",), first_ids=head)
