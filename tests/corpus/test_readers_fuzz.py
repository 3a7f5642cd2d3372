"""Fuzzing: whatever a file holds, a reader gives documents or reasons, soon, and never raises."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.corpus.hostile import KINDS, hostile_texts
from tests.corpus.hostile_files import FORMATS, hostile_files

from mothertongue.corpus import Document, Dropped
from mothertongue.corpus.document import to_table
from mothertongue.corpus.readers import READERS, reader_for

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "fuzz_readers.py"


@pytest.mark.parametrize("suffix", FORMATS)
def test_hostile_files_are_documents_or_reasons(tmp_path, suffix):
    """The attacks on the format, then texts and damage; processor time, so that a busy machine changes nothing."""
    for ending, data in hostile_files(suffix, seed=1, count=160):
        path = tmp_path / f"a{ending}"
        path.write_bytes(data)
        started = time.process_time()
        items = list(reader_for(path, "nl").read(path))
        # A second is the promise, measured in the benchmark; this only finds what would take minutes.
        assert time.process_time() - started < 10
        for item in items:
            assert isinstance(item, Document | Dropped)
            assert item.source.startswith(str(path))
            assert isinstance(item, Document) or (item.reason and item.value.startswith("byte "))
        json.dumps([getattr(item, "meta", None) for item in items]).encode()
        path.unlink()


def test_every_reader_is_fuzzed():
    readers = {type(reader_for(Path(f"a{suffix}"), "nl")) for suffix in FORMATS}
    assert readers == set(READERS)


def test_every_reader_reads_its_valid_files(tmp_path):
    """The files that damage begins with are sound: else fuzzing would only test the first check of a reader."""
    for suffix, build in FORMATS.items():
        path = tmp_path / f"a{suffix}"
        path.write_bytes(build(["Eén alinea.", "Nog een."]))
        items = list(reader_for(path, "nl").read(path))
        assert items
        assert all(isinstance(item, Document) for item in items), suffix
        assert "alinea" in "".join(item.text for item in items)
        assert to_table(items).num_rows == len(items)


def test_the_same_seed_gives_the_same_texts_in_every_process():
    code = (
        "import hashlib, sys; sys.path.insert(0, sys.argv[1]); from hostile import hostile_texts\n"
        "data = ''.join(hostile_texts(7, 80)).encode('utf-8', 'surrogatepass')\n"
        "print(hashlib.sha256(data).hexdigest())"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code, str(Path(__file__).parent)],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    ]
    assert runs[0] == runs[1]


def test_every_kind_of_text_comes():
    texts = list(hostile_texts(0, 2 * len(KINDS)))
    assert len(texts) == 2 * len(KINDS)
    joined = "".join(texts)
    for sign in ("\0", "\ud800", "😀", "\u202e", "\u200d", "<div>", '{"a":['):
        assert sign in joined
    assert max(map(len, texts)) > 900_000


@pytest.mark.nightly
def test_ten_thousand_hostile_files_per_reader(tmp_path):
    subprocess.run([sys.executable, str(BENCHMARK), "--count", "10000", "--json", str(tmp_path / "a.json")], check=True)
