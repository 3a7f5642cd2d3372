"""Tagger `fluency`: clean text needs few bits, a spoiled window shows."""

from tests.corpus.taggers.samples import settings_of, tag_one, texts_in


def test_a_spoiled_part_shows_in_the_worst_window(tmp_path):
    settings = settings_of("fluency", tmp_path, "nl") | {"window": 60}
    clean = texts_in("nl", 900, 8)
    spoiled = clean[:300] + clean[300:380][::-1] + clean[380:]
    first, second = (tag_one("fluency", text, settings=settings) for text in (clean, spoiled))
    assert first["bits_per_character"] < second["bits_per_character"]
    assert second["worst_bits"] > 1.5 * first["worst_bits"]
    short = tag_one("fluency", "de molenaar", settings=settings)
    assert short["worst_bits"] == short["bits_per_character"]
    assert tag_one("fluency", " ", settings=settings)["bits_per_character"] is None
