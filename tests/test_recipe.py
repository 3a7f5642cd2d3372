"""The recipe: right ones load to what they say, wrong ones are refused with everything at once (R38)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bad_recipes import RIGHT, Case, edit_distance, make_case
from mothertongue.errors import InputError, Problem
from mothertongue.recipe import Recipe, describe_keys, json_schema, load_recipe, load_sample, parse_duration
from mothertongue.recipe_yaml import MAXIMUM_BYTES, scalar

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "src" / "mothertongue" / "data"
RECIPES = [*sorted((ROOT / "recipes").glob("*.yaml")), *sorted((DATA / "recipes").glob("*.yaml"))]
PROCESSES = 12


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "texts").mkdir()
    return tmp_path


def write(folder: Path, text: str | bytes, name: str = "recipe.yaml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(path: Path | None, overrides: list[str] | None = None) -> tuple[Problem, ...]:
    with pytest.raises(InputError) as error:
        load_recipe(path, overrides or [])
    return error.value.problems


def codes(problems: tuple[Problem, ...]) -> list[str]:
    return [problem.code for problem in problems]


# right recipes


def test_the_smallest_recipe_has_every_default(folder: Path) -> None:
    recipe = load_recipe(write(folder, "language: nl\ncorpus:\n  sources: [texts]\n"))
    assert recipe.language == "nl"
    assert recipe.base == "smollm2-135m-instruct"
    assert recipe.corpus.sources == [folder / "texts"]
    assert recipe.pretrain.rank == 16
    assert recipe.restore.rules == ("none", "interpolate", "elchat")
    assert recipe.budget is None


def test_the_base_of_the_generator_is_right(folder: Path) -> None:
    recipe = load_recipe(write(folder, Case(0, list(RIGHT.items())).text()))
    assert recipe.pretrain.learning_rate == 3e-4
    assert recipe.budget == 480


def test_three_layers_the_last_one_wins(folder: Path) -> None:
    path = write(folder, "language: nl\nseed: 1\ncorpus: {sources: texts}\npretrain: {rank: 8, batch_size: 4}\n")
    recipe = load_recipe(path, ["pretrain.rank=4", "seed=2", "pretrain.rank=5"], values={"seed": 3})
    assert (recipe.pretrain.rank, recipe.pretrain.batch_size, recipe.pretrain.sequence_length) == (5, 4, 256)
    assert recipe.seed == 3


def test_paths_start_at_the_recipe_and_on_the_command_line_at_the_working_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "here" / "more").mkdir(parents=True)
    path = write(folder, "language: nl\ncorpus: {sources: [texts]}\n")
    monkeypatch.chdir(folder / "here")
    recipe = load_recipe(path, ["corpus.retention=more"])
    assert recipe.corpus.sources == [folder / "texts"]
    assert recipe.corpus.retention == folder / "here" / "more"


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("report.title=Dutch: a report, [draft] # 1", "Dutch: a report, [draft] # 1"),
        ("report.title='12'", "12"),
        ("report.title=a=b", "a=b"),
        ("report.title=null", None),
    ],
)
def test_text_on_the_command_line_needs_no_yaml(argument: str, value: str | None) -> None:
    assert load_sample([argument]).report.title == value


def test_lists_on_the_command_line() -> None:
    assert load_sample(["restore.rules=[none, elchat]"]).restore.rules == ("none", "elchat")


def test_a_section_without_keys_is_a_section_that_is_not_given(folder: Path) -> None:
    recipe = load_recipe(write(folder, "language: nl\npretrain:\n  # rank: 8\ncorpus:\n  sources: [texts]\n"))
    assert recipe.pretrain.rank == 16


def test_norwegian_is_not_false(folder: Path) -> None:
    assert load_recipe(write(folder, "language: no\ncorpus: {sources: [texts]}\n")).language == "no"


def test_a_byte_order_mark_and_windows_line_ends_are_read(folder: Path) -> None:
    assert load_recipe(write(folder, b"\xef\xbb\xbflanguage: nl\r\ncorpus:\r\n  sources: [texts]\r\n")).language == "nl"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("8m", 480), ("300s", 300), ("1h30m", 5400), ("1.5h", 5400), (12, 12), (0.5, 0.5), ("2h3m4s", 7384)],
)
def test_durations(text: object, seconds: float) -> None:
    assert parse_duration(text) == seconds
    assert load_sample([f"budget={text}"]).budget == seconds


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3e-4", 3e-4),
        ("1.", 1.0),
        ("010", 10),
        ("+3", 3),
        ("true", True),
        ("yes", "yes"),
        ("no", "no"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        ("~", None),
        ("", None),
        ("0x10", "0x10"),
        ("9" * 5000, float("inf")),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


@settings(max_examples=60, deadline=None)
@given(
    title=st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60),
    seed=st.integers(0, 2**32 - 1),
    rate=st.none() | st.floats(1e-12, 1),
    budget=st.none() | st.floats(0.1, 1e6),
    rules=st.lists(st.sampled_from(["none", "interpolate", "elchat"]), min_size=1, unique=True),
)
def test_a_saved_recipe_loads_to_an_equal_one(
    tmp_path_factory: pytest.TempPathFactory,
    title: str,
    seed: int,
    rate: float | None,
    budget: float | None,
    rules: list[str],
) -> None:
    values = {
        "report.title": title,
        "seed": seed,
        "pretrain.learning_rate": rate,
        "budget": budget,
        "restore.rules": rules,
    }
    recipe = load_sample(values=values)
    assert recipe.report.title == title
    again = load_recipe(write(tmp_path_factory.mktemp("saved"), recipe.to_yaml()))
    assert again == recipe
    assert again.resolved() == recipe.resolved()


def test_resolved_is_json_and_starts_with_the_modeline() -> None:
    recipe = load_sample()
    assert json.loads(json.dumps(recipe.resolved())) == recipe.resolved()
    assert recipe.to_yaml("x.json").startswith("# yaml-language-server: $schema=x.json\n")


def test_a_recipe_does_not_change_after_validation() -> None:
    recipe = load_sample()
    with pytest.raises(ValueError, match="frozen"):
        recipe.seed = 5  # type: ignore[misc]


# R38: wrong recipes


@pytest.mark.parametrize("block", range(20))
def test_generated_wrong_recipes_say_everything_at_once(folder: Path, block: int) -> None:
    for seed in range(block * 60, block * 60 + 60):
        case = make_case(seed)
        path = write(folder, case.text())
        began = time.process_time()
        problems = refusal(path)
        assert time.process_time() - began < 1, f"case {seed} took a second"
        found = {(problem.code, re.sub(r"\[\d+\]$", "", problem.key)) for problem in problems}
        assert found == case.expected, f"case {seed}:\n{case.text()}"
        for problem in problems:
            check_helpful(problem, case, path)


def check_helpful(problem: Problem, case: Case, path: Path) -> None:
    """Every problem names its line, and a remedy; an unknown key names the nearest one only where it is near."""
    assert problem.where == str(path)
    assert problem.do, problem
    assert problem.allowed or problem.code == "MT116", problem
    assert problem.line is not None
    if problem.code == "MT104":
        right, distance = case.typos[problem.key]
        head, _, word = problem.key.rpartition(".")
        siblings = [key.rpartition(".")[2] for key, _, _, _ in describe_keys(head or None)]
        siblings += [] if head else list(Recipe.SECTIONS)
        near = sorted((edit_distance(word, sibling), sibling) for sibling in siblings)
        unique = near[0][0] < near[1][0]
        if distance == 1 and unique and len(word) > 3:
            assert f"nearest: {right}" in problem.message, (problem, near[:2])
        if near[0][0] > 2:
            assert "nearest" not in problem.message, problem
    if problem.code not in {"MT110", "MT116", "MT105"}:
        assert problem.line == case.line_of(problem.key.partition("[")[0]), problem


def test_the_control_without_mistakes_nothing_is_refused(folder: Path) -> None:
    for seed in range(40):
        case = make_case(seed)
        case.rows = [(key, RIGHT[key]) for key, _ in case.rows if key in RIGHT]
        given = dict(case.rows) | {key: RIGHT[key] for key in ("language", "corpus.sources")}
        rows = sorted(given.items(), key=lambda row: list(RIGHT).index(row[0]))
        load_recipe(write(folder, Case(seed, rows).text()))


@pytest.mark.parametrize("seed", range(5_000, 5_000 + PROCESSES))
def test_a_wrong_recipe_ends_a_real_process_with_exit_code_2(folder: Path, seed: int) -> None:
    case = make_case(seed)
    path = write(folder, case.text())
    code = (
        "import sys; from mothertongue.cli import main; code = main(sys.argv[1:]); "
        "assert not {'torch', 'transformers', 'numpy'} & set(sys.modules); sys.exit(code)"
    )
    child = subprocess.run(
        [sys.executable, "-c", code, "plan", str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert child.returncode == 2, child.stderr
    assert child.stdout == ""
    assert "Traceback" not in child.stderr
    for expected, _ in case.expected:
        assert f"error {expected} {path}" in child.stderr
    assert child.stderr.count("  do: ") == child.stderr.count("error MT")


SECTION = "language: nl\ncorpus:\n  sources: [texts]\n"
CONTRADICTIONS = [
    ("pretrain: {steps: 10, seconds: 30}", "pretrain.steps"),
    ("budget: 1m\npretrain: {seconds: 2m}", "pretrain.seconds"),
    ("vocabulary: {strategy: extend, size: 0}", "vocabulary.size"),
    ("pretrain: {train_embeddings: false, embedding_learning_rate: 0.1}", "pretrain.embedding_learning_rate"),
    ("restore: {rules: [none, residual]}", "restore.rules"),
    ("restore: {rules: [none], chat_base: texts}", "restore.chat_base"),
    ("restore: {rules: [none, none]}", "restore.rules"),
]


@pytest.mark.parametrize(("text", "key"), CONTRADICTIONS)
def test_contradictions(folder: Path, text: str, key: str) -> None:
    [problem] = refusal(write(folder, SECTION + text + "\n"))
    assert (problem.code, problem.key) == ("MT116", key)
    assert problem.line == 4 + text.count("\n")
    assert problem.do


CORPUS_CONTRADICTIONS = [
    ("  minimum_characters: 5000\n  maximum_characters: 5000", "corpus.minimum_characters"),
    ("  replay: more\n  replay_share: 0", "corpus.replay"),
    ("  retention: texts", "corpus.retention"),
    ("  retention: texts/inner", "corpus.retention"),
    ("  retention: more\n  replay: more", "corpus.retention"),
    ("  second_domain: texts", "corpus.second_domain"),
]


@pytest.mark.parametrize(("text", "key"), CORPUS_CONTRADICTIONS)
def test_contradictions_between_texts(folder: Path, text: str, key: str) -> None:
    (folder / "more").mkdir()
    (folder / "texts" / "inner").mkdir()
    [problem] = refusal(write(folder, SECTION + text + "\n"))
    assert (problem.code, problem.key, problem.line) == ("MT116", key, 4)


def test_the_sample_teaches_only_its_own_language() -> None:
    with pytest.raises(InputError, match="the embedded sample is Dutch"):
        load_sample(values={"language": "fi"})


def test_a_contradiction_is_not_blamed_on_a_key_that_is_wrong_already(folder: Path) -> None:
    problems = refusal(write(folder, SECTION + "pretrain: {steps: 10, seconds: soon}\n"))
    assert codes(problems) == ["MT115"]


HOSTILE = [
    ("", ["MT110", "MT110"]),
    ("# nothing\n", ["MT110", "MT110"]),
    ("- a\n- b\n", ["MT119"]),
    ("just words\n", ["MT119"]),
    ("language: nl\n---\nlanguage: fi\n", ["MT119"]),
    ("language: [nl\n", ["MT103"]),
    ("language: 'nl\n", ["MT103"]),
    ("title: a: b\n", ["MT103"]),
    ("a: @b\n", ["MT103"]),
    ("language: nl\x00\n", ["MT102"]),
    ("language: nl\x07\n", ["MT102"]),
    (b"language: \xff\n", ["MT102"]),
    (b"\xff\xfel\x00a\x00", ["MT102"]),
    ("[" * 60_000, ["MT109"]),
    ("{a: " * 15_000, ["MT109"]),
    ("- " * 30_000, ["MT109"]),
    ("a: [" + "1," * 30_000 + "]\n", ["MT109"]),
    ("x" * (MAXIMUM_BYTES + 1), ["MT109"]),
]


@pytest.mark.parametrize(("text", "expected"), HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_and_broken_files(folder: Path, text: str | bytes, expected: list[str]) -> None:
    began = time.process_time()
    problems = refusal(write(folder, text))
    assert codes(problems) == expected
    assert all(problem.do for problem in problems)
    assert time.process_time() - began < 1


def test_a_yaml_bomb_is_refused_without_expanding_it(folder: Path) -> None:
    levels = ["l0: &l0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"l{n}: &l{n} [" + ", ".join([f"*l{n - 1}"] * 9) + "]" for n in range(1, 12)]
    began = time.process_time()
    problems = refusal(write(folder, "\n".join(levels)))
    assert "MT108" in codes(problems)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system ['touch canary']", "!!binary aGk=", "!include other.yaml", "!!set {a}"]
)
def test_tags_run_nothing(folder: Path, tag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    problems = refusal(write(folder, f"{SECTION}base: {tag}\n"))
    assert "MT107" in codes(problems)
    assert not (folder / "canary").exists()


def test_tabs_are_named_and_the_rest_is_still_read(folder: Path) -> None:
    problems = refusal(write(folder, "language: nl\ncorpus:\n\tsources: [texts]\n\tminimum_chars: 3\n"))
    assert [(p.code, p.line) for p in problems] == [("MT106", 3), ("MT106", 4), ("MT104", 4)]


def test_a_key_of_another_section_is_sent_home(folder: Path) -> None:
    [problem] = refusal(write(folder, SECTION + "  rank: 8\nlearning_rate: 3\n"))[:1]
    assert "nearest: pretrain.rank" in problem.message


def test_more_than_twenty_problems_are_counted(folder: Path) -> None:
    with pytest.raises(InputError, match="and 5 more problems"):
        load_recipe(write(folder, SECTION + "".join(f"unknown_{n}: 1\n" for n in range(25))))


def test_a_missing_file_and_a_folder_are_refused(folder: Path) -> None:
    assert codes(refusal(folder / "none.yaml")) == ["MT101"]
    assert codes(refusal(folder)) == ["MT101"]
    assert codes(refusal(Path("a\0b.yaml"))) == ["MT101"]


@pytest.mark.parametrize("argument", ["rank", "=3", "", "pretrain.rank = 3", "pretrain rank=3"])
def test_arguments_that_are_no_change(argument: str) -> None:
    with pytest.raises(InputError) as error:
        load_sample([argument])
    assert codes(error.value.problems) == ["MT117"]


@pytest.mark.parametrize(
    ("argument", "code"),
    [
        ("pretrain.rnk=3", "MT104"),
        ("pretrain=3", "MT111"),
        ("pretrain.rank.x=3", "MT111"),
        ("a.b.c=1", "MT104"),
        ("..=1", "MT104"),
    ],
)
def test_wrong_keys_on_the_command_line_say_where_they_stand(argument: str, code: str) -> None:
    with pytest.raises(InputError) as error:
        load_sample([argument])
    [problem] = error.value.problems
    assert (problem.code, problem.where, problem.line) == (code, "command line", None)


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=200) | st.binary(max_size=200))
def test_any_bytes_load_or_are_refused(tmp_path_factory: pytest.TempPathFactory, text: str | bytes) -> None:
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    with pytest.raises(InputError):
        load_recipe(write(tmp_path_factory.getbasetemp(), data, "fuzz.yaml"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
known_keys = [key for key, _, _, _ in describe_keys()] + list(Recipe.SECTIONS)


@settings(max_examples=300, deadline=None)
@given(values=st.dictionaries(st.sampled_from(known_keys), json_values, min_size=1, max_size=4))
def test_any_value_for_any_key_loads_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, object]
) -> None:
    tree: dict[str, object] = {}
    for key, value in values.items():
        section, _, name = key.rpartition(".")
        home = tree.setdefault(section, {}) if section else tree
        if isinstance(home, dict):
            home[name] = value
    path = write(tmp_path_factory.getbasetemp(), yaml.safe_dump(tree), "values.yaml")
    problems: tuple[Problem, ...] = ()
    try:
        load_recipe(path)
    except InputError as error:
        problems = error.problems
    assert all(problem.code.startswith("MT1") and problem.do for problem in problems)


# schema and shipped recipes


def documents() -> Iterator[tuple[Path, object]]:
    for path in RECIPES:
        yield path, yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("path", "value"), list(documents()), ids=[f"{p.parent.name}/{p.name}" for p in RECIPES])
def test_every_shipped_recipe_loads_and_fits_the_schema(path: Path, value: object) -> None:
    jsonschema.validate(value, json_schema())
    load_recipe(path, check_paths=False)
    first = path.read_text(encoding="utf-8").splitlines()[0]
    named = first.partition("$schema=")[2]
    assert (path.parent / named).resolve() == (DATA / "recipe.schema.json").resolve()


def test_every_key_of_a_shipped_recipe_is_commented() -> None:
    for path in RECIPES:
        for line in path.read_text(encoding="utf-8").splitlines():
            if ": " in line and not line.lstrip().startswith("#"):
                assert " # " in line, f"{path.name}: {line}"


def test_the_shipped_schema_is_the_one_of_the_code() -> None:
    shipped = json.loads((DATA / "recipe.schema.json").read_text(encoding="utf-8"))
    assert shipped == json_schema(), "run: mothertongue schema --json src/mothertongue/data/recipe.schema.json"


def test_the_embedded_sample_recipe_is_the_one_in_recipes() -> None:
    body = [
        (path.read_text(encoding="utf-8").partition("\n")[2])
        for path in (ROOT / "recipes/sample.yaml", DATA / "recipes/sample.yaml")
    ]
    assert body[0] == body[1]


def test_the_schema_is_a_schema_and_refuses_what_the_recipe_refuses() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.Draft202012Validator(schema)
    right = {"language": "nl", "corpus": {"sources": "sample"}, "budget": "8m"}
    assert checker.is_valid(right)
    assert checker.is_valid(load_sample().resolved())
    wrong = [
        {"budget": "soon"},
        {"seed": -1},
        {"pretrain": {"rnk": 1}},
        {"vocabulary": {"strategy": "grow"}},
        {"nonsense": 1},
    ]
    for change in wrong:
        assert not checker.is_valid(right | change), change


@pytest.mark.parametrize("section", list(Recipe.SECTIONS))
def test_every_key_has_help_in_schema_and_listing(section: str) -> None:
    schema = json_schema(section)
    assert schema["description"]
    rows = {key: (allowed, default, text) for key, allowed, default, text in describe_keys(section)}
    assert set(rows) == {f"{section}.{key}" for key in schema["properties"]}
    for key, (allowed, default, text) in rows.items():
        assert schema["properties"][key.partition(".")[2]]["description"]
        assert allowed
        assert default
        assert text.endswith(".")


def test_an_unknown_section_names_the_nearest() -> None:
    with pytest.raises(InputError, match="nearest: pretrain"):
        json_schema("pretrian")


def test_the_initializers_of_the_recipe_are_those_of_the_vocabulary_room() -> None:
    from mothertongue.vocabulary.initialize import INITIALIZERS

    assert set(json_schema("vocabulary")["properties"]["initializer"]["enum"]) == set(INITIALIZERS)
