"""Words: what two lines say by hand, what is said of one language alone, and twins with the same letters."""

import random

import numpy as np
import pytest
from tests.corpus.identify.languages import LATIN, lines

from mothertongue.corpus.identify import confusion
from mothertongue.corpus.identify.profile import build_profile, read_line_profile
from mothertongue.corpus.identify.space import joined
from mothertongue.corpus.identify.teach import teach_identifier
from mothertongue.corpus.identify.words import Words, word_bags
from mothertongue.errors import InputError


def test_equal_words_are_equal_features():
    first, second = word_bags(["Nu, nu en DAN!", "dan"]).take(np.array([True, False])), word_bags(["dan en nu"])
    assert sorted(first.features.tolist()) == sorted(second.features.tolist())
    # "nu" occurs twice, the others once
    assert sorted(first.weights.tolist()) == pytest.approx(sorted([np.log(3), np.log(2), np.log(2)]))


def test_the_evidence_of_a_word_by_hand():
    made = Words.learn({"qaa": word_bags(["ja"]), "qab": word_bags(["nee"])})
    # One word of weight ln 2 each; a word that is not there counts a tenth of an occurrence.
    own = (np.log(2) + 0.1) / (np.log(2) + 0.2)
    favoured, other = np.log(own / 0.5), np.log((1 - own) / 0.5)
    found = made.evidence(word_bags(["ja ja", "nee", "wat", ""]))
    # "ja ja" weighs ln 3, and the root of the mass is that of ln 3
    assert np.allclose(found[0], np.sqrt(np.log(3)) * np.array([favoured, other]), rtol=1e-2)
    assert np.allclose(found[1], np.sqrt(np.log(2)) * np.array([other, favoured]), rtol=1e-2)
    assert np.array_equal(found[2:], np.zeros((2, 2)))


def test_words_of_one_language_alone_say_nothing():
    made = Words.learn({"qaa": word_bags(lines(LATIN, 60))})
    assert np.array_equal(made.evidence(word_bags(lines(LATIN, 5))), np.zeros((5, 1)))


def test_the_words_of_two_groups_of_lines_are_the_words_of_all():
    rows = lines(LATIN, 60)
    whole, halves = word_bags(rows), joined([word_bags(rows[:20]), word_bags(rows[20:])])
    assert np.array_equal(whole.features, halves.features)
    assert np.array_equal(whole.starts, halves.starts)


def twins(number, seed):
    """Lines of two languages with the same letters, each as often: words of the one are words of the other turned."""
    draw = random.Random(f"twins/{seed}")
    pairs = [(first, second) for first in LATIN for second in LATIN if first < second][:40]
    return {
        tag: [" ".join("".join(pair[::step]) for pair in draw.choices(pairs, k=8)) for _ in range(number)]
        for tag, step in (("qaa", 1), ("qab", -1))
    }


def test_twins_with_the_same_letters_are_told_apart_by_their_words(bytes_seed, monkeypatch):
    taught, held = twins(150, 0), twins(100, 1)
    rows = [(tag, line) for tag, own in held.items() for line in own]

    def accuracy():
        beside = {"qab": taught["qab"]}
        made = teach_identifier("qaa", taught["qaa"], neighbours=beside, seed_identifier=bytes_seed)
        return confusion(made, rows).accuracy

    assert accuracy() > 0.95
    monkeypatch.setattr(Words, "evidence", lambda self, found: np.zeros((len(found), len(self.labels)), np.float32))
    assert accuracy() < 0.7


def test_a_profile_keeps_the_words_and_one_without_them_is_refused(tmp_path):
    path = tmp_path / "qaa.npz"
    build_profile("qaa", lines(LATIN, 60)).write(path)
    kept = read_line_profile(path)
    assert np.array_equal(kept.words[0].features, word_bags(sorted(lines(LATIN, 60))).features)
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files if not name.startswith("word_")}
    np.savez(path, **arrays)
    with pytest.raises(InputError, match="MT242"):
        read_line_profile(path)
