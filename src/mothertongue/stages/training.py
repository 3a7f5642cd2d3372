"""What the stages that train share: packed rows from document sets, the loop's pieces, and short trials."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from transformers import PreTrainedModel, PreTrainedTokenizerFast

from mothertongue.corpus.document import Document
from mothertongue.errors import InputError, Problem, WorkError
from mothertongue.evaluation.scorer import Scorer, bits_per_byte
from mothertongue.models.load import Loaded
from mothertongue.recipe import Recipe
from mothertongue.run import StageContext
from mothertongue.stages.corpus import read_dialogues, read_set
from mothertongue.stages.start import elapsed
from mothertongue.training.decide import Trial
from mothertongue.training.loop import Loop, LoopOptions
from mothertongue.training.objectives.causal import CausalObjective, check_plain_head
from mothertongue.training.order import MixedOrder
from mothertongue.training.packing import Row, encode_dialogues, encode_documents, pack
from mothertongue.training.trainable import Method, TrainableOptions, finish

RATES: Mapping[Method, float] = {"full": 3e-4, "lora": 2e-3}
"""Peak learning rates that did best at 135 million parameters and about 60,000 tokens (docs/log.md)."""
EMBEDDING_RATE = 3e-4
EPOCHS = 2
"""How often the texts are read when neither steps nor time are given."""
TRIAL_TOKENS = 4_096
"""Tokens of one trial: long enough to rank arms, short enough that three of them take a minute on two cores."""


@dataclass(frozen=True)
class Rows:
    """Packed rows of both streams, and how many bytes of text a target token carries."""

    streams: Mapping[str, Sequence[Row]]
    shares: Mapping[str, float]
    bytes_per_token: float

    def order(self, recipe: Recipe, seed: int) -> MixedOrder:
        """The order of a run's steps."""
        sizes = {name: len(rows) for name, rows in self.streams.items()}
        return MixedOrder(sizes, self.shares, recipe.pretrain.batch_size, seed)


def pack_rows(context: StageContext, tokenizer: PreTrainedTokenizerFast) -> Rows:
    """The training and replay sets as rows of `pretrain.sequence_length`. InputError (MT502) if not one row fills."""
    recipe = context.recipe
    length, share = recipe.pretrain.sequence_length, recipe.corpus.replay_share
    train = read_set(context, "train")
    encoded = encode_documents(tokenizer, [document.text for document in train])
    replay = encode_documents(tokenizer, [document.text for document in read_set(context, "replay")]) if share else []
    chats = encode_dialogues(tokenizer, read_dialogues(context)) if recipe.corpus.chat_share else []
    ids, learned = [chat[0] for chat in chats], [chat[1] for chat in chats]
    streams = {
        "target": pack(encoded, length, "target"),
        "replay": pack(replay, length, "replay"),
        "chat": pack(ids, length, "chat", learned),
    }
    if not streams["target"]:
        tokens = sum(map(len, encoded))
        raise InputError(
            Problem(
                "MT502",
                f"the training text has {tokens} tokens, less than one row",
                key="pretrain.sequence_length",
                value=str(length),
                allowed=f"at most {tokens}",
                do="add text or shorten the rows",
            )
        )
    size = sum(len(document.text.encode()) for document in train)
    chat_share = recipe.corpus.chat_share
    shares = {"target": 1 - share - chat_share, "replay": share, "chat": chat_share}
    return Rows(streams, shares, size / max(1, sum(map(len, encoded))))


def trainable_options(recipe: Recipe, method: Method) -> TrainableOptions:
    """What to train by a method, with the recipe's learning rates or the proven ones."""
    pretrain = recipe.pretrain
    return TrainableOptions(
        method=method,
        rank=pretrain.rank,
        learning_rate=pretrain.learning_rate or RATES[method],
        embedding_learning_rate=pretrain.embedding_learning_rate or EMBEDDING_RATE,
        train_embeddings=pretrain.train_embeddings,
        seed=recipe.seed,
    )


def loop_options(recipe: Recipe, steps: int) -> LoopOptions:
    """The loop's schedule from the recipe."""
    pretrain = recipe.pretrain
    return LoopOptions(
        steps=steps,
        warmup_share=pretrain.warmup_share,
        weight_decay=pretrain.weight_decay,
        gradient_clip=pretrain.gradient_clip,
        checkpoint_seconds=pretrain.checkpoint_seconds,
    )


def build_loop(
    context: StageContext,
    model: PreTrainedModel,
    rows: Rows,
    method: Method,
    options: LoopOptions,
    checkpoint: Path | None = None,
) -> Loop:
    """The training loop of a stage. WorkError (MT503) if the model's head is of a kind that the loss does not know."""
    if not check_plain_head(model):
        name = model.config.model_type
        raise WorkError(
            Problem("MT503", "the model scales or caps its logits, which training does not support", value=name)
        )
    recipe = context.recipe
    order = rows.order(recipe, recipe.seed)
    trainable = trainable_options(recipe, method)
    return Loop(model, CausalObjective(), rows.streams, order, trainable, options, checkpoint)


def measure(loaded: Loaded, documents: Sequence[Document]) -> float:
    """Bits per byte of some documents under a model."""
    return bits_per_byte(
        Scorer(loaded.model, loaded.tokenizer), [document.text for document in documents]
    ).bits_per_byte


def run_trial(context: StageContext, name: str, loaded: Loaded, rows: Rows, method: Method) -> Trial:
    """Trains `loaded` (which is spent afterwards) for a moment; what the decision sets say before and after.

    Every trial sees the same number of tokens at a constant rate, so its weights do not depend on the machine's speed.
    """
    target, old = read_set(context, "decision"), read_set(context, "retention_decision")
    recipe = context.recipe
    before = [measure(loaded, documents) for documents in (target, old)]
    steps = max(2, TRIAL_TOKENS // (recipe.pretrain.sequence_length * recipe.pretrain.batch_size))
    loop = build_loop(context, loaded.model, rows, method, replace(loop_options(recipe, steps), final_share=1.0))
    seconds: list[float] = []
    loop.run(lambda report: seconds.append(report.seconds), context.check_interrupt)
    finish(loaded.model, trainable_options(recipe, method))
    after = [measure(loaded, documents) for documents in (target, old)]
    # the first steps touch their memory for the first time and say nothing about the speed of a long training
    return Trial(name, before[0], after[0], before[1], after[1], loop.tokens, statistics.median(seconds) * steps)


def training_tokens(context: StageContext, rows: Rows, speed: float) -> float:
    """The tokens that training will see at a speed: by the recipe's steps or time, or `EPOCHS` readings of the text."""
    pretrain = context.recipe.pretrain
    if pretrain.steps is not None:
        return float(pretrain.steps * pretrain.sequence_length * pretrain.batch_size)
    seconds = training_seconds(context)
    if seconds is None:
        return EPOCHS * len(rows.streams["target"]) / rows.shares["target"] * float(pretrain.sequence_length)
    return seconds * speed


def training_seconds(context: StageContext) -> float | None:
    """Seconds that are left for training: as the recipe says, or of its budget after all that is still to come."""
    recipe = context.recipe
    if recipe.pretrain.seconds is not None or recipe.budget is None:
        return None if recipe.pretrain.seconds is None else float(recipe.pretrain.seconds)
    return float(recipe.budget) - elapsed(context) - reserve(context)


def reserve(context: StageContext) -> float:
    """Seconds to keep for what follows training: restoring and the second evaluation cost about what the first did."""
    spent = context.ledger()["baseline"]["seconds"]
    rules = len(context.recipe.restore.rules)
    return float(spent) * (1.15 + 0.3 * rules) + 8.0
