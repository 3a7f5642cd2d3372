"""Tagger `date`: dates as metadata write them, what counts first, and ages at a given day."""

from datetime import date

import pytest
from tests.corpus.taggers.samples import tag_one

from mothertongue.corpus.taggers import make_tagger
from mothertongue.corpus.taggers.date import parse_date
from mothertongue.errors import InputError


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2020-02-29", date(2020, 2, 29)),
        ("2020-02-29T10:00:00Z", date(2020, 2, 29)),
        ("20200229", date(2020, 2, 29)),
        ("2020/02", date(2020, 2, 15)),
        ("2020", date(2020, 7, 2)),
        (1850, date(1850, 7, 2)),
        ("Sat, 29 Feb 2020 10:00:00 +0100", date(2020, 2, 29)),
        (1582934400, date(2020, 2, 29)),
        (1582934400000, date(2020, 2, 29)),
        ("2021-02-29", None),
        ("2020-13", None),
        ("20201", None),
        ("gisteren", None),
        (3, None),
        (True, None),
        (None, None),
        ([2020], None),
        (1e300, None),
    ],
)
def test_dates_by_hand(value, expected):
    assert parse_date(value) == expected


def test_the_first_key_that_tells_is_the_evidence():
    assert tag_one("date", "x", created="niet bekend", year=1999) == {"year": 1999, "age": None, "evidence": "year"}
    found = tag_one("date", "x", url="https://a.nl/2019/05/01/stuk.html", settings={"today": "2020-05-01"})
    assert (found["year"], found["evidence"]) == (2019, "url")
    assert found["age"] == pytest.approx(366 / 365.2425)
    assert tag_one("date", "x")["year"] is None


@pytest.mark.parametrize(
    "url", ["https://a2019.nl/x", "https://a.nl/artikel-20190", "https://a.nl/120192", "a.nl?2019"]
)
def test_other_numbers_of_an_address_are_no_dates(url):
    assert tag_one("date", "x", url=url)["year"] is None


def test_what_lies_ahead_is_no_evidence():
    found = tag_one("date", "x", date="2031-01-01", year=2001, settings={"today": "2026-01-31"})
    assert (found["year"], found["evidence"]) == (2001, "year")


def test_a_wrong_day_is_refused():
    with pytest.raises(InputError, match=r"MT275.*date\.today"):
        make_tagger("date", {"today": "vandaag"})
