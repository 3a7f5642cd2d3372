"""Texts of made-up languages for studies, so that a study knows what is in its corpus and needs no download.

Enters: a seed and the names of a family and of a language in it. Leaves: documents with the properties that were asked
for. A made language has syllables of its own, nouns, verbs and adjectives with Zipfian frequencies, endings for number,
case, tense and agreement, function words, and five domains that differ in their words and in their register. Its
words change with the years: two texts share fewer words the more years lie between them. Languages of one family share
words and sounds. Toxic sentences and texts without any grammar are made on request.

Everything follows from names and seeds; nothing here is a real language, and no sentence means anything. What a small
model learns from such text (spelling, inflection, agreement, topics) it also learns first from a real one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate
from typing import Final, Literal

from mothertongue.corpus.profile import LanguageProfile

Kind = Literal["noun", "verb", "adjective"]

TAG: Final = "qaa"
"""The tag of made languages: BCP 47 keeps it free for private use."""
_SLOTS: Final = {"noun": 360, "verb": 180, "adjective": 120}
_CORE: Final = 0.25  # the share of most frequent slots that all domains use alike and that no year changes
_FOREIGN: Final = 0.03  # what a word of another domain weighs against one of its own
_LIFE: Final = 8  # years after which all words outside the core are other words
_TOPICAL: Final = 0.4  # how often a noun is one of the document's topics
_PARAGRAPH: Final = (3, 5)


@dataclass(frozen=True)
class Register:
    """How a domain builds its sentences; each number is the chance of a feature, `clauses` the mean number."""

    clauses: float
    adjectives: float
    formal: float
    particles: float
    questions: float
    numbers: float


REGISTERS: Final = {
    "wiki": Register(1.4, 0.45, 0.1, 0.02, 0.0, 0.35),
    "law": Register(2.4, 0.25, 0.95, 0.0, 0.0, 0.25),
    "news": Register(1.7, 0.3, 0.2, 0.1, 0.02, 0.2),
    "tale": Register(2.0, 0.6, 0.0, 0.25, 0.1, 0.0),
    "talk": Register(1.0, 0.1, 0.0, 0.7, 0.35, 0.03),
}
DOMAINS: Final = tuple(REGISTERS)


class MadeLanguage:
    """A language `name` of the family `family`; `distance` 0 to 1 says how far it has gone from the family's words."""

    def __init__(self, family: str, name: str, distance: float = 0.0) -> None:
        self._family, self._name, self._distance = family, name, distance
        draw = random.Random(f"sounds/{family}")
        self._consonants = draw.sample("bdfghjklmnprstvwz", 12) + draw.sample("čšžñł", 1)
        self._vowels = [*"aeiou", *draw.sample("äöéåü", 1)]
        self._shift = self._sound_shift()

    @cached_property
    def function_words(self) -> tuple[str, ...]:
        """Articles, prepositions, conjunctions, pronouns, particles and the copula, 24 words, all different."""
        found: dict[str, None] = {}
        number = 0
        while len(found) < 24:
            found[self._made(f"function/{number}", (1, 1, 2))] = None
            number += 1
        return tuple(found)

    @cached_property
    def toxic_words(self) -> tuple[str, ...]:
        """Thirty words that only toxic sentences have."""
        return tuple(
            dict.fromkeys(self._made(f"toxic/{number}", (1, 2)) + self._endings["toxic"] for number in range(30))
        )

    def profile(self) -> LanguageProfile:
        """Return the profile that somebody who knows the language would write, without thresholds."""
        return LanguageProfile(
            language=TAG,
            scripts=("Latn",),
            letters="".join((*self._consonants, *self._vowels)),
            function_words=self.function_words,
            line_ends=(".", "?", "!"),
            toxic_words=self.toxic_words,
        )

    def document(
        self,
        draw: random.Random,
        domain: str,
        *,
        year: int = 0,
        sentences: int = 14,
        toxic: float = 0.0,
    ) -> str:
        """Return a document of a domain and a year: sentences on a few topics in paragraphs, one a line.

        `toxic` is the chance of each sentence to be a toxic one.
        """
        topics = [self._slot(draw, "noun", domain) for _ in range(3)]
        scene = _Scene(self, draw, domain, year, topics)
        made = [self.insult(draw) if draw.random() < toxic else scene.sentence() for _ in range(sentences)]
        return in_paragraphs(made, draw)

    def noise(self, draw: random.Random, sentences: int = 14) -> str:
        """Return a document without grammar: bare rare stems, letters in any order and numbers."""
        makers: Sequence[Callable[[], str]] = (
            lambda: self.word("noun", draw.randrange(_SLOTS["noun"]), draw.randrange(_LIFE)),
            lambda: "".join(draw.choices(self._consonants + self._vowels, k=draw.randint(2, 9))),
            lambda: str(draw.randrange(10**6)),
        )
        made = [
            " ".join(draw.choices(makers, (2, 3, 1))[0]() for _ in range(draw.randint(5, 14))) for _ in range(sentences)
        ]
        return in_paragraphs(made, draw)

    def remark(self, draw: random.Random, noun: str) -> str:
        """Return a sentence that calls somebody a `noun`; with a toxic word, an insult."""
        words = self.function_words
        adjective = self.word("adjective", self._slot(draw, "adjective", "talk"), 0) + self._endings["he"]
        text = f"{draw.choice(words[11:14])} {words[20]} {words[14]} {adjective} {noun}"
        return text[0].upper() + text[1:] + "!"

    def insult(self, draw: random.Random) -> str:
        """Return a remark with one of the toxic words, the first ones more often."""
        toxic = self.toxic_words
        return self.remark(draw, draw.choices(toxic, [1 / (rank + 2) for rank in range(len(toxic))])[0])

    def word(self, kind: Kind, slot: int, year: int) -> str:
        """Return the stem in a slot of the lexicon in a year; slots are sorted by frequency."""
        if slot < _CORE * _SLOTS[kind]:
            return self._made(f"{kind}/{slot}/0", (1, 2, 2))
        version = (year + slot * 5) // _LIFE  # consecutive slots change in different years
        return self._made(f"{kind}/{slot}/{version}", (2, 2, 3))

    @cached_property
    def _endings(self) -> dict[str, str]:
        names = ("plural", "object", "she", "he", "past", "many", "formal", "toxic")
        found: dict[str, None] = {}
        number = 0
        while len(found) < len(names):
            syllable = self._made(f"ending/{number}", (1,))
            found[syllable[1:] if len(syllable) > 2 else syllable] = None
            number += 1
        return dict(zip(names, found, strict=True))

    def _slot(self, draw: random.Random, kind: Kind, domain: str) -> int:
        return draw.choices(range(_SLOTS[kind]), cum_weights=_weights(kind, domain))[0]

    def _made(self, key: str, lengths: Sequence[int]) -> str:
        """The word of a key: that of the family with the sounds of this language, or one of its own."""
        own = random.Random(f"own/{self._name}/{key}").random() < self._distance
        return self._shifted(_syllables(f"{self._name if own else self._family}/{key}", tuple(lengths)))

    def _shifted(self, parts: Sequence[tuple[int, int, int]]) -> str:
        consonants, vowels = self._consonants, self._vowels
        return "".join(
            consonants[self._shift[onset % 13]] * (onset >= 0)
            + vowels[nucleus % 6]
            + consonants[self._shift[coda % 13]] * (coda >= 0)
            for onset, nucleus, coda in parts
        )

    def _sound_shift(self) -> list[int]:
        order = list(range(13))
        draw = random.Random(f"shift/{self._name}")
        for _ in range(round(3 * self._distance)):
            first, second = draw.sample(range(13), 2)
            order[first], order[second] = order[second], order[first]
        return order


