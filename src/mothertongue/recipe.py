"""The recipe: the typed file a user writes, one section for each stage, everything validated at once.

A YAML file and ``key=value`` arguments enter; a frozen :class:`Recipe` leaves, or one :class:`InputError` with all
problems. Names, defaults, limits and help live here and nowhere else: the JSON schema, the messages and the command
line are derived from the classes below.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from mothertongue.errors import InputError, Problem
from mothertongue.recipe_words import Allowed, PathKey, allowed_text, default_text, nearest
from mothertongue.recipe_yaml import Source, merge, read_overrides, read_source, read_yaml, values_layer, write_yaml

SCHEMA_FILE: Final = "recipe.schema.json"
SAMPLE: Final = "sample"
DATASET: Final = "hf:"
"""Begins the name of a source that is a Hugging Face dataset and no file."""

_DURATION = re.compile(r"(?:(\d{1,6}(?:\.\d{1,6})?)h)?(?:(\d{1,6}(?:\.\d{1,6})?)m)?(?:(\d{1,9}(?:\.\d{1,6})?)s)?\Z")
_DURATION_TEXT: Final = "a duration such as 8m, 300s or 1h30m"


def parse_duration(value: Any) -> Any:
    """Return seconds for a text such as ``8m``, ``300s`` or ``1h30m``; numbers are seconds already."""
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    match = _DURATION.match(value.strip()) if isinstance(value, str) and value.strip() else None
    if match is None:
        raise PydanticCustomError("duration", "is not a duration")
    return sum(float(part or 0) * unit for part, unit in zip(match.groups(), (3600, 60, 1), strict=True))


def _language(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    from mothertongue.language import parse_language

    try:
        return parse_language(value).tag
    except InputError as error:
        problem = error.problems[0]
        context = {"message": problem.message, "allowed": problem.allowed, "do": problem.do}
        raise PydanticCustomError("language", "{message}", context) from None


def _path(value: Any) -> Any:
    if isinstance(value, str):
        if value.startswith(DATASET):
            return value
        if not value.strip() or "\0" in value:
            raise PydanticCustomError("path", "is not a path")
        return Path(value).expanduser().absolute()
    return value


def _sources(value: Any) -> Any:
    if value == SAMPLE or not isinstance(value, str | Path | tuple):
        return value
    return list(value) if isinstance(value, tuple) else [value]


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


_PATH_SCHEMA: Final = {"type": "string", "minLength": 1}
Language = Annotated[
    str,
    BeforeValidator(_language),
    Allowed("a BCP 47 tag such as nl, fi or sr-Latn"),
    WithJsonSchema(
        {"type": "string", "minLength": 2, "maxLength": 35, "pattern": "^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$"}
    ),
]
AnyPath = Annotated[Path, BeforeValidator(_path), WithJsonSchema(_PATH_SCHEMA)]
DatasetName = Annotated[str, Field(pattern=f"^{DATASET}.+", max_length=1_000)]
Names = Annotated[tuple[str, ...], BeforeValidator(_tuple)]
Seconds = Annotated[
    float,
    BeforeValidator(parse_duration),
    Field(gt=0, le=31_536_000),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": 31_536_000},
                {"type": "string", "pattern": r"^(\d+(\.\d+)?h)?(\d+(\.\d+)?m)?(\d+(\.\d+)?s)?$", "minLength": 2},
            ]
        }
    ),
]
DURATION: Final = Allowed(f"{_DURATION_TEXT}, above 0 and at most a year")
Rule = Literal["none", "interpolate", "elchat", "residual"]


class Section(BaseModel):
    """What every section shares: strict types, no unknown keys, no change after validation."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        validate_default=False,
    )


