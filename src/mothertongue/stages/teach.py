"""The main path: the stages in their order, run for a recipe in a run folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mothertongue import durability
from mothertongue.console import emit, say
from mothertongue.models.bases import check_base
from mothertongue.plan import Plan, render
from mothertongue.recipe import Recipe
from mothertongue.run import RunResult, Stage, execute
from mothertongue.stages.corpus import CorpusStage
from mothertongue.stages.estimate import make_plan
from mothertongue.stages.evaluate import EvaluateStage
from mothertongue.stages.material import resolve
from mothertongue.stages.pretrain import PretrainStage
from mothertongue.stages.report import ReportStage
from mothertongue.stages.restore import RestoreStage
from mothertongue.stages.vocabulary import VocabularyStage


def stages() -> Sequence[Stage]:
    """Every stage of the main job, in order."""
    return (
        CorpusStage(),
        EvaluateStage("baseline"),
        VocabularyStage(),
        PretrainStage(),
        RestoreStage(),
        EvaluateStage("evaluate"),
        ReportStage(),
    )


def run_recipe(
    recipe: Recipe,
    run_folder: Path,
    until: str | None = None,
    *,
    dry_run: bool = False,
    json_path: Path | None = None,
    trust: bool = False,
) -> RunResult | None:
    """Runs the recipe up to and with the stage `until` (all of them by default); None for a dry run.

    Everything that can be checked is checked before anything is spent. Raises InputError, WorkError or Interrupted.
    """
    check(recipe)
    planned = plan(recipe, run_folder)
    if dry_run:
        emit(render(planned))
        if json_path:
            durability.write_json(json_path, planned.as_json())
        return None
    say(render(planned))
    durability.require_space(run_folder, planned.disk_bytes)
    result = execute(stages(), recipe, run_folder, until=until, trust=trust)
    finish(run_folder, until, json_path)
    return result


def check(recipe: Recipe) -> None:
    """Nothing when base and material of the recipe can be used; InputError otherwise."""
    check_base(recipe.base)
    resolve(recipe)


def plan(recipe: Recipe, run_folder: Path) -> Plan:
    """What the run will take, from a measured probe; see `stages.estimate`."""
    check(recipe)
    return make_plan(recipe, run_folder, stages())
