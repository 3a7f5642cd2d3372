"""Loads a plain model folder into memory, and turns a packaged GGUF file into such a folder."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError
from tokenizers import Tokenizer, pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast
from transformers.utils import logging as transformers_logging

from mothertongue.errors import InputError, Problem
from mothertongue.fingerprint import hash_input
from mothertongue.models import bases
from mothertongue.models.device import pick_device
from mothertongue.models.gguf import guard
from mothertongue.models.save import save_plain

_PRE_TOKENIZERS = {
    # llama.cpp's name for "digits one by one, then byte level"; transformers' reader keeps the byte level only.
    "smollm": lambda: pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    ),
}


@dataclass
class Loaded:
    """A model in memory with its tokenizer and the folder that both came from."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    folder: Path


def load(folder: Path, device: torch.device | None = None) -> Loaded:
    """The model (float32, evaluation mode) and the tokenizer of a plain folder; never runs code from the folder.

    Raises InputError (MT402-MT407) when the folder cannot be taught.
    """
    bases.check_folder(folder)
    transformers_logging.disable_progress_bar()
    try:
        found: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError) as error:
        raise _unloadable(folder, f"{type(error).__name__}: {error}") from None
    model, report = found
    absent = sorted(report["missing_keys"])
    if absent:  # transformers would go on with random numbers in their place
        raise _unloadable(folder, f"{len(absent)} tensors are missing, such as {', '.join(absent[:3])}")
    moved: PreTrainedModel = model.to(device or pick_device())
    moved.eval()
    return Loaded(moved, load_tokenizer(folder), folder)


def _unloadable(folder: Path, reason: str) -> InputError:
    do = "save or fetch the model again"
    return InputError(
        Problem("MT402", f"the model cannot be loaded: {reason[:300]}", key="base", value=str(folder), do=do)
    )


def load_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer of a plain model folder. Raises InputError (MT405) if there is none."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            Problem(
                "MT405",
                f"the tokenizer cannot be loaded: {error}",
                key="base",
                value=str(folder),
                do="copy tokenizer.json and tokenizer_config.json into the folder",
            )
        ) from None
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise InputError(
            Problem(
                "MT405",
                "the tokenizer has no tokenizer.json form",
                key="base",
                value=str(folder),
                do="convert it with transformers and save it again",
            )
        )
    return tokenizer


def folder_hash(folder: Path) -> str:
    """A sha256 over names and contents of a model folder's files, as run fingerprints use it.

    A folder of our own cache carries its manifest, so that half a gigabyte is not read again at every start.
    """
    manifest = folder / "manifest.json"
    return hash_input(manifest if manifest.is_file() else folder)


def dequantise(source: Path, folder: Path) -> None:
    """Writes the plain float32 folder of a GGUF file: config, safetensors, tokenizer, chat template.

    The header is checked first (`gguf.guard`); traces of the quantisation leave the config, and the pre-tokenizer that
    the file names is restored, so that the result is what the model was trained with.
    """
    metadata = guard(source)
    transformers_logging.disable_progress_bar()
    where: dict[str, Any] = {"pretrained_model_name_or_path": source.parent, "gguf_file": source.name}
    with contextlib.redirect_stderr(io.StringIO()):  # its bar ignores the switch above
        model = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(**where, local_files_only=True)
    _forget_quantisation(model)
    tokenizer = _restore_pre_tokenizer(
        cast(PreTrainedTokenizerFast, tokenizer), str(metadata.get("tokenizer.ggml.pre", ""))
    )
    tokenizer.model_max_length = model.config.max_position_embeddings
    save_plain(model, tokenizer, folder)


def _forget_quantisation(model: PreTrainedModel) -> None:
    """save_pretrained refuses a model that remembers GGUF, although its weights are plain float32 by now."""
    vars(model).update(hf_quantizer=None, is_quantized=False)
    model.__dict__.pop("quantization_method", None)
    model.config.__dict__.pop("quantization_config", None)
    model.config._name_or_path = ""
    model.config.__dict__.pop("_model_name_or_path", None)


def _restore_pre_tokenizer(tokenizer: PreTrainedTokenizerFast, name: str) -> PreTrainedTokenizerFast:
    if name not in _PRE_TOKENIZERS:
        return tokenizer
    backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    backend.pre_tokenizer = _PRE_TOKENIZERS[name]()
    names = {key: getattr(tokenizer, key) for key in ("bos_token", "eos_token", "unk_token", "pad_token")}
    restored = PreTrainedTokenizerFast(tokenizer_object=backend, clean_up_tokenization_spaces=False, **names)
    restored.chat_template = tokenizer.chat_template
    return restored
