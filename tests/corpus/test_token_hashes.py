"""Hashes of tokens stand for the tokens themselves, in every script."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus.hostile import hostile_texts

from mothertongue.corpus.token_hashes import count_among, hashed_tokens, hashes_of, token_hashes
from mothertongue.corpus.tokens import tokens
from mothertongue.corpus.unicode import repair

CHARACTERS = st.sampled_from("aBé ß1\u0301\u200d\u200c,的中คำิา្กភាសαΩΣعربी हिन्दी\nﬁ①😀")


def spelled(text):
    """Return the tokens as the compiled code wrote them."""
    written = "".join(map(chr, hashed_tokens(text)[1].tolist()))
    return written.split(" ")[1:-1] if written else []


@settings(deadline=None)
@given(st.text(CHARACTERS, max_size=40))
def test_tokens_are_those_of_the_patterns(text):
    assert spelled(text) == tokens(text)


def test_hostile_texts_have_the_same_tokens():
    for text in hostile_texts(3, 120):
        mended = repair(text[:3000])[0]
        assert spelled(mended) == tokens(mended)


@pytest.mark.parametrize("text", ["de Kat zit, de kat slaapt", "我爱你，我爱猫", "แมวนอน แมวกิน"])
def test_equal_tokens_have_equal_hashes_and_no_others(text):
    hashes, words = token_hashes(text).tolist(), tokens(text)
    assert len(hashes) == len(words)
    assert len(set(zip(words, hashes, strict=True))) == len(set(words)) == len(set(hashes))


def test_words_are_counted_whatever_their_case():
    known = hashes_of(["De", "kat", "de kat", ""])
    assert len(known) == 2
    assert count_among(token_hashes("de KAT en De hond"), known) == 3
    assert count_among(token_hashes(""), known) == count_among(token_hashes("de"), np.empty(0, np.uint64)) == 0
