"""Which labels count as a language, and what the taggers of language and script say of real sentences."""

import pyarrow as pa
import pytest
from tests.corpus.texts import ENGLISH, text

from mothertongue.corpus.document import Document, to_table
from mothertongue.corpus.identify import make_identifier
from mothertongue.corpus.language import MINIMUM_PROBABILITY, accepted_labels
from mothertongue.corpus.profile import neutral_profile
from mothertongue.corpus.scripts import expected_scripts, script_shares
from mothertongue.corpus.taggers import make_tagger


def judged(body: str, language: str) -> dict[str, object]:
    """What the tagger `language` and the tagger `script` say of one text."""
    (batch,) = to_table([Document("1", body, "a.txt", language)]).to_batches()
    profile = neutral_profile(language)
    found = [make_tagger(name).tag(batch, profile) for name in ("language", "script")]
    return {key: value for part in found for key, value in pa.Table.from_batches([part]).to_pylist()[0].items()}


def test_twins_count_and_neighbours_do_not_stand_in():
    labels = frozenset({"nl", "af", "fy", "no", "nn", "da", "hr", "bs", "sr", "zh", "en", "de"})
    assert accepted_labels("nl", labels) == {"nl"}
    assert accepted_labels("nb", labels) >= {"no", "nn"}
    assert accepted_labels("hr", labels) == {"hr", "bs", "sr"}
    assert accepted_labels("cmn-Hans", labels) == {"zh"}
    assert accepted_labels("gsw", labels) == frozenset()  # Swiss German is not checked by way of German


REAL = [
    ("nl", "De molenaar loopt elke ochtend over de dijk naar zijn molen, want de wind wacht niet op hem."),
    ("fi", "Mylläri kävelee joka aamu patoa pitkin myllylleen, sillä tuuli ei odota häntä."),
    ("sw", "Kila asubuhi msagaji hutembea kwenda kwenye kinu chake kwa sababu upepo haumngojei."),
    ("sr-Latn", "Vodeničar svakog jutra hoda nasipom do svoje vodenice, jer ga vetar ne čeka."),
    ("sr-Cyrl", "Воденичар сваког јутра хода насипом до своје воденице, јер га ветар не чека."),
    ("hi", "चक्कीवाला हर सुबह बाँध पर चलकर अपनी चक्की तक जाता है, क्योंकि हवा उसका इंतज़ार नहीं करती।"),
    ("zh", "磨坊主每天早上沿着堤坝走到他的磨坊，因为风不会等他。"),
]


@pytest.mark.parametrize(("language", "sentence"), REAL)
@pytest.mark.parametrize("wanted", [language for language, _ in REAL])
def test_the_seeded_identifier_on_real_sentences(wanted, language, sentence):
    found = judged(sentence, wanted)
    keep = found["probability"] >= MINIMUM_PROBABILITY and found["expected_share"] >= 0.5
    assert keep is (wanted == language)


def test_english_leftovers_in_a_translation_are_found_and_do_not_mislead():
    english = text(1, 25, ENGLISH).replace("\n\n", " ")
    found = judged(f"{REAL[0][1]}\n\n{english}\n\n{REAL[0][1]}", "nl")
    start = len(REAL[0][1]) + 2
    assert [(span["start"], span["end"]) for span in found["foreign_lines"]] == [(start, start + len(english) + 1)]
    assert found["label"] == "nl"
    assert found["probability"] > 0.9


def test_a_language_that_nobody_knows_has_no_probability():
    found = judged("Wir gönd hüt is Dorf und chaufed es Brot.", "gsw")
    assert found["probability"] is None
    assert found["foreign_lines"] is None


def test_wordless_texts_are_no_language():
    for body in ("", " \n", "12345 !!!"):
        ranking = make_identifier("py3langid").identify([body])[0]
        assert all(probability < 0.5 for tag, probability in ranking if tag != "zxx")


def test_scripts():
    assert script_shares("abc Добар 123 !") == {"Cyrl": 5 / 8, "Latn": 3 / 8}
    assert script_shares("123") == {}
    assert expected_scripts("ja") == ("Hira", "Kana", "Hani")
    assert expected_scripts("zh-TW") == ("Hani",)
    assert expected_scripts("sr-Latn") == ("Latn",)
