"""The command line: every verb a thin call, every mistake one message, every exit code one of 0, 1, 2 and 130.

Words of the user enter; a recipe and a run folder go to the stages. Nothing heavy is imported before a verb needs it.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from mothertongue.console import emit, say
from mothertongue.errors import InputError, Interrupted, MothertongueError, Problem, WorkError

if TYPE_CHECKING:
    from mothertongue.recipe import Recipe

COMMAND_LINE: Final = "command line"
_OVERRIDE: Final = re.compile(r"[A-Za-z_][\w.\-]*=")
_RUN_MARKS: Final = ("run.json", "lease.json")
# typer carries its own copy of click; this ancestor of its public exception is what its parser raises
_CLICK_ERROR: Final[type[Exception]] = typer.BadParameter.__mro__[2]

app = typer.Typer(
    name="mothertongue",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

Inputs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[RECIPE|FOLDER|RUN] [KEY=VALUE]...",
        help="A recipe file, folders of text (with --language), or a run folder to continue; then changes to the "
        "recipe, such as pretrain.rank=8. Without any: the embedded sample.",
        show_default=False,
    ),
]
RunOption = Annotated[Path | None, typer.Option("--run", metavar="DIR", help="Run folder; default runs/NAME-LANGUAGE.")]
JsonOption = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the result as JSON, too.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Check everything and show the plan; change nothing.")]
SeedOption = Annotated[str | None, typer.Option("--seed", metavar="N", help="Start of every random choice.")]
BudgetOption = Annotated[
    str | None, typer.Option("--budget", metavar="TIME", help="Time for the whole run, such as 8m.")
]
LanguageOption = Annotated[str | None, typer.Option("--language", metavar="TAG", help="Language to teach, such as nl.")]
TrustOption = Annotated[bool, typer.Option("--trust", help="Check finished stages by size only, not by content.")]
RerunOption = Annotated[bool, typer.Option("--rerun", help="Run finished stages again whose settings changed.")]
FolderArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="A run folder or a model folder.")]


@dataclass(frozen=True)
class Request:
    """What was asked on the command line for a verb that works on a recipe."""

    inputs: Sequence[str] = ()
    run: Path | None = None
    json_path: Path | None = None
    dry_run: bool = False
    seed: str | None = None
    budget: str | None = None
    language: str | None = None
    trust: bool = False
    rerun: bool = False


@dataclass(frozen=True)
class RecipeVerb:
    """A verb that runs a recipe up to one stage; no stage means all of them."""

    name: str
    stage: str | None
    help: str


RECIPE_VERBS: Final = (
    RecipeVerb("teach", None, "Run the whole recipe: from a folder of text to a tested chat model and a report."),
    RecipeVerb("plan", None, "Show what a run would take in time, memory and disk, and change nothing."),
    RecipeVerb("curate", "corpus", "Read, repair, filter and split the texts."),
    RecipeVerb("expand", "vocabulary", "Decide on the tokenizer, and extend it where that pays."),
    RecipeVerb("pretrain", "pretrain", "Train the model on the texts."),
    RecipeVerb("restore", "restore", "Bring back the ability to chat."),
    RecipeVerb("evaluate", "evaluate", "Measure what was learned and what was kept."),
    RecipeVerb("report", "report", "Write report.html and report.json."),
)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False
) -> None:
    """Teach an open language model a new language from a folder of text."""
    if version:
        from mothertongue import __version__

        emit(f"mothertongue {__version__}")
    elif context.invoked_subcommand is None:
        emit(context.get_help())


def _recipe_command(verb: RecipeVerb) -> Callable[..., None]:
    """Return the command function of one verb; all of them take the same words."""

    def command(
        inputs: Inputs = None,
        run: RunOption = None,
        json_path: JsonOption = None,
        dry_run: DryRunOption = False,
        seed: SeedOption = None,
        budget: BudgetOption = None,
        language: LanguageOption = None,
        trust: TrustOption = False,
        rerun: RerunOption = False,
    ) -> None:
        run_recipe(verb, Request(inputs or (), run, json_path, dry_run, seed, budget, language, trust, rerun))

    return command


CURATE: Final = next(verb for verb in RECIPE_VERBS if verb.name == "curate")


def curate(
    inputs: Inputs = None,
    run: RunOption = None,
    json_path: JsonOption = None,
    dry_run: DryRunOption = False,
    seed: SeedOption = None,
    budget: BudgetOption = None,
    language: LanguageOption = None,
    trust: TrustOption = False,
    rerun: RerunOption = False,
    derive_profile: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Learn a language profile from the texts, and nothing else.")
    ] = None,
    teach_identifier: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Teach a language identifier the texts, and nothing else.")
    ] = None,
    train_fluency: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Train a fluency model on the texts, and nothing else.")
    ] = None,
    train_classifier: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Train a classifier of the texts and of those of --against.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Texts of the other kind, for --train-classifier.")
    ] = None,
    neighbour: Annotated[
        list[str] | None, typer.Option(metavar="TAG=PATH", help="Texts in a language that is easily mistaken for it.")
    ] = None,
    audit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the audit sheet of a finished curation.")
    ] = None,
    verdicts: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Read a judged audit sheet back and move thresholds.")
    ] = None,
) -> None:
    """Bring a run up to curated texts, or do one of the things around it that the options name."""
    request = Request(inputs or (), run, json_path, dry_run, seed, budget, language, trust, rerun)
    from mothertongue.stages.curation import Wanted, audit_run, learn

    neighbours = _neighbours(neighbour or ())
    wanted = Wanted(derive_profile, teach_identifier, train_fluency, train_classifier, against, neighbours)
    if wanted or against is not None:
        recipe, _ = load_request(request)
        emit(learn(recipe, wanted, json_path))
    elif audit is not None or verdicts is not None:
        _, folder = load_request(request)
        emit(audit_run(folder, audit, verdicts, json_path))
    else:
        run_recipe(CURATE, request)


for _verb in RECIPE_VERBS:
    app.command(_verb.name, help=_verb.help)(curate if _verb is CURATE else _recipe_command(_verb))


@app.command()
def chat(
    folder: FolderArgument,
    compare: Annotated[bool, typer.Option("--compare", help="Answer with the untouched base beside it.")] = False,
    web: Annotated[bool, typer.Option("--web", help="Open a page on this machine instead of the terminal.")] = False,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port of the page; 0 takes a free one.")] = 0,
) -> None:
    """Talk with a model, or with the model before and after side by side."""
    _require_folder(folder)
    from mothertongue.stages.chat import open_subjects

    subjects = open_subjects(folder, compare=compare)
    if web:
        from mothertongue.report.web import serve

        serve(subjects, port=port, compare=compare)
    else:
        from mothertongue.report.chat import terminal_chat

        terminal_chat(subjects, compare=compare)


@app.command()
def doctor(
    folder: FolderArgument,
    reference: Annotated[
        Path | None, typer.Option("--reference", metavar="DIR", help="The base it was made from.")
    ] = None,
    json_path: JsonOption = None,
) -> None:
    """Examine a model folder for known faults; exit code 1 where one is found."""
    _require_folder(folder)
    if reference is not None:
        _require_folder(reference)
    from mothertongue.models.doctor import examine, render

    model = folder / "model"
    examination = examine(model if (model / "config.json").is_file() else folder, reference=reference)
    _write_json(json_path, examination.to_json())
    emit(render(examination))
    if examination.worst == "error":
        raise typer.Exit(1)


@app.command()
def reproduce(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="As listed by: mothertongue methods.")],
    scale: Annotated[str, typer.Option("--scale", help="smoke, mini, laptop or paper.")] = "mini",
    seeds: Annotated[
        str | None, typer.Option("--seeds", metavar="N,N", help="Instead of the seeds of the scale.")
    ] = None,
    run: Annotated[Path | None, typer.Option("--run", metavar="DIR", help="Keep the files of the study here.")] = None,
    json_path: JsonOption = None,
) -> None:
    """Run the study of one published method and print its verdict."""
    from mothertongue import studies

    finding = studies.reproduce(number, scale=scale, seeds=_seeds(seeds), json_path=json_path, folder=run)
    emit(studies.render_finding(finding))


@app.command()
def methods(
    number: Annotated[int | None, typer.Argument(metavar="[NUMBER]", help="One method with all that is known.")] = None,
    query: Annotated[
        str | None, typer.Option("--search", metavar="WORDS", help="Methods for a need, best first.")
    ] = None,
    json_path: JsonOption = None,
) -> None:
    """List the published methods with their studies."""
    from mothertongue import studies

    if number is not None:
        _write_json(json_path, studies.method_values(number))
        emit(studies.render_method(number))
    elif query is not None:
        hits = studies.search(query)
        _write_json(json_path, studies.hit_values(hits))
        emit(studies.render_hits(hits))
    else:
        _write_json(json_path, studies.methods())
        emit(studies.render_table(studies.load_methods()))


@app.command()
def schema(
    section: Annotated[str | None, typer.Argument(metavar="[SECTION]", help="Such as pretrain; none: all.")] = None,
    keys: Annotated[bool, typer.Option("--keys", help="List the keys for people instead of JSON.")] = False,
    json_path: JsonOption = None,
) -> None:
    """Print the JSON schema of a recipe for editors, or its keys with defaults and help."""
    from mothertongue.recipe import describe_keys, json_schema

    if keys:
        for key, allowed, default, text in describe_keys(section):
            emit(f"{key}: {default}\n    {text}\n    allowed: {allowed}")
        return
    found = json_schema(section)
    _write_json(json_path, found)
    if json_path is None:
        emit(json.dumps(found, indent=2, ensure_ascii=False))


@app.command()
def explain(code: Annotated[str, typer.Argument(metavar="CODE", help="Code of a message, such as MT104.")]) -> None:
    """Say more about the code of a message, offline."""
    from mothertongue.errors import explain as explanation

    emit(explanation(code))


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code of one command: 0 done, 1 the work failed, 2 the input is wrong, 130 interrupted.

    Messages go to stderr, results to stdout. MOTHERTONGUE_DEBUG=1 shows the traceback of an unexpected failure.
    """
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        result = app(words, prog_name="mothertongue", standalone_mode=False)
        _flush_stdout()
        if result == Interrupted.exit_code:  # typer turns Ctrl-C into this number without a word
            say(str(Interrupted()))
        return result if isinstance(result, int) else 0
    except MothertongueError as error:
        say(str(error))
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        say(str(Interrupted()))
        return Interrupted.exit_code
    except BrokenPipeError:
        _mute_stdout()
        return 0
    except typer.Exit as stop:
        return int(stop.exit_code)
    except _CLICK_ERROR as error:
        say(str(InputError(_usage_problem(error))))
        return InputError.exit_code
    except Exception as error:
        if os.environ.get("MOTHERTONGUE_DEBUG"):
            raise
        say(str(WorkError(_unexpected(error))))
        return WorkError.exit_code


