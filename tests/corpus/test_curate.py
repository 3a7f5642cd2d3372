"""From files to a corpus: the account is complete, executors agree, and wrong data is refused with a way on (R39)."""

import gzip
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.corpus.texts import ENGLISH, text, write_files

from mothertongue.corpus import Curated, CurateOptions, Inline, Processes, curate, plain_texts
from mothertongue.corpus import executors as execute_module
from mothertongue.errors import InputError


def mixed_folder(folder: Path) -> Path:
    """Return a folder with good texts and one of every kind of trouble."""
    write_files(folder / "good", 40)
    (folder / "good/copy.txt").write_text(text(0) + "\n")
    (folder / "good/near.txt").write_text(text(1, 200) + " en nog een paar woorden")
    (folder / "good/near2.txt").write_text(text(1, 200))
    (folder / "short.txt").write_text("te kort")
    (folder / "empty.txt").write_text(" \n")
    (folder / "old.txt").write_bytes("Één oude codering".encode("cp1252"))
    (folder / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    (folder / "english.txt").write_text(text(3, 120, ENGLISH))
    (folder / "broken.txt").write_text("cafÃ© en\ufeff " + text(50))
    (folder / "rows.jsonl").write_text(json.dumps({"text": text(60), "genre": "brief"}) + "\n{\n")
    (folder / "mixed.txt").write_text(text(70, 200) + "\n\n" + text(71, 40, ENGLISH).replace("\n\n", " "))
    (folder / "cut.jsonl.gz").write_bytes(gzip.compress(b'{"text": "x"}')[:-9])
    return folder


def test_the_account_is_complete(tmp_path):
    found = curate([mixed_folder(tmp_path / "in")], "nl")
    reasons = {row.reason for row in found.dropped}
    assert reasons == {
        "deleted_part", "empty", "exact_duplicate", "language", "malformed", "near_duplicate",
        "too_short", "truncated",
        "unknown_format", "wrong_encoding",
    }  # fmt: skip
    assert [step.step for step in found.funnel] == [
        "read", "length", "usual", "language", "exact_duplicates", "near_duplicates", "edits", "held_out",
    ]  # fmt: skip
    for before, after in zip(found.funnel, found.funnel[1:], strict=False):
        gone = sum(number for reason, number in after.dropped_by_reason.items() if reason != "deleted_part")
        assert before.documents - after.documents == gone
        assert before.bytes >= after.bytes
    assert sum(sum(step.dropped_by_reason.values()) for step in found.funnel) == len(list(found.dropped))
    assert found.funnel[-1].documents == len(found.train) + len(found.held_out)
    assert (found.repairs["mojibake"], found.repairs["byte_order_mark"]) == (1, 1)
    assert list(found.language_shares) == ["nl", "en"]
    assert sum(found.language_shares.values()) == pytest.approx(1)
    assert {kind: counts["duplicates"] for kind, counts in found.duplicates.items()} == {"exact": 1, "near": 1}
    (row,) = [item for item in [*found.train, *found.held_out] if item.source == "rows.jsonl:1"]
    assert row.meta == {"genre": "brief"}


def test_place_order_and_executor_change_no_bit(tmp_path):
    mixed_folder(tmp_path / "a")
    # The same files made in another order, in another place.
    (tmp_path / "deep/er").mkdir(parents=True)
    for path in sorted((tmp_path / "a").rglob("*"), reverse=True):
        target = tmp_path / "deep/er" / path.relative_to(tmp_path / "a")
        if path.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    inline = outcome(curate([tmp_path / "a"], "nl", executor=Inline()))
    assert outcome(curate([tmp_path / "deep/er"], "nl", executor=Inline())) == inline
    assert outcome(curate([tmp_path / "a"], "nl", executor=Processes(2))) == inline


def outcome(found: Curated) -> tuple[object, ...]:
    """Everything that a curation says and keeps."""
    sets = ([*found.train], found.held_out, found.second_domain)
    return (*sets, [*found.dropped], found.funnel, found.repairs, found.language_shares, found.warnings)


def test_small_corpora_start_no_processes():
    assert execute_module.usual_executor(1000) == Inline()


def test_a_long_text_is_cut_and_it_is_said(tmp_path):
    write_files(tmp_path, 10)
    (tmp_path / "book.txt").write_text(text(99, 3000))
    found = curate([tmp_path], "nl", CurateOptions(maximum_characters=2000))
    parts = [item for item in [*found.train, *found.held_out] if item.source == "book.txt"]
    assert max(len(item.text) for item in parts) <= 2000
    assert "book.txt is longer than 2000 characters and was cut into" in found.warnings[0]


def test_the_embedded_split_is_respected_and_duplicates_cost_training(tmp_path):
    rows = [{"id": f"r{n}", "text": text(n), "split": "train"} for n in range(12)]
    rows += [{"id": "h1", "text": text(50), "split": "held_out"}, {"id": "h2", "text": text(3), "split": "held_out"}]
    rows += [{"id": "s1", "text": text(51), "split": "second_domain"}]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = curate([tmp_path], "nl")
    assert {item.id for item in found.held_out} >= {"h1"}
    assert [item.id for item in found.second_domain] == ["s1"]
    held = {item.text for item in found.held_out}
    assert text(3) in held
    assert text(3) not in {item.text for item in found.train}


def test_one_id_for_two_texts_becomes_two(tmp_path):
    rows = [{"id": "same", "text": text(n)} for n in range(12)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = curate([tmp_path], "nl")
    identifiers = [item.id for item in [*found.train, *found.held_out]]
    assert len(set(identifiers)) == len(identifiers) == 12
    assert "same" in identifiers


def test_warn_keeps_and_says_and_off_does_not_look(tmp_path):
    write_files(tmp_path, 12, vocabulary=ENGLISH)
    warned = curate([tmp_path], "nl", CurateOptions(language_check="warn"))
    assert len(warned.train) + len(warned.held_out) == 12
    assert "0% of the bytes read are in nl" in warned.warnings[0]
    off = curate([tmp_path], "nl", CurateOptions(language_check="off"))
    assert (off.language_shares, off.warnings) == ({}, [])


def test_a_language_that_nobody_knows_is_checked_by_script(tmp_path):
    write_files(tmp_path, 12)
    found = curate([tmp_path], "gsw")
    assert "gsw is not known" in found.warnings[0]
    with pytest.raises(InputError) as caught:
        curate([tmp_path], "dv")
    assert caught.value.problems[0].code == "MT207"


def test_plain_texts_judge_nothing(tmp_path):
    write_files(tmp_path, 3, vocabulary=ENGLISH)
    (tmp_path / "kort.txt").write_text("kort")
    (tmp_path / "copy.txt").write_text("kort")
    assert len(plain_texts(tmp_path, "nl")) == 4


# R39: the folder, the language, the code, and words that the refusal must hold.
@dataclass
class Wrong:
    name: str
    files: dict[str, str | bytes]
    code: str
    words: tuple[str, ...]
    language: str = "nl"


def same(count: int, body: str) -> dict[str, str | bytes]:
    return {f"{number}.txt": body for number in range(count)}


WRONG = [
    Wrong("empty folder", {}, "MT202", ("holds no file",)),
    Wrong("only hidden files", {".a.txt": "x"}, "MT202", ("holds no file",)),
    Wrong("no format that is read", {"a.docx": "x", "b.pdf": "y"}, "MT203", (".docx", ".pdf", "pandoc")),
    Wrong("old encoding", {"a.txt": "één twee".encode("cp1252")}, "MT203", ("wrong_encoding", "iconv")),
    Wrong("missing column", {"a.jsonl": '{"body": "x"}'}, "MT203", ("columns found: body", "`text`")),
    Wrong("wrong roles", {"a.jsonl": '{"messages": [{"from": "x"}]}'}, "MT203", ("role and content",)),
    Wrong("not JSON", {"a.jsonl": "text\n"}, "MT203", ("malformed", "not JSON")),
    Wrong("empty texts", same(3, " \n"), "MT203", ("empty",)),
    Wrong("all too short", same(3, "kort"), "MT204", ("too_short 3", "minimum_characters")),
    Wrong("all numbers", same(3, "12 34 " * 99), "MT204", ("few_letters",)),
    Wrong("one document", {"a.txt": text(1)}, "MT205", ("1 document",)),
    Wrong("one document many times", same(9, text(1)), "MT205", ("exact_duplicate 8",)),
    Wrong("two documents", {"a.txt": text(1), "b.txt": text(2)}, "MT206", ("2 documents",)),
    Wrong("eval equals train", {"a.jsonl": "\n".join(
        json.dumps({"text": text(1) + tail, "split": split})
        for split, tail in (("train", ""), ("train", " en"), ("held_out", " of"))
    )}, "MT206", ("repeat a held-out one",)),
    Wrong("another language", {f"{n}.txt": text(n, 80, ENGLISH) for n in range(9)}, "MT207", ("en 100%", "nl: 0%")),
    Wrong("another script", {f"{n}.txt": text(n) for n in range(9)}, "MT207", ("zh: 0%",), "zh"),
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_wrong_data_is_refused_with_a_way_on(tmp_path, wrong):
    for name, data in wrong.files.items():
        (tmp_path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    with pytest.raises(InputError) as caught:
        curate([tmp_path], wrong.language)
    (problem,) = caught.value.problems
    assert problem.code == wrong.code
    assert all([problem.key, problem.do, problem.allowed])
    for word in wrong.words:
        assert word in str(caught.value)


def test_all_bad_sources_are_named_at_once(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError) as caught:
        curate([tmp_path / "gone", tmp_path / "empty", tmp_path / "also gone"], "nl")
    assert [problem.code for problem in caught.value.problems] == ["MT201", "MT202", "MT201"]
    with pytest.raises(InputError):
        curate([], "nl")


def test_all_bad_options_are_named_at_once():
    with pytest.raises(InputError) as caught:
        CurateOptions(held_out_share=0.9, near_duplicate_threshold=0, minimum_characters=0, language_check="maybe")  # type: ignore[arg-type]
    assert {problem.key for problem in caught.value.problems} == {
        "corpus.held_out_share", "corpus.near_duplicate_threshold", "corpus.minimum_characters",
        "corpus.language_check",
    }  # fmt: skip
    with pytest.raises(InputError):
        CurateOptions(minimum_characters=500, maximum_characters=400)


def test_this_room_imports_no_torch():
    code = "import sys, mothertongue.corpus; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
