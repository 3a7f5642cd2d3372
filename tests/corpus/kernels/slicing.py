"""Texts as the kernels see them, and their parts as Python strings again."""

from collections.abc import Sequence

import pyarrow as pa
from hypothesis import settings
from hypothesis import strategies as st

from mothertongue.corpus.kernels.texts import Parts, Texts, slices

# What cuts texts, what does not although it looks so, and letters of all kinds; Arrow holds no lone surrogates.
CHARACTERS = " \n\n\t\r\x0b\x1c\x85\u2028\u00a0\u3000\u200baAİßnNoO.…,-'’:@/+()0٣五カ漢ไé́क्😀\U0001f1f3"
TEXTS = st.lists(st.text(st.sampled_from(CHARACTERS), max_size=40), min_size=1, max_size=4)


anything = settings(max_examples=100, deadline=None)
"""The first call of a kernel loads it, which takes longer than a deadline."""


def cut(texts: Sequence[str]) -> Texts:
    batch = pa.record_batch({"text": pa.array(list(texts), pa.large_string())})
    (made,) = slices(batch)
    return made


def strings_of(parts: Parts, texts: Texts) -> list[list[str]]:
    whole = texts.points.tobytes().decode("utf-32-le")
    found = [whole[begin:end] for begin, end in zip(parts.begin.tolist(), parts.end.tolist(), strict=True)]
    return [found[parts.first[text] : parts.first[text + 1]] for text in range(len(texts.lengths))]
