"""Checks of the files themselves: readable, whole, free of pickles and code, one type, generation settings, a card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from mothertongue.models.doctor.finding import Found, NotApplicable, listed, shown
from mothertongue.models.doctor.folder import ADAPTER_CONFIG, ADAPTER_WEIGHTS, ModelFolder, attempt
from mothertongue.models.doctor.headers import DTYPE_NAMES, read_header

_INDEX = "model.safetensors.index.json"
_PICKLES = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".dill"}
_MODEL_FILES = ("config.json", "tokenizer.json")
_OTHER_FILES = ("tokenizer_config.json", "generation_config.json", _INDEX, ADAPTER_CONFIG)
_SIZES = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "max_position_embeddings")
_CARD_BYTES = 1 << 20


def readable_files(folder: ModelFolder) -> Iterator[Found]:
    """The files that a model folder needs are there, are JSON objects, and hold sizes that can be."""
    needed = () if folder.is_adapter else _MODEL_FILES
    sentencepiece = folder.exists("tokenizer.model")
    for name in (*needed, *_OTHER_FILES):
        if not folder.exists(name) and (name not in needed or (name == "tokenizer.json" and sentencepiece)):
            continue
        try:
            folder.read_json(name)
        except ValueError as error:
            yield Found("error", f"{name} {error}")
    if folder.exists("config.json"):
        yield from _sizes(folder)
    if folder.exists("tokenizer.json"):
        yield from _tokenizer(folder)
    if not folder.is_adapter and not folder.weight_files:
        yield Found("error", "the folder has no safetensors")


def _sizes(folder: ModelFolder) -> Iterator[Found]:
    for key in _SIZES:
        value = folder.text_config(key)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value <= 0):
            yield Found("error", f"config.json: {key} is {shown(value)}, which is no size")


def _tokenizer(folder: ModelFolder) -> Iterator[Found]:
    """A file that the library refuses, or that gives one id to two tokens."""
    folder.json("tokenizer.json")
    try:
        vocab = folder.vocab
    except NotApplicable as reason:
        yield Found("error", str(reason))
        return
    twice = [index for index, count in Counter(vocab.values()).items() if count > 1]
    if twice:
        names = [token for token, index in vocab.items() if index == twice[0]]
        example = f"id {twice[0]}: {listed(names)}"
        yield Found("error", f"tokenizer.json gives {len(twice):,} ids to several tokens ({example})")
    stated = {token.get("content"): token.get("id") for token in folder.tokenizer_json.get("added_tokens") or []}
    moved = [f"{token}: {stated[token]} -> {vocab[token]}" for token in stated if vocab.get(token) != stated[token]]
    if moved:
        yield Found(
            "error", f"{len(moved):,} added tokens are read with other ids than tokenizer.json says: {listed(moved)}"
        )
    problem, _ = attempt(lambda: folder.tokenizer)
    if problem:
        yield Found("error", f"the tokenizer cannot be loaded: {problem}")


def whole_weights(folder: ModelFolder) -> Iterator[Found]:
    """Every safetensors file is as long as its header says, and the index names files and tensors that exist."""
    files = sorted(folder.path.glob("*.safetensors"))
    if not files:
        raise NotApplicable("the folder has no safetensors")
    present: dict[str, str] = {}
    for path in files:
        try:
            present |= dict.fromkeys(read_header(path), path.name)
        except (OSError, ValueError) as error:
            yield Found("error", f"{path.name}: {str(error)[:300]}")
    if folder.exists(_INDEX):
        placed = folder.json(_INDEX).get("weight_map")
        if not isinstance(placed, dict):
            yield Found("error", f"{_INDEX} has no weight_map")
            return
        lacking = sorted({str(name) for name in placed.values()} - {path.name for path in files})
        if lacking:
            yield Found("error", f"{len(lacking):,} weight files are missing: {listed(lacking)}")
        sound = set(present.values())
        lost = [name for name, file in placed.items() if file in sound and present.get(name) != file]
        if lost:
            yield Found("error", f"{len(lost):,} tensors are not in the file that the index names: {listed(lost)}")


def no_pickles(folder: ModelFolder) -> Iterator[Found]:
    """No file of a kind that can run code while it is read."""
    pickles = sorted(path.name for path in folder.path.iterdir() if path.suffix.lower() in _PICKLES)
    if pickles:
        safe = bool(folder.weight_files) or folder.exists(ADAPTER_WEIGHTS)
        yield Found(
            "warning" if safe else "error",
            f"{len(pickles):,} pickled files: {listed(pickles)}"
            + (" (beside safetensors)" if safe else ", and no safetensors"),
        )


def no_code(folder: ModelFolder) -> Iterator[Found]:
    """No Python code to be run while loading or generating."""
    for name in ("config.json", "tokenizer_config.json", "generation_config.json"):
        if folder.exists(name) and folder.json(name).get("auto_map"):
            yield Found("error", f"{name} names code to be run: auto_map {shown(folder.json(name)['auto_map'])}")
    scripts = sorted(path.relative_to(folder.path).as_posix() for path in folder.path.glob("**/*.py"))
    if scripts:
        yield Found("error", f"{len(scripts):,} Python files: {listed(scripts)}")


def one_type(folder: ModelFolder) -> Iterator[Found]:
    """All weights of one floating point type, the one that config.json states."""
    counts = Counter(found.dtype for found in folder.tensors.values() if found.is_float)
    if not counts:
        raise NotApplicable("no weights are stored as plain floating point numbers")
    common = counts.most_common(1)[0][0]
    if len(counts) > 1:
        odd = [name for name, found in folder.tensors.items() if found.is_float and found.dtype != common]
        kinds = ", ".join(f"{count:,} {DTYPE_NAMES[kind]}" for kind, count in counts.most_common())
        yield Found("warning", f"weights of several types: {kinds} ({listed(odd)})")
    stated = folder.config.get("dtype", folder.config.get("torch_dtype"))
    if stated is not None and stated != DTYPE_NAMES[common]:
        yield Found("warning", f"config.json says {shown(stated)}, the weights are {DTYPE_NAMES[common]}")


def generation_settings(folder: ModelFolder) -> Iterator[Found]:
    """generation_config.json is there and names ids to stop at and to pad with, which have rows."""
    folder.config  # noqa: B018 - not applicable to an adapter
    if not folder.exists("generation_config.json"):
        yield Found("warning", "the folder has no generation_config.json")
        return
    settings = folder.json("generation_config.json")
    pad, ends = settings.get("pad_token_id"), folder.end_ids
    if not ends:
        yield Found("error", "neither generation_config.json nor config.json has an eos_token_id: answers never end")
    elif settings.get("eos_token_id") is None:
        yield Found("warning", "generation_config.json has no eos_token_id; config.json has one")
    if pad is None:
        yield Found("warning", "generation_config.json has no pad_token_id: batches of prompts cannot be padded")
    for index in [*ends, *([] if pad is None else [pad])]:
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < folder.rows:
            yield Found("error", f"generation_config.json names id {shown(index)}, the matrix has {folder.rows:,} rows")


def no_quantisation(folder: ModelFolder) -> Iterator[Found]:
    """No trace of a quantisation that the weights no longer have; loaders refuse or convert such a folder."""
    plain = all(found.is_float or found.dtype in ("I64", "BOOL") for found in folder.tensors.values())
    for key in ("quantization_config", "compression_config"):
        if folder.config.get(key) is not None:
            method = folder.config[key].get("quant_method") if isinstance(folder.config[key], dict) else None
            if plain:
                text = f"config.json has {key} ({shown(method)}), but the weights are plain floating point"
                yield Found("error", text)
            else:
                yield Found("note", f"the model is quantised ({shown(method)}); checks of its matrices may not apply")
    for name in ("config.json", "tokenizer_config.json"):
        if folder.exists(name) and folder.json(name).get("gguf_file"):
            yield Found("error", f"{name} asks for a GGUF file: {shown(folder.json(name)['gguf_file'])}")


def card(folder: ModelFolder) -> Iterator[Found]:
    """README.md is there and its front matter states the language."""
    path = folder.path / "README.md"
    if not path.is_file():
        yield Found("warning", "the folder has no README.md")
        return
    front = _front_matter(path)
    if front is None:
        yield Found("warning", "README.md has no YAML front matter, so no language is stated")
    elif not front.get("language"):
        yield Found("warning", f"the front matter of README.md states no language (keys: {listed(front) or 'none'})")


def _front_matter(path: Path) -> dict[str, Any] | None:
    with path.open("rb") as stream:
        lines = stream.read(_CARD_BYTES).decode("utf-8", "replace").splitlines()
    if not lines or lines[0].strip() != "---" or "---" not in (rest := [line.strip() for line in lines[1:]]):
        return None
    text = "\n".join(lines[1 : 1 + rest.index("---")])
    problem, found = attempt(lambda: yaml.safe_load(text))
    if problem or not isinstance(found, dict):
        return None
    return {str(key): value for key, value in found.items()}