class Corpus(Section):
    """Where the texts come from and which of them are used."""

    sources: Annotated[
        Annotated[list[AnyPath | DatasetName], Field(min_length=1)] | Literal["sample"],
        BeforeValidator(_sources),
        PathKey("any"),
        Allowed("a list of files and folders of text and of datasets hf:owner/name, or the word sample"),
        WithJsonSchema({"anyOf": [_PATH_SCHEMA, {"type": "array", "minItems": 1, "items": _PATH_SCHEMA}]}),
    ]
    """Files and folders with text in the new language, Hugging Face datasets (`hf:owner/name`), or `sample` for the
    embedded Dutch sample."""
    second_domain: Annotated[AnyPath | None, PathKey("any")] = None
    """Text in the new language of another kind (file or folder), never trained on: shows that more than one domain was
    learned."""
    retention: Annotated[AnyPath | None, PathKey("any")] = None
    """Text in the old language (file or folder) on which forgetting is measured; in neither training nor replay.
    Null takes a part of the embedded English sample."""
    replay: Annotated[AnyPath | None, PathKey("any")] = None
    """Text in the old language (file or folder) that is mixed into training against forgetting; null takes the
    embedded English sample."""
    replay_share: Annotated[float, Field(ge=0, le=0.9)] = 0.15
    """Share of the training tokens that comes from the replay text."""
    chat: Annotated[AnyPath | None, PathKey("any")] = None
    """Dialogues with `messages` (JSONL) that are mixed into training so that the model goes on answering as a chat
    model; null takes the embedded ones in both languages."""
    chat_share: Annotated[float, Field(ge=0, le=0.9)] = 0.1
    """Share of the training tokens that comes from the dialogues; only what the assistant says is learned."""
    replay_language: Language = "en"
    """Language of the replay and retention texts."""
    held_out_share: Annotated[float, Field(gt=0, le=0.5)] = 0.05
    """Share of the documents that is kept out of training for the measurements."""
    held_out_bytes: Annotated[int, Field(ge=500, le=100_000_000)] = 16_000
    """Most bytes of UTF-8 text of each held-out set that are scored."""
    near_duplicate_threshold: Annotated[float, Field(gt=0, le=1)] = 0.7
    """Jaccard similarity from which two documents count as near-duplicates."""
    minimum_characters: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    """Shorter documents are dropped."""
    maximum_characters: Annotated[int, Field(ge=100, le=10_000_000)] = 100_000
    """Longer documents are split at a paragraph, sentence or character border."""
    language_check: Literal["strict", "warn", "off"] = "strict"
    """What happens when the texts look like another language: refuse, warn, or do not look."""
    identifier: Annotated[str, Field(min_length=1, max_length=1_000), PathKey("identifier")] = "py3langid"
    """What identifies languages: py3langid, taught:FILE, fasttext:FILE or heliport."""
    profile: Annotated[AnyPath | None, PathKey("file")] = None
    """Language profile (TOML) made by `mothertongue curate --derive-profile`; null knows only what the tag says."""
    rules: Annotated[Names, PathKey("rules"), Allowed("a list of names of rule sets and of paths of TOML files")] = (
        "usual",
    )
    """Sets of rules that documents must pass, in order: shipped ones by name, own ones by path."""
    keep: Annotated[Names, Allowed("a list of expressions such as gopher.word_count >= 50")] = ()
    """Further expressions over attributes that documents must fulfil, after the rules."""
    measure: Annotated[Names, Allowed("a list of taggers such as domain, date, licence, pii")] = ()
    """Taggers that run although no rule needs them; the data card shows what they found."""
    deduplicate: Annotated[
        tuple[Literal["url", "exact", "near", "paragraphs", "substrings"], ...],
        BeforeValidator(_tuple),
        Allowed("a list of url, exact, near, paragraphs, substrings"),
    ] = ("exact", "near")
    """Repetitions that are removed: documents of one address, equal or similar ones, paragraphs, long passages."""
    index: Annotated[AnyPath | None, PathKey("new")] = None
    """Folder that remembers all documents so far; a new delivery is deduplicated against them and added."""
    executor: Literal["auto", "inline", "processes", "ray", "slurm"] = "auto"
    """What runs the curation; changes no bit of the result."""
    workers: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Workers at once; null takes one per core."""


class Mix(Section):
    """In which shares the kept texts are trained on. The defaults take every text once."""

    tokens: Annotated[str, Field(min_length=1, max_length=1_000), PathKey("counter")] = "words"
    """What shares are counted in: characters, words, or the path of a tokenizer.json."""
    group: Annotated[str, Field(min_length=1, max_length=200)] = "source"
    """What tells groups apart: source, meta.KEY, or an attribute such as domain.domain."""
    temperature: Annotated[float, Field(gt=0, le=1_000)] = 1.0
    """1 keeps the shares that are there; higher ones raise small groups (tokens to the power 1/temperature)."""
    weights: Annotated[dict[str, Annotated[float, Field(ge=0)]], Allowed("groups with factors of at least 0")] = {}
    """Factor on the share of a group; 0 leaves it out."""
    caps: Annotated[
        dict[str, Annotated[float, Field(gt=0, le=1)]], Allowed("groups with shares above 0, at most 1")
    ] = {}
    """Largest share of a group."""
    maximum_repeats: Annotated[int, Field(ge=1, le=64)] = 4
    """How often a text may be there at most."""
    target_tokens: Annotated[int, Field(ge=1)] | None = None
    """Tokens of the whole mix; null takes as many as are kept."""
    clusters: Annotated[str, Field(max_length=200)] = ""
    """Attribute with the size of a text's cluster of duplicates (near.cluster_size): texts found often are repeated."""
    years: Annotated[
        tuple[int | None, int | None] | None,
        BeforeValidator(_tuple),
        Allowed("two years such as [2010, 2026], either of them null"),
    ] = None
    """First and last year in which texts were written; others are dropped, undated ones stay."""


