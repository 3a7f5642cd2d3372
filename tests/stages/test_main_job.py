"""The main job as a user sees it: what a run folder holds, that its model is plain, and that nothing is done twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import yaml
from safetensors import safe_open

from mothertongue import context
from mothertongue.cli import main
from mothertongue.models.doctor import examine
from mothertongue.models.load import load, load_tokenizer
from mothertongue.prompting.text import encode_text
from mothertongue.report.model import Report
from mothertongue.stages import pretrain, training
from mothertongue.stages.material import sample_folder
from stages.conftest import IDS, Finished
from stages.small import STAGES, World, dutch_texts, finished_stages, read_json, tree

LOADER = """
import json, sys
sys.modules["mothertongue"] = None
try:
    import mothertongue
except ImportError:
    pass
else:
    sys.exit("mothertongue can be imported")
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
folder, ids = sys.argv[1], json.loads(sys.argv[2])
model = AutoModelForCausalLM.from_pretrained(folder).eval()
tokenizer = AutoTokenizer.from_pretrained(folder)
chat = tokenizer.apply_chat_template([{"role": "user", "content": "hallo"}], tokenize=False, add_generation_prompt=True)
with torch.no_grad():
    logits = model(torch.tensor(ids)).logits
print(json.dumps({"chat": chat, "logits": logits.tolist()}))
"""


def logits(folder: Path, ids: torch.Tensor = IDS) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = load(folder).model(ids).logits
    return found


# --- what a run folder holds --------------------------------------------------------------------------------------


def test_a_finished_run_has_the_files_of_the_contract(finished: Finished):
    names = {path.name for path in finished.run.iterdir()}
    assert names == {
        *STAGES,
        *("recipe.yaml", "run.json", "metrics.jsonl", "decisions.json", "model", "report.html", "report.json"),
        "curation",
    }
    for stage in STAGES:
        assert read_json(finished.run / stage / "manifest.json")["parts"]["stage"] == stage
    rows = [json.loads(line) for line in (finished.run / "metrics.jsonl").read_text("utf-8").splitlines()]
    assert [row["step"] for row in rows if row["stage"] == "pretrain"] == [1, 2, 3, 4, 5, 6]


def test_report_json_has_what_the_page_needs_and_no_number_that_is_not_one(finished: Finished):
    text = (finished.run / "report.json").read_text("utf-8")
    assert not {"NaN", "Infinity"} & set(text.replace(",", " ").split())
    report = Report.model_validate_json(text)
    assert [stage.name for stage in report.stages][:6] == list(STAGES[:6])
    assert set(report.measures.bits_per_byte) == {"held_out", "second_domain", "retention"}
    assert all(bits.interval.low <= bits.interval.high for bits in report.measures.bits_per_byte.values())
    assert report.cost.tokens > 0
    assert report.cost.peak_memory_bytes > 0
    assert len(report.samples) == 2
    assert report.curves
    assert report.trade_offs
    assert report.corpus.funnel
    assert report.plan_against_actual
    assert report.verdict
    assert [decision.name for decision in report.decisions] == ["restoring rule"]
    assert yaml.safe_load(report.recipe_yaml)["language"] == "nl"


# --- the model ----------------------------------------------------------------------------------------------------


def test_the_model_gives_the_restored_logits_where_mothertongue_is_absent(finished: Finished):
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {"OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-W", "error", "-c", LOADER, str(finished.run / "model"), json.dumps(IDS.tolist())]
    child = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, cwd=finished.run)
    assert child.returncode == 0, child.stderr
    found = json.loads(child.stdout)
    torch.testing.assert_close(torch.tensor(found["logits"]), finished.logits, atol=1e-5, rtol=0)
    assert found["chat"] == "<|im_start|>user\nhallo<|im_end|>\n<|im_start|>assistant\n"


def test_the_doctor_finds_no_error_in_the_model(finished: Finished, world: World):
    examination = examine(finished.run / "model", reference=world.base)
    assert examination.worst != "error", examination.to_json()


def test_the_chat_template_is_the_bases_own(finished: Finished, world: World):
    ours, base = (folder / "chat_template.jinja" for folder in (finished.run / "model", world.base))
    assert ours.read_bytes() == base.read_bytes()


def test_the_card_begins_with_metadata_that_yaml_reads(finished: Finished):
    card = (finished.run / "model" / "README.md").read_text("utf-8")
    _, front, body = card.split("---\n", 2)
    assert yaml.safe_load(front)["language"] == "nl"
    assert yaml.safe_load(front)["library_name"] == "transformers"
    assert "bits per byte" in body.lower()


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning:peft")
def test_adapter_and_merged_model_give_the_same_logits(world: World, tmp_path: Path):
    peft = pytest.importorskip("peft")
    run = tmp_path / "run"
    assert main(world.words("pretrain", run, "pretrain.method=lora", "pretrain.rank=4")) == 0
    adapted = peft.PeftModel.from_pretrained(load(world.base).model, run / "pretrain" / "adapter").eval()
    with torch.no_grad():
        found = adapted(IDS).logits
    torch.testing.assert_close(found, logits(run / "pretrain" / "model"), atol=1e-4, rtol=0)
    assert not torch.allclose(found, logits(world.base), atol=1e-3), "training must have changed something"


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning:peft")
def test_an_adapter_on_new_rows_names_the_model_that_has_them(world: World, tmp_path: Path):
    peft = pytest.importorskip("peft")
    run = tmp_path / "run"
    extend = ("vocabulary.strategy=extend", "vocabulary.size=20", "pretrain.method=lora", "pretrain.rank=4")
    assert main(world.words("pretrain", run, *extend)) == 0
    adapter = run / "pretrain" / "adapter"
    base = Path(read_json(adapter / "adapter_config.json")["base_model_name_or_path"])
    adapted = peft.PeftModel.from_pretrained(load(base).model, adapter).eval()
    with torch.no_grad():
        found = adapted(IDS).logits
    torch.testing.assert_close(found, logits(run / "pretrain" / "model"), atol=1e-4, rtol=0)


# --- nothing is done twice ----------------------------------------------------------------------------------------


def test_a_finished_run_is_left_as_it_is(copied: Path, world: World, capsys: pytest.CaptureFixture[str]):
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in copied.rglob("*") if path.is_file()}
    capsys.readouterr()
    assert main(["teach", str(copied)]) == 0
    assert capsys.readouterr().err.count("is done already") == len(STAGES)
    changed = {path for path, state in before.items() if (path.stat().st_mtime_ns, path.read_bytes()) != state}
    assert changed == set()
    assert {path for path in copied.rglob("*") if path.is_file()} == set(before)


def test_each_verb_brings_the_run_exactly_up_to_its_stage(world: World, finished: Finished, tmp_path: Path):
    run = tmp_path / "run"
    verbs = {"curate": 1, "expand": 3, "pretrain": 4, "restore": 5, "evaluate": 6, "report": 7}
    kept: dict[str, bytes] = {}
    for verb, count in verbs.items():
        assert main(world.words(verb, run)) == 0
        found = finished_stages(run)
        assert {name.split("/")[0] for name in found} == set(STAGES[:count])
        assert kept.items() <= found.items(), f"{verb} changed a finished stage"
        kept = found
    name = "model/model.safetensors"
    assert (run / name).read_bytes() == (finished.run / name).read_bytes()


def test_plan_changes_nothing(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main([*world.words("plan", tmp_path / "run"), "--json", str(tmp_path / "plan.json")]) == 0
    assert not (tmp_path / "run").exists()
    plan = read_json(tmp_path / "plan.json")
    assert [stage["stage"] for stage in plan["stages"]] == list(STAGES)
    assert "pretrain.steps = about 6 (from the recipe)" in capsys.readouterr().out


# --- choices ------------------------------------------------------------------------------------------------------


def test_an_extended_vocabulary_is_used_and_keeps_the_old_logits(world: World, tmp_path: Path):
    run = tmp_path / "run"
    assert main(world.words("teach", run, "vocabulary.strategy=extend", "vocabulary.size=40")) == 0
    old, new = load(world.base), load(run / "vocabulary" / "model")
    size = len(old.tokenizer)
    assert size < len(new.tokenizer) <= size + 40
    ids = torch.tensor([encode_text(old.tokenizer, dutch_texts(world)[0])[:32]])
    with torch.no_grad():
        torch.testing.assert_close(new.model(ids).logits[..., :size], old.model(ids).logits, atol=1e-5, rtol=0)
    taught = load(run / "model")
    encoded = [encode_text(taught.tokenizer, text) for text in dutch_texts(world)]
    assert sum(index >= size for row in encoded for index in row) > 20
    assert max(map(max, encoded)) < len(taught.model.get_input_embeddings().weight)
    found = Report.model_validate_json((run / "report.json").read_text("utf-8"))
    assert found.vocabulary is not None
    assert found.vocabulary.reachable_percent == 100
    assert found.vocabulary.size_after == len(taught.tokenizer)
    assert found.measures.characters_per_token.after > found.measures.characters_per_token.before
    assert examine(run / "model").worst != "error"


def test_choices_record_both_sides(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(training, "TRIAL_TOKENS", 256)
    run = tmp_path / "run"
    changes = ("vocabulary.strategy=decide", "vocabulary.size=40", "pretrain.method=decide", "pretrain.rank=4")
    assert main(world.words("teach", run, *changes)) == 0
    decided = read_json(run / "decisions.json")
    vocabulary, method = decided["vocabulary"]["vocabulary"], decided["pretrain"]["method"]
    assert [arm["name"] for arm in vocabulary["arms"]] == ["keep", "extend"]
    assert [arm["name"] for arm in method["arms"]] == ["full", "lora"]
    for choice in (vocabulary, method):
        assert choice["chosen"] in {arm["name"] for arm in choice["arms"]}
        assert choice["reason"]
        assert all(arm["values"]["tokens"] > 0 for arm in choice["arms"])
    shown = {decision["name"]: decision for decision in read_json(run / "report.json")["decisions"]}
    assert shown["vocabulary"]["arms"][1]["values"] == vocabulary["arms"][1]["values"]
    assert shown["training method"]["chosen"] == method["chosen"]
    assert (run / "vocabulary" / "model").is_dir() == (vocabulary["chosen"] == "extend")
    assert (run / "pretrain" / "adapter").is_dir() == (method["chosen"] == "lora")


def test_the_residual_is_added_to_the_plain_model(world: World, tmp_path: Path):
    run = tmp_path / "run"
    changes = ("restore.rules=[residual]", f"restore.chat_base={world.other_base}")
    assert main(world.words("restore", run, *changes)) == 0
    names = ("chat", "plain", "trained", "restored")
    folders = (world.base, world.other_base, run / "pretrain" / "model", run / "restore" / "model")
    weights = {name: tensors(folder) for name, folder in zip(names, folders, strict=True)}
    for key, restored in weights["restored"].items():
        wanted = weights["trained"][key] + weights["chat"][key] - weights["plain"][key]
        torch.testing.assert_close(restored, wanted, atol=1e-6, rtol=0)
    assert read_json(run / "restore" / "restore.json")["chosen"] == "residual"


def tensors(folder: Path) -> dict[str, torch.Tensor]:
    with safe_open(folder / "model.safetensors", framework="pt") as file:
        return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118


@pytest.fixture
def listening() -> Iterator[None]:
    """Ctrl-C is heard also where the tests were started in the background, with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("listening")
