"""Datasets: names with all their mistakes, rows of local folders by shard, and what is said without a connection."""

import datetime
import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mothertongue.corpus import Document, Dropped
from mothertongue.corpus.readers.huggingface import (
    DatasetName,
    dataset_shards,
    is_dataset,
    parse_name,
    read_dataset,
)
from mothertongue.errors import InputError, WorkError, codes


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    """No test asks the Hub for anything, and nothing is written outside of the test's folder."""
    import datasets

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for shard in range(3):
        rows = [{"text": f"rij {shard} {row}", "url": "https://dorp.example"} for row in range(4)]
        (folder / f"train-{shard}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (folder / "test.jsonl").write_text('{"text": "toets", "url": "u"}\n', encoding="utf-8")
    return folder


def texts(name: str, shard: int | None = None) -> list[str]:
    return [item.text for item in read_dataset(name, "nl", shard=shard)]


def problems(name: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        list(read_dataset(name, "nl"))
    return [problem.code for problem in caught.value.problems]


def test_a_name_and_its_parts():
    assert parse_name("hf:owner/na.me") == DatasetName("owner/na.me")
    assert parse_name("hf:o/n?config=a%20b&split=dev&column=body&revision=main") == DatasetName(
        "o/n", "a b", "dev", "body", "main"
    )
    assert is_dataset("hf:o/n")
    assert not is_dataset("texts/hf")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("hf:", ["(nothing)"]),
        ("hf:squad", ["squad"]),
        ("hf:../../etc", ["../../etc"]),
        ("hf:a/b/c", ["a/b/c"]),
        ("hf:https://x.example/a", ["https://x.example/a"]),
        ("hf:/nowhere?colum=x&split=&split=a&&revision", ["/nowhere", "colum", "split", "split", "", "revision"]),
    ],
)
def test_all_mistakes_of_a_name_at_once(name, values, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        parse_name(name)
    assert [problem.value for problem in caught.value.problems] == values
    assert {problem.code for problem in caught.value.problems} == {"MT280"}


def test_an_unknown_option_is_told_the_nearest():
    with pytest.raises(InputError, match="nearest: column"):
        parse_name("hf:a/b?colum=x")


def test_rows_of_a_folder_with_their_facts(folder):
    items = list(read_dataset(f"hf:{folder}", "nl"))
    assert [item.text for item in items] == [f"rij {shard} {row}" for shard in range(3) for row in range(4)]
    assert items[5].source == f"hf:{folder}:1:2"
    assert items[5].meta == {"url": "https://dorp.example"}
    assert items[5].language == "nl"


def test_shards_one_after_another_are_the_whole(folder):
    name = f"hf:{folder}"
    assert dataset_shards(name) == 3
    parts = [item for shard in range(3) for item in read_dataset(name, "nl", shard=shard)]
    assert parts == list(read_dataset(name, "nl"))


def test_a_split_and_a_column_by_name(folder, tmp_path):
    assert texts(f"hf:{folder}?split=test") == ["toets"]
    other = tmp_path / "other"
    other.mkdir()
    table = {"content": ["een", None], "text": ["weg", "weg"], "date": [datetime.date(1890, 5, 1)] * 2}
    pq.write_table(pa.table(table), other / "a.parquet")
    found, nothing = read_dataset(f"hf:{other}?column=content", "nl")
    assert isinstance(found, Document)
    assert (found.text, found.meta) == ("een", {"date": "1890-05-01"})
    assert isinstance(nothing, Dropped)
    assert nothing.reason == "no_text"


def test_the_only_split_is_read_whatever_its_name(tmp_path):
    (tmp_path / "validation.jsonl").write_text('{"text": "een"}\n', encoding="utf-8")
    assert texts(f"hf:{tmp_path}") == ["een"]


def test_what_is_not_there_is_listed(folder):
    assert problems(f"hf:{folder}?split=tset") == ["MT283"]
    with pytest.raises(InputError, match="text, url"):
        list(read_dataset(f"hf:{folder}?column=body", "nl"))
    (folder / "train-0.jsonl").rename(folder / "validation.jsonl")
    (folder / "train-1.jsonl").unlink()
    (folder / "train-2.jsonl").unlink()
    assert problems(f"hf:{folder}") == ["MT283"]


def test_a_dataset_without_a_connection_says_what_to_do():
    with pytest.raises(InputError, match="connect to the network"):
        dataset_shards("hf:owner/name")
    assert problems("hf:owner/name") == ["MT282"]


def test_an_empty_folder_is_refused(tmp_path):
    assert problems(f"hf:{tmp_path}") == ["MT282"]


def test_programs_of_datasets_are_never_run(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "data.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')", encoding="utf-8")
    assert problems(f"hf:{folder}") == ["MT282"]
    assert not (tmp_path / "ran").exists()


def test_a_missing_extra_names_the_install_line(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(InputError, match=r'pip install "mothertongue\[huggingface\]"'):
        dataset_shards(f"hf:{folder}")


def test_a_damaged_file_is_a_reason_and_the_next_shard_is_read(folder):
    (folder / "train-1.jsonl").write_text('{"text": "goed", "url": "u"}\n{"text": kapot\n', encoding="utf-8")
    items = list(read_dataset(f"hf:{folder}", "nl"))
    assert [item.reason for item in items if isinstance(item, Dropped)] == ["damaged"]
    assert [item.text for item in items if isinstance(item, Document)][-1] == "rij 2 3"


@pytest.mark.parametrize("error", [ConnectionError("weg"), TimeoutError("weg")])
def test_a_broken_connection_is_failed_work(folder, monkeypatch, error):
    import datasets

    def broken(self):
        yield {"text": "een"}
        raise error

    monkeypatch.setattr(datasets.IterableDataset, "__iter__", broken)
    with pytest.raises(WorkError, match="MT284"):
        list(read_dataset(f"hf:{folder}", "nl"))


def test_every_code_is_explained():
    assert {f"MT28{number}" for number in range(5)} <= set(codes())
