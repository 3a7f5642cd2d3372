"""Counters of tokens: what shares of a mix are counted in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TypeAlias

from mothertongue.corpus.tokens import tokens
from mothertongue.errors import InputError, Problem

Counter: TypeAlias = Callable[[Sequence[str]], list[int]]
"""Texts in, the number of tokens of each out."""


def make_counter(name: str) -> Counter:
    """Return the counter of `characters` (code points), `words`, or of a file tokenizer.json, named by its path.

    `words` counts characters in scripts that do not separate words. Raises InputError MT258 when there is no such
    counter, the file is no tokenizer, or the package `tokenizers` is not installed.
    """
    if name == "characters":
        return lambda texts: [len(text) for text in texts]
    if name == "words":
        return lambda texts: [len(tokens(text)) for text in texts]
    return _tokenizer(name)


@cache
def _tokenizer(path: str) -> Counter:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise _no_counter(path, "the package tokenizers is not installed", "pip install tokenizers") from error
    if not Path(path).is_file():
        raise _no_counter(path, "is no counter and no file", "give characters, words, or a path of a tokenizer.json")
    try:
        made = Tokenizer.from_file(path)
    except Exception as error:  # the library raises bare exceptions
        raise _no_counter(path, str(error).splitlines()[0], "give the tokenizer.json of a model") from error
    made.no_truncation()
    return lambda texts: [len(one.ids) for one in made.encode_batch_fast(list(texts), add_special_tokens=False)]


def _no_counter(name: str, message: str, do: str) -> InputError:
    allowed = "characters, words, or the path of a tokenizer.json"
    return InputError(Problem("MT258", message, key="tokens", value=name, allowed=allowed, do=do))
