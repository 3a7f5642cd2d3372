"""Checks of adapters, beside a model or alone: rows trained but not saved, formats refused (rows 1, 8, 10)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mothertongue.models.bases import is_path_like
from mothertongue.models.doctor.finding import Found, NotApplicable, listed, shown
from mothertongue.models.doctor.folder import ADAPTER_CONFIG, ADAPTER_WEIGHTS, ModelFolder, attempt
from mothertongue.models.doctor.headers import Stored, read_header

_MATRICES = re.compile(r"(?:embed_tokens|wte|word_embeddings|embed_in|tok_embeddings|lm_head|embed_out)\b")
_HEADS = re.compile(r"(?:lm_head|embed_out)\b")


@dataclass
class Adapter:
    """A LoRA adapter on disk: its folder, config and the tensors of its file."""

    folder: ModelFolder

    @property
    def name(self) -> str:
        """The adapter's folder as shown to the user."""
        return self.folder.path.name

    @cached_property
    def config(self) -> dict[str, Any]:
        """adapter_config.json."""
        return self.folder.json(ADAPTER_CONFIG)

    @cached_property
    def tensors(self) -> dict[str, Stored]:
        """The tensors of adapter_model.safetensors; NotApplicable if it cannot be read."""
        try:
            return read_header(self.folder.path / ADAPTER_WEIGHTS)
        except (OSError, ValueError) as error:
            raise NotApplicable(f"{ADAPTER_WEIGHTS} cannot be read: {error}"[:200]) from None

    @property
    def matrices(self) -> dict[str, Stored]:
        """Whole embedding and output matrices that go along (no low-rank factors, no single rows)."""
        return {
            name: found
            for name, found in self.tensors.items()
            if _MATRICES.search(name) and "lora_" not in name and "trainable_tokens" not in name
        }

    @property
    def single_rows(self) -> list[str]:
        """Tensors that hold single trained rows (PEFT's trainable tokens)."""
        return [name for name in self.tensors if "trainable_tokens" in name]


def adapters(folder: ModelFolder) -> list[Adapter]:
    """The adapters in the folder and in its direct subfolders; NotApplicable if there is none."""
    places = [folder.path, *sorted(path for path in folder.path.iterdir() if path.is_dir())]
    found = [Adapter(ModelFolder(path, folder.reference)) for path in places if (path / ADAPTER_CONFIG).is_file()]
    if not found:
        raise NotApplicable("the folder has no adapter")
    return found


def adapter_rows(folder: ModelFolder) -> Iterator[Found]:
    """Row 1: an adapter must hold the rows that were trained; PEFT's own guess depends on the base path."""
    for adapter in adapters(folder):
        asked = [name for name in adapter.config.get("modules_to_save") or [] if _MATRICES.search(str(name))]
        saved = adapter.matrices
        if asked and not saved:
            text = f"{adapter.name}: modules_to_save names {listed(asked)}, but the file holds no such matrix"
            yield Found("error", text)
        if adapter.config.get("trainable_token_indices") and not adapter.single_rows:
            yield Found("error", f"{adapter.name}: trainable_token_indices is set, but the file holds no such rows")
        yield from _new_tokens(folder, adapter)
        base = adapter.config.get("base_model_name_or_path")
        if not base or (_looks_local(str(base)) and _local_folder(str(base)) is None):
            yield Found(
                "warning",
                f"{adapter.name}: base_model_name_or_path is {shown(base)}, which is no folder "
                "here; PEFT then takes the vocabulary for unchanged and saves no rows",
            )


def _new_tokens(folder: ModelFolder, adapter: Adapter) -> Iterator[Found]:
    """The tokenizer beside the adapter against the base's rows and against those that the adapter brings."""
    tokenizer = next((place for place in (adapter.folder, folder) if place.exists("tokenizer.json")), None)
    if tokenizer is None:
        return
    needed = max(tokenizer.vocab.values(), default=-1) + 1
    for name, matrix in adapter.matrices.items():
        if matrix.shape and matrix.shape[0] < needed:
            yield Found("error", f"{adapter.name}: {name} has {matrix.shape[0]:,} rows, the tokenizer needs {needed:,}")
    base = _base_rows(folder, adapter)
    if base is not None and base < needed and not adapter.matrices and not adapter.single_rows:
        yield Found(
            "error",
            f"{adapter.name}: the tokenizer needs {needed:,} rows, the base has {base:,}, and the adapter holds none",
        )


def _base_rows(folder: ModelFolder, adapter: Adapter) -> int | None:
    """Rows of the base, by the reference or by a folder at the stated path; None if neither can be read."""
    stated = str(adapter.config.get("base_model_name_or_path") or "")
    base = folder.reference
    place = _local_folder(stated) if base is None and stated else None
    if place is not None:
        base = ModelFolder(place)
    if base is None:
        return None
    try:
        return base.rows
    except NotApplicable:
        return None


def _looks_local(text: str) -> bool:
    problem, path_like = attempt(lambda: is_path_like(text))
    return bool(problem) or bool(path_like)  # what no file system can hold is no hub id either


def _local_folder(text: str) -> Path | None:
    """The folder at a stated path; None where there is none, or where no path could be like that."""
    return attempt(lambda: found if (found := Path(text).expanduser()).is_dir() else None)[1]


def refused_formats(folder: ModelFolder) -> Iterator[Found]:
    """Row 8: what vLLM refuses in an adapter, unless a merged model lies beside it."""
    for adapter in adapters(folder):
        refused = [key for key in ("modules_to_save", "trainable_token_indices") if adapter.config.get(key)]
        refused += [*adapter.matrices, *adapter.single_rows]
        if refused and not _merged_beside(adapter.folder.path):
            yield Found(
                "error",
                f"{adapter.name}: vLLM refuses this adapter ({listed(refused)}), and no merged model lies beside it",
            )


def _merged_beside(path: Path) -> bool:
    # resolved, so that a folder given as `.` has a parent
    above = path.resolve().parent
    places = [path, above, *(place for place in above.iterdir() if place.is_dir())]
    return any(
        (place / "config.json").is_file() and any(p.name != ADAPTER_WEIGHTS for p in place.glob("*.safetensors"))
        for place in places
    )


def full_head_beside_rows(folder: ModelFolder) -> Iterator[Found]:
    """Row 10: single rows of the embedding trained beside a full copy of the output matrix."""
    for adapter in adapters(folder):
        heads = [name for name in adapter.matrices if _HEADS.search(name)]
        heads += [str(name) for name in adapter.config.get("modules_to_save") or [] if _HEADS.search(str(name))]
        if heads and (adapter.single_rows or adapter.config.get("trainable_token_indices")):
            yield Found(
                "warning",
                f"{adapter.name}: single rows of the embedding were trained, and with them a full "
                f"copy of the output matrix ({listed(heads)})",
            )
