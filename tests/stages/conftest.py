"""The small world and one finished run, made once for all tests of this folder."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from mothertongue.cli import main
from stages.small import World, make_world

IDS = torch.arange(7, 39)[None]
"""A row of ordinary token ids for comparing logits."""


@dataclass(frozen=True)
class Finished:
    """A finished run with the logits that its restored model had in memory before it was saved."""

    run: Path
    logits: torch.Tensor


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="session")
def finished(world: World, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Tests must not write into it; see `copied`."""
    from mothertongue.stages import restore

    run, seen = tmp_path_factory.mktemp("runs") / "finished", []

    def watched(model: Any, *rest: Any) -> None:
        with torch.no_grad():
            seen.append(model(IDS).logits.clone())
        save(model, *rest)

    with pytest.MonkeyPatch.context() as patch:
        save = restore.save_model
        patch.setattr(restore, "save_model", watched)
        assert main(world.words("teach", run)) == 0
    return Finished(run, seen[0])


@pytest.fixture
def copied(finished: Finished, tmp_path: Path) -> Path:
    """A copy of the finished run that a test may spoil."""
    return Path(shutil.copytree(finished.run, tmp_path / "copied"))
