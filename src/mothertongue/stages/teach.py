"""The main path: the stages in their order, run for a recipe in a run folder."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from mothertongue import durability
from mothertongue.console import emit, say
from mothertongue.errors import InputError, Problem
from mothertongue.models.bases import check_base, resolve_base
from mothertongue.plan import Plan, render
from mothertongue.recipe import Recipe
from mothertongue.report.html import read_report
from mothertongue.run import RunResult, Stage, execute
from mothertongue.stages.corpus import CURATION, CorpusStage
from mothertongue.stages.estimate import make_plan
from mothertongue.stages.evaluate import EvaluateStage
from mothertongue.stages.material import resolve
from mothertongue.stages.pretrain import PretrainStage
from mothertongue.stages.report import ReportStage
from mothertongue.stages.restore import RestoreStage
from mothertongue.stages.start import read_json
from mothertongue.stages.vocabulary import VocabularyStage


def stages(make_plan: Callable[[], Plan] | None = None) -> Sequence[Stage]:
    """Every stage of the main job, in order; the first of them keeps the plan for the report."""
    return (
        CorpusStage(make_plan),
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
    rerun: bool = False,
) -> RunResult | None:
    """Runs the recipe up to and with the stage `until` (all of them by default); None for a dry run.

    Everything that can be checked is checked before anything is spent. Raises InputError, WorkError or Interrupted.
    """
    check(recipe)
    # Curation alone trains nothing: measuring how fast this machine trains would take longer than the work.
    unplanned = (run_folder / "run.json").is_file() or until == "corpus"
    planned = None if unplanned and not dry_run else plan(recipe, run_folder)
    if planned is not None:
        (emit if dry_run else say)(render(planned))
        if dry_run:
            if json_path:
                durability.write_json(json_path, planned.as_json())
            return None
        durability.require_space(run_folder, planned.disk_bytes)
    steps = stages(None if until == "corpus" else lambda: planned or plan(recipe, run_folder))
    result = execute(steps, recipe, run_folder, until=until, trust=trust, rerun=rerun)
    _tell(run_folder, json_path)
    return result


def _tell(run_folder: Path, json_path: Path | None) -> None:
    """Says what came of the run and what to do next; copies the report's data where the user asked for them."""
    path = run_folder / "report.json"
    if not path.is_file():
        _tell_curated(run_folder, json_path)
        return
    report = read_report(path)
    if json_path:
        durability.write_json(json_path, report.model_dump(mode="json"))
    emit(report.verdict)
    for name, bits in report.measures.bits_per_byte.items():
        low, high = bits.percent(bits.interval.low), bits.percent(bits.interval.high)
        change = f"{bits.change_percent:+.1f} %, {low:+.1f} to {high:+.1f}"
        emit(f"  {name}: {bits.before:.3f} -> {bits.after:.3f} bits per byte ({change})")
    emit(f"report: {run_folder / 'report.html'}")
    emit(f"talk to it: {report.chat_command}")
    emit("your own texts: mothertongue plan FOLDER --language TAG")


def _tell_curated(run_folder: Path, json_path: Path | None) -> None:
    """Says what curation left when nothing was trained yet, and where it can be looked at and disputed."""
    if not (run_folder / "corpus" / "corpus.json").is_file():
        return
    facts = read_json(run_folder / "corpus" / "corpus.json")
    if json_path:
        durability.write_json(json_path, facts)
    for step in facts["funnel"]:
        reasons = ", ".join(f"{reason} {number:,}" for reason, number in step["dropped_by_reason"].items())
        dropped = f" ({reasons})" if reasons else ""
        emit(f"{step['step']}: {step['documents']:,} documents, {step['bytes']:,} bytes{dropped}")
    emit(f"data card: {run_folder / CURATION / 'card.html'}")
    emit(f"have it judged:  mothertongue curate {shlex.quote(str(run_folder))} --audit audit.tsv")


def check(recipe: Recipe) -> None:
    """Nothing when base and material of the recipe can be used; InputError otherwise."""
    check_base(recipe.base)
    resolve(recipe)
    _check_length(recipe)


def _check_length(recipe: Recipe) -> None:
    positions = read_json(resolve_base(recipe.base) / "config.json").get("max_position_embeddings")
    length = recipe.pretrain.sequence_length
    if isinstance(positions, int) and length > positions:
        raise InputError(
            Problem(
                "MT506",
                "rows are longer than the positions that the base was made for",
                key="pretrain.sequence_length",
                value=str(length),
                allowed=f"at most {positions}",
                do="shorten the rows, or choose a base with a longer context",
            )
        )


def plan(recipe: Recipe, run_folder: Path) -> Plan:
    """What the run will take, from a measured probe; see `stages.estimate`."""
    check(recipe)
    return make_plan(recipe, run_folder, stages())
