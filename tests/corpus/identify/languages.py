"""Made-up languages: lines of random words over a syllable inventory, so that no third-party text is needed."""

from __future__ import annotations

import random
from collections.abc import Sequence

LATIN = ["ka", "ti", "mo", "shu", "ren", "vol", "pak", "dri", "lo", "nae", "usk", "ith", "gra", "wem", "po", "zil"]
SISTER = ["ka", "ti", "mo", "sjo", "ren", "vol", "pag", "dri", "lo", "noe", "usk", "id", "gra", "wem", "po", "sil"]
"""The same language after a few changes of sound."""
CHEROKEE = [chr(0x13A0 + number) for number in range(0, 84, 2)]
"""Letters of which the seed knows no n-gram."""
CYRILLIC = ["ка", "ти", "мо", "шу", "рен", "вол", "пак", "дри", "ло", "нае", "уск", "ит", "гра", "вем", "по", "зил"]


def lines(syllables: Sequence[str], number: int, seed: int = 0, words: int = 9) -> list[str]:
    """Return `number` lines of about `words` words each; the same words come back with Zipf's frequencies."""
    draw = random.Random(f"{seed}/{number}/{''.join(syllables)}")
    inventory = random.Random("".join(syllables))
    vocabulary = ["".join(inventory.choices(syllables, k=inventory.randint(1, 4))) for _ in range(150)]
    weights = [1 / (rank + 1) for rank in range(len(vocabulary))]
    return [" ".join(draw.choices(vocabulary, weights, k=words)).capitalize() + "." for _ in range(number)]


SENTENCES = {
    "nl": "De schipper legde zijn boot aan de kade en wachtte tot het water weer zou zakken.",
    "fi": "Kippari kiinnitti veneensä laituriin ja odotti, että vesi laskisi jälleen.",
    "sw": "Nahodha alifunga mashua yake gatini na kusubiri maji yapungue tena.",
    "hi": "नाविक ने अपनी नाव घाट पर बाँधी और पानी के उतरने की प्रतीक्षा करने लगा।",
    "uk": "Шкіпер прив'язав свій човен до причалу й чекав, поки вода знову спаде.",
    "zh": "船长把船系在码头上，等着河水再次退去。",
}
"""One sentence in each of some languages of the seed, written for these tests."""
