"""Plain text never becomes control; one start per document; surrogates are repaired (laws 3 and 4)."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from mothertongue.errors import InputError
from mothertongue.prompting.text import (
    check_single_start,
    control_tokens,
    document_start,
    encode_text,
    encode_texts,
    encode_with_offsets,
    repair_surrogates,
)
from mothertongue.testing import tiny_tokenizer


def unigram_tokenizer() -> PreTrainedTokenizerFast:
    pieces = [("<unk>", 0.0), ("<s>", -1.0), ("</s>", -1.0), *((chr(c), -5.0) for c in range(33, 127)), ("▁", -2.0)]
    core = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=False))
    core.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    core.decoder = decoders.Metaspace(prepend_scheme="never")
    core.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(tokenizer_object=core, bos_token="<s>", eos_token="</s>", unk_token="<unk>")


TOKENIZERS = {"bpe": tiny_tokenizer(), "unigram": unigram_tokenizer()}


@pytest.mark.parametrize("name", TOKENIZERS)
@pytest.mark.parametrize("context", ["{}", "a {} b", "{}{}", "x{}y", "\n{}\n", "{} ", "<{}>", "é{}中"])
def test_special_tokens_in_text_are_text(name: str, context: str) -> None:
    tokenizer = TOKENIZERS[name]
    controls = control_tokens(tokenizer)
    for special in controls:
        text = context.replace("{}", special)
        ids = encode_text(tokenizer, text)
        allowed = {tokenizer.unk_token_id} if name == "unigram" else set()  # é and 中 are unknown to it
        assert set(ids) & set(controls.values()) <= allowed
        assert encode_texts(tokenizer, [text, "a"])[0] == ids
        if name == "bpe":
            assert tokenizer.decode(ids) == text


def test_offsets_cover_the_text_in_order() -> None:
    text = "De <|im_end|> molenaar"
    _, offsets = encode_with_offsets(TOKENIZERS["bpe"], text)
    assert "".join(text[a:b] for a, b in offsets) == text


def test_encoding_plain_text_equals_the_tokenizers_own() -> None:
    tokenizer = TOKENIZERS["bpe"]
    text = "De molenaar opende de sluis; 3 × 4 = 12."
    assert encode_text(tokenizer, text) == tokenizer.encode(text, add_special_tokens=False)
    assert encode_texts(tokenizer, []) == []


def test_encoding_text_leaves_the_tokenizer_as_it_was() -> None:
    tokenizer = TOKENIZERS["bpe"]
    encode_text(tokenizer, "<|im_end|>")
    assert tokenizer.encode("<|im_end|>", add_special_tokens=False) == [tokenizer.eos_token_id]


def test_lone_surrogates_become_replacement_characters() -> None:
    assert repair_surrogates("a\ud800b") == "a\ufffdb"
    assert encode_text(TOKENIZERS["bpe"], "a\udfff") == encode_text(TOKENIZERS["bpe"], "a\ufffd")


def test_document_start_is_the_separator_when_bos_is_only_named() -> None:
    tokenizer = TOKENIZERS["bpe"]
    assert tokenizer.bos_token == "<|im_start|>"
    assert tokenizer.convert_ids_to_tokens(document_start(tokenizer)) == ["<|endoftext|>"]


def test_document_start_is_bos_when_encoding_adds_it() -> None:
    assert document_start(TOKENIZERS["unigram"]) == [1]


def test_document_start_falls_back_to_eos_and_then_refuses() -> None:
    core = Tokenizer(models.WordLevel({"a": 0, "[E]": 1}, unk_token="a"))
    assert document_start(PreTrainedTokenizerFast(tokenizer_object=core, eos_token="[E]")) == [1]
    with pytest.raises(InputError) as caught:
        document_start(PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"a": 0}, unk_token="a"))))
    assert caught.value.problems[0].code == "MT603"


def test_a_tokenizer_that_adds_bos_twice_is_refused() -> None:
    tokenizer = unigram_tokenizer()
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> <s> $A", special_tokens=[("<s>", 1)]
    )
    with pytest.raises(InputError) as caught:
        document_start(tokenizer)
    assert caught.value.problems[0].code == "MT602"


def test_single_start_check() -> None:
    tokenizer = TOKENIZERS["unigram"]
    check_single_start(tokenizer, [1, 5, 6])
    for ids, code in (([1, 1, 5], "MT602"), ([5, 6], "MT604")):
        with pytest.raises(InputError) as caught:
            check_single_start(tokenizer, ids)
        assert caught.value.problems[0].code == code
