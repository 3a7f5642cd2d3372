"""Tagger `length`: counts by hand, and a number that only the id decides."""

import pytest
from tests.corpus.taggers.samples import batch_of, tag_one

from mothertongue.corpus.profile import neutral_profile
from mothertongue.corpus.taggers import make_tagger
from mothertongue.corpus.taggers.length import uniform


def test_counts_by_hand():
    found = tag_one("length", "Één twee.\nDrie\n\n \nvier vijf\n", settings={"bytes_per_token": 2.0})
    assert 0 <= found.pop("random") < 1
    assert found == {"characters": 28, "bytes": 30, "words": 5, "lines": 3, "paragraphs": 2, "tokens": 15.0}


@pytest.mark.parametrize(
    ("language", "text", "words"), [("zh", "我爱你。iPhone 15", 5), ("th", "แมวกิน", 5), ("nl", "我爱你。a", 1)]
)
def test_words_follow_the_segmentation_of_the_profile(language, text, words):
    assert tag_one("length", text, neutral_profile(language))["words"] == words


def test_random_numbers_are_uniform_and_belong_to_the_id():
    numbers = [uniform(str(number), 0) for number in range(4000)]
    assert 0 <= min(numbers) < 0.01
    assert 0.99 < max(numbers) < 1
    assert sum(numbers) / len(numbers) == pytest.approx(0.5, abs=0.02)
    assert uniform("1", 0) != uniform("1", 1)
    batch = batch_of(["a", "b"], "nl")
    tagged = make_tagger("length", {"seed": 5}).tag(batch, neutral_profile("nl"))
    assert tagged.column("random").to_pylist() == [uniform(one, 5) for one in batch.column("id").to_pylist()]
