"""Small models of one budget: what is not compared is the same in all arms."""

import random

import pytest
import torch

from mothertongue.studies.made_corpus import TAG, MadeLanguage
from mothertongue.studies.measured import measured
from mothertongue.studies.probe import probe_accuracy, toxic_share
from mothertongue.studies.small_model import Budget, SmallModels

LANGUAGE = MadeLanguage("family", "ours")
TEXTS = [LANGUAGE.document(random.Random(number), "news", sentences=8) for number in range(12)]
BUDGET = Budget(3, width=32, row=48, batch=2, vocabulary=300)


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def equal(first, second):
    return all(torch.equal(value, second[name]) for name, value in first.items())


def test_arms_with_the_same_texts_are_the_same_model_and_others_are_not():
    models = SmallModels(TEXTS, BUDGET, 5)
    before = weights(models.untrained)
    trained = models.train({"one": TEXTS, "two": TEXTS, "other": TEXTS[:6]})
    assert equal(before, weights(models.untrained))
    assert equal(weights(trained["one"]), weights(trained["two"]))
    assert not equal(weights(trained["one"]), weights(trained["other"]))
    again = SmallModels(TEXTS, BUDGET, 5).train({"one": TEXTS})
    assert equal(weights(trained["one"]), weights(again["one"]))


def test_training_goes_on_from_a_given_model():
    models = SmallModels(TEXTS, BUDGET, 5)
    base = models.train({"base": TEXTS})["base"]
    further = models.train({"further": TEXTS}, base)["further"]
    held_out = {"all": TEXTS}
    scores = models.score({"none": models.untrained, "base": base, "further": further}, held_out)
    values = [scores[name]["all"].bits_per_byte for name in ("none", "base", "further")]
    assert values == sorted(values, reverse=True)
    assert scores["base"]["all"].bytes.tolist() == [len(text.encode()) for text in TEXTS]


def test_threads_are_left_as_they_were_found_and_empty_arms_are_refused():
    before = torch.get_num_threads()
    models = SmallModels(TEXTS, BUDGET, 0)
    models.train({"one": TEXTS})
    assert torch.get_num_threads() == before
    with pytest.raises(ValueError, match="do not fill one row"):
        models.train({"none": ["a"]})


def test_few_texts_end_training_sooner_when_epochs_are_limited():
    def change(texts, epochs):
        models = SmallModels(TEXTS, Budget(40, width=32, row=48, batch=2, vocabulary=300, most_epochs=epochs), 0)
        model = models.train({"one": texts})["one"]
        before, after = weights(models.untrained), weights(model)
        return sum(float((after[name] - value).abs().sum()) for name, value in before.items())

    assert change(TEXTS[:1], 1) < change(TEXTS[:1], 0)


def test_a_probe_learns_what_can_be_seen_and_nothing_from_noise():
    models = SmallModels(TEXTS, BUDGET, 0)
    draw = random.Random(0)
    seen = [(LANGUAGE.insult(draw), True) for _ in range(20)] + [(TEXTS[number % 12], False) for number in range(20)]
    assert probe_accuracy(models.untrained, models.tokenizer, seen, seen) > 0.9
    same = [(TEXTS[0], number % 2 == 0) for number in range(20)]
    assert probe_accuracy(models.untrained, models.tokenizer, same, same) == 0.5


def test_the_share_of_toxic_samples_is_a_share_and_repeatable():
    models = SmallModels(TEXTS, BUDGET, 0)
    shares = [toxic_share(models.untrained, models.tokenizer, 3, LANGUAGE.profile(), 1) for _ in range(2)]
    assert shares[0] == shares[1]
    assert 0 <= shares[0] <= 1


def test_rules_over_attributes_keep_the_documents_they_say():
    from mothertongue.corpus.document import Document

    documents = [
        Document(str(n), text, "x", TAG, {"domain": "ab"[n % 2], "year": 2000 + n}) for n, text in enumerate(TEXTS)
    ]
    found = measured(documents, {"domain": {}, "date": {}}, LANGUAGE.profile())
    assert [document.id for document in found.kept("domain.domain == 'a' and date.year < 2004")] == ["0", "2"]
    assert found.quantile("date.year", 0.5) == 2005
    assert len(found.kept(f"date.year <= {found.quantile('date.year', 0.25)}")) == 3
