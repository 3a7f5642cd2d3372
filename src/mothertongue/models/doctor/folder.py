"""The folder under examination: its files read once, lazily, with limits; the checks ask it for facts.

Nothing here runs code from the folder, unpickles, or asks a hub. A fact that cannot be had raises `NotApplicable`; that
a file is unreadable is the finding of the check "files", and of no other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import AutoConfig, AutoTokenizer

from mothertongue.models.doctor.finding import NotApplicable
from mothertongue.models.doctor.headers import Stored, blocks, read_header

T = TypeVar("T")
ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
_LARGEST_JSON = 512 << 20
_PROJECTIONS = 8
_EMBEDDING = re.compile(r"(?:^|\.)(?:embed_tokens|wte|word_embeddings|embed_in|tok_embeddings)\.weight$")
_HEAD = re.compile(r"(?:^|\.)(?:lm_head|embed_out)\.weight$|^(?:model\.)?output\.weight$")


class RowFacts:
    """What one pass over a matrix tells of its rows: norms [rows], which are finite [rows], projections [rows, 8]."""

    def __init__(self, stored: Stored) -> None:
        rows, width = stored.shape
        self.norms, self.finite = torch.zeros(rows), torch.zeros(rows, dtype=torch.bool)
        self.projections = torch.zeros(rows, _PROJECTIONS)
        directions = torch.randn(width, _PROJECTIONS, generator=torch.Generator().manual_seed(0))
        directions /= directions.norm(dim=0).clamp_min(1e-12)
        for first, block in blocks(stored):
            part = slice(first, first + len(block))
            self.finite[part] = block.isfinite().all(dim=1)
            clean = block.nan_to_num(0.0, 0.0, 0.0)
            self.norms[part], self.projections[part] = clean.norm(dim=1), clean @ directions


class ModelFolder:
    """A model folder on disk (or an adapter's): config, tokenizer and weights, each read when first asked for."""

    def __init__(self, path: Path, reference: ModelFolder | None = None, load: bool = True) -> None:
        self.path, self.reference, self.load = path, reference, load
        self._json: dict[str, Any] = {}
        self._rows: dict[str, RowFacts] = {}

    # --- files ---

    def exists(self, name: str) -> bool:
        """Whether the folder has a file of this name."""
        return (self.path / name).is_file()

    def read_json(self, name: str) -> dict[str, Any]:
        """The object in a JSON file; ValueError says what is wrong with it, also when there is none."""
        if name not in self._json:
            self._json[name] = _read_json(self.path / name)
        found = self._json[name]
        if isinstance(found, ValueError):
            raise found
        return dict(found)

    def json(self, name: str) -> dict[str, Any]:
        """The object in a JSON file; NotApplicable if there is none or it cannot be read."""
        try:
            return self.read_json(name)
        except ValueError as error:
            raise NotApplicable(f"{name} {error}") from None

    @property
    def is_adapter(self) -> bool:
        """Whether the folder holds an adapter and no model."""
        return self.exists(ADAPTER_CONFIG) and not self.exists("config.json")

    @cached_property
    def config(self) -> dict[str, Any]:
        """config.json; NotApplicable for an adapter's folder."""
        if self.is_adapter:
            raise NotApplicable("the folder holds an adapter, not a model")
        return self.json("config.json")

    def text_config(self, key: str) -> Any:
        """A value of the language part of config.json (its own level, or text_config); None if absent."""
        inner = self.config.get("text_config")
        return inner[key] if isinstance(inner, dict) and key in inner else self.config.get(key)

    # --- weights ---

    @cached_property
    def weight_files(self) -> list[Path]:
        """The safetensors files of the model (not of an adapter), sorted."""
        return sorted(path for path in self.path.glob("*.safetensors") if path.name != ADAPTER_WEIGHTS)

    @cached_property
    def tensors(self) -> dict[str, Stored]:
        """Every stored tensor by name; NotApplicable without sound safetensors files."""
        if not self.weight_files:
            raise NotApplicable("the folder has no safetensors of a model")
        found: dict[str, Stored] = {}
        for path in self.weight_files:
            try:
                found |= read_header(path)
            except (ValueError, OSError):
                raise NotApplicable(f"{path.name} is damaged") from None
        return found

    @cached_property
    def embedding(self) -> Stored:
        """The embedding matrix; NotApplicable when none is recognised or it is not floating point."""
        found = self._matrix(_EMBEDDING)
        if found is None:
            raise NotApplicable("no embedding matrix was recognised by its name")
        return found

    @cached_property
    def head(self) -> Stored | None:
        """The output matrix, if one is stored."""
        return self._matrix(_HEAD)

    def _matrix(self, pattern: re.Pattern[str]) -> Stored | None:
        names = [name for name, found in self.tensors.items() if pattern.search(name) and len(found.shape) == 2]
        if not names:
            return None
        found = self.tensors[min(names, key=lambda name: (name.count("."), name))]
        if not found.is_float:
            raise NotApplicable(f"{found.name} is stored as {found.dtype}, not as floating point numbers")
        return found

    @property
    def matrices(self) -> list[Stored]:
        """The embedding matrix and, if stored, the output matrix."""
        return [self.embedding] + ([] if self.head is None else [self.head])

    @property
    def rows(self) -> int:
        """The number of rows of the embedding matrix."""
        return self.embedding.shape[0]

    def row_facts(self, stored: Stored) -> RowFacts:
        """Norms, finiteness and projections of the rows of a matrix, from one pass over the file."""
        if stored.name not in self._rows:
            self._rows[stored.name] = RowFacts(stored)
        return self._rows[stored.name]

    @cached_property
    def tied(self) -> bool:
        """Whether the config, or else the model's class, ties the output matrix to the embedding matrix."""
        stated = self.config.get("tie_word_embeddings", self.text_config("tie_word_embeddings"))
        if stated is None:
            try:
                stated = AutoConfig.for_model(str(self.config.get("model_type"))).tie_word_embeddings
            except (ValueError, AttributeError, TypeError):
                raise NotApplicable("neither config.json nor the model's class says whether weights are tied") from None
        return bool(stated)

    # --- tokenizer ---

    @cached_property
    def tokenizer_json(self) -> dict[str, Any]:
        """tokenizer.json; NotApplicable if it is missing, unreadable or not of that form."""
        found = self.json("tokenizer.json")
        model = found.get("model")
        if not isinstance(model, dict) or not isinstance(found.get("added_tokens", []), list | None):
            raise NotApplicable("tokenizer.json is malformed")
        return found

    @cached_property
    def live(self) -> Tokenizer:
        """The tokenizer as tokenizer.json alone describes it."""
        self.tokenizer_json  # noqa: B018 - says why, if it cannot be read
        return self._read("tokenizer.json", lambda: Tokenizer.from_file(str(self.path / "tokenizer.json")))

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer as transformers loads it; no code of the folder is run."""
        self.live  # noqa: B018 - a broken file is refused before transformers sees it
        options: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
        return self._read("the tokenizer", lambda: AutoTokenizer.from_pretrained(self.path, **options))

    @cached_property
    def vocab(self) -> dict[str, int]:
        """Every token string and its id, added tokens included, in the order of ids."""
        return _by_id(self.live.get_vocab(with_added_tokens=True))

    @cached_property
    def added(self) -> dict[int, Any]:
        """The added tokens by id: objects with `content`, `special` and `single_word`."""
        return dict(sorted(self.live.get_added_tokens_decoder().items()))

    @cached_property
    def ordinary(self) -> dict[str, int]:
        """The tokens that text is made of: without added tokens, the unknown token and byte fallbacks."""
        model = self.tokenizer_json["model"]
        unknown = model.get("unk_token")
        plain = _by_id(self.live.get_vocab(with_added_tokens=False))
        return {
            token: index
            for token, index in plain.items()
            if index not in self.added and token != unknown and not re.fullmatch(r"<0x[0-9A-F]{2}>", token)
        }

    @cached_property
    def new_tokens(self) -> dict[str, int]:
        """The ordinary tokens that the reference does not have; NotApplicable without a reference."""
        if self.reference is None:
            raise NotApplicable("no reference was given")
        known = self.reference.vocab
        return {token: index for token, index in self.ordinary.items() if token not in known}

    @cached_property
    def end_ids(self) -> list[Any]:
        """The ids at which generation stops, by generation_config.json or else config.json."""
        for name in ("generation_config.json", "config.json"):
            found = self.json(name).get("eos_token_id") if self.exists(name) else None
            if found is not None:
                return list(found) if isinstance(found, list) else [found]
        return []

    @staticmethod
    def _read(what: str, make: Callable[[], T]) -> T:
        problem, made = attempt(make)
        if made is None:
            raise NotApplicable(f"{what} cannot be loaded: {problem}")
        return made


def attempt(make: Callable[[], T]) -> tuple[str, T | None]:
    """("", value) or (what went wrong, None).

    Libraries meet damaged files with any exception, and those written in Rust with a panic.
    """
    try:
        return "", make()
    except NotApplicable:
        raise
    except BaseException as error:  # a panic of the tokenizers library derives from BaseException
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        return f"{type(error).__name__}: {error}".splitlines()[0][:200], None


def normalised(rows: Tensor) -> Tensor:
    """The rows at length one; zero rows stay zero."""
    return torch.nn.functional.normalize(rows, dim=1)


def _by_id(vocab: dict[str, int]) -> dict[str, int]:
    """The same vocabulary in an order that does not change from run to run."""
    return dict(sorted(vocab.items(), key=lambda entry: (entry[1], entry[0])))


def _read_json(path: Path) -> dict[str, Any] | ValueError:
    try:
        if path.stat().st_size > _LARGEST_JSON:
            return ValueError(f"is larger than {_LARGEST_JSON >> 20} MiB")
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return ValueError("is missing")
    except (OSError, ValueError, RecursionError) as error:
        return ValueError(f"cannot be read: {str(error)[:150]}")
    return found if isinstance(found, dict) else ValueError("is not a JSON object")
