"""Tagger `lines`: shares by hand."""

import pytest
from tests.corpus.taggers.samples import tag_one

from mothertongue.corpus.profile import LanguageProfile, neutral_profile

PAGE = "Kop\n\n- een punt.\n- een punt.\n\n  \nEen lange regel van ruim meer dan dertig tekens!\nverder…\n\nKop"


def test_shares_by_hand():
    found = tag_one("lines", PAGE, LanguageProfile(language="nl", line_ends=(".", "!"), bullets=("•",)))
    assert found["line_count"] == 6
    assert found["longest_line"] == 48
    assert found["mean_line_length"] == pytest.approx((3 + 11 + 11 + 48 + 7 + 3) / 6)
    assert found["share_ending_in_mark"] == 0.5
    assert found["share_starting_with_bullet"] == 0
    assert found["share_ending_with_ellipsis"] == pytest.approx(1 / 6)
    assert found["share_of_short_lines"] == pytest.approx(5 / 6)
    assert found["share_of_repeated_lines"] == pytest.approx(2 / 6)
    assert found["share_of_characters_in_repeated_lines"] == pytest.approx(14 / 83)
    assert found["paragraph_count"] == 4
    assert found["share_of_repeated_paragraphs"] == 0.25


def test_bullets_are_those_of_the_setting_or_the_profile():
    assert tag_one("lines", PAGE, settings={"bullets": ["-"]})["share_starting_with_bullet"] == pytest.approx(2 / 6)
    profile = LanguageProfile(language="nl", bullets=("- ",))
    assert tag_one("lines", PAGE, profile)["share_starting_with_bullet"] == pytest.approx(2 / 6)


def test_line_ends_that_nobody_gave_are_not_judged():
    assert tag_one("lines", PAGE, neutral_profile("nl"))["share_ending_in_mark"] is None


def test_a_text_of_white_space_has_no_lines():
    found = tag_one("lines", " \n\t\n")
    assert (found["line_count"], found["longest_line"], found["paragraph_count"]) == (0, 0, 0)
    assert found["share_of_short_lines"] is None
