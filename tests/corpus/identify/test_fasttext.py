"""The adapter of fastText files, on a real file whose softmax is worked out by hand."""

import math
import pickle
import sys

import pytest
from tests.corpus.identify.fasttext_file import write_model

from mothertongue.corpus.identify import make_identifier
from mothertongue.errors import InputError


@pytest.fixture
def path(tmp_path):
    words = {"het": (1.0, 0.0), "hus": (0.0, 1.0), "the": (-1.0, -1.0)}
    labels = {
        "__label__nld_Latn": (math.log(8), 0.0),
        "__label__nb": (0.0, math.log(4)),
        "__label__zho_Hant": (0.0, 0.0),
        "__label__zho_Hans": (0.0, 0.0),
    }
    path = tmp_path / "small.bin"
    write_model(path, words, labels)
    return path


def test_probabilities_by_hand(path):
    made = make_identifier(f"fasttext:{path}")
    assert made.labels == {"nl", "nb", "zh", "zh-Hant"}
    (ranking,) = made.identify(["het"])
    # scores ln 8, 0, 0, 0: 8 of 11, 1 of 11 each
    assert [tag for tag, _ in ranking] == ["nl", "nb", "zh", "zh-Hant"]
    assert ranking[0][1] == pytest.approx(8 / 11, abs=1e-4)
    assert ranking[1][1] == pytest.approx(1 / 11, abs=1e-4)
    # both words: half of each vector, so sqrt(8), sqrt(4), 1, 1
    (ranking,) = made.identify(["het\nhus"])
    total = 8**0.5 + 2 + 2
    assert [tag for tag, _ in ranking][:2] == ["nl", "nb"]
    assert ranking[0][1] == pytest.approx(8**0.5 / total, abs=1e-4)
    assert ranking[1][1] == pytest.approx(2 / total, abs=1e-4)


def test_wordless_and_broken_texts(path):
    made = make_identifier(f"fasttext:{path}")
    assert made.identify(["", "12 34", "\n"]) == [[("zxx", 1.0)]] * 3
    assert made.identify(["het \ud800"])[0][0][0] == "nl"


def test_settings_follow_the_content_not_the_path(path, tmp_path):
    other = tmp_path / "other.bin"
    other.write_bytes(path.read_bytes())
    made = make_identifier(f"fasttext:{path}")
    assert make_identifier(f"fasttext:{other}").settings == made.settings
    assert pickle.loads(pickle.dumps(made)).identify(["het"]) == made.identify(["het"])
    write_model(other, {"het": (2.0,)}, {"__label__nl": (1.0,)})
    assert make_identifier(f"fasttext:{other}").settings != made.settings


def test_labels_that_become_one_tag_are_summed(tmp_path):
    path = tmp_path / "twice.bin"
    write_model(path, {"het": (1.0,)}, {"__label__nl": (0.0,), "__label__nld": (0.0,)})
    (ranking,) = make_identifier(f"fasttext:{path}").identify(["het"])
    assert ranking == [("nl", pytest.approx(1.0, abs=1e-4))]


def test_refusals(tmp_path, monkeypatch, path):
    with pytest.raises(InputError, match="MT242"):
        make_identifier(f"fasttext:{tmp_path / 'none.bin'}")
    wrong = tmp_path / "wrong.bin"
    wrong.write_bytes(b"PK\3\4 something else")
    with pytest.raises(InputError, match="MT242"):
        make_identifier(f"fasttext:{wrong}")
    changed = tmp_path / "changed.bin"
    changed.write_bytes(path.read_bytes() + b" ")
    monkeypatch.setitem(sys.modules, "fasttext", None)
    with pytest.raises(InputError, match=r"pip install \"mothertongue\[fasttext\]\""):
        make_identifier(f"fasttext:{changed}")
