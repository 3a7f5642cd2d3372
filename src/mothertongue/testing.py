"""Small real things for tests, made from scratch without a network: a tokenizer, a model, a model folder.

Enters: a few texts or nothing. Leaves: a byte-level BPE tokenizer with chat tokens and a two-layer Llama, whose weights
depend on the seed alone. torch and transformers are imported inside the functions.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from mothertongue import durability

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

SPECIAL_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
TEXTS = (
    "The miller opened the sluice and the water ran over the wheel.",
    "De molenaar opende de sluis en het water liep over het rad.",
    "Who keeps the key of the tower? The baker keeps the key of the tower.",
    "Wie bewaart de sleutel van de toren? De bakker bewaart de sleutel van de toren.",
    "In spring the children carry bread and honey to the old bridge.",
    "In de lente dragen de kinderen brood en honing naar de oude brug.",
)


def tiny_tokenizer(texts: Iterable[str] | None = None, vocab_size: int = 400) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer learned from `texts`, with a ChatML template; ids 0-2 are the special tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    core.train_from_iterator(TEXTS if texts is None else texts, trainer)
    make: Any = PreTrainedTokenizerFast  # its constructor carries no types
    tokenizer = make(
        tokenizer_object=core,
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",
        unk_token="<|endoftext|>",
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return cast("PreTrainedTokenizerFast", tokenizer)


def tiny_model(tokenizer: PreTrainedTokenizerFast, layers: int = 2, width: int = 64, seed: int = 0) -> LlamaForCausalLM:
    """A Llama in float32 with tied embeddings and one row per token; the weights depend on `seed` alone."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model: Any = LlamaForCausalLM(config)
    return cast("LlamaForCausalLM", model.float().eval())


def tiny_folder(path: str | Path, seed: int = 0) -> Path:
    """A model folder at `path` with the tiny model and its tokenizer, as `save_pretrained` writes them."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    tokenizer = tiny_tokenizer()
    with durability.writing_folder(path) as folder:
        tiny_model(tokenizer, seed=seed).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return Path(path)
