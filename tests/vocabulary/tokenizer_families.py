"""Tokenizers of the families that users bring, made from a few sentences: no network, no files."""

from __future__ import annotations

import json
from collections.abc import Callable

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, LlamaForCausalLM, LlamaTokenizer, PreTrainedTokenizerFast, Qwen2Tokenizer

from mothertongue.testing import TEXTS, tiny_tokenizer

torch.set_num_threads(1)

FRISIAN = (
    "De mûnder iepene de slûs en it wetter rûn oer it rêd.",
    "Wa bewarret de kaai fan de toer? De bakker bewarret de kaai fan de toer.",
    "Yn de maitiid drage de bern bôle en hunich nei de âlde brêge.",
    "It wetter fan de mûne is kâld en de brêge is âld, mar de bern rinne oer de brêge.",
) * 3
AMHARIC = ("ሰላም ለዓለም። ልጆች ወደ ድልድዩ ዳቦ ይወስዳሉ።", "ወፍጮው ውሃውን ያዞራል። ልጆች ወደ ድልድዩ ይሄዳሉ።") * 4


def llama3_like() -> PreTrainedTokenizerFast:
    """Whole words before merges, special tokens outside the model's vocabulary, a start token before every text."""
    core = Tokenizer(models.BPE(ignore_merges=True))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=380, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False
    )
    core.train_from_iterator(TEXTS, trainer)
    core.add_special_tokens([AddedToken("<|begin_of_text|>", special=True), AddedToken("<|eot_id|>", special=True)])
    start = core.token_to_id("<|begin_of_text|>")
    core.post_processor = processors.TemplateProcessing(
        single="<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", start)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core, bos_token="<|begin_of_text|>", eos_token="<|eot_id|>", clean_up_tokenization_spaces=False
    )


def qwen_like() -> PreTrainedTokenizerFast:
    """transformers' own Qwen class: NFC, its regular expression, special tokens added after the vocabulary."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=380, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False
    )
    core.train_from_iterator(TEXTS, trainer)
    vocab, merges = _taken_apart(core)
    tokenizer = Qwen2Tokenizer(vocab=vocab, merges=merges)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    return tokenizer


def _taken_apart(core: Tokenizer) -> tuple[dict[str, int], list[tuple[str, str]]]:
    model = json.loads(core.to_str())["model"]
    return model["vocab"], [tuple(merge) for merge in model["merges"]]


def _metaspace_parts() -> tuple[dict[str, int], list[tuple[str, str]]]:
    core = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    core.pre_tokenizer = pre_tokenizers.Metaspace()
    specials = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    core.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=400, special_tokens=specials, show_progress=False))
    return _taken_apart(core)


def llama_class() -> PreTrainedTokenizerFast:
    """transformers' own Llama class: byte fallback, and a Metaspace that leaves a whole text as one word."""
    vocab, merges = _metaspace_parts()
    return LlamaTokenizer(vocab=vocab, merges=merges)


def llama2_like() -> PreTrainedTokenizerFast:
    """The tokenizer.json of Llama 2: spaces replaced by the normaliser, no pre-tokenizer at all."""
    vocab, merges = _metaspace_parts()
    core = Tokenizer(models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    core.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    core.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core, unk_token="<unk>", bos_token="<s>", eos_token="</s>", clean_up_tokenization_spaces=False
    )


FAMILIES: dict[str, Callable[[], PreTrainedTokenizerFast]] = {
    "smollm": tiny_tokenizer,
    "llama3": llama3_like,
    "qwen": qwen_like,
    "llama_class": llama_class,
    "llama2": llama2_like,
}


def small_llama(rows: int, tied: bool, seed: int = 0) -> LlamaForCausalLM:
    """A two-layer Llama with `rows` rows and a tied or an untied head."""
    config = LlamaConfig(
        vocab_size=rows,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=128,
        tie_word_embeddings=tied,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=None,
    )
    torch.manual_seed(seed)
    return LlamaForCausalLM(config).eval()