def test_the_budget_chooses_the_steps_once(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run = tmp_path / "run"
    words = [*world.words("pretrain", run, "pretrain.steps=null"), "--budget", "10m"]
    monkeypatch.setattr(pretrain, "_measured_speed", lambda *_: 2.0)
    metric = context.StageContext.metric

    def interrupting(self: context.StageContext, **values: object) -> None:
        metric(self, **values)
        if values.get("step") == 4:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(context.StageContext, "metric", interrupting)
        assert main(words) == 130
    before = (run / "decisions.json").read_bytes()
    steps = json.loads(before)["pretrain"]["steps"]["steps"]
    assert 8 < steps <= 18
    monkeypatch.setattr(pretrain, "_measured_speed", lambda *_: pytest.fail("measured again"))
    assert main(words) == 0
    assert (run / "decisions.json").read_bytes() == before
    assert read_json(run / "pretrain" / "course.json")["steps"] == steps
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text("utf-8").splitlines()]
    assert [row["step"] for row in rows] == list(range(1, steps + 1))


# --- few documents ------------------------------------------------------------------------------------------------


def test_one_long_text_to_measure_is_cut_into_parts_and_said(world: World, tmp_path: Path):
    book = tmp_path / "book"
    book.mkdir()
    texts = [json.loads(line)["text"] for line in (world.retention / "general.jsonl").read_text("utf-8").splitlines()]
    (book / "book.txt").write_text("\n\n".join(texts), "utf-8")
    words = [word for word in world.words("teach", tmp_path / "run") if not word.startswith("corpus.retention=")]
    assert main([*words, f"corpus.retention={book}"]) == 0
    report = Report.model_validate_json((tmp_path / "run" / "report.json").read_text("utf-8"))
    assert report.measures.bits_per_byte["retention"].documents >= 2
    assert any("corpus.retention" in warning and "parts" in warning for warning in report.warnings)


def test_a_folder_of_plain_text_files_and_a_single_question_are_enough(world: World, tmp_path: Path):
    source, run = tmp_path / "plain", tmp_path / "run"
    source.mkdir()
    for index, text in enumerate(dutch_texts(world)):
        (source / f"{index}.txt").write_text(text, "utf-8")
    question = (sample_folder() / "questions.jsonl").read_text("utf-8").splitlines()[0]
    (tmp_path / "one.jsonl").write_text(question + "\n", "utf-8")
    assert main(world.words("teach", run, f"evaluate.questions={tmp_path / 'one.jsonl'}", source=source)) == 0
    measures = Report.model_validate_json((run / "report.json").read_text("utf-8")).measures
    assert set(measures.bits_per_byte) == {"held_out", "retention"}
    asked = measures.tasks["questions"]
    assert (asked.n, asked.interval.low, asked.interval.high) == (1, -1, 1)


def test_every_file_of_the_model_folder_is_the_one_of_the_report_stage(finished: Finished):
    assert tree(finished.run / "model") == tree(finished.run / "report" / "model")
    assert load_tokenizer(finished.run / "model").chat_template
