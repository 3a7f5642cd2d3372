"""The studies of corpora (cards 14, 29, 49): laws of what they compare, and answers worked out by hand."""

import random
from pathlib import Path

import pytest
import torch

from mothertongue.corpus.document import Document
from mothertongue.studies import s14_pretrainers_guide as guide
from mothertongue.studies import s29_maltese_bertu as maltese
from mothertongue.studies import s49_dolma as dolma
from mothertongue.studies.dirty_corpus import Labelled
from mothertongue.studies.made_corpus import TAG, MadeLanguage
from mothertongue.studies.measured import Measured
from mothertongue.studies.small_model import Budget, SmallModels
from mothertongue.studies.study import Scale

torch.set_num_threads(1)
LANGUAGE = MadeLanguage("family", "ours", 0.3)


@pytest.mark.parametrize("study", [maltese.STUDY, guide.STUDY, dolma.STUDY], ids=lambda study: f"{study.number}")
def test_a_study_gives_one_finite_value_for_each_arm(study, tmp_path: Path):
    values = study.run(Scale.SMOKE, 0, tmp_path)
    assert set(values) == set(study.arms)
    assert all(-10 < value < 300 for value in values.values())


# ---- 29


@pytest.fixture(scope="module")
def grid():
    texts = maltese.domain_texts(LANGUAGE, 20, 0)
    models = SmallModels(maltese.interleaved(texts), Budget(1, width=32, vocabulary=300), 0)
    return models, texts, maltese.corpora(models, texts)


def tokens(models, texts):
    return sum(len(models.tokenizer(text)["input_ids"]) + 2 for text in texts)


def test_single_domains_and_their_mix_have_the_same_tokens_to_half_a_document(grid):
    models, texts, corpora = grid
    sizes = {
        name: tokens(models, corpora[name]) for name in ("mixed", *(f"single_{domain}" for domain in maltese.DOMAINS))
    }
    longest = max(tokens(models, [text]) for domain in texts.values() for text in domain)
    assert max(sizes.values()) - min(sizes.values()) <= longest
    assert set(corpora["single_law"]) <= set(texts["law"])
    assert all(set(corpora["mixed"]) & set(texts[domain]) for domain in maltese.DOMAINS)


def test_shares_are_nested_and_of_the_size_that_they_say(grid):
    models, texts, corpora = grid
    whole = maltese.interleaved(texts)
    assert corpora["share_100"] == whole
    total = tokens(models, whole)
    longest = max(tokens(models, [text]) for text in whole)
    for small, large in zip(maltese.SHARES, maltese.SHARES[1:], strict=False):
        assert corpora[f"share_{small}"] == corpora[f"share_{large}"][: len(corpora[f"share_{small}"])]
    for share in maltese.SHARES:
        assert abs(tokens(models, corpora[f"share_{share}"]) - total * share / 100) <= longest


def test_training_and_held_out_texts_differ():
    train, held_out = (maltese.domain_texts(LANGUAGE, 10, 0, purpose) for purpose in ("train", "held out"))
    assert not {text for texts in train.values() for text in texts} & {t for texts in held_out.values() for t in texts}


# ---- 14


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    language = MadeLanguage("guide-0", "ours")
    documents = guide.made_documents(language, 96, 0)
    return guide._measured(documents, 40, language, tmp_path_factory.mktemp("models"), 0)


def kept(measured: Measured, rule: str) -> set[str]:
    return {document.id for document in measured.kept(rule)}


def test_an_intervention_and_its_inverse_part_the_corpus(measured):
    rules = guide.interventions(measured)
    assert set(rules) == set(guide.INTERVENTIONS)
    strict, inverse = kept(measured, rules["quality_strict"]), kept(measured, rules["quality_inverse"])
    everything = {document.id for document in measured.documents}
    assert strict | inverse == everything
    assert not strict & inverse
    assert kept(measured, rules["same"]) == everything


def test_a_stronger_filter_keeps_a_part_of_what_a_milder_one_keeps(measured):
    rules = guide.interventions(measured)
    assert kept(measured, rules["quality_strict"]) < kept(measured, rules["quality_mild"])
    shares = [len(kept(measured, f"toxicity.listed_share <= {limit}")) for limit in (0.5, 0.3, 0.1, 0)]
    assert shares == sorted(shares, reverse=True)


def test_leaving_out_a_source_that_is_not_there_changes_nothing(measured):
    assert len(kept(measured, "domain.domain != 'law'")) == len(measured.documents)
    without = kept(measured, "domain.domain != 'wiki'")
    gone = [document for document in measured.documents if document.id not in without]
    assert {document.meta["domain"] for document in gone} == {"wiki"}
    assert len(gone) == 24


def test_the_fluency_filter_finds_what_has_no_grammar(measured):
    rules = guide.interventions(measured)
    clean = kept(measured, rules["fluency_mild"])
    noise = {d.id for d in measured.documents if random.Random(f"guide/0/{int(d.id)}").random() < 0.1}
    assert noise
    assert not noise & clean


