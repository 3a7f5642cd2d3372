"""Teaching: a made-up language from some hundred lines, beside its sister and all languages of the seed."""

import numpy as np
import pytest
from tests.corpus.identify.languages import CHEROKEE, CYRILLIC, LATIN, SENTENCES, SISTER, lines
from tests.corpus.texts import DUTCH, text

from mothertongue.corpus.identify import confusion
from mothertongue.corpus.identify.kernels import mixture
from mothertongue.corpus.identify.profile import build_profile, by_script, read_line_profile
from mothertongue.corpus.identify.space import py3langid_seed
from mothertongue.corpus.identify.teach import teach_identifier
from mothertongue.errors import InputError


def codes(error):
    return [problem.code for problem in error.value.problems]


def test_the_taught_language_and_its_sister_are_told_apart(taught):
    rows = [(tag, line) for tag, made in (("qaa", LATIN), ("qab", SISTER)) for line in lines(made, 60, seed=1)]
    table = confusion(taught, rows)
    assert table.macro_f1 > 0.95
    assert taught.labels == py3langid_seed().labels | {"qaa", "qab"}


def test_languages_of_the_seed_are_still_known(taught):
    for language, sentence in SENTENCES.items():
        best = taught.identify([sentence])[0]
        assert best[0][0] == language
        assert best[0][1] > 0.5


def test_a_language_that_the_seed_has_lost_is_taught_back():
    without = py3langid_seed().without(["nl"])
    dutch = [line for seed in range(40) for line in text(seed, 80, DUTCH).split("\n\n")]
    made = teach_identifier("nl", dutch[:60], seed_identifier=without)
    for language, sentence in SENTENCES.items():
        assert language == "nl" or made.identify([sentence])[0][0][0] == language
    assert all(ranking[0][0] == "nl" for ranking in made.identify(dutch[60:]))
    assert made.facts["nearest"][0][0] in {"af", "de", "fy", "en", "lb"}


def test_a_writing_system_that_the_seed_has_never_met():
    made = teach_identifier("chr", lines(CHEROKEE, 120))
    for ranking in made.identify(lines(CHEROKEE, 20, seed=1)):
        assert ranking[0][0] == "chr"
        assert ranking[0][1] > 0.9
    assert made.identify([SENTENCES["nl"]])[0][0][0] == "nl"


def test_two_writing_systems_of_one_language_are_two_classes_with_one_label():
    both = [*lines(LATIN, 100), *lines(CYRILLIC, 80)]
    assert [len(part) for part in by_script(sorted(both))] == [100, 80]
    made = teach_identifier("qac", both)
    assert made.tags.count("qac") == 2
    for own in (LATIN, CYRILLIC):
        found = [ranking[0][0] for ranking in made.identify(lines(own, 20, seed=1))]
        assert found.count("qac") >= 19


def test_a_small_group_of_another_script_stays_with_the_large_one():
    groups = by_script(sorted([*lines(LATIN, 100), *lines(CYRILLIC, 5)]))
    assert [len(group) for group in groups] == [105]


def test_neither_order_nor_repetition_nor_the_way_over_a_profile_change_anything(taught, tmp_path):
    own, sister = lines(LATIN, 200), lines(SISTER, 200)
    path = tmp_path / "qab.npz"
    build_profile("qab", sister[::-1]).write(path)
    again = teach_identifier("qaa", [*own[::-1], *own], neighbours={"qab": read_line_profile(path)})
    assert again.settings == taught.settings


def test_what_was_learned_is_on_record(taught):
    assert taught.facts["language"] == "qaa"
    assert taught.facts["lines"] == {"qaa": 200, "qab": 200}
    assert taught.facts["held_out"]["accuracy"] > 0.9
    assert taught.facts["held_out"]["calibration_error"] < 0.1
    weights = [weight for _, weight in taught.facts["nearest"]]
    assert weights == sorted(weights, reverse=True)


def test_a_hidden_language_is_rather_none_of_these(taught):
    known = taught.probabilities(lines(LATIN, 40, seed=2))[:, -1]
    foreign = taught.probabilities(lines(CHEROKEE, 40))[:, -1]
    assert known.mean() < 0.1
    assert foreign.mean() > 0.5


def test_more_unknown_texts_make_none_of_these_more_probable(taught):
    wary = teach_identifier("qaa", lines(LATIN, 200), neighbours={"qab": lines(SISTER, 200)}, unknown_share=0.5)
    sample = lines(LATIN, 20, seed=3)
    odds = [made.probabilities(sample)[:, -1] / (1 - made.probabilities(sample)[:, -1]) for made in (taught, wary)]
    # prior odds of 1 instead of 1/19
    assert np.allclose(odds[1] / odds[0], 19, rtol=1e-3)


def test_refusals():
    own = lines(LATIN, 60)
    with pytest.raises(InputError) as caught:
        teach_identifier("qaa", [*own[:49], *own[:49], "", " ", "12 34"])
    assert codes(caught) == ["MT243"]
    assert caught.value.problems[0].value == "49 different lines with letters"
    with pytest.raises(InputError) as caught:
        teach_identifier("qaa", own, neighbours={"qaa": lines(SISTER, 60)})
    assert codes(caught) == ["MT244"]
    with pytest.raises(InputError) as caught:
        teach_identifier("qaa", own, neighbours={"qab": own[::-1]})
    assert codes(caught) == ["MT244"]
    other = build_profile("qab", lines(SISTER, 60), seed_identifier=py3langid_seed().without(["nl"]))
    with pytest.raises(InputError) as caught:
        teach_identifier("qaa", own, neighbours={"qab": other})
    assert codes(caught) == ["MT242"]
    with pytest.raises(InputError) as caught:
        teach_identifier("qaa", own, neighbours={"qac": build_profile("qab", lines(SISTER, 60))})
    assert codes(caught) == ["MT242"]


def test_the_mixture_by_hand():
    # One row seen by the first part alone, three by the second alone: the shares are the counts.
    parts = np.array([[0.5, 0.0], [0.0, 0.5]])
    assert np.allclose(mixture(parts, np.array([1, 3], np.float32), 1), [0.25, 0.75])
    # Equal parts cannot be told apart, so they stay even.
    assert np.allclose(mixture(np.full((4, 2), 0.1), np.ones(4, np.float32), 9), [0.5, 0.5])