class Vocabulary(Section):
    """Whether the tokenizer grows, and how the new embedding rows start."""

    strategy: Literal["decide", "keep", "extend"] = "decide"
    """Keep the tokenizer, extend it, or measure both and decide."""
    size: Annotated[int, Field(ge=0, le=200_000)] = 1_500
    """New tokens at most when the vocabulary is extended."""
    initializer: Literal["subword_mean_first", "subword_mean", "subword_first", "merge", "align", "mean", "random"] = (
        "subword_mean_first"
    )
    """How the embedding rows of new tokens start."""


class Pretrain(Section):
    """Continued training on the texts."""

    method: Literal["decide", "lora", "full"] = "decide"
    """Train a low-rank adapter, all weights, or measure both briefly and decide."""
    rank: Annotated[int, Field(ge=1, le=1_024)] = 16
    """Rank of the adapter."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] | None = None
    """Peak learning rate; null takes the one proven for the method."""
    embedding_learning_rate: Annotated[float, Field(gt=0, le=1)] | None = None
    """Peak learning rate of the embedding rows; null takes the one proven for the method."""
    sequence_length: Annotated[int, Field(ge=16, le=131_072)] = 256
    """Tokens in one training row."""
    batch_size: Annotated[int, Field(ge=1, le=65_536)] = 2
    """Rows in one step."""
    steps: Annotated[int, Field(ge=1, le=100_000_000)] | None = None
    """Steps of training; null derives them from the budget."""
    seconds: Annotated[Seconds | None, DURATION] = None
    """Time of this stage alone; null derives it from the budget."""
    warmup_share: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Share of the steps during which the learning rate rises."""
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Decoupled weight decay."""
    gradient_clip: Annotated[float, Field(gt=0, le=1_000)] = 1.0
    """Largest norm of the gradient."""
    checkpoint_seconds: Annotated[Seconds, DURATION] = 60.0
    """Time between two checkpoints."""
    train_embeddings: bool = True
    """Whether the embedding rows are trained too."""


class Restore(Section):
    """How chat ability is brought back after training on plain text."""

    rules: Annotated[
        tuple[Rule, ...],
        BeforeValidator(_tuple),
        Field(min_length=1),
        Allowed("a list of none, interpolate, elchat, residual"),
    ] = ("none", "interpolate", "elchat")
    """Rules to try; the best one within the limits below is taken."""
    chat_base: Annotated[AnyPath | None, PathKey("folder")] = None
    """Folder of the plain model from which the chat model was made; only the rule `residual` needs it."""
    max_format_loss: Annotated[float, Field(ge=0, le=1)] = 0.02
    """Share of well-formed chat answers that may be lost."""
    max_retention_loss: Annotated[float, Field(ge=0, le=10)] = 0.01
    """Relative rise of bits per byte in the old language that is accepted."""


class Evaluate(Section):
    """What is asked of the model before and after."""

    questions: Annotated[AnyPath | None, PathKey("file")] = None
    """Multiple-choice questions (JSONL file); null asks none, or the sample's own when the source is `sample`."""
    minimal_pairs: Annotated[AnyPath | None, PathKey("file")] = None
    """Pairs of a right and a wrong sentence (JSONL file); null takes the embedded pairs for Dutch, else none."""
    prompts: Annotated[AnyPath | None, PathKey("file")] = None
    """Prompts answered by both models for the report (JSONL file); null takes those of the sample."""
    bootstrap_samples: Annotated[int, Field(ge=100, le=1_000_000)] = 2_000
    """Resamples behind each interval."""
    new_tokens: Annotated[int, Field(ge=1, le=8_192)] = 48
    """Most tokens of an answer."""


