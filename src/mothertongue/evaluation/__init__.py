"""The evaluation room: a model and test items enter, paired measures leave.

Enters: a transformers model with its tokenizer, documents, questions, minimal pairs, prompts. Leaves: log-probabilities
(`scorer`), values per item (`result`, `tasks/`) and comparisons with paired bootstrap intervals (`statistics`).
Comparisons across tokenizers are by byte and each document has its own start (law 3). Imports torch.
"""

from __future__ import annotations

from mothertongue.evaluation.readers import Pair, Prompt, Question, read_pairs, read_prompts, read_questions
from mothertongue.evaluation.result import Comparison, ItemResult, TaskResult, compare
from mothertongue.evaluation.scorer import DocumentBits, Scorer, TokenScores, bits_per_byte
from mothertongue.evaluation.statistics import Interval, mean_interval, paired_bootstrap, wins_and_losses
from mothertongue.evaluation.tasks import TASKS, Bits, ChatFormat, Choices, MinimalPairs, Subject, Task

__all__ = [
    "TASKS",
    "Bits",
    "ChatFormat",
    "Choices",
    "Comparison",
    "DocumentBits",
    "Interval",
    "ItemResult",
    "MinimalPairs",
    "Pair",
    "Prompt",
    "Question",
    "Scorer",
    "Subject",
    "Task",
    "TaskResult",
    "TokenScores",
    "bits_per_byte",
    "compare",
    "mean_interval",
    "paired_bootstrap",
    "read_pairs",
    "read_prompts",
    "read_questions",
    "wins_and_losses",
]
