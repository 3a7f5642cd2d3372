"""Identifiers by name, and labels as tags."""

import pickle

import pytest

from mothertongue.corpus.identify import make_identifier
from mothertongue.corpus.identify.tags import bcp47
from mothertongue.errors import InputError


def test_the_default_seed():
    made = make_identifier("py3langid")
    assert {"nl", "fi", "zh"} < made.labels
    assert "zxx" not in made.labels
    assert set(made.settings) == {"identifier", "version"}
    assert pickle.loads(pickle.dumps(made)) == made


@pytest.mark.parametrize("name", ["", "py3langit", "taught", "taught:", "lingua", "fasttext:", "heliport:x", "x:y"])
def test_unknown_names_say_what_is_allowed(name):
    with pytest.raises(InputError) as caught:
        make_identifier(name, key="corpus.identifier")
    (problem,) = caught.value.problems
    assert (problem.code, problem.key, problem.value) == ("MT240", "corpus.identifier", name)
    assert problem.allowed == "py3langid, heliport, taught:PATH, fasttext:PATH"


def test_the_nearest_name_is_named():
    with pytest.raises(InputError, match="nearest: py3langid"):
        make_identifier("py3langit")


@pytest.mark.parametrize(
    ("label", "family", "tag"),
    [
        ("__label__eng_Latn", "", "en"),
        ("nld", "", "nl"),
        ("srp_Cyrl", "", "sr"),
        ("srp_Latn", "", "sr-Latn"),
        ("zho_Hant", "", "zh-Hant"),
        ("arb_Arab", "", "arb"),
        ("iw", "", "he"),
        ("als", "fasttext", "gsw"),
        ("als", "", "als"),
        ("msaind", "heliport", "ms"),
        ("hbssrp", "heliport", "sr"),
        ("sh", "fasttext", "sh"),
        ("nonsense label!", "", "und-x-nonsense"),
        ("__label__", "", "und"),
    ],
)
def test_labels_as_tags(label, family, tag):
    assert bcp47(label, family) == tag
