"""The command line: which verbs there are, where their words go, and which exit code and message each outcome gives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from mothertongue import cli
from mothertongue.cli import RECIPE_VERBS, Request, load_request, main, split_inputs
from mothertongue.errors import InputError, Interrupted, Problem, WorkError
from mothertongue.plan import Plan, StageEstimate

VERBS = [
    "teach",
    "plan",
    "curate",
    "expand",
    "pretrain",
    "restore",
    "evaluate",
    "report",
    "chat",
    "doctor",
    "reproduce",
    "methods",
    "schema",
    "explain",
]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])}
HELP = """\
Usage: mothertongue [OPTIONS] COMMAND [ARGS]...

  Teach an open language model a new language from a folder of text.

Options:
  --version             Show the version.
  --install-completion  Install completion for the current shell.
  --show-completion     Show completion for the current shell, to copy it or customize the
                        installation.
  -h, --help            Show this message and exit.

Commands:
  teach      Run the whole recipe: from a folder of text to a tested chat model and a report.
  plan       Show what a run would take in time, memory and disk, and change nothing.
  curate     Read, repair, filter and split the texts.
  expand     Decide on the tokenizer, and extend it where that pays.
  pretrain   Train the model on the texts.
  restore    Bring back the ability to chat.
  evaluate   Measure what was learned and what was kept.
  report     Write report.html and report.json.
  chat       Talk with a model, or with the model before and after side by side.
  doctor     Examine a model folder for known faults; exit code 1 where one is found.
  reproduce  Run the study of one published method and print its verdict.
  methods    List the published methods with their studies.
  schema     Print the JSON schema of a recipe for editors, or its keys with defaults and help.
  explain    Say more about the code of a message, offline.
