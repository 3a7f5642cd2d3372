"""The text classifier: it learns, is calibrated and honest, ignores order, and its file cannot lie."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.corpus.texts import ENGLISH, text

from mothertongue.corpus.classifier import area_under_curve, read_classifier, train_classifier
from mothertongue.corpus.features import DIMENSION, features, margins, matrix, rarity
from mothertongue.corpus.minimise import minimise
from mothertongue.corpus.profile import neutral_profile
from mothertongue.errors import InputError

DUTCH = neutral_profile("nl")
GOOD = [text(seed, 60) for seed in range(60)]
# Half of the words are of the other language, so that the two sides differ but are not worlds apart.
BAD = [text(seed, 30) + text(seed, 30, ENGLISH) for seed in range(100, 160)]


@pytest.fixture(scope="module")
def model():
    return train_classifier(GOOD, BAD, DUTCH, seed=1)


def test_it_tells_new_texts_apart(model):
    good = model.probabilities([text(seed, 60) for seed in range(500, 520)])
    bad = model.probabilities([text(seed, 30) + text(seed, 30, ENGLISH) for seed in range(600, 620)])
    assert min(good) > 0.5 > max(bad)
    assert model.report == {"auc": 1.0, "f1": 1.0, "positive": 9.0, "negative": 9.0, "trained": 84.0}


def test_chance_stays_chance():
    texts = [text(seed, 40) for seed in range(400)]
    model = train_classifier(texts[:200], texts[200:], DUTCH)
    assert 0.3 < model.report["auc"] < 0.7
    assert np.mean(model.probabilities([text(seed, 40) for seed in range(900, 1000)])) == pytest.approx(0.5, abs=0.1)


def test_order_and_repetition_change_nothing(model, tmp_path):
    again = train_classifier([*reversed(GOOD), *GOOD], reversed(BAD), DUTCH, seed=1)
    model.write(tmp_path / "a")
    again.write(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert read_classifier(tmp_path / "a").probabilities(GOOD[:5]) == model.probabilities(GOOD[:5])


def test_sides_are_mirrored(model):
    mirrored = train_classifier(BAD, GOOD, DUTCH, seed=1)
    assert mirrored.probabilities(GOOD[:9]) == pytest.approx([1 - p for p in model.probabilities(GOOD[:9])], abs=1e-3)


def test_too_few_texts_are_refused_on_both_sides_at_once():
    with pytest.raises(InputError) as caught:
        train_classifier(["a"] * 50, [f"tekst {number}" for number in range(19)], DUTCH)
    found = [(problem.code, problem.key, problem.value) for problem in caught.value.problems]
    assert found == [("MT277", "positive", "1"), ("MT277", "negative", "19")]


@pytest.mark.parametrize("damage", ["cut", "flip", "other", "empty"])
def test_a_damaged_file_is_refused(model, tmp_path, damage):
    path = tmp_path / "model"
    model.write(path)
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
    path.write_bytes({"cut": data[:-100], "flip": data, "other": b"PK not", "empty": b""}[damage])
    with pytest.raises(InputError, match="MT276"):
        read_classifier(path)


def test_a_file_with_pickles_is_refused_unopened(tmp_path):
    with (tmp_path / "model").open("wb") as stream:
        np.savez(stream, head=np.array([object()], dtype=object))
    with pytest.raises(InputError, match="MT276"):
        read_classifier(tmp_path / "model")


def test_features_by_hand():
    assert len(features("")) == 0
    # " de kat ": 2 words, 1 pair, 6 triples, 5 fours.
    assert len(features("De kat!")) == 14
    assert sorted(features("de kat")) == sorted(features("DE, KAT"))


def test_rows_are_of_length_one_and_products_agree():
    texts = [*GOOD[:4], "", "x"]
    scale = rarity(matrix(GOOD))
    rows = matrix(texts, scale)
    weights = np.random.default_rng(0).normal(size=DIMENSION).astype(np.float32)
    dense = np.zeros((len(texts), DIMENSION))
    for row in range(len(texts)):
        part = slice(rows.starts[row], rows.starts[row + 1])
        dense[row, rows.columns[part]] = rows.values[part]
    assert (dense**2).sum(axis=1) == pytest.approx([1, 1, 1, 1, 0, 1], abs=1e-5)
    assert rows.times(weights.astype(float)) == pytest.approx((dense * weights).sum(axis=1), abs=1e-5)
    assert margins(texts, scale, weights) == pytest.approx((dense * weights).sum(axis=1), abs=1e-5)
    errors = np.arange(6.0)
    assert rows.transposed_times(errors) == pytest.approx(dense.T @ errors)
    compact, used = rows.compact()
    assert compact.times(weights[used].astype(float)) == pytest.approx(rows.times(weights.astype(float)))


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=20))
def test_area_under_the_curve_is_the_share_of_right_pairs(rows):
    scores, positive = np.array([float(row[0]) for row in rows]), np.array([row[1] for row in rows])
    pairs = [(a > b) + (a == b) / 2 for a in scores[positive] for b in scores[~positive]]
    assert area_under_curve(scores, positive) == pytest.approx(np.mean(pairs) if pairs else 0.5)


def test_the_minimum_of_a_known_function_is_found():
    draw = np.random.default_rng(2)
    root = draw.normal(size=(6, 6))
    square, target = root @ root.T + np.eye(6), draw.normal(size=6)

    def bowl(point):
        return float((point - target) @ square @ (point - target)) / 2, square @ (point - target)

    assert minimise(bowl, np.zeros(6), tolerance=1e-9) == pytest.approx(target, abs=1e-7)
