"""Runs a study: seeds in turn, checked values, and the finding that follows from them (`mothertongue reproduce N`)."""

from __future__ import annotations

import json
import math
import os
import platform
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from importlib import metadata
from pathlib import Path
from typing import Any

from mothertongue import __version__, durability
from mothertongue.console import clock, duration, progress, say
from mothertongue.errors import InputError, Problem, WorkError
from mothertongue.studies.catalogue import method
from mothertongue.studies.finding import Finding, write_finding
from mothertongue.studies.study import Scale, Study, load_study

_PACKAGES = ("torch", "transformers", "tokenizers", "numpy")
_SEED_LIMIT = 2**32  # the largest range that every random generator in use accepts


def reproduce(
    number: int,
    scale: str = "mini",
    seeds: Sequence[int] | None = None,
    json_path: str | os.PathLike[str] | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> Finding:
    """The finding of study `number` at `scale`, also written to `json_path` if given.

    `seeds` default to those of the scale. With `folder`, the files of the study and the values of finished seeds stay
    there, and a second call continues after them; without it they go to a temporary place. Raises InputError MT901,
    MT902 or MT906, and WorkError MT905 when the study gives values that cannot be used.
    """
    method(number)
    size = _scale(scale)
    chosen = _seeds(seeds, size)
    study = load_study(number)
    with ExitStack() as stack:
        if folder is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mothertongue-study-"))
        finding = measure(study, size, chosen, Path(folder))
    if json_path is not None:
        write_finding(json_path, finding)
    limit = size.limit_seconds
    if limit is not None and finding.seconds > limit:
        say(f"study {number} took {duration(finding.seconds)}; scale {size} promises at most {duration(limit)}")
    return finding


def measure(study: Study, scale: Scale, seeds: Sequence[int], folder: Path) -> Finding:
    """The finding of any `study`, run once for each of `seeds` below `folder`; WorkError MT905 for unusable values."""
    versions = _versions()
    rows: list[Mapping[str, float]] = []
    seconds = 0.0
    with progress(f"study {study.number:02d} at scale {scale}", len(seeds), "seeds") as advance:
        for seed in seeds:
            row, spent = _seed_values(study, scale, seed, folder / f"seed-{seed}", versions)
            rows.append(row)
            seconds += spent
            advance(1)
    return Finding.of(
        study=study.number,
        title=method(study.number).title,
        claim=study.claim,
        scale=scale.value,
        seeds=tuple(seeds),
        arms={name: [row[name] for row in rows] for name in study.arms},
        statistic=study.statistic,
        seconds=round(seconds, 3),
        versions=versions,
        command=command(study.number, scale, seeds),
    )


def command(number: int, scale: Scale, seeds: Sequence[int]) -> str:
    """The command line that measures the same again; seeds are named only if they are not the usual ones."""
    named = "" if tuple(seeds) == scale.default_seeds else f" --seeds {','.join(map(str, seeds))}"
    return f"mothertongue reproduce {number} --scale {scale}{named}"


def _seed_values(
    study: Study, scale: Scale, seed: int, folder: Path, versions: Mapping[str, str]
) -> tuple[Mapping[str, float], float]:
    """Values and seconds of one seed: those of an earlier call under the same conditions, or measured now."""
    conditions = {"study": study.number, "scale": scale.value, "seed": seed, "versions": dict(versions)}
    file = folder / "values.json"
    kept = _read(file)
    if kept is not None and {key: kept.get(key) for key in conditions} == conditions:
        return _checked(study, seed, kept["values"]), float(kept["seconds"])
    durability.make_folder(folder)
    values, spent = _timed(lambda: study.run(scale, seed, folder))
    values = _checked(study, seed, values)
    durability.write_json(file, {**conditions, "values": values, "seconds": spent})
    return values, spent


def _timed(work: Callable[[], Mapping[str, float]]) -> tuple[Mapping[str, float], float]:
    started = clock()
    return work(), clock() - started


def _read(file: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None  # nothing was measured yet, or its writing was stopped: the seed is run again
    return value if isinstance(value, dict) else None


def _checked(study: Study, seed: int, values: Mapping[str, float]) -> dict[str, float]:
    """`values` as plain floats in the order of the arms; WorkError MT905 unless there is one finite number per arm."""
    problems = [_unusable(study, seed, name, "no value came back") for name in study.arms if name not in values]
    problems += [_unusable(study, seed, name, "is no arm of the study") for name in values if name not in study.arms]
    numbers = {name: float(values[name]) for name in study.arms if name in values}
    for name, number in numbers.items():
        if not math.isfinite(number):
            problems.append(_unusable(study, seed, name, f"the value is {number}"))
    if problems:
        raise WorkError(problems)
    return numbers


def _unusable(study: Study, seed: int, arm: str, message: str) -> Problem:
    where = f"study {study.number:02d}, seed {seed}"
    return Problem("MT905", message, where=where, key="arm", value=arm, do="run scale smoke with this seed")


def _scale(name: str) -> Scale:
    try:
        return Scale(name)
    except ValueError as error:
        allowed = ", ".join(Scale)
        problem = Problem("MT906", "is not a scale", key="scale", value=name, allowed=allowed, do="choose one of them")
        raise InputError(problem) from error


def _seeds(seeds: Sequence[int] | None, scale: Scale) -> tuple[int, ...]:
    if seeds is None:
        return scale.default_seeds
    if not seeds or len(set(seeds)) < len(seeds) or not all(0 <= seed < _SEED_LIMIT for seed in seeds):
        allowed = f"different whole numbers from 0 to {_SEED_LIMIT - 1}, at least one"
        found = ",".join(map(str, seeds)) or "none"
        problem = Problem("MT906", "these seeds cannot be used", key="seeds", value=found, allowed=allowed)
        raise InputError(problem)
    return tuple(seeds)


def _versions() -> dict[str, str]:
    """Versions of Python, of the machine's kind and of the packages that can change a result; none is imported."""
    found = {
        "mothertongue": __version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
    }
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found
