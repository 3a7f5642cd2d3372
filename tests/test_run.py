"""A stage is run once, again only for a cause that is named, and never from damaged files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from fake_stages import FakeRecipe, stages
from harness import ledger, tree_hashes

from mothertongue import durability, run
from mothertongue.errors import InputError, Interrupted, WorkError
from mothertongue.fingerprint import Parts, canonical_json, hash_input, read_manifest, stage_seed


class Part:
    """A stage whose work is a function of its context."""

    version = 1

    def __init__(self, name, work, needs=(), options=None, **attributes):
        self.name, self.work, self.needs, self.chosen = name, work, needs, options or {}
        self.__dict__.update(attributes)

    def options(self, recipe):
        return self.chosen

    def inputs(self, context):
        return {}

    def run(self, context):
        self.work(context)


def write(name="out", text="x"):
    return lambda context: durability.write_text(context.folder / name, text)


@pytest.fixture
def recipe(tmp_path: Path) -> FakeRecipe:
    (tmp_path / "source.txt").write_text("een twee drie vier vijf")
    return FakeRecipe(tmp_path / "source.txt")


@pytest.fixture
def folder(quick_path: Path) -> Path:
    return quick_path / "run"


def test_finished_stages_are_kept_and_the_folder_stays_as_it_is(folder, recipe):
    first = run.execute(stages(), recipe, folder)
    before = tree_hashes(folder, ignore=())
    second = run.execute(stages(), recipe, folder)
    assert (first.ran, first.kept) == (("corpus", "training", "report"), ())
    assert (second.ran, second.kept) == ((), ("corpus", "training", "report"))
    assert tree_hashes(folder, ignore=()) == before


def test_two_runs_of_one_recipe_differ_in_times_only(quick_path, recipe):
    for name in "ab":
        run.execute(stages(), recipe, quick_path / name)
    assert tree_hashes(quick_path / "a") == tree_hashes(quick_path / "b")
    assert set(tree_hashes(quick_path / "a", ignore=())) - set(tree_hashes(quick_path / "a")) == {"run.json"}


def test_the_folder_holds_what_the_contract_names(folder, recipe):
    run.execute(stages(), recipe, folder)
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *("recipe.yaml", "run.json", "metrics.jsonl", "decisions.json"),
        *("corpus", "training", "report", "model", "report.html"),
    }
    assert (folder / "model" / "weights.bin").read_bytes() == (folder / "training" / "weights.bin").read_bytes()
    assert (folder / "recipe.yaml").read_text() == "seed: 0\n"
    for stage in ("corpus", "training", "report"):
        manifest = read_manifest(folder / stage)
        assert manifest.damage(folder / stage) == []
        assert {entry.path for entry in manifest.files} == {
            path.relative_to(folder / stage).as_posix() for path in (folder / stage).rglob("*") if path.is_file()
        } - {"manifest.json"}


def test_the_ledger_counts_starts_ends_seconds_and_memory(folder, recipe):
    run.execute(stages(), recipe, folder)
    for entry in ledger(folder).values():
        assert (entry["started"], entry["finished"], entry["restarts"], entry["state"]) == (1, 1, 0, "finished")
        assert entry["seconds"] >= 0
        assert entry["peak_memory_bytes"] > 10_000_000
        assert len(entry["fingerprint"]) == 64


@pytest.mark.parametrize("cut", [0, 1])
def test_a_damaged_stage_is_noticed_named_and_built_again_with_the_same_bits(folder, recipe, cut, capsys):
    run.execute(stages(), recipe, folder)
    before = tree_hashes(folder)
    path = folder / "corpus" / "words.txt"
    data = path.read_bytes()
    path.write_bytes(data[:-1] if cut else bytes([data[0] ^ 1]) + data[1:])
    capsys.readouterr()
    result = run.execute(stages(), recipe, folder)
    assert result.ran == ("corpus",), "equal output spares the stages that follow"
    assert "corpus runs again: words.txt has" in capsys.readouterr().err
    assert (
        tree_hashes(folder).items() >= {key: value for key, value in before.items() if key != "metrics.jsonl"}.items()
    )


@pytest.mark.parametrize("damage", [b"", b"{}", b"[]", b"\0" * 50])
def test_a_damaged_manifest_is_noticed(folder, recipe, damage):
    run.execute(stages(), recipe, folder)
    (folder / "training" / "manifest.json").write_bytes(damage)
    assert run.execute(stages(), recipe, folder).ran == ("training",)


def test_each_flipped_bit_of_a_manifest_is_noticed_or_without_meaning(folder, recipe):
    run.execute(stages(), recipe, folder)
    path = folder / "training" / "manifest.json"
    data = path.read_bytes()
    whole = read_manifest(folder / "training")
    for position in range(0, len(data), 7):
        path.write_bytes(data[:position] + bytes([data[position] ^ 4]) + data[position + 1 :])
        manifest = read_manifest(folder / "training")
        assert manifest is None or manifest == whole or manifest.damage(folder / "training")


def test_trust_looks_at_sizes_only(folder, recipe):
    run.execute(stages(), recipe, folder)
    path = folder / "corpus" / "words.txt"
    path.write_bytes(path.read_bytes()[::-1])
    assert run.execute(stages(), recipe, folder, trust=True).ran == ()
    path.write_bytes(b"")
    assert run.execute(stages(), recipe, folder, trust=True).ran == ("corpus",)


def test_a_damaged_ledger_costs_no_work(folder, recipe, capsys):
    run.execute(stages(), recipe, folder)
    (folder / "run.json").write_text('{"stages": {"corpus": {}}}')
    assert run.execute(stages(), recipe, folder).ran == ()
    assert "run.json was damaged" in capsys.readouterr().err
    assert {entry["finished"] for entry in ledger(folder).values()} == {1}


def test_another_recipe_is_refused_with_every_key_that_differs(folder, recipe, tmp_path):
    run.execute(stages(), recipe, folder)
    other = FakeRecipe(recipe.source, 0, {"rate": 0.2, "share": 0.1, "unused": 3})
    before = tree_hashes(folder)
    with pytest.raises(InputError) as caught:
        run.execute(stages(), other, folder)
    found = {problem.key: (problem.value, problem.allowed) for problem in caught.value.problems}
    assert found == {
        "training.rate": ("0.2", "0.1 in this folder"),
        "corpus.share": ("0.1", "0.05 in this folder"),
    }
    assert caught.value.exit_code == 2
    assert tree_hashes(folder) == before
    assert run.execute(stages(), other, folder, rerun=True).ran == ("corpus", "training", "report")


def test_keys_of_stages_that_did_not_finish_may_change(folder, recipe):
    run.execute(stages(), recipe, folder, until="corpus")
    other = FakeRecipe(recipe.source, 0, {"rate": 0.2})
    assert run.execute(stages(), other, folder).ran == ("training", "report")
    assert json.loads((folder / "training" / "manifest.json").read_text())["parts"]["options"] == {
        "training": {"rate": 0.2}
    }


def test_another_seed_is_another_recipe(folder, recipe):
    run.execute(stages(), recipe, folder)
    with pytest.raises(InputError, match="seed = 1"):
        run.execute(stages(), FakeRecipe(recipe.source, 1), folder)


def test_a_changed_input_runs_again_what_depends_on_it(folder, recipe, capsys):
    run.execute(stages(), recipe, folder)
    recipe.source.write_text("een twee drie vier zes zeven")
    assert run.execute(stages(), recipe, folder).ran == ("corpus", "training", "report")
    assert "corpus runs again: input source changed" in capsys.readouterr().err
    rows = [row["step"] for row in run.read_metrics(folder) if row["stage"] == "training"]
    assert rows == [1, 2, 3, 4, 5, 6], "lines of the earlier attempt are gone"
    assert run.read_decisions(folder)["training"] == {"size": 6}


def test_a_foreign_folder_or_file_is_never_written_to(tmp_path, recipe):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").write_text("x")
    with pytest.raises(InputError, match=r"cat\.png"):
        run.execute(stages(), recipe, tmp_path / "photos")
    with pytest.raises(InputError, match="is a file"):
        run.execute(stages(), recipe, recipe.source)
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["cat.png"]


def test_until_ends_early_and_must_be_a_stage(folder, recipe):
    assert run.execute(stages(), recipe, folder, until="training").ran == ("corpus", "training")
    with pytest.raises(InputError, match="allowed: corpus, training, report"):
        run.execute(stages(), recipe, folder, until="deploy")


def test_stages_must_stand_after_what_they_need(folder, recipe):
    with pytest.raises(WorkError, match="needs corpus"):
        run.execute(stages()[1:], recipe, folder)


def test_only_declared_outputs_can_be_read(folder, recipe):
    secret = Part("b", lambda context: context.output("a"))
    with pytest.raises(WorkError, match="does not name in needs"):
        run.execute([Part("a", write()), secret], recipe, folder)


def test_a_decision_is_made_once_and_comes_back_in_the_types_of_json(folder, recipe):
    made = []

    def work(context):
        made.append(context.decide("arms", lambda: [len(made), (1, 2)]))
        context.decide("arms", lambda: 1 / 0)
        if len(made) == 1:
            raise InterruptedError("stop here")

    with pytest.raises(WorkError):
        run.execute([Part("a", work)], recipe, folder)
    run.execute([Part("a", work)], recipe, folder)
    assert made == [[0, [1, 2]], [0, [1, 2]]]


def test_damaged_decisions_are_refused(folder, recipe):
    run.execute(stages(), recipe, folder, until="training")
    path = folder / "decisions.json"
    path.write_text(path.read_text().replace('"size": 5', '"size": 6'))
    with pytest.raises(WorkError, match="does not have its checksum"):
        run.read_decisions(folder)


def test_an_unexpected_error_is_told_in_short_and_kept_without_secrets(folder, recipe, monkeypatch):
    monkeypatch.setenv("MY_API_TOKEN", "canary-123456")

    def work(context):
        raise RuntimeError("cannot reach https://me:pass@host/?token=abc123 with canary-123456\nmore")

    with pytest.raises(WorkError) as caught:
        run.execute([Part("a", work)], recipe, folder)
    text, kept = str(caught.value), (folder / "error.txt").read_text()
    assert "stage a failed: RuntimeError: cannot reach https://***@host/?token=*** with ***" in text
    assert "Traceback" not in text
    assert "Traceback" in kept
    assert "canary" not in text + kept
    assert "pass@" not in kept
    run.execute([Part("a", write())], recipe, folder)
    assert not (folder / "error.txt").exists()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), "MT828"),
        (OSError(28, "x", "/big"), "MT802"),
        (ValueError("v"), "MT826"),
        (SystemExit(3), "MT826"),
    ],
)
def test_errors_of_a_stage_become_failed_work(folder, recipe, error, code):
    def work(context):
        raise error

    with pytest.raises(WorkError) as caught:
        run.execute([Part("a", work)], recipe, folder)
    assert caught.value.problems[0].code == code


def test_a_keyboard_interrupt_becomes_an_interruption_with_the_command(folder, recipe):
    def work(context):
        raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        run.execute([Part("a", work)], recipe, folder, command="mothertongue teach me")
    assert str(caught.value).splitlines()[-1] == "mothertongue teach me"


def test_a_stage_without_checkpoints_begins_with_an_empty_folder_and_no_metrics(folder, recipe):
    seen = []

    def work(context):
        seen.append((sorted(path.name for path in context.folder.iterdir()), len(context.metrics())))
        durability.write_text(context.folder / "half", "x")
        context.metric(step=len(seen))
        if len(seen) == 1:
            raise ValueError

    for _ in range(2):
        try:
            run.execute([Part("a", work)], recipe, folder)
        except WorkError:
            assert (folder / "a.part" / "half").exists()
    assert seen == [([], 0), ([], 0)]
    assert [row["step"] for row in run.read_metrics(folder)] == [2]
    assert ledger(folder)["a"]["restarts"] == 1


def test_a_torn_last_line_of_the_metrics_is_cut_off(folder, recipe):
    run.execute([Part("a", lambda context: context.metric(x=1))], recipe, folder)
    with (folder / "metrics.jsonl").open("ab") as stream:
        stream.write(b'{"stage": "b", "se')
    assert len(run.read_metrics(folder)) == 1
    run.execute([Part("a", lambda context: None)], recipe, folder)
    assert (folder / "metrics.jsonl").read_bytes().endswith(b"}\n")


def test_warnings_are_kept_once_and_handed_on(folder, recipe):
    heard = []
    first = Part("a", lambda context: [context.warn(text) for text in ("low", "low", "high")])
    second = Part("b", lambda context: (context.warn("own"), heard.extend(context.warnings())), needs=("a",))
    run.execute([first, second], recipe, folder)
    assert heard == ["low", "high", "own"]


def test_a_published_file_that_was_changed_is_put_right(folder, recipe):
    run.execute(stages(), recipe, folder)
    (folder / "report.html").unlink()
    (folder / "report.html").write_text("scribble")
    run.execute(stages(), recipe, folder)
    assert (folder / "report.html").read_bytes() == (folder / "report" / "report.html").read_bytes()


def test_a_context_works_without_a_run(tmp_path):
    context = run.StageContext(tmp_path, tmp_path / "a.part", None, "a", 7)
    context.metric(loss=float("nan"))
    context.warn("w")
    context.check_interrupt()
    assert context.decide("k", lambda: 3) == 3
    assert context.metrics()[0]["loss"] is None
    assert context.warnings() == ["w"]
    assert context.ledger() == {}


def test_fingerprints_by_hand():
    assert canonical_json({"b": (1, 2.0), "a": {"d": None, "c": "é"}}) == '{"a":{"c":"é","d":null},"b":[1,2.0]}'
    assert Parts("a", 1, 0, {"x": 1, "y": 2}).fingerprint() == Parts("a", 1, 0, {"y": 2, "x": 1}).fingerprint()
    text = b'{"inputs":{},"options":{},"seed":0,"stage":"a","upstream":{},"version":1}'
    assert Parts("a", 1, 0).fingerprint() == hashlib.sha256(text).hexdigest()
    assert stage_seed(0, "corpus") != stage_seed(0, "training") != stage_seed(1, "training")
    assert 0 <= stage_seed(5, "x") < 2**31


def test_the_differences_name_each_kind_of_cause():
    before = Parts("s", 1, 0, {"a": {"b": 1}, "gone": 2}, {"text": "x"}, {"up": "y"})
    now = Parts("s", 2, 3, {"a": {"b": [1]}, "new": {}}, {"text": "z", "more": "q"}, {"up": "w"})
    assert now.differences(before) == [
        "the version of stage s changed: 1 -> 2",
        "seed changed: 0 -> 3",
        "a.b changed: 1 -> [1]",
        "gone changed: 2 -> (absent)",
        "new changed: (absent) -> {}",
        "input more is new",
        "input text changed",
        "the output of stage up changed",
    ]
    assert before.differences(before) == []


def test_the_hash_of_a_folder_sees_names_and_bytes_but_not_its_own_path(tmp_path):
    for name in ("a", "b"):
        durability.write_text(tmp_path / name / "x", "1")
    assert hash_input(tmp_path / "a") == hash_input(tmp_path / "b")
    durability.rename(tmp_path / "b" / "x", tmp_path / "b" / "y")
    assert hash_input(tmp_path / "a") != hash_input(tmp_path / "b")
