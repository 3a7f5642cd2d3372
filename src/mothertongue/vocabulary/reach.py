"""Proof that new tokens can be produced: for each one a text whose encoding contains it.

Failure 7 of the field notes: merges that stand at the end of the list may never apply. A proof is a text, so it can be
checked again later by anyone with the tokenizer alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from mothertongue.vocabulary.backend import Backend

_MOST_TRIES = 4_096  # constructed texts per token; two free bytes of a character are 64 x 64
_CONTINUATION = range(0x80, 0xC0)
_SIGNS = ("(", "-", "1", "\n")


def prove(backend: Backend, ids: Iterable[int], words: Mapping[str, int], hints: Mapping[str, str]) -> dict[int, str]:
    """For each id that can be produced, a text whose encoding contains it; ids without a proof are absent.

    Tried in this order: the token's own text, the most frequent training words that contain it, the word it was
    learned in (`hints`, token -> word) and parts of it, and, for tokens that are no whole characters, all characters
    that complete them. Tokens that are text are tried after a sign last.
    """
    names = {index: token for token, index in backend.vocab.items()}
    found = _in_words(backend, words, set(ids := list(ids)))
    proofs: dict[int, str] = {}
    for index in ids:
        candidates = _candidates(backend, names[index], found.get(index), hints.get(names[index]))
        for text in islice(candidates, _MOST_TRIES):
            if index in backend.encode(text):
                proofs[index] = text
                break
    return proofs


def check_proofs(backend: Backend, proofs: Mapping[int, str]) -> list[int]:
    """The ids whose proof does not hold for this tokenizer; none is what one wants."""
    return [index for index, text in proofs.items() if index not in backend.encode(text)]


def _in_words(backend: Backend, words: Mapping[str, int], wanted: set[int]) -> dict[int, str]:
    """The first (most frequent) word that each wanted id occurs in."""
    found: dict[int, str] = {}
    for word in words:
        for index in backend.pieces(word):
            if index in wanted:
                found.setdefault(index, word)
    return found


def _candidates(backend: Backend, token: str, word: str | None, hint: str | None) -> Iterator[str]:
    """Texts that may produce the token, the simplest first."""
    raw = backend.token_bytes(token)
    text = _text(raw)
    if text is not None:
        yield text
    for place in dict.fromkeys(name for name in (word, hint) if name is not None):
        whole = _text(backend.token_bytes(place))
        if whole is not None:
            yield whole
            if text is not None:
                yield from _around(whole, text)
    if text is None:
        yield from completions(raw)
    else:
        # SentencePiece puts a space mark before a text; after a sign the token stands without it.
        yield from (sign + text + end for sign in _SIGNS for end in ("", sign))


def _text(raw: bytes) -> str | None:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _around(word: str, text: str) -> Iterator[str]:
    """The parts of `word` that hold `text`, with up to two more characters at each side."""
    start = word.find(text)
    while start >= 0:
        end = start + len(text)
        for before in range(3):
            for after in range(3):
                yield word[max(0, start - before) : end + after]
        start = word.find(text, start + 1)


def completions(raw: bytes) -> Iterator[str]:
    """Valid texts that contain the bytes `raw`, which may begin or end inside a character."""
    for left in _left_sides(raw):
        for right in _right_sides(left + raw):
            text = _text(left + raw + right)
            if text is not None:
                yield text


def _left_sides(raw: bytes) -> Iterator[bytes]:
    """What may stand before `raw` so that its leading continuation bytes belong to a character."""
    missing = next((place for place, byte in enumerate(raw) if byte not in _CONTINUATION), len(raw))
    if missing == 0:
        yield b""
        return
    two, three, four = range(0xC2, 0xE0), range(0xE0, 0xF0), range(0xF0, 0xF5)
    middle = [bytes([byte]) for byte in _CONTINUATION]
    if missing == 1:
        yield from (bytes([lead]) for lead in two)
    if missing <= 2:
        yield from (bytes([lead]) + rest for lead in three for rest in (middle if missing == 1 else [b""]))
    if missing <= 3:
        yield from (bytes([lead]) + rest for lead in four for rest in (middle if missing == 2 else [b""]))


def _right_sides(raw: bytes) -> Sequence[bytes]:
    """What may stand after `raw` so that its last character is whole; at most two free bytes are tried."""
    lead = next((place for place in range(len(raw) - 1, -1, -1) if raw[place] not in _CONTINUATION), None)
    if lead is None or raw[lead] < 0x80:
        return (b"",)
    length = 2 if raw[lead] < 0xE0 else 3 if raw[lead] < 0xF0 else 4
    free = length - (len(raw) - lead)
    one = [bytes([byte]) for byte in _CONTINUATION]
    if free <= 0:
        return (b"",)
    if free == 1:
        return one
    two = [first + second for first in one for second in one]
    return two if free == 2 else [first + b"\x80" for first in two]
