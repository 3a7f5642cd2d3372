"""What can be done around a curation besides running it: learn from its texts, and have a native speaker judge it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mothertongue import durability
from mothertongue.corpus.card.sheet import write_audit
from mothertongue.corpus.card.verdicts import AUDITED, Move, apply_audit
from mothertongue.corpus.classifier import train_classifier
from mothertongue.corpus.curation import CURATION as FINISHED
from mothertongue.corpus.derive import derive_from_folder, folder_texts, sample_lines
from mothertongue.corpus.fluency_training import train_fluency
from mothertongue.corpus.identify.teach import teach_identifier
from mothertongue.corpus.profile import LanguageProfile, neutral_profile, read_profile
from mothertongue.corpus.work import open_work
from mothertongue.errors import InputError, Problem
from mothertongue.recipe import Recipe
from mothertongue.report.audit_form import write_form
from mothertongue.stages.corpus import CURATION
from mothertongue.stages.material import resolve

SHEET, FORM = "audit.tsv", "audit.html"
MOST_SAID = 8


@dataclass(frozen=True)
class Wanted:
    """What shall be learned from texts: the file of each thing, None for those that are not wanted."""

    profile: Path | None = None
    identifier: Path | None = None
    fluency: Path | None = None
    classifier: Path | None = None
    against: Path | None = None
    """The texts of the other kind, for the classifier."""
    neighbours: Mapping[str, Path] = field(default_factory=dict)
    """Tag -> texts in a language that is easily mistaken for the wanted one."""

    def __bool__(self) -> bool:
        return any((self.profile, self.identifier, self.fluency, self.classifier))


def learn(recipe: Recipe, wanted: Wanted, json_path: Path | None = None) -> str:
    """Learn what is wanted from the sources of a recipe, which should be clean; returns what to tell the user.

    Raises InputError MT225 for sources that are datasets, MT226 for a classifier without texts of the other kind, and
    whatever the learning itself raises.
    """
    sources, language = _files(resolve(recipe).sources), recipe.language
    if (wanted.classifier is None) != (wanted.against is None):
        raise InputError(_one_sided(wanted))
    said: list[str] = []
    found: dict[str, object] = {}
    if wanted.profile is not None:
        learned = derive_from_folder(sources, language, wanted.profile, wanted.neighbours)
        found["profile"] = learned.model_dump()
        said += _told_profile(learned, wanted.profile)
    given = recipe.corpus.profile
    profile = read_profile(given, language) if given else neutral_profile(language)
    if wanted.identifier is not None:
        others = {tag: sample_lines(folder_texts([path], tag)) for tag, path in wanted.neighbours.items()}
        own = sample_lines(folder_texts(sources, language))
        taught = teach_identifier(language, own, neighbours=others)
        taught.write(wanted.identifier)
        found["identifier"] = dict(taught.settings)
        said.append(f"identifier for {language} from {len(own)} lines: {wanted.identifier}")
        said.append(f"use it:  corpus.identifier=taught:{shlex.quote(str(wanted.identifier))}")
    if wanted.fluency is not None:
        train_fluency(folder_texts(sources, language), profile).write(wanted.fluency)
        said += _told_model("fluency", wanted.fluency, "fluency.bits_per_character <= NUMBER")
    if wanted.classifier is not None and wanted.against is not None:
        texts, others_texts = folder_texts(sources, language), folder_texts([wanted.against], language)
        made = train_classifier(texts, others_texts, profile, recipe.seed)
        made.write(wanted.classifier)
        found["classifier"] = made.report
        said.append(", ".join(f"{name} {value:.3g}" for name, value in made.report.items()))
        said += _told_model("quality", wanted.classifier, "quality.badness <= NUMBER")
    if json_path is not None:
        durability.write_json(json_path, found)
    return "\n".join(said)


def _told_model(tagger: str, path: Path, rule: str) -> Iterator[str]:
    yield f"{tagger}: {path}"
    yield f"use it in a file of rules:  [taggers.{tagger}] model = {str(path)!r}  and  [[rule]] keep = {rule!r}"


def _one_sided(wanted: Wanted) -> Problem:
    return Problem(
        code="MT226",
        message="a classifier needs two kinds of text: those of the sources, and those to tell them from",
        key="--against" if wanted.against is None else "--train-classifier",
        allowed="both --train-classifier FILE and --against FOLDER",
        do="name the folder with texts of the other kind, or leave both out",
    )


def _files(sources: Sequence[Path | str]) -> list[Path]:
    datasets = [source for source in sources if isinstance(source, str)]
    if datasets:
        raise InputError(
            Problem(
                code="MT225",
                message="is a dataset; a profile and an identifier are learned from files",
                key="corpus.sources",
                value=", ".join(datasets),
                allowed="files and folders of clean text",
                do="save some clean texts of the language in a folder and name that",
            )
        )
    return [Path(source) for source in sources]


def _told_profile(profile: LanguageProfile, path: Path) -> Iterator[str]:
    origin = profile.origin
    yield f"profile of {profile.language} from {origin.documents} documents, {origin.characters:,} characters: {path}"
    yield f"  {len(profile.thresholds)} thresholds; words apart by {profile.segmentation}"
    if profile.unsettled:
        shown = ", ".join(profile.unsettled[:MOST_SAID])
        more = f" and {len(profile.unsettled) - MOST_SAID} more" if len(profile.unsettled) > MOST_SAID else ""
        yield f"  not settled by this text: {shown}{more}"
    yield f"use it:  corpus.profile={shlex.quote(str(path))} 'corpus.rules=[usual, gopher]'"


def audit_run(run: Path, sheet: Path | None, verdicts: Path | None, json_path: Path | None = None) -> str:
    """Write the audit sheet of a curated run, or read a judged one back; returns what to tell the user.

    Raises InputError MT259 when no curation has finished in the run, MT257 for a sheet that cannot be read.
    """
    folder = run / CURATION if (run / CURATION / FINISHED).is_file() else run
    said = []
    if sheet is not None:
        with open_work(folder) as work:
            write_audit(work)
        write_form(folder)
        form = sheet.with_suffix(".html")
        durability.link_or_copy(folder / SHEET, sheet)
        durability.link_or_copy(folder / FORM, form)
        said += [
            f"audit sheet: {sheet} (a spreadsheet), {form} (a page that works offline and saves such a sheet)",
            f"when it is judged:  mothertongue curate {shlex.quote(str(run))} --verdicts {shlex.quote(str(sheet))}",
        ]
    if verdicts is not None:
        moves = apply_audit(folder, verdicts)
        said += [*map(_told, moves), _next(run, folder)]
        if json_path is not None:
            durability.write_json(json_path, moves)
    return "\n".join(said)


def _told(move: Move) -> str:
    bounds = (move.old, move.new)
    change = " -> ".join(f"{bound:g}" for bound in bounds if bound is not None) if move.moved else "stays"
    return f"{move.reason}: {move.condition}: {change} ({move.verdicts} verdicts; {move.why})"


def _next(run: Path, folder: Path) -> str:
    profile, rules = folder / AUDITED / "profile.toml", folder / AUDITED / "rules.toml"
    changes = f"corpus.profile={profile} 'corpus.rules=[{rules}]'"
    return f"curate anew with them:  mothertongue curate {shlex.quote(str(run))} --rerun {changes}"
