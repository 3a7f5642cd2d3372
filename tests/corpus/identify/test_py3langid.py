"""The default seed: the probabilities of the package py3langid itself, on any text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus.identify.languages import LATIN, SENTENCES, lines

from mothertongue.corpus.identify.identifier import LEAST, MOST
from mothertongue.corpus.identify.py3langid import Py3LangId, model, parts

MODEL = model()


def theirs(text):
    return {tag: probability for tag, probability in MODEL.rank(text)[:15] if probability > 0.02}


def ours(text, wanted):
    columns = Py3LangId().probabilities([text])[0]
    return {tag: sum(columns[[name == tag for name in parts().seed.tags]]) for tag in wanted}


# The package counts in 32 bits; so the last digits differ.
@pytest.mark.parametrize(
    "text", [*SENTENCES.values(), *lines(LATIN, 3), "JA", "a", "1 2 3", "ᎣᏏᏲ ᏙᎯᏧ", "\ud800", "e\u0301"]
)
def test_the_probabilities_of_the_package(text):
    assert ours(text, theirs(text)) == pytest.approx(theirs(text), abs=2e-3)


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=60).filter(str.strip))
def test_the_probabilities_of_the_package_on_any_text(text):
    assert ours(text, theirs(text)) == pytest.approx(theirs(text), abs=2e-3)


def test_a_ranking_has_the_most_probable_labels_in_order():
    (ranking,), values = Py3LangId().identify(["De oude"]), Py3LangId().probabilities(["De oude"])[0]
    assert [share for _, share in ranking] == sorted(values, reverse=True)[: len(ranking)]
    assert len(ranking) == min(MOST, sum(values >= LEAST))


def test_the_sentences_are_known():
    rankings = Py3LangId().identify(list(SENTENCES.values()))
    assert [ranking[0][0] for ranking in rankings] == list(SENTENCES)
