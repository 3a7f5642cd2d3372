"""Tagger `toxicity`: words, phrases and scripts without spaces; sentences marked; lists checked."""

import pytest
from tests.corpus.taggers.samples import settings_of, tag_one

from mothertongue.corpus.profile import LanguageProfile, neutral_profile
from mothertongue.corpus.taggers import make_tagger
from mothertongue.errors import InputError

PROFILE = LanguageProfile(language="nl", toxic_words=("rotzak", "rot op", "渡口", "ปลา"))


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("Rotzak!", 1),
        ("rotzakken", 0),
        ("Rot  op, zei hij. ROT OP!", 2),
        ("rot opa", 0),
        ("verrot op", 0),
        ("在渡口买鱼", 1),
        ("ซื้อปลาสด", 1),
        ("", 0),
    ],
)
def test_hits_by_hand(text, hits):
    assert tag_one("toxicity", text, PROFILE)["words"] == hits


def test_sentences_with_hits_are_marked():
    text = "Dag meneer. Wat een rotzak, rotzak!\nAlles goed? 在渡口。"
    found = tag_one("toxicity", text, PROFILE)
    assert found["listed"] == [("Wat een rotzak, rotzak!", 2), ("在渡口。", 1)]
    assert found["word_share"] == pytest.approx(3 / 11)
    assert found["listed_share"] == pytest.approx(27 / len(text))
    assert found["scored"] is found["highest"] is None


def test_nothing_is_said_without_list_and_model():
    assert set(tag_one("toxicity", "rotzak").values()) == {None}


def test_a_model_scores_each_sentence(tmp_path):
    settings = {"model": settings_of("quality", tmp_path, "nl")["model"]}
    found = tag_one("toxicity", "De molenaar loopt. neekz sjiv ne nevah ed!", settings=settings)
    assert [part for part, _ in found["scored"]] == ["De molenaar loopt.", "neekz sjiv ne nevah ed!"]
    assert found["scored"][0][1] > 0.5 > found["scored"][1][1]
    assert found["highest"] == pytest.approx(found["scored"][0][1], abs=1e-4)
    with pytest.raises(InputError, match="MT279"):
        tag_one("toxicity", "x", neutral_profile("de"), settings)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"# niets\n\n", b"...\n"])
def test_a_list_without_words_is_refused(tmp_path, content):
    (tmp_path / "list").write_bytes(content)
    with pytest.raises(InputError, match="MT278"):
        make_tagger("toxicity", {"words": str(tmp_path / "list")})
    with pytest.raises(InputError, match="MT276"):
        make_tagger("toxicity", {"words": str(tmp_path / "absent")})
