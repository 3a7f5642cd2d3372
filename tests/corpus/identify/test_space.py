"""The feature space: agreement with py3langid on any text, and characters that it does not know."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus.identify.languages import CHEROKEE, LATIN, lines

from mothertongue.corpus.identify import kernels
from mothertongue.corpus.identify.py3langid import model
from mothertongue.corpus.identify.space import UNCOVERED_ROWS, bags, encode, joined, py3langid_seed

SEED = py3langid_seed()
HOSTILE = ["", "\0", "\ud800", "a\udfffb", "😀" * 2000, "\u202e\u200d" * 50, "x" * 10_000, "ⴰⵎⴰⵣⵉⵖ", "\U0010ffff"]


def scores(texts):
    data, starts = encode(texts)
    return kernels.text_scores(data, starts, *SEED.automaton.parts, SEED.table)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(max_codepoint=0x52F), max_size=80))
def test_scores_are_those_of_py3langid_without_priors(text):
    reference = model()
    theirs = reference._raw_score(reference._encode(text))
    ours, mass = scores([text])
    found = bags([text], SEED.automaton)
    if not len(found.features) or found.features.max() >= SEED.automaton.features:
        return  # no n-gram, or letters that py3langid passes over
    assert np.allclose(ours[0], theirs - reference.nb_pc, rtol=1e-4, atol=1e-2)
    assert mass[0] == pytest.approx(found.weights.sum(), rel=1e-5)


def test_a_text_scores_alike_alone_in_a_batch_and_as_a_bag():
    texts = [*lines(LATIN, 20), *HOSTILE, "Добар дан, како сте?", "这是一个句子", "ᎣᏏᏲ"]
    together, mass = scores(texts)
    for number, text in enumerate(texts):
        alone, own = scores([text])
        assert np.array_equal(alone[0], together[number])
        assert own[0] == mass[number]
    collected = bags(texts, SEED.automaton)
    assert np.allclose(collected.scores(SEED.table), together, rtol=1e-5, atol=1e-3)
    assert np.array_equal(
        joined([bags(texts[:7], SEED.automaton), bags(texts[7:], SEED.automaton)]).starts, collected.starts
    )


def test_letters_without_n_grams_are_features_of_their_own():
    first, second = CHEROKEE[0], CHEROKEE[1]
    found = bags([first, second, first * 3], SEED.automaton)
    entries = [found.features[found.starts[i] : found.starts[i + 1]].tolist() for i in range(3)]
    own = [[feature for feature in row if feature >= SEED.automaton.features] for row in entries]
    assert [len(row) for row in own] == [1, 1, 1]
    assert own[0] == own[2] != own[1]
    assert all(feature < SEED.automaton.size for row in own for feature in row)
    assert found.weights[found.features == own[0][0]] == pytest.approx([np.log(2), np.log(4)])
    plain = bags(["the house"], SEED.automaton)
    assert plain.features.max() < SEED.automaton.features


def test_folds_and_counts_of_bags():
    found = bags(lines(LATIN, 10), SEED.automaton)
    chosen = np.arange(10) % 2 == 0
    part, rest = found.take(chosen), found.take(~chosen)
    assert (len(part), len(rest)) == (5, 5)
    size = SEED.automaton.size
    assert np.allclose(part.counts(size) + rest.counts(size), found.counts(size))
    assert found.mass.sum() == pytest.approx(found.weights.sum(), rel=1e-5)


def test_a_seed_without_a_language_has_neither_it_nor_its_n_grams():
    without = SEED.without(["nl", "vi"])
    assert SEED.labels - without.labels == {"nl", "vi"}
    assert without.automaton.features < SEED.automaton.features
    assert without.table.shape == (without.automaton.size, len(without.tags))
    assert without.automaton.size - without.automaton.features == UNCOVERED_ROWS
    assert without.automaton.digest != SEED.automaton.digest
    dutch = "De molenaar loopt elke ochtend over de dijk naar zijn molen."
    assert len(bags([dutch], without.automaton).features) < len(bags([dutch], SEED.automaton).features)
    assert SEED.without(["qaa"]) is SEED
