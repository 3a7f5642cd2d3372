"""The language check: decisions by a made-up identifier worked out by hand, and the real one on real sentences."""

from dataclasses import dataclass, field

import pytest
from tests.corpus.texts import ENGLISH, text

from mothertongue.corpus import Document, Py3LangId
from mothertongue.corpus.language import LanguageCheck, accepted_labels
from mothertongue.corpus.scripts import expected_scripts, script_shares

LABELS = Py3LangId().labels


@dataclass
class Fixed:
    """Says of a text what its first word says: `nl:0.9` is Dutch with probability 0.9, the rest is English."""

    labels: frozenset[str] = frozenset({"nl", "en", "sr"})
    asked: list[str] = field(default_factory=list)

    def identify(self, texts):
        self.asked += texts
        rankings = []
        for sentence in texts:
            tag, _, probability = sentence.split()[0].partition(":")
            ranking = [(tag, float(probability)), ("en", 1 - float(probability))]
            rankings.append(sorted(ranking, key=lambda item: -item[1]))
        return rankings


def judged(body: str, language: str = "nl", *, enforce: bool = True):
    return LanguageCheck(language, Fixed(), enforce=enforce).judge(Document("1", body, "a.txt", language))


LONG = " is a line of more than forty characters for sure"


@pytest.mark.parametrize(
    ("probability", "keep"), [("1", True), ("0.5", True), ("0.11", True), ("0.09", False), ("0", False)]
)
def test_a_document_goes_below_the_threshold(probability, keep):
    verdict = judged(f"nl:{probability} kort")
    assert verdict.keep is keep
    assert verdict.shares == ({"nl": len(verdict.document.text)} if keep else {"en": len(verdict.document.text)})
    if not keep:
        (row,) = verdict.dropped
        assert (row.reason, row.threshold) == ("language", "nl at least 0.1")
        assert row.value.startswith("en (")


def test_foreign_paragraphs_go_and_are_kept_on_record():
    body = f"nl:1{LONG}\n\nnl:0.01{LONG}\n\nnl:0.03{LONG}\nkort\n\nnl:0.99{LONG}"
    verdict = judged(body)
    assert verdict.keep
    assert verdict.document.text == f"nl:1{LONG}\n\nnl:0.03{LONG}\nkort\n\nnl:0.99{LONG}"
    (row,) = verdict.dropped
    assert (row.id, row.reason, row.sample) == ("1#3", "foreign_paragraph", f"nl:0.01{LONG}")
    assert verdict.shares == {"en": len(f"nl:0.01{LONG}"), "nl": len(verdict.document.text)}


def test_without_enforcement_everything_stays():
    body = f"nl:1{LONG}\n\nnl:0{LONG}"
    verdict = judged(body, enforce=False)
    assert (verdict.document.text, verdict.dropped, verdict.keep) == (body, (), True)
    assert verdict.shares["en"] == len(f"nl:0{LONG}")


def test_an_unknown_language_is_judged_by_its_script_alone():
    check = LanguageCheck("dv", Fixed())  # Dhivehi, written in Thaana
    assert not check.known
    thaana = "en:1 " + "\u078b\u07a8\u0788\u07ac\u0780\u07a8" * 9
    assert check.judge(Document("1", thaana, "", "dv")).keep
    verdict = check.judge(Document("1", "en:1 this is no Thaana at all", "", "dv"))
    assert [row.reason for row in verdict.dropped] == ["script"]
    assert verdict.dropped[0].value == "Latn, Thaa 0.00"


def test_a_script_in_the_tag_is_binding_and_none_is_not():
    cyrillic = Document("1", "sr:1 Добар дан, како сте данас, пријатељу?", "", "sr")
    latin = Document("1", "sr:1 Dobar dan, kako ste danas, prijatelju?", "", "sr")
    for language, kept in [("sr", (True, True)), ("sr-Cyrl", (True, False)), ("sr-Latn", (False, True))]:
        check = LanguageCheck(language, Fixed())
        assert (check.judge(cyrillic).keep, check.judge(latin).keep) == kept


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
    verdict = LanguageCheck(wanted, Py3LangId()).judge(Document("1", sentence, "", wanted))
    assert verdict.keep is (wanted == language)


def test_english_leftovers_in_a_translation_go():
    english = text(1, 60, ENGLISH).replace("\n\n", " ")
    verdict = LanguageCheck("nl", Py3LangId()).judge(
        Document("1", f"{REAL[0][1]}\n\n{english}\n\n{REAL[0][1]}", "", "nl")
    )
    assert verdict.document.text == f"{REAL[0][1]}\n\n{REAL[0][1]}"


def test_wordless_texts_are_no_language():
    for body in ("", " \n", "12345 !!!"):
        ranking = Py3LangId().identify([body])[0]
        assert all(probability < 0.5 for tag, probability in ranking if tag != "zxx")


def test_scripts():
    assert script_shares("abc Добар 123 !") == {"Cyrl": 5 / 8, "Latn": 3 / 8}
    assert script_shares("123") == {}
    assert expected_scripts("ja") == ("Hira", "Kana", "Hani")
    assert expected_scripts("zh-TW") == ("Hani",)
    assert expected_scripts("sr-Latn") == ("Latn",)