def run_recipe(verb: RecipeVerb, request: Request) -> None:
    """Load the recipe of a request and give it to the stages; prints the plan where nothing shall run."""
    recipe, folder = load_request(request)
    from mothertongue.stages import teach as stages

    if verb.name == "plan":
        from mothertongue.plan import render

        plan = stages.plan(recipe, folder)
        _write_json(request.json_path, plan.as_json())
        emit(render(plan))
        return
    stages.run_recipe(
        recipe,
        folder,
        until=verb.stage,
        dry_run=request.dry_run,
        json_path=request.json_path,
        trust=request.trust,
        rerun=request.rerun,
    )


def load_request(request: Request) -> tuple[Recipe, Path]:
    """Return the recipe and the run folder that a request means; raises InputError with all problems."""
    from mothertongue.recipe import load_recipe, load_sample

    places, datasets, overrides = split_inputs(request.inputs)
    flags = {"seed": request.seed, "budget": request.budget, "language": request.language}
    values: dict[str, Any] = {
        key: _number(text) if key == "seed" else text for key, text in flags.items() if text is not None
    }
    kinds = _kinds(places)
    if "run" in kinds:
        recipe = load_recipe(places[0] / "recipe.yaml", overrides, values=values)
        return recipe, request.run or places[0]
    if "recipe" in kinds:
        recipe = load_recipe(places[0], overrides, values=values)
    elif places or datasets:
        recipe = _load_folders([*places, *datasets], overrides, values)
    else:
        recipe = load_sample(overrides, values=values)
    name = (
        places[0].absolute().stem
        if places
        else datasets[0].rpartition("/")[2].partition("?")[0]
        if datasets
        else "sample"
    )
    return recipe, request.run or Path("runs") / f"{name}-{recipe.language}"


