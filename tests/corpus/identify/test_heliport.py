"""The adapter of heliport, on a stand-in with the methods of heliport 1.0."""

import sys
from types import ModuleType

import pytest

from mothertongue.corpus.identify import heliport as adapter
from mothertongue.corpus.identify import make_identifier
from mothertongue.errors import InputError


class Identifier:
    """Costs per word in powers of ten; is sure of texts that hold `zeker`."""

    def get_confidence_all(self):
        return {"nld": 0.1, "fry": 0.1, "zxx": 0.0, "msaind": 0.2}

    def identify(self, text):
        return "nld" if "zeker" in text else "und"

    def identify_topk_with_score(self, text, k):
        return [("nld", 2.0), ("fry", 3.0)][:k]


@pytest.fixture
def installed(monkeypatch):
    package = ModuleType("heliport")
    package.Identifier = Identifier
    monkeypatch.setitem(sys.modules, "heliport", package)
    adapter._model.cache_clear()
    yield make_identifier("heliport")
    adapter._model.cache_clear()


def test_costs_become_odds_by_hand(installed):
    assert installed.labels == {"nl", "fy", "ms"}
    # one word: a cost of 1 more is a tenth of the odds
    assert installed.identify(["zeker"])[0] == [("nl", pytest.approx(10 / 11)), ("fy", pytest.approx(1 / 11))]
    # four words: twice the power
    assert installed.identify(["zeker is dat zo"])[0][0] == ("nl", pytest.approx(100 / 101))


def test_where_heliport_is_not_sure_half_is_undetermined(installed):
    ranking = installed.identify(["een"])[0]
    assert ranking[0] == ("und", 0.5)
    assert sum(probability for _, probability in ranking) == pytest.approx(1)
    assert installed.identify([" 12 "]) == [[("zxx", 1.0)]]
    assert installed.settings["identifier"] == "heliport"


def test_without_the_package_the_line_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "heliport", None)
    adapter._model.cache_clear()
    with pytest.raises(InputError, match=r"pip install \"mothertongue\[heliport\]\"") as caught:
        make_identifier("heliport")
    assert caught.value.problems[0].code == "MT241"
