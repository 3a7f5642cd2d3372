"""Tagger `quality`: 0 is like the good examples, 1 like the bad ones."""

from tests.corpus.taggers.samples import settings_of, tag_one, texts_in


def test_good_is_near_nought_and_bad_near_one(tmp_path):
    settings = settings_of("quality", tmp_path, "nl")
    assert tag_one("quality", texts_in("nl", 500), settings=settings)["badness"] < 0.3
    assert tag_one("quality", texts_in("nl", 500)[::-1], settings=settings)["badness"] > 0.7
    assert tag_one("quality", " \n", settings=settings)["badness"] is None
