"""The circle around a curation, by the command line: derive a profile, curate with it, have it judged, curate anew."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from mothertongue.cli import main
from mothertongue.corpus.document import read_shard
from mothertongue.corpus.profile import read_profile
from stages.small import World, dutch_texts, read_json


@pytest.fixture(scope="module")
def texts(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Dutch sample in two domains, with a copy, an English page, a short one and an address."""
    folder = tmp_path_factory.mktemp("texts")
    for number, text in enumerate(dutch_texts(world)):
        place = folder / ("letters" if number % 3 else "stories")
        place.mkdir(exist_ok=True)
        (place / f"{number:03d}.txt").write_text(f"{text}\n\nSchrijf aan bakker{number}@dorp.nl.", "utf-8")
    (folder / "stories/copy.txt").write_text((folder / "letters/001.txt").read_text("utf-8"), "utf-8")
    (folder / "letters/short.txt").write_text("Te kort.", "utf-8")
    english = [json.loads(line)["text"] for line in (world.english / "people.jsonl").read_text("utf-8").splitlines()]
    (folder / "letters/english.txt").write_text("\n\n".join(english), "utf-8")
    return folder


@pytest.fixture(scope="module")
def curated(world: World, texts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "curated"
    changes = ("corpus.rules=[usual, pii]", "corpus.measure=[domain]", "mix.group=domain.domain", "mix.temperature=5")
    assert main(world.words("curate", run, *changes, source=texts)) == 0
    return run


def test_curation_leaves_sets_an_account_and_a_card(curated: Path):
    assert (curated / "corpus/train.parquet").is_file()
    facts = read_json(curated / "corpus/corpus.json")
    assert facts["dropped"]["exact_duplicate"] == 1
    assert facts["dropped"]["too_short"] == 1
    assert facts["dropped"]["language"] == 1
    card = read_json(curated / "curation/card.json")
    assert card["language"] == "nl"
    assert "<h1" in (curated / "curation/card.html").read_text("utf-8")
    assert (curated / "curation/card.md").read_text("utf-8").startswith("#")


def test_addresses_are_replaced_and_never_kept_beside(curated: Path):
    documents = read_shard(curated / "corpus/train.parquet")
    assert all("@dorp.nl" not in document.text for document in documents)
    assert any("<email>" in document.text for document in documents)
    assert "@dorp.nl" not in (curated / "corpus/dropped.json").read_text("utf-8")


def test_the_mix_evens_out_the_domains(curated: Path):
    documents = read_shard(curated / "corpus/train.parquet")
    words = {"letters": 0, "stories": 0}
    for document in documents:
        words[document.meta["domain.domain"]] += len(document.text.split())
    ledger = read_json(curated / "curation/ledger.json")
    shares = ledger["shares"]
    assert words["stories"] / sum(words.values()) == pytest.approx(shares["stories"]["wanted"], abs=0.05)
    assert shares["stories"]["found"] < shares["stories"]["wanted"] <= 0.5


def test_a_changed_rule_measures_nothing_anew(world: World, texts: Path, curated: Path, tmp_path: Path):
    before = {path: path.stat().st_mtime_ns for path in (curated / "curation/attributes").rglob("*.parquet")}
    words = ["curate", str(curated), "--rerun", "corpus.minimum_characters=300"]
    assert main(words) == 0
    assert {path: path.stat().st_mtime_ns for path in (curated / "curation/attributes").rglob("*.parquet")} == before
    dropped = read_json(curated / "corpus/dropped.json")["too_short"]
    assert {row["threshold"] for row in dropped} == {">= 300"}
    assert main(["curate", str(curated), "--rerun", "corpus.minimum_characters=200"]) == 0


def test_a_profile_and_an_identifier_are_learned_and_used(
    world: World, texts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    profile, identifier = tmp_path / "nl.toml", tmp_path / "nl.npz"
    words = ["curate", str(world.dutch), "--language", "nl", "--neighbour", f"en={world.english}"]
    assert main([*words, "--derive-profile", str(profile), "--teach-identifier", str(identifier)]) == 0
    said = capsys.readouterr().out
    assert str(profile) in said
    assert f"corpus.identifier=taught:{identifier}" in said
    learned = read_profile(profile, "nl")
    assert {"de", "een", "het"} & set(learned.function_words)
    assert "the" in learned.foreign_words
    run = tmp_path / "run"
    changes = (f"corpus.profile={profile}", f"corpus.identifier=taught:{identifier}")
    assert main(world.words("curate", run, *changes, source=texts)) == 0
    assert read_json(run / "corpus/corpus.json")["dropped"]["language"] == 1
    other = world.words("curate", tmp_path / "other", f"corpus.profile={profile}", source=texts)
    assert main([word if word != "nl" else "fi" for word in other]) == 2
    assert "MT221" in capsys.readouterr().err


def test_models_are_trained_and_serve_in_rules(
    world: World, texts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = ["curate", str(world.dutch), "--language", "nl", "--train-fluency", str(tmp_path / "fluency.npz")]
    words += ["--train-classifier", str(tmp_path / "good.npz"), "--json", str(tmp_path / "learned.json")]
    assert main(words) == 2
    assert "--against" in capsys.readouterr().err
    assert main([*words, "--against", str(world.english)]) == 0
    assert read_json(tmp_path / "learned.json")["classifier"]["auc"] > 0.9
    rules = tmp_path / "own.toml"
    rules.write_text(
        "[taggers.fluency]\nmodel = 'fluency.npz'\n[taggers.quality]\nmodel = 'good.npz'\n"
        "[[rule]]\nreason = 'halting'\nkeep = 'fluency.bits_per_character <= 6'\n"
        "[[rule]]\nreason = 'bad'\nkeep = 'quality.badness <= 0.9'\n",
        "utf-8",
    )
    run = tmp_path / "run"
    changes = (f"corpus.rules=[usual, {rules}]", "corpus.language_check=off")
    assert main(world.words("curate", run, *changes, source=texts)) == 0
    rows = read_json(run / "corpus/dropped.json")
    assert "letters/english.txt" in {row["source"] for reason in ("halting", "bad") for row in rows.get(reason, [])}


def test_verdicts_of_a_reader_move_a_threshold(curated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    sheet = tmp_path / "audit.tsv"
    assert main(["curate", str(curated), "--audit", str(sheet)]) == 0
    assert (tmp_path / "audit.html").is_file()
    rows = list(csv.DictReader(io.StringIO(sheet.read_text("utf-8-sig")), delimiter="\t"))
    assert {row["side"] for row in rows if row["reason"] == "too_short"} == {"kept", "dropped"}
    lengths = sorted(float(row["value"]) for row in rows if (row["reason"], row["side"]) == ("too_short", "kept"))
    judged = io.StringIO()
    writer = csv.DictWriter(judged, rows[0].keys(), delimiter="\t", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        if row["reason"] == "too_short":
            row["verdict"] = "keep" if float(row["value"]) >= lengths[10] else "drop"
        writer.writerow(row)
    sheet.write_text(judged.getvalue(), "utf-8-sig")
    capsys.readouterr()
    assert main(["curate", str(curated), "--verdicts", str(sheet), "--json", str(tmp_path / "moves.json")]) == 0
    said = capsys.readouterr().out
    (move,) = [row for row in read_json(tmp_path / "moves.json") if row["reason"] == "too_short"]
    assert move["moved"], move["why"]
    assert lengths[9] < move["new"] <= lengths[10]
    assert f"200 -> {move['new']:g}" in said
    rules = curated / "curation/audited/rules.toml"
    assert main(["curate", str(curated), "--rerun", f"corpus.rules=[{rules}]"]) == 0
    threshold = {row["threshold"] for row in read_json(curated / "corpus/dropped.json")["too_short"]}
    assert threshold == {f">= {move['new']:g}"}


def test_wrong_words_around_a_curation_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "text.txt").write_text("Een molen.", "utf-8")
    words = ["curate", str(tmp_path), "--language", "nl"]
    assert main([*words, "--run", str(tmp_path / "run"), "--audit", str(tmp_path / "audit.tsv")]) == 2
    assert "MT259" in capsys.readouterr().err
    assert main([*words, "--neighbour", "de"]) == 2
    assert "--neighbour = de" in capsys.readouterr().err
