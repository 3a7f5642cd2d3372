"""The shipped rules over these taggers: they name columns that exist, and drop what they speak of."""

import pytest
from tests.corpus.taggers.samples import batch_of

from mothertongue.corpus.checked_rules import check_rules
from mothertongue.corpus.decide import decide, joined_attributes
from mothertongue.corpus.profile import LanguageProfile, neutral_profile
from mothertongue.corpus.rules import read_rules
from mothertongue.corpus.taggers import make_tagger

SETS = ("c4", "c4-dolma", "datatrove", "fineweb", "gopher", "gopher-dolma", "lines")
STORY = "The miller goes to the harbour with {} and buys fish. He is glad that the boat of his friend is in. "
GOOD = "\n".join(STORY.format(name) * 2 for name in ("Ann", "Bob", "Cleo", "Dirk", "Eva", "Finn", "Gwen", "Hugo"))


def decided(name, texts, profile):
    rules = read_rules([name])
    taggers = {tagger: make_tagger(tagger, rules.settings.get(tagger)) for tagger in rules.taggers}
    checked = check_rules(rules, {tagger: made.columns for tagger, made in taggers.items()}, profile)
    tables = {tagger: made.tag(batch_of(texts, "en"), profile) for tagger, made in taggers.items()}
    return decide(joined_attributes(tables, checked.attributes), checked).reason, checked


@pytest.mark.parametrize("name", SETS)
def test_rules_name_columns_that_exist(name):
    _, checked = decided(name, [GOOD], neutral_profile("en"))
    assert checked.rules


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("gopher-dolma", "too short", "few_words"),
        ("gopher-dolma", "zee " * 60, "few_function_words"),
        ("gopher-dolma", " ".join(f"#word{number} the other{number}a" for number in range(60)), "symbols"),
        ("gopher-dolma", (STORY + "\n") * 9, "duplicate_lines"),
        ("c4-dolma", "function() {", "curly_brace"),
        ("c4-dolma", "Please enable JavaScript.", "javascript"),
        ("lines", "een regel\n" * 3, "repeated_lines"),
        ("datatrove", (STORY + "\n") * 9, "repeated_lines"),
        ("datatrove", " ".join(f"w{number}." for number in range(30)), "few_words"),
        ("datatrove", " ".join(f"word{number} other{number}a" for number in range(60)) + " the be", "few_sentences"),
    ],
)
def test_documents_are_dropped_for_the_reason_that_they_give(name, text, reason):
    assert decided(name, [text], neutral_profile("en"))[0] == [reason]


def test_rules_of_the_profile_apply_once_it_settles_them():
    short = "een korte tekst van twaalf woorden die geen woord nog eens zegt"
    neutral = decided("gopher", [short], neutral_profile("nl"))
    assert neutral[0] == [None]
    assert {"few_words", "long_words"} <= {one.reason for one in neutral[1].not_applied}
    profile = LanguageProfile(language="nl", thresholds={"minimum_words": 50.0})
    assert decided("gopher", [short], profile)[0] == ["few_words"]
