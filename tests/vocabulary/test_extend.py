"""Laws of an extension, on every family of tokenizers, and a continuation worked out by hand."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizer_families import AMHARIC, FRISIAN, llama2_like, llama3_like
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from mothertongue.errors import InputError, WorkError
from mothertongue.testing import TEXTS, tiny_tokenizer
from mothertongue.vocabulary.backend import byte_symbols, check_unchanged, read_backend, rebuild
from mothertongue.vocabulary.extend import extend_tokenizer
from mothertongue.vocabulary.fertility import share_not_longer, token_count
from mothertongue.vocabulary.reach import check_proofs


def byte_level(merges: list[tuple[str, str]]) -> PreTrainedTokenizerFast:
    """A byte-level tokenizer with 256 symbols in byte order and the given merges."""
    alphabet = [symbol for symbol, _ in sorted(byte_symbols().items(), key=lambda item: item[1])]
    tokens = alphabet + [left + right for left, right in merges]
    core = Tokenizer(models.BPE(vocab={token: index for index, token in enumerate(tokens)}, merges=merges))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=core, clean_up_tokenization_spaces=False)


def plain_encode(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    return tokenizer.encode(text, add_special_tokens=False)


# Worked out by hand. The base knows ab. Words: abc x3 = ab c; abcd x2 = ab c d; cd x4 = c d.
# Pairs: (c, d) 2 + 4 = 6, (ab, c) 3 + 2 = 5. Merge c d; now abcd = ab cd: (ab, c) 3, (ab, cd) 2.
# Merge ab c, then ab cd. Nothing is left.
def test_continuation_worked_out_by_hand() -> None:
    found = extend_tokenizer(byte_level([("a", "b")]), ["abc"] * 3 + ["abcd"] * 2 + ["cd"] * 4, size=10)
    assert found.tokens == ["cd", "abc", "abcd"]
    assert found.new_ids == [257, 258, 259]
    assert found.merges == {257: (ord("c"), ord("d")), 258: (256, ord("c")), 259: (256, 257)}
    assert found.pieces == {257: (99, 100), 258: (256, 99), 259: (256, 99, 100)}
    assert found.counts == {257: 4, 258: 3, 259: 2}
    assert found.reachability == 1.0
    assert found.dropped == 0
    # 3 x 3 + 2 x 4 + 4 x 2 = 25 characters; before 3 x 2 + 2 x 3 + 4 x 2 = 20 tokens, after one per word.
    assert found.before.characters_per_token == 25 / 20
    assert found.after.characters_per_token == 25 / 9


def test_ties_go_to_the_smaller_ids() -> None:
    assert extend_tokenizer(byte_level([]), ["xy", "ab", "xy", "ab"], size=1).tokens == ["ab"]


@pytest.mark.parametrize("kept", [0, 1, 17, 50])
def test_continuing_a_cut_training_gives_what_one_training_gives(kept: int) -> None:
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = [symbol for symbol, _ in sorted(byte_symbols().items(), key=lambda item: item[1])]
    trainer = trainers.BpeTrainer(vocab_size=256 + 60, initial_alphabet=alphabet, show_progress=False, min_frequency=2)
    core.train_from_iterator(TEXTS * 2, trainer)
    whole = json.loads(core.to_str())
    # Cut: keep all symbols and the first merges, under the ids that the trainer gave them.
    merges = whole["model"]["merges"]
    kept_tokens = set(alphabet) | {left + right for left, right in merges[:kept]}
    whole["model"]["vocab"] = {name: index for name, index in whole["model"]["vocab"].items() if name in kept_tokens}
    whole["model"]["merges"] = merges[:kept]
    cut = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(json.dumps(whole)))
    found = extend_tokenizer(cut, TEXTS * 2, size=60 - kept)
    assert read_backend(found.tokenizer).merges == [tuple(merge) for merge in merges]
    assert found.tokenizer.get_vocab() == core.get_vocab()


@pytest.mark.parametrize("texts", [FRISIAN, AMHARIC], ids=["frisian", "amharic"])
def test_laws_of_an_extension(base: PreTrainedTokenizerFast, texts: tuple[str, ...]) -> None:
    found = extend_tokenizer(base, texts, size=60)
    old, new = read_backend(base), read_backend(found.tokenizer)
    assert len(found.new_ids) > 30
    assert found.new_ids == list(range(old.next_id, old.next_id + len(found.new_ids)))
    check_unchanged(old, new)
    assert found.tokenizer.all_special_ids == base.all_special_ids
    # Reachable: the proofs hold for the tokenizer itself, and every token that spells text is covered.
    assert found.reachability == 1.0
    assert found.bridges == []
    assert check_proofs(new, found.proofs) == []
    for index, token in zip(found.new_ids, found.tokens, strict=True):
        assert index in found.tokenizer.encode(found.proofs[index], add_special_tokens=False)
        # The source pieces spell the same bytes as the token.
        names = {number: name for name, number in old.vocab.items()}
        assert b"".join(old.token_bytes(names[piece]) for piece in found.pieces[index]) == new.token_bytes(token)
        assert max(found.pieces[index]) < old.next_id
    assert share_not_longer(base, found.tokenizer, list(texts)) == 1.0
    assert found.after.characters_per_token > 1.2 * found.before.characters_per_token
    for text in (*texts[:4], *TEXTS):
        assert (
            found.tokenizer.decode(plain_encode(found.tokenizer, text)) == base.decode(plain_encode(base, text)) == text
        )


def test_every_token_that_is_text_produces_itself() -> None:
    base = tiny_tokenizer()
    found = extend_tokenizer(base, FRISIAN, size=80)
    for index in found.new_ids:
        text = found.tokenizer.decode([index])
        if "\N{REPLACEMENT CHARACTER}" not in text:
            assert plain_encode(found.tokenizer, text) == [index]


def test_an_unseen_script_is_learned_from_its_bytes_up() -> None:
    found = extend_tokenizer(tiny_tokenizer(), AMHARIC, size=120)
    whole = [found.tokenizer.decode([index]) for index in found.new_ids]
    assert sum("\N{REPLACEMENT CHARACTER}" not in text for text in whole) > 0.8 * len(whole)
    assert found.reachability == 1.0
    assert found.before.tokens_per_word > 2.5 * found.after.tokens_per_word


def test_saved_and_loaded_it_is_the_same(base: PreTrainedTokenizerFast, tmp_path) -> None:
    found = extend_tokenizer(base, FRISIAN, size=40)
    found.tokenizer.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path, local_files_only=True)
    assert loaded.get_vocab() == found.tokenizer.get_vocab()
    assert loaded.all_special_ids == base.all_special_ids
    for text in (*FRISIAN[:4], *TEXTS, "ሰላም 12 <|im_end|></s>"):
        assert loaded.encode(text) == found.tokenizer.encode(text)


def test_the_base_is_left_alone(base: PreTrainedTokenizerFast) -> None:
    before = base.backend_tokenizer.to_str()
    extend_tokenizer(base, FRISIAN, size=20)
    assert base.backend_tokenizer.to_str() == before


def test_the_order_of_texts_and_a_second_run_change_nothing() -> None:
    first = extend_tokenizer(tiny_tokenizer(), FRISIAN, size=50)
    again = extend_tokenizer(tiny_tokenizer(), reversed(FRISIAN), size=50)
    assert first.tokenizer.backend_tokenizer.to_str() == again.tokenizer.backend_tokenizer.to_str()
    assert first.proofs == again.proofs


def test_control_tokens_inside_text_are_never_learned() -> None:
    base = tiny_tokenizer()
    texts = ["<|im_end|> <|im_start|>user <|endoftext|>"] * 50
    found = extend_tokenizer(base, texts, size=200)
    backend = read_backend(found.tokenizer)
    for name in ("<|im_end|>", "<|im_start|>", "<|endoftext|>"):
        assert name not in found.tokens
        assert backend.added[name] not in backend.pieces(name)
        assert backend.pieces(name) != [backend.added[name]]
        assert plain_encode(found.tokenizer, name) == [base.convert_tokens_to_ids(name)]


def test_digits_stay_alone_where_the_base_keeps_them_alone() -> None:
    texts = ["In 2024 waren er 1234 bruggen en 2024 sluizen."] * 10
    found = extend_tokenizer(tiny_tokenizer(), texts, size=60)
    assert not any(character.isdigit() for token in found.tokens for character in token)
    joining = byte_level([("1", "2")])
    assert "Ġ2024" in extend_tokenizer(joining, texts, size=200).tokens


def test_whole_words_taken_before_merges_keep_simulation_and_tokenizer_alike() -> None:
    found = extend_tokenizer(llama3_like(), FRISIAN, size=60)
    assert sum(found.counts.values()) > 0
    assert found.tokenizer.encode("brêge")[0] == found.tokenizer.bos_token_id
    assert found.reachability == 1.0


def test_a_text_with_nothing_to_join_gives_an_empty_extension() -> None:
    found = extend_tokenizer(byte_level([]), ["ab", "cd"], size=5)
    assert found.new_ids == []
    assert found.reachability == 1.0
    assert found.tokenizer.get_vocab() == byte_level([]).get_vocab()


def test_evaluation_texts_are_what_is_measured() -> None:
    found = extend_tokenizer(tiny_tokenizer(), iter(FRISIAN), size=50, evaluation=["De mûnder."])
    assert found.before.characters == found.after.characters == 10
    assert found.after.tokens == token_count(found.tokenizer, "De mûnder.")


def test_summary_is_json() -> None:
    summary = extend_tokenizer(tiny_tokenizer(), FRISIAN, size=50).summary()
    assert json.loads(json.dumps(summary)) == summary
    assert summary["new_tokens"] == 50


@pytest.mark.parametrize(
    "model",
    [models.Unigram([("a", -1.0), ("b", -2.0)], 0), models.WordPiece({"a": 0, "[UNK]": 1}, unk_token="[UNK]")],
    ids=["unigram", "wordpiece"],
)
def test_what_is_no_bpe_is_refused(model: models.Model) -> None:
    with pytest.raises(InputError, match="MT302") as raised:
        extend_tokenizer(PreTrainedTokenizerFast(tokenizer_object=Tokenizer(model)), ["a"], size=1)
    assert "vocabulary.strategy: keep" in str(raised.value)


def test_bpe_options_that_cannot_be_continued_are_refused_together() -> None:
    model = models.BPE(vocab={"a": 0}, merges=[], dropout=0.5, end_of_word_suffix="</w>")
    with pytest.raises(InputError) as raised:
        extend_tokenizer(PreTrainedTokenizerFast(tokenizer_object=Tokenizer(model)), ["a"], size=1)
    assert [problem.key for problem in raised.value.problems] == ["model.end_of_word_suffix", "model.dropout"]


@pytest.mark.parametrize(("texts", "size", "code"), [([], 5, "MT304"), (["", ""], 5, "MT304"), (["a"], 0, "MT306")])
def test_nothing_to_learn_is_refused(texts: list[str], size: int, code: str) -> None:
    with pytest.raises(InputError, match=code):
        extend_tokenizer(tiny_tokenizer(), texts, size)


def test_a_moved_id_is_found() -> None:
    base = read_backend(tiny_tokenizer())
    other = read_backend(tiny_tokenizer(texts=["quite another text, with quite another order of merges"]))
    with pytest.raises(WorkError, match=r"vocab, merges"):
        check_unchanged(base, rebuild(other, [], []))


_BASE = tiny_tokenizer()
_FOUND = extend_tokenizer(_BASE, [*FRISIAN, *AMHARIC], size=150)
_META = llama2_like()
_META_FOUND = extend_tokenizer(_META, [*FRISIAN, *AMHARIC], size=150)
_settings = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
_letters = st.text(alphabet=st.sampled_from("bdeiou ûâêôርልጆችድ።ሰላም ' .,\n7😀"), max_size=60)


@_settings
@given(st.one_of(st.text(max_size=60), _letters))
def test_round_trip_on_any_text(text: str) -> None:
    old, new = plain_encode(_BASE, text), plain_encode(_FOUND.tokenizer, text)
    assert _BASE.decode(old) == _FOUND.tokenizer.decode(new) == text
    assert len(new) <= len(old)


@_settings
@given(_letters)
def test_a_sentencepiece_like_tokenizer_still_says_the_same(text: str) -> None:
    old, new = plain_encode(_META, text), plain_encode(_META_FOUND.tokenizer, text)
    assert _META_FOUND.tokenizer.decode(new) == _META.decode(old)
    assert len(new) <= len(old)


@_settings
@given(st.text(alphabet=st.sampled_from("bdeiou "), max_size=40))
def test_a_text_without_new_tokens_is_cut_as_before(text: str) -> None:
    old, new = plain_encode(_BASE, text), plain_encode(_FOUND.tokenizer, text)
    if not set(new) & set(_FOUND.new_ids):
        assert old == new