def split_inputs(inputs: Sequence[str]) -> tuple[list[Path], list[str], list[str]]:
    """Return paths, names of datasets (``hf:...``) and ``key=value`` words; what names something on disk is a path."""
    there = {word for word in inputs if os.path.lexists(word)}
    datasets = [word for word in inputs if word.startswith("hf:") and word not in there]
    overrides = [word for word in inputs if _OVERRIDE.match(word) and word not in there and word not in datasets]
    return [Path(word) for word in inputs if word not in overrides and word not in datasets], datasets, overrides


def _kinds(places: Sequence[Path]) -> set[str]:
    """Return what the paths are: ``run``, ``recipe`` or ``text``; refuses a mixture and what does not exist."""
    kinds: set[str] = set()
    problems: list[Problem] = []
    for place in places:
        if place.is_dir():
            kinds.add("run" if any((place / mark).is_file() for mark in _RUN_MARKS) else "text")
        elif place.suffix in {".yaml", ".yml"}:
            kinds.add("recipe")
        elif place.is_file():
            kinds.add("text")
        else:
            problems.append(
                Problem(
                    code="MT120",
                    message="is no file and no folder",
                    where=COMMAND_LINE,
                    key=str(place),
                    allowed="a recipe file (.yaml), folders of text, a run folder, and changes of the form key=value",
                    do="correct the path; without any,  mothertongue teach  runs the embedded sample",
                )
            )
    if problems:
        raise InputError(problems)
    if len(kinds) > 1 or (len(places) > 1 and kinds != {"text"}):
        raise InputError(
            Problem(
                code="MT122",
                message="recipes, run folders and texts cannot be mixed",
                where=COMMAND_LINE,
                key=" ".join(str(place) for place in places),
                allowed="one recipe, or one run folder, or any number of folders and files of text",
                do="name the texts in the recipe, under corpus.sources",
            )
        )
    return kinds