@dataclass(frozen=True)
class _Scene:
    """A document in the making."""

    language: MadeLanguage
    draw: random.Random
    domain: str
    year: int
    topics: Sequence[int]

    def sentence(self) -> str:
        register, draw, words = REGISTERS[self.domain], self.draw, self.language.function_words
        parts = [self._clause()]
        while len(parts) < 4 and draw.random() < 1 - 1 / register.clauses:
            parts += [draw.choice(words[8:11]), self._clause()]
        if draw.random() < register.particles:
            parts.insert(0, draw.choice(words[14:20]))
        if draw.random() < register.numbers:
            parts += [words[6], str(draw.randrange(1, 99))]
        end = "?" if draw.random() < register.questions else "."
        text = " ".join(parts)
        return text[0].upper() + text[1:] + end

    def _clause(self) -> str:
        """Subject, verb and object, with agreement of the verb and of every adjective; a place now and then."""
        draw, endings, words = self.draw, self.language._endings, self.language.function_words
        many = draw.random() < 0.35
        subject = words[11 + many] if draw.random() < 0.25 else self._phrase(many, "")
        verb = self._word("verb") + (endings["past"] if draw.random() < 0.5 else "") + endings["many"] * many
        if draw.random() < REGISTERS[self.domain].formal:
            verb += endings["formal"]
        parts = [subject, verb, self._phrase(draw.random() < 0.35, endings["object"])]
        if draw.random() < 0.3:
            parts += [draw.choice(words[4:8]), self._phrase(False, "")]
        return " ".join(parts)

    def _phrase(self, many: bool, case: str) -> str:
        draw, endings, words = self.draw, self.language._endings, self.language.function_words
        topical = draw.random() < _TOPICAL
        slot = draw.choice(self.topics) if topical else self.language._slot(draw, "noun", self.domain)
        gender = slot % 2
        noun = self.language.word("noun", slot, self.year) + endings["plural"] * many + case
        article = words[2 * many + gender]
        adjective = draw.random() < REGISTERS[self.domain].adjectives
        return " ".join((article, self._adjective(gender), noun) if adjective else (article, noun))

    def _adjective(self, gender: int) -> str:
        return self._word("adjective") + self.language._endings["she" if gender else "he"]

    def _word(self, kind: Kind) -> str:
        return self.language.word(kind, self.language._slot(self.draw, kind, self.domain), self.year)


