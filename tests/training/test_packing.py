"""Rows are full, lose nothing but the last piece, and documents in one row do not see each other."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from mothertongue.testing import tiny_model, tiny_tokenizer
from mothertongue.training.objectives.causal import CausalObjective, check_plain_head
from mothertongue.training.packing import Row, encode_dialogues, encode_documents, pack


def test_three_documents_by_hand():
    rows = pack([[1, 2, 3], [4, 5], [6, 7, 8, 9]], 4, "target")
    assert rows == [
        Row([1, 2, 3, 4], [0, 1, 2, 0], "target", [1] * 4),
        Row([5, 6, 7, 8], [0, 0, 1, 2], "target", [1] * 4),
    ]


def test_weights_travel_with_their_tokens():
    rows = pack([[1, 2, 3], [4, 5, 6, 7, 8]], 4, "chat", [[0, 0, 1], [0, 1, 1, 0, 1]])
    assert [row.weights for row in rows] == [[0, 0, 1, 0], [1, 1, 0, 1]]


@given(st.lists(st.lists(st.integers(0, 99), min_size=1, max_size=30), max_size=12), st.integers(2, 16))
def test_packing_keeps_every_token_in_order_but_an_incomplete_last_row(documents, length):
    flat = [token for document in documents for token in document]
    rows = pack(documents, length, "target")
    assert [token for row in rows for token in row.ids] == flat[: len(flat) // length * length]
    assert all(len(row.ids) == len(row.positions) == length for row in rows)


def test_packed_equals_unpacked():
    tokenizer = tiny_tokenizer()
    model = tiny_model(tokenizer, seed=3).eval()
    objective = CausalObjective()
    generator = torch.Generator().manual_seed(0)
    pieces = [torch.randint(20, 60, (size,), generator=generator).tolist() for size in (5, 9, 2, 8)]
    packed = objective.loss(model, objective.collate(pack(pieces, 24, "target")))
    single = [objective.loss(model, objective.collate(pack([piece], len(piece), "target"))) for piece in pieces]
    assert packed.weight == sum(loss.weight for loss in single) == 24 - 4
    torch.testing.assert_close(packed.total, sum(loss.total for loss in single), rtol=1e-5, atol=1e-4)


def test_the_loss_is_that_of_transformers():
    tokenizer = tiny_tokenizer()
    model = tiny_model(tokenizer, seed=5).eval()
    ids = torch.randint(10, 60, (1, 16), generator=torch.Generator().manual_seed(1))
    objective = CausalObjective()
    ours = objective.loss(model, objective.collate([Row(ids[0].tolist(), list(range(16)), "target", [1] * 16)]))
    theirs = model(input_ids=ids, labels=ids).loss
    torch.testing.assert_close(ours.total / ours.weight, theirs, rtol=1e-5, atol=1e-5)
    assert ours.metrics == {"nats_target": ours.total.item() / 15}


def test_a_capped_head_is_noticed():
    model = tiny_model(tiny_tokenizer())
    assert check_plain_head(model)
    model.lm_head.register_forward_hook(lambda module, inputs, logits: 3 * torch.tanh(logits / 3))
    assert not check_plain_head(model)


def test_documents_are_framed_and_control_strings_stay_text():
    tokenizer = tiny_tokenizer()
    controls = set(tokenizer.all_special_ids)
    (document,) = encode_documents(tokenizer, ["een <|im_end|> twee"])
    assert document[0] in controls
    assert document[-1] in controls
    assert not controls & set(document[1:-1])
    assert tokenizer.decode(document[1:-1]) == "een <|im_end|> twee"


def test_only_what_the_assistant_writes_is_learned():
    tokenizer = tiny_tokenizer()
    messages = [
        {"role": "user", "content": "Hoe heet je?"},
        {"role": "assistant", "content": "Ik heet <|im_end|> Ada."},
    ]
    ((ids, learned),) = encode_dialogues(tokenizer, [messages])
    said = tokenizer.decode([index for index, weight in zip(ids, learned, strict=True) if weight])
    assert said.strip() == "Ik heet <|im_end|> Ada.<|im_end|>"


def test_a_token_without_weight_changes_no_gradient():
    tokenizer = tiny_tokenizer()
    model = tiny_model(tokenizer, seed=2).eval()
    objective = CausalObjective()
    ids = list(range(20, 30))
    half = objective.loss(model, objective.collate([Row(ids, list(range(10)), "chat", [1] * 5 + [0] * 5)]))
    first = objective.loss(model, objective.collate([Row(ids[:5], list(range(5)), "chat", [1] * 5)]))
    assert half.weight == first.weight == 4
    torch.testing.assert_close(half.total, first.total, rtol=1e-5, atol=1e-5)
