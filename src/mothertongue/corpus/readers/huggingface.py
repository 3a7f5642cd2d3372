"""Hugging Face datasets: rows streamed from the Hub or a local folder, shard by shard; no program of theirs is run.

A dataset is named `hf:owner/name` or `hf:/path/to/folder`, with `?config=...&split=...&column=...&revision=...`.
"""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from mothertongue.corpus.document import Document, Dropped
from mothertongue.corpus.readers.jsonl import row_document
from mothertongue.corpus.readers.streams import USUAL_LIMITS, Limits, UnreadableError, too_large
from mothertongue.errors import InputError, Problem, WorkError

if TYPE_CHECKING:
    from datasets import IterableDataset

PREFIX = "hf:"
OPTIONS = ("config", "split", "column", "revision")
_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_FORM = "hf:owner/name or hf:/path/to/folder, then ?config=...&split=...&column=...&revision=..."


@dataclass(frozen=True)
class DatasetName:
    """A dataset as a source of text: its id or folder, and what of it is read."""

    path: str
    config: str | None = None
    split: str | None = None
    column: str | None = None
    revision: str | None = None


def is_dataset(source: str) -> bool:
    """Return whether a source is the name of a dataset instead of a file or folder."""
    return source.startswith(PREFIX)


def parse_name(name: str) -> DatasetName:
    """Return the parts of the name of a dataset; raises InputError MT280 with everything that is wrong in it."""
    path, _, query = name.removeprefix(PREFIX).partition("?")
    problems = [] if is_dataset(name) else [_problem(name, name, f"does not begin with {PREFIX}")]
    problems += _path_problems(name, path)
    given: dict[str, str] = {}
    for part in query.split("&") if query else []:
        key, equals, value = (unquote(piece) for piece in part.partition("="))
        if key not in OPTIONS:
            near = difflib.get_close_matches(key, OPTIONS, n=1)
            problems.append(_problem(name, key or part, "is not an option" + (f"; nearest: {near[0]}" if near else "")))
        elif not equals or not value:
            problems.append(_problem(name, key, "has no value"))
        elif key in given:
            problems.append(_problem(name, key, "is there twice"))
        given[key] = value
    if problems:
        raise InputError(problems)
    return DatasetName(path, **given)


def _path_problems(name: str, path: str) -> list[Problem]:
    if path.startswith(("/", "./", "../", "~")):
        folder = Path(path).expanduser()
        return [] if folder.is_dir() else [_problem(name, path, "is not a folder")]
    return [] if _ID.fullmatch(path) else [_problem(name, path or "(nothing)", "is not owner/name nor a folder")]


def _problem(name: str, value: str, message: str) -> Problem:
    return Problem(
        "MT280", message, where=name, key="dataset", value=value, allowed=_FORM, do="correct the name of the dataset"
    )


def dataset_shards(name: str) -> int:
    """Return into how many shards `read_dataset` can divide the dataset: the number of its files as a rule.

    Raises InputError MT280 to MT283.
    """
    return int(_open(name, parse_name(name)).num_shards)


def read_dataset(
    name: str, language: str, limits: Limits = USUAL_LIMITS, shard: int | None = None
) -> Iterator[Document | Dropped]:
    """Yield the rows of a dataset or of one of its shards, with source `name:shard:row`, as JSON Lines rows are read.

    All shards one after another give the same documents as the whole. Raises InputError MT280 to MT283, and WorkError
    MT284 when the connection breaks.
    """
    wanted = parse_name(name)
    data = _open(name, wanted)
    for index in range(data.num_shards) if shard is None else [shard]:
        part = data if data.num_shards == 1 else data.shard(num_shards=data.num_shards, index=index)
        yield from _rows(part, f"{name}:{index}", wanted, language, limits)


def _rows(
    data: IterableDataset, source: str, wanted: DatasetName, language: str, limits: Limits
) -> Iterator[Document | Dropped]:
    number = 0
    rows = iter(data)
    while True:
        number += 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except (ConnectionError, TimeoutError) as error:
            raise _disconnected(source, error) from error
        except Exception as error:  # each format of a file fails in its own way
            if _of_the_network(error):
                raise _disconnected(source, error) from error
            yield UnreadableError("damaged", 0, f"from row {number} on: {_said(error)}").dropped(source)
            return
        yield _row(row, f"{source}:{number}", wanted.column, language, limits)


def _row(row: dict[str, Any], source: str, column: str | None, language: str, limits: Limits) -> Document | Dropped:
    if column is not None:
        row = {"text" if key == column else key: value for key, value in row.items() if key != "text" or key == column}
    text = row.get("text")
    try:
        if isinstance(text, str) and len(text) > limits.record_bytes:
            raise too_large(limits.record_bytes, 0)
        return row_document(row, source, language, 0)
    except UnreadableError as error:
        return error.dropped(source)


def _open(name: str, wanted: DatasetName) -> IterableDataset:
    try:
        from datasets import load_dataset
    except ImportError as error:
        do = 'pip install "mothertongue[huggingface]"'
        raise InputError(Problem("MT281", "needs the library datasets", where=name, do=do)) from error
    logging.getLogger("datasets").setLevel(logging.CRITICAL)
    path = str(Path(wanted.path).expanduser()) if not _ID.fullmatch(wanted.path) else wanted.path
    try:
        found = load_dataset(path, wanted.config, revision=wanted.revision, streaming=True)
    except Exception as error:
        raise _unopened(name, error) from error
    if wanted.split is None and len(found) != 1 and "train" not in found:
        raise _unknown(name, "split", "(not named)", list(found))
    split = wanted.split or ("train" if "train" in found else next(iter(found)))
    if split not in found:
        raise _unknown(name, "split", split, list(found))
    data = found[split]
    columns = data.column_names
    if wanted.column is not None and columns is not None and wanted.column not in columns:
        raise _unknown(name, "column", wanted.column, columns)
    return data


def _unopened(name: str, error: Exception) -> InputError:
    offline = isinstance(error, (ConnectionError, TimeoutError)) or _of_the_network(error)
    do = (
        "connect to the network, or download the files of the dataset and give their folder as a source"
        if offline
        else "check owner, name and config on the page of the dataset"
    )
    return InputError(Problem("MT282", f"cannot be opened: {_said(error)}", where=name, do=do))


def _unknown(name: str, key: str, value: str, known: list[str]) -> InputError:
    allowed = ", ".join(map(str, known[:20]))
    message = f"the dataset has no such {key}"
    return InputError(Problem("MT283", message, name, key=key, value=value, allowed=allowed, do=f"add {key}=NAME"))


def _disconnected(source: str, error: Exception) -> WorkError:
    return WorkError(
        Problem("MT284", f"the connection broke: {_said(error)}", where=source, do="run the same command again")
    )


def _of_the_network(error: Exception) -> bool:
    """Return whether an error, or the one it was made from, is one of the libraries that talk to the Hub."""
    seen: BaseException | None = error
    while seen is not None:
        if type(seen).__module__.partition(".")[0] in ("httpx", "httpcore", "requests", "urllib3", "aiohttp"):
            return True
        seen = seen.__cause__
    return False


def _said(error: Exception) -> str:
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[0][:300]
