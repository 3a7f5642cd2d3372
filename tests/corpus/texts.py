"""Seeded texts for the tests of this room: Dutch that no two documents share."""

import random
from pathlib import Path

from mothertongue.corpus import Document, content_id

_DUTCH = """
    de het een van in op met voor aan bij uit naar door over onder tussen toen omdat maar want terwijl waarna
    niet ook nog wel altijd nooit vaak soms hier daar molenaar bakker schipper dijk haven rivier veerpont kerk
    school dorp straat huis tuin akker koe schaap paard brood kaas boter melk vis appel peer zomer winter
    ochtend avond nacht dag week maand jaar wind regen sneeuw zon maan ster loopt vaart bakt maalt leest
    schrijft vertelt hoort ziet denkt weet vindt zoekt koopt verkoopt brengt haalt geeft krijgt blijft wordt
    werd heeft had zijn was waren groot klein oud nieuw jong warm koud nat droog mooi lelijk stil luid snel
    langzaam vrolijk verdrietig vriendelijk gewoon
"""
DUTCH = _DUTCH.split()
_ENGLISH = """
    the a of in on with for at by from to through over under between when because but while then not also
    still often never here there miller baker skipper dike harbour river ferry church school village street
    house garden field cow sheep horse bread cheese butter milk fish apple pear summer winter morning evening
    night day week month year wind rain snow sun moon star walks sails bakes grinds reads writes tells hears
    sees thinks knows finds seeks buys sells brings fetches gives gets stays becomes was has had are large
    small old new young warm cold wet dry beautiful ugly
"""
ENGLISH = _ENGLISH.split()


def text(seed: int, number: int = 80, vocabulary: list[str] = DUTCH) -> str:
    """Return about `number` words in sentences and paragraphs, another text for every seed."""
    draw = random.Random(seed)
    words = [draw.choice(vocabulary) for _ in range(number)]
    sentences = [" ".join(words[start : start + 10]).capitalize() + "." for start in range(0, number, 10)]
    return "\n\n".join(" ".join(sentences[start : start + 4]) for start in range(0, len(sentences), 4))


def document(seed: int, number: int = 80, **meta: object) -> Document:
    body = text(seed, number)
    return Document(content_id(body), body, f"{seed}.txt", "nl", dict(meta))


def write_files(folder: Path, count: int, *, number: int = 80, vocabulary: list[str] = DUTCH) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(count):
        (folder / f"{seed:03d}.txt").write_text(text(seed, number, vocabulary), encoding="utf-8")
    return folder
