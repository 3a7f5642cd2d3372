"""The index of everything before: keys, bands and facts of earlier dumps, so that their texts are never read again.

A folder with `index.json` and one folder per dump. A dump that is curated again takes its old place; what stands after
that place plays no part for it. One run at a time may add to an index.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mothertongue import durability
from mothertongue.corpus.deduplication.options import DeduplicationOptions
from mothertongue.errors import InputError, Problem

FORMAT: Final = 1
_FILE: Final = "index.json"
_SETTINGS: Final = {
    "url": ("url", "url_field"),
    "exact": ("exact",),
    "near": ("near_threshold", "near_recall", "near_lanes", "near_verify", "seed"),
    "paragraphs": ("paragraphs", "paragraph_characters"),
}


@dataclass(frozen=True)
class Index:
    """An index and the place in it of the dump at hand."""

    folder: Path
    dumps: tuple[Mapping[str, Any], ...]
    """Name, documents, bytes and settings of every dump, in their order."""
    place: int

    @property
    def before(self) -> dict[str, list[str]]:
        """The files of the dumps before this one, as absolute paths, by sort."""
        found: dict[str, list[str]] = {}
        for number in range(self.place):
            for path in sorted((self.folder / f"{number:05d}").glob("*/*")):
                found.setdefault(path.parent.name, []).append(str(path.absolute()))
        return found

    @property
    def counts(self) -> dict[str, int]:
        """The documents and bytes of the dumps before this one."""
        return {key: sum(dump[key] for dump in self.dumps[: self.place]) for key in ("documents", "bytes")}

    def add(self, folder: Path, files: Mapping[str, Sequence[str]], entry: Mapping[str, Any]) -> None:
        """Add this dump, or replace it: first its files (sort -> names in `folder`), then its line in the index."""
        with durability.writing_folder(self.folder / f"{self.place:05d}") as temporary:
            for sort, names in files.items():
                (temporary / sort).mkdir()
                for name in names:
                    durability.link_or_copy(folder / name, temporary / sort / Path(name).name)
        dumps = [*self.dumps[: self.place], dict(entry), *self.dumps[self.place + 1 :]]
        durability.write_json(self.folder / _FILE, {"format": FORMAT, "dumps": dumps})


def settings(options: DeduplicationOptions, characters: bool) -> dict[str, Any]:
    """Return what must be equal in all dumps of an index, by kind."""
    values = options.model_dump()
    kept = {
        kind: {name: values[name] for name in names} for kind, names in _SETTINGS.items() if kind in options.kinds()
    }
    if "near" in kept:
        kept["near"]["characters"] = characters
    return kept


def open_index(folder: Path, options: DeduplicationOptions, characters: bool) -> Index:
    """Return the index in a folder, which may be new.

    Raises InputError MT231 when the dump has no name, and MT232 when the index is damaged or was made with other
    settings.
    """
    if not options.dump:
        do = "give corpus.deduplicate.dump a name that says which texts these are, such as 2026-05"
        raise InputError(Problem("MT231", "an index needs a name for these texts", key="dump", value="''", do=do))
    dumps: list[Mapping[str, Any]] = []
    if (folder / _FILE).exists():
        dumps = _read(folder / _FILE)
    names = [dump["name"] for dump in dumps]
    place = names.index(options.dump) if options.dump in names else len(names)
    wanted = settings(options, characters)
    for dump in dumps[:place]:
        for kind, values in wanted.items():
            if dump["settings"].get(kind) != values:
                raise _other(folder, dump["name"], kind, dump["settings"].get(kind), values)
    return Index(folder, tuple(dumps), place)


def _read(path: Path) -> list[Mapping[str, Any]]:
    try:
        value = json.loads(path.read_bytes())
        if value["format"] != FORMAT:
            raise ValueError(f"format {value['format']}")
        return [dict(dump, documents=int(dump["documents"]), bytes=int(dump["bytes"])) for dump in value["dumps"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        do = "restore it from a copy, or delete the folder and add its dumps again in their order"
        raise InputError(Problem("MT232", "is no index", where=str(path), value=str(error), do=do)) from error


def _other(folder: Path, name: str, kind: str, found: Any, wanted: Any) -> InputError:
    return InputError(
        Problem(
            "MT232",
            f"was made with other settings of {kind}",
            where=str(folder),
            key=name,
            value=json.dumps(found) if found else f"no keys of {kind}",
            allowed=json.dumps(wanted),
            do="use the settings of the index, or start another one",
        )
    )
