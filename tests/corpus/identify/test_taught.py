"""The taught identifier as a file and as an answer."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus.identify.languages import LATIN, SISTER, lines

from mothertongue.corpus.identify import make_identifier
from mothertongue.corpus.identify.identifier import LEAST, MOST
from mothertongue.corpus.identify.taught import BATCH, read_arrays, read_taught
from mothertongue.errors import InputError

TEXTS = [*lines(LATIN, 5, seed=9), *lines(SISTER, 5, seed=9), "", "12345 !!!", "a", "Ja, nee.", "\ud800 x", "ᎣᏏᏲ"]


def test_a_written_identifier_is_the_same_identifier(small, tmp_path):
    path, twice = tmp_path / "qaa.npz", tmp_path / "again.npz"
    small.write(path)
    small.write(twice)
    assert path.read_bytes() == twice.read_bytes()
    again = make_identifier(f"taught:{path}")
    assert again.settings == small.settings
    assert again.labels == small.labels
    assert again.facts == json.loads(json.dumps(small.facts))
    assert again.identify(TEXTS) == small.identify(TEXTS)


def test_worker_processes_get_the_same_identifier(small):
    again = pickle.loads(pickle.dumps(small))
    assert again.settings == small.settings
    assert again.identify(TEXTS) == small.identify(TEXTS)


def test_wordless_texts_are_no_language_and_short_ones_are_never_sure(taught):
    rankings = dict(zip(TEXTS, taught.identify(TEXTS), strict=True))
    assert rankings[""] == rankings["12345 !!!"] == [("zxx", 1.0)]
    assert all(probability < 0.9 for tag, probability in rankings["a"] if tag != "und")
    longer = " ".join(lines(LATIN, 4, seed=5))
    assert taught.identify([longer])[0][0][1] > taught.identify([longer[:12]])[0][0][1]


@settings(max_examples=50, deadline=None)
@given(texts=st.lists(st.text(max_size=60), max_size=5))
def test_rankings_are_rankings(small, texts):
    for text, ranking in zip(texts, small.identify(texts), strict=True):
        values = [probability for _, probability in ranking]
        assert 1 <= len(ranking) <= MOST
        assert values == sorted(values, reverse=True)
        assert 0 < sum(values) <= 1 + 1e-9
        assert all(value >= LEAST for value in values[1:])
        assert len({tag for tag, _ in ranking}) == len(ranking)
        assert ranking == small.identify([text])[0]


def test_batches_do_not_matter(small):
    many = lines(LATIN, BATCH + 3, seed=4)
    assert small.identify(many) == [ranking for line in many for ranking in small.identify([line])]


def broken_files(small):
    buffer = io.BytesIO()
    taught_arrays = {}
    np.savez(buffer, header=np.array([{"x": 1}], dtype=object))
    yield "a pickle", buffer.getvalue()
    yield "text", b"no identifier"
    yield "nothing", b""
    from mothertongue.corpus.identify.taught import _arrays

    taught_arrays = _arrays(small)
    header = json.loads(taught_arrays["header"].tobytes())
    for name, change in {
        "a newer format": {"header": np.frombuffer(json.dumps({**header, "format": 3}).encode(), np.uint8)},
        "a state out of range": {
            "moves": np.where(np.arange(len(small.automaton.moves)) == 7, 1 << 30, 0).astype(np.uint32)
        },
        "a row out of range": {"rows": np.full(len(small.automaton.rows), -1, np.int32)},
        "a feature out of range": {"outputs": np.full(len(small.automaton.outputs), 1 << 30, np.int32)},
        "a short table": {"table": np.zeros((3, 3), np.float16)},
        "other types": {"outputs": small.automaton.outputs.astype(np.int64)},
        "words out of order": {"word_features": taught_arrays["word_features"][::-1]},
        "words without numbers": {"word_table": taught_arrays["word_table"][1:]},
        "words of no label": {"header": np.frombuffer(json.dumps({**header, "words": ["x", "y"]}).encode(), np.uint8)},
        "no numbers": {"table": np.full(small.table.shape, np.nan, np.float16)},
    }.items():
        buffer = io.BytesIO()
        np.savez(buffer, **{**taught_arrays, **change})
        yield name, buffer.getvalue()


def test_broken_files_are_refused(small, tmp_path):
    found = {}
    for name, data in broken_files(small):
        path = tmp_path / "broken.npz"
        path.write_bytes(data)
        with pytest.raises(InputError) as caught:
            read_taught(path)
        found[name] = [problem.code for problem in caught.value.problems]
    assert len(found) == 13
    assert all(codes == ["MT242"] for codes in found.values()), found


def test_a_missing_and_a_truncated_file(small, tmp_path):
    path = tmp_path / "x.npz"
    with pytest.raises(InputError, match="MT242"):
        read_taught(path)
    small.write(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match="MT242"):
        read_taught(path)


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("header.npy", "w") as entry:
        for _ in range(1 << 4):
            entry.write(bytes(1 << 16))
    monkeypatch.setattr("mothertongue.corpus.identify.taught._LARGEST", (1 << 20) - 1)
    with pytest.raises(ValueError, match="unpacks to more"):
        read_arrays(path)
