"""A run: stages in order, each done once, in a folder that survives kills and continues to the same bits.

Enters: stages, a resolved recipe and a run folder. Leaves: one folder per finished stage with a manifest, recipe.yaml,
decisions.json, metrics.jsonl and the ledger run.json. A stage works in `<stage>.part`, which is renamed when it is
complete; it runs again only when its fingerprint changed or its files are damaged, and the cause is said.
"""

from __future__ import annotations

import shlex
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from mothertongue import durability
from mothertongue.background import ThreadErrors
from mothertongue.console import clock, duration, redact, say
from mothertongue.context import (
    DECISIONS,
    METRICS,
    RecipeLike,
    Stage,
    StageContext,
    read_decisions,
    read_metrics,
    write_decisions,
)
from mothertongue.errors import InputError, Interrupted, MothertongueError, Problem, WorkError
from mothertongue.fingerprint import MANIFEST, Manifest, Parts, read_manifest, stage_seed
from mothertongue.interrupts import Interrupts
from mothertongue.lease import PATIENCE_SECONDS, acquire
from mothertongue.ledger import Ledger

RECIPE, ERROR = "recipe.yaml", "error.txt"
__all__ = ["RecipeLike", "RunResult", "Stage", "StageContext", "execute", "read_decisions", "read_metrics", "why_rerun"]
NOT_RUN = "has not run yet"
_OURS = {RECIPE, METRICS, DECISIONS, ERROR, "run.json", "lease.json", "curation"}


@dataclass(frozen=True)
class RunResult:
    """What an execution did: stages run now, stages kept from before, and seconds of this execution."""

    folder: Path
    ran: tuple[str, ...]
    kept: tuple[str, ...]
    seconds: float


def execute(
    stages: Sequence[Stage],
    recipe: RecipeLike,
    run_folder: str | Path,
    *,
    until: str | None = None,
    trust: bool = False,
    rerun: bool = False,
    command: str = "",
    patience: float = PATIENCE_SECONDS,
) -> RunResult:
    """All stages finished in `run_folder`, or up to and with the stage `until`; what was finished before is kept.

    `trust` checks only the sizes of finished files. `rerun` allows finished stages to run again for changed options,
    which is otherwise refused. `command` is the line that continues the run, shown when it stops. `patience` is the
    time in seconds without a heartbeat after which an owner elsewhere is dead. Raises InputError for a folder of
    another recipe or a living owner, WorkError when a stage or the disk fails, Interrupted after a signal.
    """
    folder = Path(run_folder)
    selected = _select(stages, until)
    _refuse_foreign(folder, stages)
    line = command or f"mothertongue teach {shlex.quote(str(folder / RECIPE))} --run {shlex.quote(str(folder))}"
    began = clock()
    with Interrupts(line) as interrupts, ThreadErrors() as threads:
        durability.make_folder(folder)
        with acquire(folder, patience=patience) as lease, durability.fence(folder, lease.check):
            run = _Run(folder, stages, recipe, trust=trust)
            run.command, run.interrupted, run.thread_errors = line, interrupts.check, threads.check
            run.open(rerun=rerun)
            for position, stage in enumerate(selected, 1):
                run.watch()
                run.bring(stage, f"stage {position} of {len(selected)}")
            run.watch()
    return RunResult(folder, tuple(run.ran), tuple(run.kept), round(clock() - began, 3))


def why_rerun(
    stages: Sequence[Stage], recipe: RecipeLike, run_folder: str | Path, *, trust: bool = False
) -> dict[str, list[str]]:
    """Stage -> the causes for which it would run now, in words; an empty list for a stage that would be kept.

    Reads only; a stage that never ran has the one cause NOT_RUN.
    """
    run = _Run(Path(run_folder), stages, recipe, trust=trust)
    causes: dict[str, list[str]] = {}
    for stage in stages:
        first = [need for need in stage.needs if causes.get(need)]
        parts, before = run.parts(stage), read_manifest(run.folder / stage.name)
        if before is not None:  # what comes from a stage that has to run is not known yet
            known = {need: before.parts.upstream.get(need, "") for need in first}
            parts = replace(parts, upstream={**parts.upstream, **known})
        causes[stage.name] = [*run.causes(stage, parts), *(f"stage {need} runs first" for need in first)]
    return causes


