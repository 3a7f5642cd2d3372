"""Made languages are what they are said to be: domains, years, sisters and insults show in their texts."""

import hashlib
import itertools
import os
import random
import subprocess
import sys
from collections import Counter

import pytest
from stdnum import iban, luhn

from mothertongue.corpus.profile import LanguageProfile
from mothertongue.studies.dirty_corpus import CLEAN, COPIED, DEFECTS, dirty_corpus, made, shares
from mothertongue.studies.made_corpus import DOMAINS, MadeLanguage

OURS = MadeLanguage("family", "ours", 0.3)
SLOTS = range(360)


def words(text: str) -> list[str]:
    return [word.strip(".?!").lower() for word in text.split()]


def test_the_same_names_and_seed_give_the_same_text_in_any_process():
    script = (
        "import random, hashlib; from mothertongue.studies.made_corpus import MadeLanguage;"
        "text = MadeLanguage('family', 'ours', 0.3).document(random.Random('a'), 'news', year=3);"
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    expected = hashlib.sha256(OURS.document(random.Random("a"), "news", year=3).encode()).hexdigest()
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == expected


def test_words_change_with_the_years_the_more_the_further():
    shared = [sum(OURS.word("noun", slot, 0) == OURS.word("noun", slot, year) for slot in SLOTS) for year in range(9)]
    assert shared[0] == 360
    assert shared == sorted(shared, reverse=True)
    assert all(first > second for first, second in itertools.pairwise(shared))
    assert shared[8] == 90  # the most frequent quarter stays for ever


def test_a_domain_uses_its_own_words_and_its_register():
    texts = {name: " ".join(made_in(name, number) for number in range(30)) for name in DOMAINS}
    own = {
        name: {OURS.word("noun", slot, 0) for slot in range(90, 360) if slot % 5 == DOMAINS.index(name)}
        for name in DOMAINS
    }
    for name in DOMAINS:
        counts = {other: sum(word in own[other] for word in words(texts[name])) for other in DOMAINS}
        assert max(counts, key=counts.get) == name
    assert texts["talk"].count("?") > 5 * texts["news"].count("?")
    assert texts["law"].count("?") == 0


def made_in(domain: str, number: int) -> str:
    return OURS.document(random.Random(f"{domain}/{number}"), domain)


def test_frequencies_fall_as_zipf_says():
    counts = Counter(word for number in range(40) for word in words(made_in("wiki", number)))
    ranked = [count for _, count in counts.most_common(200)]
    assert ranked[0] > 3 * ranked[10] > 3 * ranked[100]
    assert set(OURS.function_words[:4]) <= {word for word, _ in counts.most_common(12)}


@pytest.mark.parametrize(("distance", "low", "high"), [(0.0, 1.0, 1.0), (0.3, 0.2, 0.8), (1.0, 0.0, 0.1)])
def test_sisters_share_words_as_far_as_they_are_near(distance, low, high):
    first, second = (MadeLanguage("family", name, distance) for name in ("ours", "theirs"))
    same = sum(first.word("verb", slot, 0) == second.word("verb", slot, 0) for slot in range(180)) / 180
    assert low <= same <= high


def test_insults_stand_only_where_they_were_asked_for():
    toxic = set(OURS.toxic_words)
    clean = " ".join(OURS.document(random.Random(number), "talk") for number in range(20))
    assert not toxic & set(words(clean))
    full = OURS.document(random.Random(1), "talk", toxic=1.0, sentences=6)
    assert sum(word in toxic for word in words(full)) == 6
    assert not toxic & set(OURS.function_words)


def test_function_words_and_profile_are_those_of_the_language():
    assert len(set(OURS.function_words)) == 24
    profile = OURS.profile()
    assert isinstance(profile, LanguageProfile)
    assert set("".join(OURS.function_words)) <= set(profile.letters)
    assert not profile.thresholds  # nothing is typed in: thresholds are derived


# ---- the dirty corpus

NEIGHBOUR = MadeLanguage("family", "theirs", 0.6)
DIRTY = dirty_corpus(OURS, NEIGHBOUR, 40, 6, 3)


def of(defect: str):
    return [document for document in DIRTY if document.defect == defect]


def test_every_defect_has_its_number_and_every_name_is_one():
    assert Counter(document.defect for document in DIRTY) == {CLEAN: 40, **dict.fromkeys(DEFECTS, 6)}
    assert len({document.name for document in DIRTY}) == len(DIRTY)
    assert dirty_corpus(OURS, NEIGHBOUR, 40, 6, 3) == DIRTY
    assert sum(shares(DIRTY).values()) == pytest.approx(1)


def test_copies_repeat_clean_documents():
    names = {document.name: document.text for document in of(CLEAN)}
    for document in of("exact_duplicate"):
        assert document.text == names[document.original]
    for document in of("near_duplicate"):
        before, after = names[document.original].split(" "), document.text.split(" ")
        changed = sum(first != second for first, second in zip(before, after, strict=True))
        assert 0 < changed <= len(before) / 20
    assert all(not document.original for document in DIRTY if document.defect not in COPIED)


@pytest.mark.parametrize("number", range(6))
def test_defects_are_what_they_are_named_for(number: int):
    clean = {name: made(OURS, f"3/{name}/{number}") for name in DEFECTS}
    spoilt = {name: next(d.text for d in DIRTY if d.name == f"{name}-{number}") for name in DEFECTS}
    lines = Counter(spoilt["repeated_lines"].split("\n"))
    assert max(lines.values()) > len(set(lines))
    assert clean["boilerplate"] in spoilt["boilerplate"]
    assert sorted(spoilt["shuffled_words"].split()) == sorted(clean["shuffled_words"].split())
    assert spoilt["shuffled_words"] != clean["shuffled_words"]
    assert not set(words(spoilt["other_language"])) <= set(words(clean["other_language"]))
    assert spoilt["symbols"].count("#") > len(clean["symbols"].split()) / 4
    assert {"{", "}"} <= set(spoilt["markup"])
    assert "Lorem ipsum" in spoilt["markup"]
    assert 2 <= len(spoilt["too_short"].split()) <= 8
    assert set(words(spoilt["insults"])) & set(OURS.toxic_words)


def test_numbers_of_people_have_right_check_digits():
    found = [word for document in of("personal_data") for word in document.text.split()]
    accounts = [word for word in found if word.startswith("NL") and len(word) == 18]
    cards = [word for word in found if word.isdigit() and len(word) == 16]
    assert accounts
    assert cards
    assert all(iban.is_valid(word) for word in accounts)
    assert all(luhn.is_valid(word) for word in cards)