class Report(Section):
    """How the report looks."""

    title: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Title of the page; null makes one from the language and the base."""
    samples: Annotated[int, Field(ge=0, le=100)] = 8
    """Answers shown side by side."""


class Recipe(Section):
    """Everything that decides a run. Give it to ``execute``; ``resolved()`` is what is saved with the run."""

    SECTIONS: ClassVar[Mapping[str, type[Section]]] = {
        "corpus": Corpus,
        "mix": Mix,
        "vocabulary": Vocabulary,
        "pretrain": Pretrain,
        "restore": Restore,
        "evaluate": Evaluate,
        "report": Report,
    }

    language: Language
    """The language to teach, as a BCP 47 tag such as nl, fi or sr-Latn."""
    base: Annotated[
        str, Field(min_length=1, max_length=1_000), Allowed("an alias, a folder, or a hub id owner/model")
    ] = "smollm2-135m-instruct"
    """The model to start from: a known alias, a folder saved by transformers, or a hub id."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    """Start of every random choice."""
    budget: Annotated[Seconds | None, DURATION] = None
    """Time for the whole run; null trains until the texts have been read often enough."""
    corpus: Corpus
    """Where the texts come from and which of them are used."""
    mix: Mix = Mix()
    """In which shares the kept texts are trained on."""
    vocabulary: Vocabulary = Vocabulary()
    """Whether the tokenizer grows, and how the new embedding rows start."""
    pretrain: Pretrain = Pretrain()
    """Continued training on the texts."""
    restore: Restore = Restore()
    """How chat ability is brought back after training on plain text."""
    evaluate: Evaluate = Evaluate()
    """What is asked of the model before and after."""
    report: Report = Report()
    """How the report looks."""

    def resolved(self) -> dict[str, Any]:
        """Return every key with its value as JSON types; durations are seconds, paths are absolute."""
        values: dict[str, Any] = self.model_dump(mode="json")
        return values

    def to_yaml(self, schema: str = SCHEMA_FILE) -> str:
        """Return the resolved recipe as YAML that :func:`load_recipe` reads back to an equal recipe.

        ``schema`` is what the editor's modeline names: a path relative to the file, or an address.
        """
        return write_yaml(self.resolved(), schema)


def load_recipe(
    path: Path | str | None,
    overrides: Sequence[str] = (),
    *,
    values: Mapping[str, Any] | None = None,
    check_paths: bool = True,
) -> Recipe:
    """Return the validated recipe from three layers: defaults, the file, the command line.

    ``overrides`` are arguments of the form ``pretrain.rank=8``; ``values`` maps dotted keys to Python values and lies
    over them. Paths of the file are meant from its folder, those of the command line from the working folder.
    Raises InputError with every problem of every layer at once. Takes well under a second and imports no torch.
    """
    source, problems = read_source(Path(path)) if path is not None else (None, [])
    return _load(source, problems, overrides, values or {}, check_paths)


def load_sample(overrides: Sequence[str] = (), *, values: Mapping[str, Any] | None = None) -> Recipe:
    """Return the recipe of the embedded sample, changed as :func:`load_recipe` would."""
    return _load(sample_source(), [], overrides, values or {}, check_paths=True)


def sample_source() -> Source:
    """Return the text of the embedded recipe under the name by which messages call it."""
    text = (resources.files("mothertongue") / "data" / "recipes" / "sample.yaml").read_text(encoding="utf-8")
    return Source(text, "sample.yaml", Path.cwd())


def json_schema(section: str | None = None) -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a recipe file, or of one section; raises InputError MT123."""
    if section is None:
        schema = Recipe.model_json_schema()
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Mothertongue recipe", **schema}
    return section_model(section).model_json_schema()