class _Run:
    """One execution (or a look at one): the state shared by its stages."""

    def __init__(self, folder: Path, stages: Sequence[Stage], recipe: RecipeLike, *, trust: bool) -> None:
        self.folder = folder
        self.stages = stages
        self.recipe = recipe
        self.trust = trust
        self.ran: list[str] = []
        self.kept: list[str] = []
        self.command = ""
        self.interrupted: Callable[[], None] = lambda: None
        self.thread_errors: Callable[[], None] = lambda: None

    def watch(self) -> None:
        """Nothing, or WorkError after an error in another thread, or Interrupted after a signal."""
        self.thread_errors()
        self.interrupted()

    def open(self, *, rerun: bool) -> None:
        """The folder is cleared of what dead writers left, and the recipe is saved; refuses another recipe."""
        if not rerun:
            self._refuse_other_recipe()
        durability.remove_temporary(self.folder)
        durability.remove(self.folder / ERROR)
        _cut_torn_line(self.folder / METRICS)
        self.ledger = Ledger(self.folder, self.command)
        if self.ledger.damaged:
            say("run.json was damaged; costs of earlier work are lost, finished stages are kept")
        text = _recipe_text(self.recipe)
        path = self.folder / RECIPE
        if not path.is_file() or path.read_bytes() != durability.encode(text):
            durability.write_text(path, text)

    def parts(self, stage: Stage) -> Parts:
        """What decides the output of the stage as things are now; upstream stages without output count as empty."""
        manifests = {need: read_manifest(self.folder / need) for need in stage.needs}
        return Parts(
            stage.name,
            stage.version,
            self.recipe.seed if getattr(stage, "seeded", True) else 0,
            dict(durability.plain(stage.options(self.recipe))),
            dict(stage.inputs(self._context(stage))),
            {need: manifest.content() if manifest else "" for need, manifest in manifests.items()},
        )

    def causes(self, stage: Stage, parts: Parts) -> list[str]:
        """Why the stage has to run; empty when its finished folder is valid and whole."""
        folder = self.folder / stage.name
        manifest = read_manifest(folder)
        if manifest is None:
            return [f"{MANIFEST} is missing or damaged" if folder.exists() else NOT_RUN]
        return parts.differences(manifest.parts) or manifest.damage(folder, trust=self.trust)

    def bring(self, stage: Stage, position: str) -> None:
        """The stage is finished: kept if valid, else run; its published files are in place."""
        parts = self.parts(stage)
        causes = self.causes(stage, parts)
        part = self.folder / f"{stage.name}.part"
        if not causes:
            durability.remove(part)
            self.kept.append(stage.name)
            say(f"{position}: {stage.name} is done already")
        else:
            if causes != [NOT_RUN]:
                say(f"{stage.name} runs again: {'; '.join(causes[:5])}")
            if not self._complete(part, parts):
                self._perform(stage, parts, causes, position)
            durability.replace_folder(part, self.folder / stage.name)
            self.ran.append(stage.name)
        self.ledger.finish(stage.name, stage.version, parts.fingerprint())
        self._publish(stage)

    def _complete(self, part: Path, parts: Parts) -> bool:
        """Whether an earlier attempt was stopped between its last file and the rename."""
        manifest = read_manifest(part)
        return manifest is not None and manifest.parts == parts and not manifest.damage(part)

    def _perform(self, stage: Stage, parts: Parts, causes: list[str], position: str) -> None:
        """One attempt of the stage, up to a complete `.part` folder with its manifest."""
        entry = self.ledger.stage(stage.name)
        same = entry.get("fingerprint") == parts.fingerprint()
        resumes = same and entry["state"] == "running" and getattr(stage, "resumes", False)
        context = self._context(stage, entry["seconds"] if resumes else 0.0)
        durability.remove(context.folder / MANIFEST)
        if not resumes:
            durability.remove(context.folder)
            context.rewind_metrics(0)
        if not same:
            self._forget_decisions(stage.name)
        # The ledger names the fingerprint only after the rest of another one is gone.
        self.ledger.start(stage.name, parts.version, parts.fingerprint(), causes)
        durability.make_folder(context.folder)
        say(f"{position}: {stage.name}{' continues' if resumes else ''}")
        complete = False
        try:
            self._work(stage, context)
            durability.sync_folder(context.folder)
            durability.sync_file(self.folder / METRICS)
            durability.write_json(context.folder / MANIFEST, Manifest.of(context.folder, parts).value())
            complete = True
        finally:
            if complete:
                self.ledger.stop(stage.name, complete=True)
            else:
                with suppress(WorkError):  # the first error is the one to show
                    self.ledger.stop(stage.name, complete=False)
        say(f"{position}: {stage.name} took {duration(self.ledger.stage(stage.name)['seconds'])}")

    def _work(self, stage: Stage, context: StageContext) -> None:
        try:
            try:
                stage.run(context)
            finally:
                context.close()
            self.thread_errors()  # not the signals: a stage that is complete keeps its work
        except MothertongueError:
            raise
        except KeyboardInterrupt as error:
            raise Interrupted(self.command) from error
        except BaseException as error:
            raise self._failure(stage.name, error) from error

    def _failure(self, stage: str, error: BaseException) -> WorkError:
        """The WorkError for an unexpected error of a stage; the traceback goes to error.txt, without secrets."""
        with suppress(WorkError):
            durability.write_text(self.folder / ERROR, redact("".join(traceback.format_exception(error))))
        if isinstance(error, OSError) and durability.is_disk_error(error):
            return durability.as_work_error(f"stage {stage}", Path(error.filename or self.folder), error)
        if isinstance(error, MemoryError):
            message, do = f"stage {stage} ran out of memory", "lower its batch or sequence length, or close programs"
            return WorkError(Problem("MT828", message, where=str(self.folder), do=do))
        first = (str(error).strip().splitlines() or [""])[0][:300]
        message = f"stage {stage} failed: {type(error).__name__}" + (f": {redact(first)}" if first else "")
        do = "see error.txt there; run the same command to try again, and report it if it stays"
        return WorkError(Problem("MT826", message, where=str(self.folder), do=do))

    def _context(self, stage: Stage, spent: float = 0.0) -> StageContext:
        part = self.folder / f"{stage.name}.part"
        seed = stage_seed(self.recipe.seed, stage.name)
        return StageContext(self.folder, part, self.recipe, stage.name, seed, tuple(stage.needs), self.watch, spent)

    def _forget_decisions(self, stage: str) -> None:
        decisions = read_decisions(self.folder)
        if decisions.pop(stage, None) is not None:
            write_decisions(self.folder, decisions)

    def _refuse_other_recipe(self) -> None:
        """InputError MT821 with one problem per key that a finished stage was made with and that differs now."""
        problems = []
        for stage in self.stages:
            manifest = read_manifest(self.folder / stage.name)
            if manifest is None or manifest.parts.version != stage.version:
                continue  # a new version of the program may have other options; that is no change of the recipe
            seed = self.recipe.seed if getattr(stage, "seeded", True) else 0
            now = Parts(stage.name, stage.version, seed, dict(durability.plain(stage.options(self.recipe))))
            for key, (old, new) in now.changed_options(manifest.parts).items():
                message = f"differs from what the finished stage {stage.name} of this run folder was made with"
                do = "choose another --run folder, set the key back, or run the stage again with --rerun"
                problems.append(
                    Problem("MT821", message, str(self.folder), None, key, new, f"{old} in this folder", do)
                )
        if problems:
            raise InputError(list({problem.key: problem for problem in reversed(problems)}.values()))

    def _publish(self, stage: Stage) -> None:
        publishes: Mapping[str, str] = getattr(stage, "publishes", {})
        for inside, name in publishes.items():
            source, target = self.folder / stage.name / inside, self.folder / name
            if not _same_content(source, target):
                durability.link_or_copy(source, target)


