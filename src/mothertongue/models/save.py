"""Saves a model as the plain folder that transformers, vLLM and llama.cpp load with nothing of ours installed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from mothertongue import durability
from mothertongue.errors import Problem, WorkError


def save_model(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, folder: Path, card: str = "") -> None:
    """A complete model folder: config, generation config, safetensors, tokenizer, chat template, README card.

    The folder appears whole or not at all, also when the model was loaded from that very folder.
    Raises WorkError (MT411) if the tokenizer can produce an id that has no row.
    """
    with durability.writing_folder(folder) as temporary:
        save_plain(model, tokenizer, temporary)
        if card:
            durability.write_text(temporary / "README.md", card)


def save_plain(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Writes the files of a model folder into an existing (temporary) folder."""
    rows = len(cast(Tensor, model.get_input_embeddings().weight))
    highest = max(tokenizer.get_vocab().values())
    if highest >= rows:
        raise WorkError(Problem("MT411", f"the tokenizer produces id {highest} but the matrix has {rows} rows"))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    _tidy_tokenizer_config(folder / "tokenizer_config.json")


def _tidy_tokenizer_config(path: Path) -> None:
    """Keeps the config readable for other versions: no loading flags, and the class name that all of them know."""
    config = json.loads(path.read_text("utf-8"))
    for key in ("is_local", "local_files_only", "gguf_file"):
        config.pop(key, None)
    if config.get("tokenizer_class") == "TokenizersBackend":
        config["tokenizer_class"] = "PreTrainedTokenizerFast"
    durability.write_json(path, config)