def section_model(section: str) -> type[Section]:
    """Return the class of a section; raises InputError MT123 for an unknown name."""
    if section in Recipe.SECTIONS:
        return Recipe.SECTIONS[section]
    hint = nearest(section, list(Recipe.SECTIONS))
    raise InputError(
        Problem(
            code="MT123",
            message="is not a section of a recipe" + (f"; nearest: {hint}" if hint else ""),
            key=section,
            allowed=", ".join(Recipe.SECTIONS),
            do=f"run  mothertongue schema {hint or 'pretrain'}",
        )
    )


def describe_keys(section: str | None = None) -> Iterator[tuple[str, str, str, str]]:
    """Yield (key, allowed, default, help) for every key of a section, or of the whole recipe."""
    models: dict[str, type[Section]] = {section: section_model(section)} if section else {"": Recipe, **Recipe.SECTIONS}
    for name, model in models.items():
        for key, field in model.model_fields.items():
            if name == "" and key in Recipe.SECTIONS:
                continue
            dotted = f"{name}.{key}" if name else key
            help_text = " ".join((field.description or "").split())
            yield dotted, allowed_text(field), default_text(field), help_text


def _load(
    source: Source | None,
    problems: list[Problem],
    overrides: Sequence[str],
    values: Mapping[str, Any],
    check_paths: bool,
) -> Recipe:
    from mothertongue.recipe_problems import validate

    folder = Path.cwd()
    tree = values_layer({}, folder)
    problems = list(problems)
    unreadable = bool(problems)
    if source is not None:
        tree, found = read_yaml(source)
        problems += found
        unreadable = not tree.value and bool(found)
    layer, found = read_overrides(overrides, folder)
    problems += found
    tree = merge(merge(tree, layer), values_layer(values, folder))
    recipe, found = validate(Recipe, tree, check_paths=check_paths)
    # a file that could not be read says nothing about its keys: "language is missing" would be noise; so would be the
    # type of a value that stands behind a tag or an alias
    behind = {problem.key for problem in problems if problem.code in {"MT107", "MT108"}}
    noise = [p.key in behind or (unreadable and p.code == "MT110") for p in found]
    problems += [problem for problem, is_noise in zip(found, noise, strict=True) if not is_noise]
    if recipe is None or problems:
        line = [math.inf if problem.line is None else problem.line for problem in problems]
        order = sorted(range(len(problems)), key=lambda index: (problems[index].where, line[index], index))
        raise InputError([problems[index] for index in order])
    return recipe
