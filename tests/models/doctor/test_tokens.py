"""Reachability by hand, words against markup, families of pre-tokenizers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

from mothertongue.models.doctor.folder import ModelFolder
from mothertongue.models.doctor.tokens import _is_word, byte_symbols, known_pre_tokenizer, unreachable


def subject(folder: Path, core: Tokenizer) -> ModelFolder:
    core.save(str(folder / "tokenizer.json"))
    return ModelFolder(folder)


def bpe(words: list[str], merges: list[tuple[str, str]], **options: Any) -> Tokenizer:
    return Tokenizer(models.BPE(vocab={word: index for index, word in enumerate(words)}, merges=merges, **options))


def test_a_token_whose_symbols_an_earlier_merge_takes_is_unreachable(tmp_path: Path):
    """b+c comes first, so a b c becomes a bc, and ab+c never applies; ab itself exists in "ab"."""
    words = ["a", "b", "c", "bc", "ab", "abc"]
    core = bpe(words, [("b", "c"), ("a", "b"), ("ab", "c")])
    assert unreachable(subject(tmp_path, core)) == ["abc"]
    core = bpe(words, [("a", "b"), ("b", "c"), ("ab", "c")])
    assert unreachable(subject(tmp_path, core)) == []


def test_a_whole_word_is_reachable_where_merges_are_ignored_for_it(tmp_path: Path):
    words = ["a", "b", "c", "bc", "ab", "abc"]
    core = bpe(words, [("b", "c"), ("a", "b"), ("ab", "c")], ignore_merges=True)
    assert unreachable(subject(tmp_path, core)) == []


def test_a_token_that_the_pre_tokenizer_cuts_is_unreachable(tmp_path: Path):
    core = bpe(["a", "1", "2", "12"], [("1", "2")])
    assert unreachable(subject(tmp_path, core)) == []
    core.pre_tokenizer = pre_tokenizers.Digits(individual_digits=True)
    assert unreachable(subject(tmp_path, core)) == ["12"]


def test_a_token_that_the_normaliser_removes_is_unreachable(tmp_path: Path):
    core = bpe(["a", "A", "b", "Ab"], [("A", "b")])
    core.normalizer = normalizers.Lowercase()
    assert unreachable(subject(tmp_path, core)) == ["A", "Ab"]


def test_parts_of_characters_and_inner_pieces_are_reachable(tmp_path: Path):
    symbols = sorted(byte_symbols())
    core = bpe([*symbols, "Ãª", "Ġa", "aa"], [("Ã", "ª"), ("Ġ", "a"), ("a", "a")])
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    assert unreachable(subject(tmp_path, core)) == []


def test_metaspace_pieces_without_a_space_are_reachable_inside_words(tmp_path: Path):
    words = ["<unk>", "▁", "a", "b", "1", "(", "ab", "▁a"]
    core = bpe(words, [("a", "b"), ("▁", "a")], unk_token="<unk>")
    core.pre_tokenizer = pre_tokenizers.Metaspace()
    assert unreachable(subject(tmp_path, core)) == []


def test_byte_symbols_are_those_of_the_library():
    assert sorted(byte_symbols()) == sorted(pre_tokenizers.ByteLevel.alphabet())
    assert sorted(byte_symbols().values()) == list(range(256))
    assert (byte_symbols()["Ġ"], byte_symbols()["a"]) == (0x20, 0x61)


@pytest.mark.parametrize("text", ["huis", " hûs", "▁water", "l'eau", "ደብዳቤ", "पानी", "e-mail"])
def test_words_are_words(text: str):
    assert _is_word(text)


@pytest.mark.parametrize("text", ["<|im_end|>", "<extra_id_0>", "[INST]", "    ", "\t\t", "<h1>", "123", "->"])
def test_markup_white_space_and_numbers_are_no_words(text: str):
    assert not _is_word(text)


LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}


def split(pattern: str) -> dict[str, Any]:
    step = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    return {"type": "Sequence", "pretokenizers": [step, BYTES]}


@pytest.mark.parametrize(
    ("pre_tokenizer", "model", "family"),
    [
        ({**BYTES, "use_regex": True}, {"type": "BPE"}, "gpt-2"),
        ({**BYTES, "use_regex": True, "add_prefix_space": True}, {"type": "BPE"}, None),
        (split(LLAMA3), {"type": "BPE"}, "llama-3"),
        (split(LLAMA3.replace("{1,3}", "")), {"type": "BPE"}, "qwen2"),
        (split(LLAMA3.replace("{1,3}", "{1,2}")), {"type": "BPE"}, None),
        (None, {"type": "BPE", "byte_fallback": True}, "sentencepiece"),
        ({"type": "Metaspace"}, {"type": "Unigram"}, "sentencepiece"),
        (None, {"type": "BPE"}, None),
    ],
)
def test_families_of_pre_tokenizers(pre_tokenizer: Any, model: dict[str, Any], family: str | None):
    assert known_pre_tokenizer({"pre_tokenizer": pre_tokenizer, "model": model}) == family
