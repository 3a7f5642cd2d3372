"""Deriving a profile: facts by hand in six writing systems, thresholds from made texts, and what stays unsettled."""

import random

import numpy as np
import pytest
from tests.corpus.texts import DUTCH, ENGLISH, text

from mothertongue.corpus.derive import derive, derive_from_folder, derive_profile
from mothertongue.corpus.document import content_id
from mothertongue.corpus.profile import read_profile
from mothertongue.corpus.reference import gather
from mothertongue.corpus.reference_facts import (
    ellipses,
    found_bullets,
    found_line_ends,
    function_words,
    letters,
    scripts,
    segmentation,
)
from mothertongue.corpus.reference_thresholds import Rule, settle
from mothertongue.corpus.taggers import TAGGERS, make_tagger
from mothertongue.errors import InputError

THAI = "เช้านี้ชาวประมงออกเรือไปที่ปากแม่น้ำ เขากลับมาพร้อมปลาเต็มลำเรือ"
CHINESE = "今天早上渔夫把船开到河口。他带着满船的鱼回来了。"
KHMER = "ព្រឹកនេះអ្នកនេសាទចេញទូកទៅមាត់ទន្លេ។ គាត់ត្រឡប់មកវិញជាមួយត្រីពេញទូក។"
JAPANESE = "今朝、漁師は舟で川の口へ行きました。夕方、魚をたくさん持って帰りました。"
TIBETAN = "ད་རེས་ཞོགས་པར་ཉ་པ་གྲུ་གཟིངས་ལ་ཞོན་ནས་ཆུ་བོའི་ཁ་ལ་སོང་།"
LAO = "ເຊົ້ານີ້ຊາວປະມົງອອກເຮືອໄປປາກແມ່ນ້ຳ ລາວກັບມາພ້ອມປາເຕັມລຳເຮືອ"
GREENLANDIC = "Aalisartuugaluarpunga ullumikkut angallateqarpianngilanga."
VIETNAMESE = "Sáng nay người đánh cá chèo thuyền ra cửa sông."
KOREAN = "오늘 아침 어부는 배를 타고 강어귀로 나갔습니다."


@pytest.mark.parametrize("body", [THAI, CHINESE, KHMER, JAPANESE, TIBETAN, LAO, f"{CHINESE} (version 2 of GNOME)"])
def test_no_spaces_between_words(body):
    assert segmentation([body]) == "characters"


@pytest.mark.parametrize(
    "body",
    [
        text(1),
        GREENLANDIC,
        VIETNAMESE,
        KOREAN,
        "今天 早上 渔夫 把 船 开到 河口 。",
        f"{text(1)} {CHINESE}",
        "12 34",
        "",
    ],
)
def test_spaces_between_words(body):
    assert segmentation([body]) == "spaces"


def test_scripts_and_letters_by_hand():
    body = ["Aaab ab Ж", "b"]
    # a: 4, b: 3, ж: 1
    assert letters(body) == "abж"
    assert scripts(body) == ("Latn", "Cyrl")
    assert scripts([JAPANESE]) == ("Hira", "Hani")
    # Less than one letter in a hundred is a quotation, less than one in two thousand no letter of the language.
    assert scripts(["a" * 300 + "Ж"]) == ("Latn",)
    assert letters(["a" * 3000 + "Ж"]) == "a"
    assert letters(["हिन्दी"]) == "ह\u093fन\u094dद\u0940" or set(letters(["हिन्दी"])) == set("हिन्दी")


def test_function_words_are_frequent_and_spread():
    everywhere = [f"de {'x' * (number + 1)} en" for number in range(10)]
    assert function_words(everywhere) == ("de", "en")
    # Frequent in one document of ten is a subject, not a function word.
    subject = ["molen " * 50, *everywhere]
    assert function_words(subject) == ("de", "en")
    assert function_words(["12 34 de 5x"]) == ("de",)


def test_function_words_without_spaces():
    assert "的" in function_words([CHINESE, "他的船是新的。"])
    assert "は" in function_words([JAPANESE])
    assert function_words([THAI, KHMER]) == ()


def test_marks_by_hand():
    body = ["Een zin.\nNog een?\n“Ja.”\n- punt\n• bol\nkop\n", "Wacht…\nen dan,\nzo:\n"]
    assert found_line_ends(body) == (".", "?", "”")
    assert found_bullets(body)[:2] == ("-", "•")
    assert ellipses(body)[0] == "…"
    assert found_line_ends([CHINESE]) == ("。",)
    assert found_line_ends([TIBETAN]) == ("།",)
    assert found_line_ends(["यह एक वाक्य है।"]) == ("।",)
    assert found_line_ends([THAI]) == ()
    assert found_bullets(['+ een\n¿ que\n"x'])[0] == "+"


def documents(number: int, vocabulary=DUTCH) -> list[str]:
    draw = random.Random(number)
    return [text(seed, draw.randint(60, 240), vocabulary) for seed in range(number)]


@pytest.fixture(scope="module")
def derived():
    return derive(documents(120), "nl", others={"en": documents(40, ENGLISH)})


