"""The default seed: the probabilities of the package py3langid itself, on any text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus.identify.languages import LATIN, SENTENCES, lines

from mothertongue.corpus.identify.identifier import MOST
from mothertongue.corpus.identify.py3langid import Py3LangId, model

MODEL = model()


def agrees(text):
    theirs = {tag: probability for tag, probability in MODEL.rank(text)[:MOST] if probability > 0.02}
    ours = dict(Py3LangId().identify([text])[0])
    # the package counts in 32 bits; so the last digits differ
    assert {tag: ours.get(tag) for tag in theirs} == pytest.approx(theirs, abs=2e-3)


@pytest.mark.parametrize(
    "text", [*SENTENCES.values(), *lines(LATIN, 3), "JA", "a", "1 2 3", "ᎣᏏᏲ ᏙᎯᏧ", "\ud800", "e\u0301"]
)
def test_the_probabilities_of_the_package(text):
    agrees(text)


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=60).filter(str.strip))
def test_the_probabilities_of_the_package_on_any_text(text):
    agrees(text)


def test_the_sentences_are_known():
    rankings = Py3LangId().identify(list(SENTENCES.values()))
    assert [ranking[0][0] for ranking in rankings] == list(SENTENCES)
