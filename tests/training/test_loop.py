"""Resumed equals uninterrupted, the schedule is the written one, and what is frozen stays frozen."""

import json

import pytest
import torch

from mothertongue.errors import WorkError
from mothertongue.testing import tiny_model, tiny_tokenizer
from mothertongue.training.loop import Loop, LoopOptions, rate_at
from mothertongue.training.objectives.causal import CausalObjective
from mothertongue.training.order import MixedOrder
from mothertongue.training.packing import Row
from mothertongue.training.trainable import TrainableOptions, finish

STEPS = 9


def rows(stream, count, seed):
    ids = torch.randint(10, 90, (count, 16), generator=torch.Generator().manual_seed(seed)).tolist()
    return [Row(row, list(range(16)), stream, [1] * 16) for row in ids]


def make(method, checkpoint=None, train_embeddings=True, rate=1e-2):
    streams = {"target": rows("target", 7, 0), "replay": rows("replay", 3, 1)}
    order = MixedOrder({"target": 7, "replay": 3}, {"target": 0.8, "replay": 0.2}, 2, 5)
    trainable = TrainableOptions(method, 4, rate, rate, train_embeddings, 2)
    return Loop(
        tiny_model(tiny_tokenizer()), CausalObjective(), streams, order, trainable, LoopOptions(STEPS), checkpoint
    )


def run(loop, stop_at=None):
    losses = []

    def between():
        if loop.step == stop_at:
            raise KeyboardInterrupt

    try:
        loop.run(lambda report: losses.append(report.loss), between)
    except KeyboardInterrupt:
        assert loop.step == stop_at
    return losses


@pytest.mark.parametrize("method", ["full", "lora"])
@pytest.mark.parametrize("stops", [[1], [4], [8], [2, 3, 7]])
def test_resumed_equals_uninterrupted(tmp_path, method, stops):
    whole = make(method)
    expected = run(whole)
    found = []
    for stop in [*stops, None]:
        part = make(method, tmp_path / "checkpoint")
        assert part.resume() == bool(found)
        found += run(part, stop)
    assert found == expected
    for name, parameter in whole.model.state_dict().items():
        assert torch.equal(parameter, part.model.state_dict()[name]), name


def test_the_loss_falls():
    losses = run(make("full"))
    assert losses[-1] < losses[0] - 0.5


def test_a_lost_moment_would_be_noticed(tmp_path):
    """The control of the resume law: without the optimiser's state the losses differ."""
    expected = run(make("full"))
    first = make("full", tmp_path / "checkpoint")
    head = run(first, 4)
    second = make("full", tmp_path / "checkpoint")
    second.resume()
    second.optimizer.state.clear()
    assert head + run(second) != expected


def test_schedule_by_hand():
    options = LoopOptions(steps=10, warmup_share=0.2)
    assert [rate_at(step, options) for step in range(10)] == [
        0.5,
        1.0,
        1.0,
        7 / 8,
        6 / 8,
        5 / 8,
        4 / 8,
        3 / 8,
        2 / 8,
        1 / 8,
    ]


@pytest.mark.parametrize("method", ["full", "lora"])
def test_frozen_parameters_stay_and_tied_ones_stay_tied(method):
    loop = make(method, train_embeddings=False)
    before = loop.model.get_input_embeddings().weight.detach().clone()
    frozen = {n: p.detach().clone() for n, p in loop.model.named_parameters() if not p.requires_grad}
    run(loop)
    for name, parameter in loop.model.named_parameters():
        if name in frozen:
            assert torch.equal(parameter, frozen[name]), name
    assert torch.equal(before, loop.model.get_input_embeddings().weight)
    assert loop.model.get_output_embeddings().weight is loop.model.get_input_embeddings().weight


def test_lora_merges_to_the_same_logits():
    loop = make("lora")
    run(loop)
    ids = torch.arange(10, 30)[None]
    with torch.inference_mode():
        before = loop.model(input_ids=ids).logits
    finish(loop.model, TrainableOptions("lora", 4, 1e-2, 1e-2, True, 2))
    with torch.inference_mode():
        after = loop.model(input_ids=ids).logits
    torch.testing.assert_close(before, after, rtol=1e-4, atol=1e-4)
    assert not any("inner" in name for name, _ in loop.model.named_modules())


def test_a_loss_that_is_not_finite_stops_with_the_examples_and_keeps_the_checkpoint(tmp_path):
    loop = make("full", tmp_path / "checkpoint")
    with pytest.raises(KeyboardInterrupt):
        loop.run(lambda report: None, lambda: (_ for _ in ()).throw(KeyboardInterrupt) if loop.step == 3 else None)
    with torch.no_grad():
        loop.model.get_input_embeddings().weight.fill_(float("nan"))
    with pytest.raises(WorkError, match="MT501"):
        loop.run(lambda report: None)
    state = json.loads((tmp_path / "checkpoint" / "state.json").read_text())
    assert state["step"] == 3


def test_weights_are_token_counts_so_accumulation_is_exact():
    objective = CausalObjective()
    model = tiny_model(tiny_tokenizer())
    batch = rows("target", 4, 0)
    whole = objective.loss(model, objective.collate(batch))
    halves = [objective.loss(model, objective.collate(part)) for part in (batch[:1], batch[1:])]
    torch.testing.assert_close(whole.total, halves[0].total + halves[1].total)
    assert whole.weight == sum(half.weight for half in halves)
