"""The fluency model: sums of one, Kneser-Ney by hand, order of blocks, bounds and files."""

import itertools

import numpy as np
import pytest
from tests.corpus.texts import text

from mothertongue.corpus import fluency_training
from mothertongue.corpus.fluency import mean_and_worst, read_fluency, simplified
from mothertongue.corpus.fluency_training import train_fluency
from mothertongue.corpus.profile import neutral_profile
from mothertongue.errors import InputError

DUTCH = neutral_profile("nl")
TEXTS = [text(seed, 60) for seed in range(30)]
ALPHABET = sorted(set(simplified(" ".join(TEXTS))))


@pytest.fixture(scope="module")
def model():
    return train_fluency(TEXTS, DUTCH)


def following(model, context):
    """Return the probability of every character behind a context, and of one never seen."""
    return [2.0 ** -model.bits(f"{context}{character}x")[len(context)] for character in [*ALPHABET, "漢"]]


@pytest.mark.parametrize("context", ["d", "de mol", "dijk h", "xq", "zzzzzzzz", "werd", "漢", "e 漢de"])
def test_probabilities_sum_to_one_behind_any_context(model, context):
    assert sum(following(model, context)) == pytest.approx(1, abs=1e-6)


def test_pruned_models_still_sum_to_one(monkeypatch, model):
    monkeypatch.setattr(fluency_training, "MOST_KEPT", 300)
    small = train_fluency(TEXTS, DUTCH)
    assert len(small.keys) < len(model.keys) / 4
    for context in ("de mol", "xq", "werd"):
        assert sum(following(small, context)) == pytest.approx(1, abs=1e-6)
    assert small.bits(TEXTS[0]).mean() > model.bits(TEXTS[0]).mean()


def test_kneser_ney_by_hand():
    """With the texts `ab` and `aab`, many times over, and sequences of two at most."""
    model = train_fluency(["ab", "aab"] * 1000, DUTCH, order=2)
    # Pairs: start-a 2000, a-b 2000, a-a 1000; no counts of 1 and 2, so that the discount is one half. Single
    # characters count what stands before them: a follows the start and a, b follows a; the discount is 1 / (1 + 2).
    unigram = {"a": (2 - 1 / 3) / 3, "b": (1 - 1 / 3) / 3}
    passed = 1 / 3 * 2 / 3
    single = {character: value + passed / 3 for character, value in unigram.items()}
    start = (2000 - 0.5) / 2000 + 0.5 / 2000 * single["a"]
    behind = {
        "b": (2000 - 0.5) / 3000 + 2 * 0.5 / 3000 * single["b"],
        "a": (1000 - 0.5) / 3000 + 2 * 0.5 / 3000 * single["a"],
    }
    assert 2.0 ** -model.bits("aab") == pytest.approx([start, behind["a"], behind["b"]], rel=1e-5)
    # b is no context of anything: the shorter sequence decides alone. What single ones pass on is for the unknown.
    assert 2.0 ** -model.bits("abb漢") == pytest.approx([start, behind["b"], single["b"], passed / 3], rel=1e-5)


def test_blocks_make_no_difference(monkeypatch, tmp_path, model):
    monkeypatch.setattr(fluency_training, "BLOCK_CHARACTERS", 1500)
    train_fluency(TEXTS, DUTCH).write(tmp_path / "blocks")
    model.write(tmp_path / "whole")
    assert (tmp_path / "blocks").read_bytes() == (tmp_path / "whole").read_bytes()
    assert (read_fluency(tmp_path / "whole").bits(TEXTS[3]) == model.bits(TEXTS[3])).all()


def test_what_is_held_stays_bounded(monkeypatch):
    monkeypatch.setattr(fluency_training, "BLOCK_CHARACTERS", 500)
    monkeypatch.setattr(fluency_training, "MOST_HELD", 400)
    small = train_fluency(TEXTS, DUTCH)
    assert len(small.keys) <= 400 * 6
    assert sum(following(small, "de mol")) == pytest.approx(1, abs=1e-6)


def test_clean_text_is_expected_and_shuffled_letters_are_not(model):
    clean = text(900, 60)
    shuffled = "".join(np.random.default_rng(1).permutation(list(clean)))
    assert 2 * model.bits(clean).mean() < model.bits(shuffled).mean()


def test_windows_by_hand():
    bits = np.array([1.0, 2, 6, 4, 1])
    assert mean_and_worst(bits, 2) == (2.8, 5)
    assert mean_and_worst(bits, 9) == (2.8, 2.8)
    for window in range(1, 6):
        means = [bits[start : start + window].mean() for start in range(len(bits) - window + 1)]
        assert mean_and_worst(bits, window)[1] == pytest.approx(max(means))


def test_case_digits_and_white_space_do_not_matter(model):
    assert simplified("De  12\nKAT ") == "de 00 kat"
    assert (model.bits("De\n\n KAT 7") == model.bits("de kat 3")).all()


def test_too_little_text_and_foreign_files_are_refused(tmp_path, model):
    with pytest.raises(InputError, match="MT277"):
        train_fluency(itertools.repeat("kort", 100), DUTCH)
    (tmp_path / "file").write_bytes(b"no model")
    with pytest.raises(InputError, match="MT276"):
        read_fluency(tmp_path / "file")
    assert train_fluency(TEXTS, neutral_profile("th")).order == 4