def _load_folders(places: Sequence[Path | str], overrides: Sequence[str], values: dict[str, Any]) -> Recipe:
    from mothertongue.recipe import load_recipe

    try:
        return load_recipe(None, overrides, values={**values, "corpus.sources": list(places)})
    except InputError as error:
        missing = Problem(
            code="MT121",
            message="the language of the texts is not given; it has no default",
            where=COMMAND_LINE,
            key="--language",
            allowed="a BCP 47 tag such as nl, fi or sr-Latn",
            do=f"add  --language TAG  after  {places[0]}",
        )
        problems = [missing if (p.code, p.key) == ("MT110", "language") else p for p in error.problems]
        raise InputError(problems) from None


def _number(text: str) -> Any:
    from mothertongue.recipe_yaml import scalar

    return scalar(text)


def _require_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(
            Problem(
                code="MT120",
                message="is no folder",
                where=COMMAND_LINE,
                key=str(folder),
                allowed="a run folder, or a model folder",
                do="correct the path; a run folder is what  --run  named, by default one below runs/",
            )
        )


def _write_json(path: Path | None, value: Any) -> None:
    if path is not None:
        from mothertongue.durability import write_json

        write_json(path, value)


def _neighbours(words: Sequence[str]) -> dict[str, Path]:
    """Read ``de=FOLDER`` words; raises InputError MT122 with all that are wrong."""
    parts = [word.partition("=") for word in words]
    wrong = [
        word for word, (tag, _, place) in zip(words, parts, strict=True) if not (tag and place and Path(place).exists())
    ]
    if wrong:
        raise InputError(
            Problem(
                code="MT122",
                message="names no texts of a neighbour",
                where=COMMAND_LINE,
                key="--neighbour",
                value=word,
                allowed="a language tag, =, and an existing file or folder, such as de=texts/german",
                do="correct the tag or the path",
            )
            for word in wrong
        )
    return {tag: Path(place) for tag, _, place in parts}


def _seeds(text: str | None) -> list[int] | None:
    """Read ``0,1,2``; raises InputError MT122 for anything else."""
    if text is None:
        return None
    if not re.fullmatch(r"\d{1,9}(,\d{1,9})*", text):
        raise InputError(
            Problem(
                code="MT122",
                message="is no list of seeds",
                where=COMMAND_LINE,
                key="--seeds",
                value=text,
                allowed="whole numbers with commas between them, such as 0,1,2",
                do="write them without spaces",
            )
        )
    return [int(seed) for seed in text.split(",")]


def _usage_problem(error: Exception) -> Problem:
    """Return the problem of a word that no verb takes, with the nearest one."""
    message = getattr(error, "format_message", lambda: str(error))()
    context = getattr(error, "ctx", None)
    command = getattr(context, "command_path", "mothertongue")
    return Problem(code="MT122", message=message, where=COMMAND_LINE, do=f"run  {command} --help")


def _unexpected(error: Exception) -> Problem:
    text = " ".join(str(error).split())[:300]
    return Problem(
        code="MT199",
        message=f"unexpected failure, a fault of Mothertongue and not of yours: {type(error).__name__}: {text}",
        do="run the command again with MOTHERTONGUE_DEBUG=1 before it, and report what it prints",
    )


def _flush_stdout() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _mute_stdout() -> None:
    """Point stdout at nothing: its reader has gone, and the flush at exit would turn code 0 into 120."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)
