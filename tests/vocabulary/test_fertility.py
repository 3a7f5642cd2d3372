"""Sizes of texts under a tokenizer, counted by hand."""

from __future__ import annotations

from tokenizer_families import FRISIAN

from mothertongue.testing import tiny_tokenizer
from mothertongue.vocabulary.align import align_words
from mothertongue.vocabulary.backend import read_backend, rebuild
from mothertongue.vocabulary.extend import extend_tokenizer
from mothertongue.vocabulary.fertility import Fertility, characters_per_token, fertility, share_not_longer
from mothertongue.vocabulary.words import count_words, split_words


def test_sizes_counted_by_hand() -> None:
    tokenizer = tiny_tokenizer(texts=["."])  # knows bytes only
    sizes = fertility(tokenizer, ["é b", "", "cc"])
    # é b: 3 characters, 4 bytes, 2 words; cc: 2, 2, 1. Without merges every byte is a token.
    assert sizes == Fertility(characters=5, bytes=6, words=3, tokens=6)
    assert (sizes.characters_per_token, sizes.bytes_per_token, sizes.tokens_per_word) == (5 / 6, 1.0, 2.0)
    assert characters_per_token(tokenizer, ["é b", "cc"]) == 5 / 6


def test_nothing_gives_zeros_and_no_division() -> None:
    empty = fertility(tiny_tokenizer(), [])
    assert (empty.characters_per_token, empty.bytes_per_token, empty.tokens_per_word) == (0.0, 0.0, 0.0)


def test_control_tokens_of_the_template_are_not_counted() -> None:
    tokenizer = tiny_tokenizer()
    assert fertility(tokenizer, ["a"]).tokens == 1


def test_share_of_texts_that_did_not_grow() -> None:
    base = tiny_tokenizer()
    longer = extend_tokenizer(base, FRISIAN, size=50).tokenizer
    assert share_not_longer(base, longer, list(FRISIAN)) == 1.0
    assert share_not_longer(longer, base, [FRISIAN[0], "a"]) == 0.5
    assert share_not_longer(base, longer, []) == 1.0


def test_words_are_counted_most_frequent_first_and_bounded() -> None:
    backend = read_backend(tiny_tokenizer())
    counts = count_words(backend, ["b a a", "a c"])
    assert list(counts.items()) == [("Ġa", 2), ("a", 1), ("b", 1), ("Ġc", 1)]
    assert list(count_words(backend, ["b a a", "a c"], most=1)) == ["Ġa"]


def test_long_words_are_cut() -> None:
    backend = read_backend(tiny_tokenizer())
    assert sorted(map(len, count_words(backend, ["x" * 1000]))) == [488, 512]


def test_a_text_that_is_one_word_to_sentencepiece_is_split_at_spaces_and_kinds() -> None:
    from tokenizer_families import llama2_like

    backend = read_backend(llama2_like())
    assert list(split_words(backend, "De brêge,  12x\nfan ")) == ["▁De", "▁brêge", ",", "▁▁12", "x", "\n", "fan", "▁"]


def test_alignment_counts_the_old_tuples_at_the_places_of_a_new_token() -> None:
    base = read_backend(tiny_tokenizer(texts=["."]))
    extended = rebuild(base, ["qz"], [("q", "z")])
    old = base.vocab
    found = align_words(base, extended, [base.next_id], {"qz": 3, "xqzqz": 2, "zq": 9})
    assert found == {base.next_id: {(old["q"], old["z"]): 7}}