def test_the_worst_case_is_over_domains_and_over_the_others():
    values = {f"without_{domain}/{other}": 0.1 for domain in guide.DOMAINS for other in guide.DOMAINS}
    for domain, own in zip(guide.DOMAINS, (0.5, 0.6, 0.7, 0.8), strict=True):
        values[f"without_{domain}/{domain}"] = own
    values["without_news/talk"] = 0.4
    found = guide.own_and_others(values)
    assert found["own"] == pytest.approx(0.65)
    assert found["others"] == pytest.approx((11 * 0.1 + 0.4) / 12)
    assert found["own_over_any_other"] == pytest.approx(0.2)  # news: 0.6 on itself, 0.4 on talk


def test_every_clean_part_is_in_two_groups_and_toxic_ones_in_none_of_them():
    groups = guide.groups()
    parts = guide.held_out_texts(LANGUAGE, 1, 0)
    assert sorted(groups["clean"]) == sorted(part for domain in guide.DOMAINS for part in groups[domain])
    assert set(parts) == {*groups["clean"], "toxic"}
    toxic = set(LANGUAGE.toxic_words)
    assert not any(
        word.strip(".?!") in toxic for part in groups["clean"] for text in parts[part] for word in text.split()
    )


def test_the_probe_is_asked_about_words_that_it_has_not_seen():
    train, test = (guide.remarks(LANGUAGE, part, 30, 0) for part in (0, 1))
    last = [{text.split()[-1] for text, _ in found} for found in (train, test)]
    assert not last[0] & last[1]
    assert sum(label for _, label in train) == 15


# ---- 49

LABELLED = [
    Labelled("clean-0", "a b", "clean"),
    Labelled("clean-1", "c d", "clean"),
    Labelled("symbols-0", "# #", "symbols"),
    Labelled("symbols-1", "# a", "symbols"),
    Labelled("markup-0", "{ }", "markup"),
    Labelled("personal_data-0", "a x@y.org b", "personal_data"),
    Labelled("exact_duplicate-0", "a b", "exact_duplicate", "clean-0"),
]


def judged(monkeypatch, targets, flagged):
    monkeypatch.setattr(dolma, "TARGETS", targets)
    return dolma.judged(flagged, LABELLED)


def test_precision_and_recall_by_hand(monkeypatch):
    flagged = {"symbols": {"symbols-0", "markup-0", "clean-1", "personal_data-0"}}
    values = judged(monkeypatch, {"symbols": "symbols", "curly_brace": "markup"}, flagged)
    assert values["precision/symbols"] == 0.5  # right for two spoilt ones, wrong for a clean and for a mendable one
    assert values["recall/symbols"] == 0.5
    assert values["precision/curly_brace"] == 1.0  # it flags nothing
    assert values["recall/curly_brace"] == 0.0
    assert values["worst_precision"] == 0.5
    assert values["worst_recall"] == 0.0


@pytest.mark.parametrize("gone", ["clean-0", "exact_duplicate-0"])
def test_of_copies_either_may_stay(monkeypatch, gone):
    values = judged(monkeypatch, {"exact_duplicate": "exact_duplicate"}, {"exact_duplicate": {gone}})
    assert values["precision/exact_duplicate"] == values["recall/exact_duplicate"] == 1.0


def test_not_all_copies_may_go(monkeypatch):
    both = {"clean-0", "exact_duplicate-0"}
    values = judged(monkeypatch, {"exact_duplicate": "exact_duplicate"}, {"exact_duplicate": both})
    assert values["precision/exact_duplicate"] == 0.5
    assert values["recall/exact_duplicate"] == 1.0


def test_a_clean_document_taken_for_a_copy_is_a_mistake(monkeypatch):
    values = judged(monkeypatch, {"exact_duplicate": "exact_duplicate"}, {"exact_duplicate": {"clean-1"}})
    assert values["precision/exact_duplicate"] == values["recall/exact_duplicate"] == 0.0


@pytest.mark.parametrize(
    ("defect", "text", "clear"),
    [
        ("symbols", "# a", False),
        ("personal_data", "a x@y.org b", False),
        ("personal_data", "a 64.206.161.98 b", False),
        ("personal_data", "a <ip> b 99", True),
        ("boilerplate", "menu | more\na b", False),
        ("boilerplate", "a b", True),
    ],
)
def test_a_defect_is_gone_when_nothing_of_it_is_left(defect, text, clear):
    assert dolma._clear(text, Labelled("x", "a b", defect), ["menu | more"]) is clear


def test_the_rules_of_english_keep_nothing_of_another_language():
    labelled = [Labelled(str(n), LANGUAGE.document(random.Random(n), "news"), "clean") for n in range(5)]
    assert dolma.kept_by_english_rules(labelled, LANGUAGE) == 0.0
    assert Document("0", "", "", TAG).language == LANGUAGE.profile().language