def test_a_profile_of_made_texts(derived):
    profile = derived.profile
    assert (profile.language, profile.segmentation, profile.scripts) == ("nl", "spaces", ("Latn",))
    assert profile.origin.documents == 120
    assert set(profile.letters) == set("".join(DUTCH))
    assert set(profile.function_words) <= set(DUTCH)
    assert profile.line_ends == (".",)
    assert "en" in profile.neighbours
    # `is` and the like occur in neither list, so every foreign word is English and not Dutch.
    assert profile.foreign_words
    assert set(profile.foreign_words) <= set(ENGLISH) - set(DUTCH)


def test_thresholds_are_quantiles_moved_outwards(derived):
    lengths = np.array([len(body) for body in documents(120)], float)
    low, middle = np.quantile(lengths, [0.02, 0.5])
    expected = (low - 0.25 * (middle - low)) / 2
    assert derived.profile.thresholds["basic_characters_low"] == pytest.approx(expected, rel=1e-3)
    for row in derived.settled:
        if row.value is not None and row.interval is not None:
            side = row.name.rpartition("_")[2]
            assert row.value <= row.interval[0] if side == "low" else row.value >= row.interval[1] or side != "high"
    assert "maximum_foreign_word_share" in derived.profile.thresholds


def test_order_and_repetition_change_nothing(derived):
    again = derive([*documents(120)[::-1], *documents(120)], "nl", others={"en": documents(40, ENGLISH)[::-1]})
    assert again == derived


def test_too_little_text_says_so():
    derived = derive([text(seed) for seed in range(4)], "nl")
    assert not derived.profile.thresholds
    assert set(derived.profile.unsettled) == {row.name for row in derived.settled}
    assert all("too few" in note for note in derived.notes().values())
    few = derive(documents(20), "nl")
    assert few.profile.thresholds
    assert set(few.profile.thresholds) <= set(few.profile.unsettled)


def test_a_quantile_that_moves_too_far_is_unsettled():
    # Half of the texts are one length, half another: the median itself is anybody's guess, the ends are not.
    reference = gather([f"{'a' * (10 if number % 2 else 1000)} {number:03d}" for number in range(100)])
    rows = {row.name: row for row in settle(reference, derive_profile([text(1)], "nl"), 0)}
    assert rows["basic_characters_low"].sure
    assert rows["basic_characters_low"].interval == (14, 14)


def test_margins_by_hand():
    rule = Rule("*", ("low", "high"), factor=2.0, slack=1.0, most=50.0)
    # (10 - 0.5 * (20 - 10)) / 2 - 1; (40 + 0.5 * (40 - 20)) * 2 + 1, at most 50
    assert rule.widened("low", 10, 20, 0.5) == 1.5
    assert rule.widened("high", 40, 20, 0.5) == 50
    assert Rule("*", ("low",), slack=9.0).widened("low", 1, 1, 0.25) == 0


def test_every_tagger_of_the_table_exists_and_is_measured(derived):
    from mothertongue.corpus.reference_thresholds import _table

    names = {row.name for row in derived.settled}
    for tagger in _table()["taggers"]:
        assert tagger in TAGGERS
        assert make_tagger(tagger).name == tagger
    assert {
        "basic_letter_share_low",
        "minimum_words",
        "minimum_language_probability",
        "minimum_line_punctuation",
    } <= names


def test_a_bounded_sample_is_that_of_the_smallest_ids(monkeypatch):
    monkeypatch.setattr("mothertongue.corpus.reference.MOST_TEXTS", 5)
    bodies = [f"tekst {number}" for number in range(50)]
    kept = [identity for identity, _ in gather(bodies).rows]
    assert kept == sorted(map(content_id, bodies))[:5]
    monkeypatch.setattr("mothertongue.corpus.reference.MOST_CHARACTERS", 20)
    assert gather(bodies) == gather(bodies[::-1])
    assert sum(map(len, gather(bodies).texts)) <= 20


def test_from_a_folder_to_a_file(tmp_path):
    (tmp_path / "nl").mkdir()
    (tmp_path / "en").mkdir()
    for number, body in enumerate(documents(15)):
        (tmp_path / "nl" / f"{number}.txt").write_text(body, encoding="utf-8")
    (tmp_path / "en" / "one.txt").write_text(text(3, 400, ENGLISH), encoding="utf-8")
    (tmp_path / "nl" / "picture.png").write_bytes(b"\x89PNG")
    output = tmp_path / "nl.toml"
    profile = derive_from_folder([tmp_path / "nl"], "nl", output, {"en": tmp_path / "en"})
    assert read_profile(output, "nl") == profile
    assert profile == derive_profile(documents(15), "nl", others={"en": [text(3, 400, ENGLISH)]})
    assert "# quantile 0.02 of 15 documents lies in" in output.read_text(encoding="utf-8")


@pytest.mark.parametrize("texts", [[], [""], ["12 34", "!!!"]])
def test_nothing_to_learn_from(texts):
    with pytest.raises(InputError) as caught:
        derive_profile(texts, "nl")
    assert [problem.code for problem in caught.value.problems] == ["MT245"]
