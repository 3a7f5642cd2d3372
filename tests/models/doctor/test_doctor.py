"""Every check fires on the folder that has its fault, alone; none fires on a healthy one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from sick import CARD, CASES, Case, adapter_folder, align, base_beside, edit_json, healthy_folder, untie
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    MixtralConfig,
    MixtralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from mothertongue import testing
from mothertongue.errors import InputError, codes
from mothertongue.models.doctor import CHECKS, Examination, examine, loading, render

TRAINING_ONLY = {"rl-adapters", "filtered-gradients", "fused-loss-sharded", "fused-loss-scale", "sharded-tokens"}
IDS = {"vocab_size": 396, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2}
SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2} | IDS
SMALL |= {"max_position_embeddings": 64, "num_key_value_heads": 2}


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return healthy_folder(tmp_path_factory.mktemp("doctor") / "healthy")


@pytest.fixture
def copied(healthy: Path, tmp_path: Path) -> Path:
    return shutil.copytree(healthy, tmp_path / "model")


def found(examination: Examination) -> dict[str, str]:
    return {finding.check: finding.severity for finding in examination.findings}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_exactly_the_check_of_a_fault_fires(case: Case, copied: Path):
    made = case.make(copied)
    folder, reference = made if isinstance(made, tuple) else (made or copied, None)
    examination = examine(folder, reference=reference)
    assert {finding.check for finding in examination.findings} == {case.check}, render(examination)
    first = examination.findings[0]
    assert (first.severity, examination.worst) == (case.severity, case.severity)
    assert any(case.says in finding.text for finding in examination.findings), render(examination)


def test_every_check_that_can_see_a_folder_has_a_case():
    assert {case.check for case in CASES} == {check.name for check in CHECKS} - TRAINING_ONLY


def test_a_healthy_folder_has_no_findings(healthy: Path):
    examination = examine(healthy)
    assert examination.findings == ()
    assert examination.worst == "none"
    adapters = {"adapter-rows", "adapter-format", "full-head-copy"}
    assert set(examination.not_applicable) == TRAINING_ONLY | adapters
    assert set(examination.checked) | set(examination.not_applicable) == {check.name for check in CHECKS}


def test_healthy_variants_have_no_findings(healthy: Path, copied: Path, tmp_path: Path):
    """Compared with itself, untied, extended by continued merges, and with an adapter beside the merged model."""
    assert examine(healthy, reference=healthy).findings == ()
    untie(copied)
    adapter_folder(copied / "adapter", copied, embeddings=True)
    assert examine(copied).findings == ()
    extended, base = healthy_folder(tmp_path / "extended"), base_beside(tmp_path / "extended")
    align(extended, base)
    assert examine(extended, reference=base).findings == ()


def test_weights_are_loaded_only_if_asked_for_and_small(healthy: Path, monkeypatch: pytest.MonkeyPatch):
    examination = examine(healthy, load=False)
    assert examination.not_applicable["loads"] == "names and shapes fit; loading was not asked for"
    monkeypatch.setattr(loading, "_LARGEST_LOAD", 1000)
    assert "too large to be loaded here" in examine(healthy).not_applicable["loads"]


ARCHITECTURES = {
    "gpt2": (GPT2Config(n_embd=32, n_layer=2, n_head=2, n_positions=64, **IDS), GPT2LMHeadModel),
    "qwen2 untied": (Qwen2Config(**SMALL, tie_word_embeddings=False), Qwen2ForCausalLM),
    "gpt_neox": (GPTNeoXConfig(**SMALL), GPTNeoXForCausalLM),
    "mixtral": (MixtralConfig(**SMALL, num_local_experts=2), MixtralForCausalLM),
}


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_other_healthy_architectures_have_no_findings(kind: str, tmp_path: Path):
    config, make = ARCHITECTURES[kind]
    make(config).save_pretrained(tmp_path)
    testing.tiny_tokenizer().save_pretrained(tmp_path)
    (tmp_path / "README.md").write_text(CARD)
    examination = examine(tmp_path)
    assert examination.findings == (), render(examination)
    assert {"tied-weights", "identical-rows", "shapes", "row-count", "loads"} <= set(examination.checked)


@pytest.mark.parametrize("base", ["~nosuchuser/base", "./" + "x" * 5000, "./\x00", "a" * 5000])
def test_a_base_path_that_no_file_system_can_hold_is_no_folder(base: str, copied: Path):
    adapter_folder(copied / "adapter", copied, base_model_name_or_path=base)
    (finding,) = examine(copied, load=False).findings
    assert (finding.check, finding.severity) == ("adapter-rows", "warning")
    assert "which is no folder here" in finding.text


def test_the_table_is_sound():
    names = [check.name for check in CHECKS]
    assert len(names) == len(set(names)) == len({check.code for check in CHECKS})
    assert {check.code for check in CHECKS} == {code for code in codes() if "MT421" <= code <= "MT459"}, (
        "a row of doctor.toml without a check, or the other way round"
    )
    rows = {int(check.evidence.rsplit(" ", 1)[1]) for check in CHECKS if "(b) row" in check.evidence}
    assert rows == set(range(1, 18)), "all seventeen rows of the field notes"


def test_the_text_has_a_line_per_check_and_a_remedy_under_a_fault(copied: Path):
    edit_json(copied, "generation_config.json", lambda values: values.update(eos_token_id=0))
    text = render(examine(copied))
    lines = text.splitlines()
    marks = [line.split("]")[0] + "]" for line in lines if line.startswith("[")]
    assert len(marks) == len(CHECKS)
    assert set(marks) == {"[ok]", "[n/a]", "[error]"}
    place = next(place for place, line in enumerate(lines) if line.startswith("[error]"))
    assert "MT448 template-ends" in lines[place]
    assert lines[place + 1].strip() == "do: " + codes()["MT448"]["remedy"]
    assert lines[-1] == "1 error, 0 warnings, 0 notes; 20 checks made, 8 not applicable"
    assert text.isascii()


def test_hostile_names_cannot_write_control_characters_to_the_terminal(copied: Path):
    (copied / "a\x1b[2J\u202eb.py").write_text("")
    text = render(examine(copied))
    assert "\\x1b[2J\\u202eb.py" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_the_json_holds_everything_and_round_trips(copied: Path):
    edit_json(copied, "generation_config.json", lambda values: values.pop("pad_token_id"))
    values = json.loads(json.dumps(examine(copied).to_json()))
    assert values["worst"] == "warning"
    (finding,) = values["findings"]
    assert (finding["code"], finding["check"], finding["severity"]) == ("MT426", "generation-settings", "warning")
    assert finding["title"]
    assert finding["remedy"]
    assert finding["evidence"] == "field notes (c) output"
    assert set(values["checked"]) | set(values["not_applicable"]) == {check.name for check in CHECKS}


def test_what_is_no_folder_is_refused(tmp_path: Path, healthy: Path):
    with pytest.raises(InputError, match="MT402"):
        examine(tmp_path / "absent")
    with pytest.raises(InputError, match="MT402"):
        examine(healthy, reference=healthy / "config.json")


def test_an_empty_folder_gives_findings_and_no_exception(tmp_path: Path):
    examination = examine(tmp_path)
    assert found(examination)["files"] == "error"
    assert examination.worst == "error"


def test_one_id_for_two_tokens_is_named(copied: Path):
    edit_json(copied, "tokenizer.json", lambda parts: parts["model"]["vocab"].update({"qqq": 200}))
    assert [f.text for f in examine(copied).findings if f.check == "files"] == [
        "tokenizer.json gives 1 ids to several tokens (id 200: 'qqq', 'ĉ')"
    ]