"""


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERMINAL_WIDTH", "100")
    monkeypatch.delenv("MOTHERTONGUE_DEBUG", raising=False)
    monkeypatch.chdir(tmp_path)


class FakeStages(types.ModuleType):
    """Stands in for mothertongue.stages.teach and remembers how it was called."""

    def __init__(self) -> None:
        super().__init__("mothertongue.stages.teach")
        self.calls: list[tuple[Any, Path, dict[str, Any]]] = []
        self.failure: BaseException | None = None

    def run_recipe(self, recipe: Any, folder: Path, **options: Any) -> None:
        self.calls.append((recipe, folder, options))
        if self.failure is not None:
            raise self.failure

    def plan(self, recipe: Any, folder: Path) -> Plan:
        return Plan(recipe.language, recipe.base, str(folder), (StageEstimate("corpus", 1, 2),))


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> FakeStages:
    import mothertongue.stages

    fake = FakeStages()
    monkeypatch.setitem(sys.modules, "mothertongue.stages.teach", fake)
    monkeypatch.setattr(mothertongue.stages, "teach", fake, raising=False)
    return fake


def command(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    environment = {**ENVIRONMENT, **options.pop("env", {})}
    line = [sys.executable, "-m", "mothertongue", *words]
    return subprocess.run(
        line, text=True, timeout=60, check=False, env=environment, **{"capture_output": True, **options}
    )


# help and verbs


def test_help_lists_the_verbs_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert capsys.readouterr().out == HELP


def test_no_word_at_all_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out == HELP


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    assert f"Usage: mothertongue {verb}" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    import mothertongue

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"mothertongue {mothertongue.__version__}\n"


# where the words go


@pytest.mark.parametrize("verb", [verb for verb in RECIPE_VERBS if verb.name != "plan"], ids=lambda verb: verb.name)
def test_a_recipe_verb_runs_up_to_its_stage(verb: cli.RecipeVerb, stages: FakeStages) -> None:
    words = [
        verb.name,
        "pretrain.rank=4",
        "--run",
        "here",
        "--seed",
        "7",
        "--budget",
        "2m",
        "--json",
        "out.json",
        "--trust",
    ]
    assert main(words) == 0
    [(recipe, folder, options)] = stages.calls
    assert (recipe.pretrain.rank, recipe.seed, recipe.budget, folder) == (4, 7, 120, Path("here"))
    assert options == {
        "until": verb.stage,
        "dry_run": False,
        "json_path": Path("out.json"),
        "trust": True,
        "rerun": False,
    }


def test_plan_prints_a_table_and_writes_json(stages: FakeStages, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--json", "plan.json"]) == 0
    assert "1 s to 2 s" in capsys.readouterr().out
    assert json.loads(Path("plan.json").read_text())["stages"][0]["stage"] == "corpus"
    assert not stages.calls


def test_teach_without_any_word_is_the_embedded_sample() -> None:
    recipe, folder = load_request(Request())
    assert (recipe.language, recipe.corpus.sources, folder) == ("nl", "sample", Path("runs/sample-nl"))


def test_folders_of_text_with_a_language(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    recipe, folder = load_request(Request(["one", "corpus.replay_share=0", "two"], language="fin"))
    assert recipe.corpus.sources == [tmp_path / "one", tmp_path / "two"]
    assert (recipe.language, recipe.corpus.replay_share, folder) == ("fi", 0, Path("runs/one-fi"))


def test_a_folder_without_a_language_is_refused_beside_every_other_problem(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    with pytest.raises(InputError) as error:
        load_request(Request(["one", "pretrain.rank=no"]))
    assert sorted(problem.code for problem in error.value.problems) == ["MT111", "MT121"]


def test_a_recipe_file_and_a_single_text_file(tmp_path: Path) -> None:
    (tmp_path / "my.txt").write_text("text")
    (tmp_path / "mine.yaml").write_text("language: sw\ncorpus: {sources: my.txt}\n")
    recipe, folder = load_request(Request(["mine.yaml"]))
    assert (recipe.corpus.sources, folder) == ([tmp_path / "my.txt"], Path("runs/mine-sw"))
    assert load_request(Request(["my.txt"], language="sw"))[0].corpus.sources == [tmp_path / "my.txt"]


def test_a_run_folder_continues_with_its_own_recipe(tmp_path: Path) -> None:
    recipe, _ = load_request(Request(["pretrain.rank=3"]))
    run = tmp_path / "run"
    run.mkdir()
    (run / "recipe.yaml").write_text(recipe.to_yaml())
    (run / "run.json").write_text("{}")
    again, folder = load_request(Request(["run"]))
    assert again == recipe
    assert folder == Path("run")


def test_a_word_that_names_something_on_disk_is_a_path(tmp_path: Path) -> None:
    (tmp_path / "a=b").mkdir()
    assert split_inputs(["a=b", "c=d", "./e=f", "g"]) == ([Path("a=b"), Path("./e=f"), Path("g")], [], ["c=d"])
    assert split_inputs(["hf:a/b?split=x", "c=d"]) == ([], ["hf:a/b?split=x"], ["c=d"])


@pytest.mark.parametrize(
    ("inputs", "codes"),
    [
        (["nowhere"], ["MT120"]),
        (["nowhere", "neither"], ["MT120", "MT120"]),
        (["r.yaml", "s.yaml"], ["MT122"]),
        (["r.yaml", "texts"], ["MT122"]),
        (["nowhere.yaml"], ["MT101"]),
    ],
)
def test_inputs_that_make_no_sense(tmp_path: Path, inputs: list[str], codes: list[str]) -> None:
    (tmp_path / "texts").mkdir()
    with pytest.raises(InputError) as error:
        load_request(Request(inputs))
    assert [problem.code for problem in error.value.problems] == codes
    assert all(problem.do for problem in error.value.problems)


# exit codes and messages


@pytest.mark.parametrize(
    ("failure", "code", "words"),
    [
        (InputError(Problem("MT104", "is wrong", do="change it")), 2, "error MT104"),
        (WorkError(Problem("MT801", "failed", do="try again")), 1, "do: try again"),
        (Interrupted("mothertongue teach x"), 130, "mothertongue teach x"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (BrokenPipeError(), 0, ""),
        (RuntimeError("a\nb"), 1, "RuntimeError: a b"),
    ],
)
def test_every_outcome_has_its_exit_code_and_no_traceback(
    failure: BaseException,
    code: int,
    words: str,
    stages: FakeStages,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli, "_mute_stdout", lambda: None)
    stages.failure = failure
    assert main(["teach"]) == code
    message = capfd.readouterr().err
    assert words in message
    assert "Traceback" not in message


def test_debug_shows_the_traceback(stages: FakeStages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTHERTONGUE_DEBUG", "1")
    stages.failure = RuntimeError("deep")
    with pytest.raises(RuntimeError, match="deep"):
        main(["teach"])


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["tech"], "'teach'"),
        (["teach", "--sed", "1"], "--seed"),
        (["teach", "--seed"], "--seed"),
        (["explain"], "CODE"),
        (["chat", "nowhere"], "is no folder"),
        (["doctor", "nowhere"], "is no folder"),
        (["explain", "MT1O4"], "nearest"),
        (["schema", "pretrian"], "pretrain"),
        (["teach", "--seed", "x"], "seed = x"),
        (["teach", "--budget", "x"], "is not a duration"),
        (["teach", "--language", "dutch"], "Dutch is nl"),
        (["reproduce", "one"], "NUMBER"),
    ],
)
def test_wrong_words_end_with_exit_code_2_and_a_remedy(
    words: list[str], found: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error MT")
    assert found in output.err
    assert "do: " in output.err


def test_telemetry_is_off_and_offline_mode_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DO_NOT_TRACK", "HF_HUB_DISABLE_TELEMETRY", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    assert main(["--version"]) == 0
    assert (os.environ["DO_NOT_TRACK"], os.environ["HF_HUB_DISABLE_TELEMETRY"]) == ("1", "1")
    assert "HF_HUB_OFFLINE" not in os.environ
    monkeypatch.delenv("DO_NOT_TRACK")
    monkeypatch.delenv("HF_HUB_DISABLE_TELEMETRY")


def test_schema_prints_json_and_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "pretrain"]) == 0
    assert "rank" in json.loads(capsys.readouterr().out)["properties"]
    assert main(["schema", "pretrain", "--keys"]) == 0
    assert "pretrain.rank: 16\n" in capsys.readouterr().out


def test_explain_works_for_every_code_of_this_room(capsys: pytest.CaptureFixture[str]) -> None:
    import tomllib

    file = Path(cli.__file__).parent / "data" / "codes" / "recipe.toml"
    for code in tomllib.loads(file.read_text(encoding="utf-8")):
        assert main(["explain", code]) == 0
        assert capsys.readouterr().out.startswith(f"{code}: ")


def test_methods_in_three_forms(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["methods", "--json", "methods.json"]) == 0
    assert len(json.loads(Path("methods.json").read_text())) == 60
    assert len(capsys.readouterr().out.splitlines()) > 60
    assert main(["methods", "46", "--json", "method.json"]) == 0
    assert "elchat" in Path("method.json").read_text().lower()
    assert main(["methods", "--search", "new language"]) == 0


@pytest.mark.parametrize("words", [["46", "--scale", "huge"], ["999"], ["46", "--seeds", "a,b"], ["46", "--seeds", ""]])
def test_studies_that_cannot_be_run(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", *words]) == 2
    assert capsys.readouterr().err.startswith("error MT")


class FakeExamination:
    """What a doctor reports."""

    def __init__(self, worst: str) -> None:
        self.worst = worst

    def to_json(self) -> dict[str, str]:
        return {"worst": self.worst}


@pytest.mark.parametrize(("worst", "code"), [("error", 1), ("warning", 0), ("", 0)])
def test_the_doctor_looks_at_the_model_of_a_run(
    worst: str, code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[tuple[Path, Path | None]] = []
    fake = types.ModuleType("mothertongue.models.doctor")
    fake.examine = lambda folder, *, reference: seen.append((folder, reference)) or FakeExamination(worst)  # type: ignore[attr-defined]
    fake.render = lambda examination: f"worst: {examination.worst}"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mothertongue.models.doctor", fake)
    (tmp_path / "run" / "model").mkdir(parents=True)
    assert main(["doctor", "run"]) == code
    (tmp_path / "run" / "model" / "config.json").write_text("{}")
    assert main(["doctor", "run", "--reference", "run", "--json", "doctor.json"]) == code
    assert seen == [(Path("run"), None), (Path("run/model"), Path("run"))]
    assert json.loads(Path("doctor.json").read_text()) == {"worst": worst}
    assert f"worst: {worst}" in capsys.readouterr().out


def test_chat_in_the_terminal_and_on_a_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[tuple[Any, ...]] = []
    fake_stage, fake_chat, fake_web = (types.ModuleType(name) for name in ("chat", "chat", "web"))
    fake_stage.open_subjects = lambda folder, compare: {"folder": folder, "compare": compare}  # type: ignore[attr-defined]
    fake_chat.terminal_chat = lambda subjects, compare: calls.append(("terminal", subjects, compare))  # type: ignore[attr-defined]
    fake_web.serve = lambda subjects, port, compare: calls.append(("page", port, compare))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mothertongue.stages.chat", fake_stage)
    monkeypatch.setitem(sys.modules, "mothertongue.report.chat", fake_chat)
    monkeypatch.setitem(sys.modules, "mothertongue.report.web", fake_web)
    assert main(["chat", str(tmp_path), "--compare"]) == 0
    assert main(["chat", str(tmp_path), "--web", "--port", "8080"]) == 0
    assert calls == [("terminal", {"folder": tmp_path, "compare": True}, True), ("page", 8080, False)]


# real processes: terminals of every kind


def test_a_closed_pipe_is_quiet() -> None:
    read, write = os.pipe()
    os.close(read)
    child = command("schema", capture_output=False, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert child.returncode == 0
    assert child.stderr == ""


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp936", "utf-8"])
def test_old_code_pages_raise_nothing(encoding: str, tmp_path: Path) -> None:
    environment = {"PYTHONIOENCODING": encoding, "COLUMNS": "20", "NO_COLOR": "1"}
    child = command("teach", "язык-\U0001f600", env=environment, encoding=encoding, errors="replace")
    assert child.returncode == 2
    assert "error MT120" in child.stderr
    assert "Traceback" not in child.stderr
    assert command("--help", env=environment).returncode == 0


def test_a_full_device_raises_nothing() -> None:
    with Path("/dev/full").open("w") as full:
        child = command("schema", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert "Traceback" not in child.stderr
    assert child.returncode in {0, 1}


def test_an_interrupt_before_any_work_is_130(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys, mothertongue.cli as cli\n"
        "cli.load_request = lambda request: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.exit(cli.main(['teach']))"
    )
    child = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False, env=ENVIRONMENT
    )
    assert child.returncode == 130
    assert child.stderr == "interrupted\n"