def _select(stages: Sequence[Stage], until: str | None) -> Sequence[Stage]:
    names = [stage.name for stage in stages]
    for position, stage in enumerate(stages):
        missing = [need for need in stage.needs if need not in names[:position]]
        if missing:
            raise WorkError(
                Problem("MT824", f"stage {stage.name} needs {', '.join(missing)}, which does not run before it")
            )
    if until is None:
        return stages
    if until not in names:
        raise InputError(
            Problem("MT829", "is not a stage of this recipe", key="until", value=until, allowed=", ".join(names))
        )
    return stages[: names.index(until) + 1]


def _refuse_foreign(folder: Path, stages: Sequence[Stage]) -> None:
    """InputError MT822 for a file, or for a folder with content that no run has made."""
    if not folder.exists():
        return
    do = "choose a new or empty folder with --run"
    if not folder.is_dir():
        raise InputError(Problem("MT822", "is a file, not a run folder", where=str(folder), do=do))
    ours = _OURS | {name for stage in stages for name in (stage.name, f"{stage.name}.part")}
    entries = sorted(entry.name for entry in folder.iterdir())
    foreign = [name for name in entries if name not in ours and not durability.is_temporary(name)]
    known = any((folder / name).exists() for name in (RECIPE, "run.json"))
    if foreign and not known:
        message = f"holds files that are not of a run: {', '.join(foreign[:5])}"
        raise InputError(Problem("MT822", message, where=str(folder), do=do))


def _recipe_text(recipe: RecipeLike) -> str:
    write = getattr(recipe, "to_yaml", None)
    if callable(write):
        return redact(str(write()))
    import yaml

    value = durability.plain(recipe.resolved())
    return redact(str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True)))


def _same_content(source: Path, target: Path) -> bool:
    if not target.exists() or source.is_dir() != target.is_dir():
        return False
    if source.is_dir():
        names, others = ({path.relative_to(root) for path in root.rglob("*")} for root in (source, target))
        return names == others and all(_same_content(source / name, target / name) for name in names)
    return source.samefile(target) or durability.sha256_file(source) == durability.sha256_file(target)


def _cut_torn_line(path: Path) -> None:
    """A last line without its end, which a crash of the machine can leave, is cut off."""
    if path.is_file():
        data = path.read_bytes()
        if data and not data.endswith(b"\n"):
            durability.truncate_file(path, data.rfind(b"\n") + 1)