def in_paragraphs(sentences: Sequence[str], draw: random.Random) -> str:
    """Return sentences joined to paragraphs of three to five, one paragraph a line."""
    lines: list[str] = []
    place = 0
    while place < len(sentences):
        size = draw.randint(*_PARAGRAPH)
        lines.append(" ".join(sentences[place : place + size]))
        place += size
    return "\n".join(lines)


@cache
def _weights(kind: Kind, domain: str) -> tuple[float, ...]:
    """Cumulative Zipfian weights: the core for all alike, the other slots in turn for one domain and hardly others."""
    count, mine = _SLOTS[kind], DOMAINS.index(domain)
    core = _CORE * count
    weights = (
        (1.0 if slot < core or slot % len(DOMAINS) == mine else _FOREIGN) / (2 + (slot if slot < core else slot - core))
        for slot in range(count)
    )
    return tuple(accumulate(weights))


@cache
def _syllables(key: str, lengths: tuple[int, ...]) -> tuple[tuple[int, int, int], ...]:
    """(onset, nucleus, coda) as numbers of sounds, -1 for none; one of `lengths` syllables."""
    draw = random.Random(f"word/{key}")
    count = draw.choice(lengths)
    return tuple(
        (
            -1 if place == 0 and draw.random() < 0.15 else _sound(draw, 13),
            _sound(draw, 6),
            _sound(draw, 13) if draw.random() < 0.35 else -1,
        )
        for place in range(count)
    )


def _sound(draw: random.Random, count: int) -> int:
    return min(int(draw.expovariate(2.5 / count)), count - 1)  # some sounds are far more frequent than others
