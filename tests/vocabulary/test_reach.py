"""What counts as a proof, and that tokens without one are found and left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizer_families import FRISIAN

from mothertongue.testing import tiny_tokenizer
from mothertongue.vocabulary.backend import read_backend, rebuild
from mothertongue.vocabulary.continuation import Learned
from mothertongue.vocabulary.extend import extend_tokenizer
from mothertongue.vocabulary.reach import check_proofs, completions, prove


def test_a_token_that_no_merge_makes_has_no_proof() -> None:
    base = read_backend(tiny_tokenizer())
    dead = rebuild(base, ["zqz", "zq"], [("z", "q")])
    first, second = base.next_id, base.next_id + 1
    proofs = prove(dead, [first, second], {"Ġzqz": 3}, {})
    assert proofs == {second: "zq"}
    assert check_proofs(dead, {first: "zqz", second: "zq"}) == [first]


def test_half_a_character_is_proved_by_a_character_that_it_begins() -> None:
    base = read_backend(tiny_tokenizer())
    # U+1208..U+123F begin with the bytes E1 88; the symbols of these bytes are á and Ī-like marks.
    names = {byte: symbol for symbol, byte in _symbols(base).items()}
    left, right = names[0xE1], names[0x88]
    half = rebuild(base, [left + right], [(left, right)])
    proof = prove(half, [base.next_id], {}, {})[base.next_id]
    assert base.next_id in half.encode(proof)
    assert "\N{REPLACEMENT CHARACTER}" not in proof


def _symbols(base) -> dict[str, int]:
    from mothertongue.vocabulary.backend import byte_symbols

    return {symbol: byte for symbol, byte in byte_symbols().items() if symbol in base.vocab}


@given(st.text(min_size=1, max_size=4), st.data())
def test_completions_hold_the_bytes_and_are_text(text: str, data: st.DataObject) -> None:
    raw = text.encode()
    start = data.draw(st.integers(0, len(raw) - 1))
    end = data.draw(st.integers(start + 1, len(raw)))
    found = next(completions(raw[start:end]))
    assert raw[start:end] in found.encode()


def test_idle_tokens_are_those_that_nothing_reaches_or_needs() -> None:
    learned = Learned(["ab", "abc", "xy", "xyz"], [("a", "b"), ("ab", "c"), ("x", "y"), ("xy", "z")])
    assert learned.idle({"ab", "abc", "xy", "xyz"}) == set()
    assert learned.idle({"abc", "xyz"}) == set()
    assert learned.idle({"abc", "xy"}) == {"xyz"}
    assert learned.idle({"abc"}) == {"xy", "xyz"}
    assert learned.without({"xy", "xyz"}).merges == [("a", "b"), ("ab", "c")]
    assert learned.without({"xy", "xyz"}).tokens == ["ab", "abc"]


def test_unreached_tokens_are_dropped_and_counted_and_ids_close_up(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = extend_tokenizer(tiny_tokenizer(), FRISIAN, size=40)
    parts = {part for pair in read_backend(whole.tokenizer).merges for part in pair}
    victim = next(token for token in whole.tokens if token not in parts)

    def blind(backend, ids, words, hints):
        return {
            index: proof
            for index, proof in prove(backend, ids, words, hints).items()
            if _name(backend, index) != victim
        }

    monkeypatch.setattr("mothertongue.vocabulary.extend.prove", blind)
    found = extend_tokenizer(tiny_tokenizer(), FRISIAN, size=40)
    assert found.tokens == [token for token in whole.tokens if token != victim]
    assert found.dropped == 1
    assert found.new_ids == list(range(found.new_ids[0], found.new_ids[0] + 39))
    assert found.reachability == 1.0
    assert victim not in found.tokenizer.get_vocab()


def _name(backend, index: int) -> str:
    return backend.live.id_to_token(index)
