"""A dirty corpus with known defects: made documents, spoiled in ways that crawled text is spoiled (card 49, oracle b).

Enters: a made language, a neighbour of it, a seed. Leaves: documents of which each carries the name of what was done to
it. The label stays outside of the text and of everything that a tagger reads.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from mothertongue.studies.made_corpus import DOMAINS, MadeLanguage

CLEAN: Final = "clean"
_WORDS: Final = ("dolor", "sit", "amet", "consectetur", "adipiscing", "elit", "sed", "eiusmod", "tempor", "magna")


@dataclass(frozen=True)
class Labelled:
    """A document, what was done to it (`clean` for nothing), and for copies the document that they repeat."""

    name: str
    text: str
    defect: str
    original: str = ""


@dataclass(frozen=True)
class Spoiler:
    """Does to a clean text what the functions are named for."""

    language: MadeLanguage
    neighbour: MadeLanguage
    phrases: tuple[str, ...]
    """Lines that surround the texts of a site."""

    def repeated_lines(self, draw: random.Random, text: str) -> str:
        """Return the text with one of its lines between all others, and more often than that."""
        lines = text.split("\n")
        again = draw.choice(lines)
        return "\n".join(part for line in lines for part in (line, again, again))

    def boilerplate(self, draw: random.Random, text: str) -> str:
        """Return the text between lines of menus and notices."""
        lines = draw.sample(self.phrases, 7)
        return "\n".join((*lines[:4], text, *lines[4:]))

    def shuffled_words(self, draw: random.Random, text: str) -> str:
        """Return the words of each line in any order."""
        return shuffled_words(draw, text)

    def other_language(self, draw: random.Random, text: str) -> str:
        """Return a text of the neighbouring language; of the given one nothing is left."""
        del text
        return self.neighbour.document(draw, draw.choice(DOMAINS))

    def personal_data(self, draw: random.Random, text: str) -> str:
        """Return the text with three addresses or numbers of people in it."""
        lines = text.split("\n")
        for _ in range(3):
            place = draw.randrange(len(lines))
            words = lines[place].split(" ")
            words.insert(draw.randrange(1, len(words)), draw.choice((_email, _address, _iban, _card))(draw))
            lines[place] = " ".join(words)
        return "\n".join(lines)

    def symbols(self, draw: random.Random, text: str) -> str:
        """Return the text with a mark before every second word and an ellipsis behind most lines."""
        words = (
            " ".join(f"#{word}" if draw.random() < 0.5 else word for word in line.split(" "))
            for line in text.split("\n")
        )
        return "\n".join(f"{line} …" for line in words)

    def markup(self, draw: random.Random, text: str) -> str:
        """Return filler and code of a page around one line of the text."""
        lines = text.split("\n")
        filler = "Lorem ipsum " + " ".join(draw.choices(_WORDS, k=20)) + "."
        code = "\n".join(f"  var x{number} = {{ id: {draw.randrange(999)} }};" for number in range(6))
        return "\n".join((filler, "function show() {", code, "}", lines[0], "Enable javascript to read this page."))

    def too_short(self, draw: random.Random, text: str) -> str:
        """Return a few words of the text."""
        words = text.split()
        start = draw.randrange(max(1, len(words) - 8))
        return " ".join(words[start : start + draw.randint(2, 8)])

    def insults(self, draw: random.Random, text: str) -> str:
        """Return the text with an insult behind every second sentence."""
        lines = (
            ". ".join(f"{part}. {self.language.insult(draw)[:-1]}" if draw.random() < 0.5 else part for part in parts)
            for parts in (line.rstrip(".").split(". ") for line in text.split("\n"))
        )
        return "\n".join(f"{line}." for line in lines)

    def near_duplicate(self, draw: random.Random, text: str) -> str:
        """Return the text with one word in thirty changed, as another edition of a page has it."""
        words = text.split(" ")
        for place in draw.sample(range(len(words)), max(1, len(words) // 30)):
            words[place] = self.language.word("noun", draw.randrange(100), 0)
        return " ".join(words)

    def exact_duplicate(self, draw: random.Random, text: str) -> str:
        """Return the text itself."""
        del draw
        return text


SPOILT: Final = (
    "repeated_lines",
    "boilerplate",
    "shuffled_words",
    "other_language",
    "personal_data",
    "symbols",
    "markup",
    "too_short",
    "insults",
)
COPIED: Final = ("exact_duplicate", "near_duplicate")
DEFECTS: Final = (*SPOILT, *COPIED)


def shuffled_words(draw: random.Random, text: str) -> str:
    """Return the words of each line of a text in any order."""
    return "\n".join(" ".join(draw.sample(words, len(words))) for words in map(str.split, text.split("\n")))


def site_lines(language: MadeLanguage) -> tuple[str, ...]:
    """Return twelve menu lines and notices, the same on every page of a site."""
    draw = random.Random("site")
    words = [language.word("noun", slot, 0) for slot in range(60)]
    menus = [" | ".join(draw.sample(words, 4)) for _ in range(6)]
    notices = [" ".join(draw.sample(words, 7)) for _ in range(6)]
    return (*menus, *notices)


def dirty_corpus(language: MadeLanguage, neighbour: MadeLanguage, clean: int, spoilt: int, seed: int) -> list[Labelled]:
    """Return `clean` untouched documents and `spoilt` ones of every defect, in an order drawn by the seed.

    Copies repeat clean documents, each of them twice; the other spoilt ones were made for it.
    """
    spoiler = Spoiler(language, neighbour, site_lines(language))
    found = [Labelled(f"clean-{number}", made(language, f"{seed}/clean/{number}"), CLEAN) for number in range(clean)]
    for defect in SPOILT:
        spoil: Callable[[random.Random, str], str] = getattr(spoiler, defect)
        for number in range(spoilt):
            draw = random.Random(f"{seed}/spoil/{defect}/{number}")
            found.append(
                Labelled(f"{defect}-{number}", spoil(draw, made(language, f"{seed}/{defect}/{number}")), defect)
            )
    for part, defect in enumerate(COPIED):
        copy: Callable[[random.Random, str], str] = getattr(spoiler, defect)
        for number in range(spoilt):
            draw = random.Random(f"{seed}/copy/{defect}/{number}")
            original = found[(number // 2 + part * (clean // 2)) % clean]
            found.append(Labelled(f"{defect}-{number}", copy(draw, original.text), defect, original.name))
    random.Random(f"{seed}/order").shuffle(found)
    return found


def made(language: MadeLanguage, key: str, sentences: int = 14) -> str:
    """Return the clean document of a key, in a domain that the key draws."""
    draw = random.Random(key)
    return language.document(draw, draw.choice(DOMAINS), sentences=sentences)


def shares(documents: list[Labelled]) -> Mapping[str, float]:
    """Return the share of the characters that each label has."""
    total = sum(len(document.text) for document in documents)
    return {
        label: sum(len(document.text) for document in documents if document.defect == label) / total
        for label in (CLEAN, *DEFECTS)
    }


def _email(draw: random.Random) -> str:
    return f"{_letters(draw, 6)}.{_letters(draw, 4)}@{_letters(draw, 7)}.org"


def _address(draw: random.Random) -> str:
    return ".".join(
        str(draw.choice((8, 23, 64, 91, 145, 203)) if place < 1 else draw.randrange(1, 255)) for place in range(4)
    )


def _iban(draw: random.Random) -> str:
    """A made Dutch account number with its two check digits (ISO 13616)."""
    account = "INGB" + "".join(str(draw.randrange(10)) for _ in range(10))
    number = int("".join(str(int(sign, 36)) for sign in f"{account}NL00"))
    return f"NL{98 - number % 97:02d}{account}"


def _card(draw: random.Random) -> str:
    """A made payment card number with its check digit (Luhn)."""
    digits = [4, *(draw.randrange(10) for _ in range(14))]
    doubled = sum(sum(divmod(2 * digit, 10)) if place % 2 == 0 else digit for place, digit in enumerate(digits))
    return "".join(map(str, (*digits, -doubled % 10)))


def _letters(draw: random.Random, count: int) -> str:
    return "".join(draw.choices("abdefgiklmnoprstu", k=count))
