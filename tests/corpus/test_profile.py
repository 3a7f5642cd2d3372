"""The language profile as a file: read back equal, refused when wrong, with comments a person can follow."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mothertongue.corpus.profile import LanguageProfile, neutral_profile, read_profile
from mothertongue.errors import InputError

FULL = LanguageProfile(
    language="nl",
    scripts=("Latn",),
    letters="enatir",
    function_words=tuple(f"woord{number}" for number in range(60)),
    line_ends=(".", '"', "\\", "”"),
    foreign_words=("und", "a b", "tab\there"),
    thresholds={"basic_letter_share_low": 0.4, "gopher_word_count_high": 1e5},
    unsettled=("basic_letter_share_low",),
)


def test_a_written_profile_is_read_back_equal(tmp_path):
    path = tmp_path / "nl.toml"
    FULL.write(path, {"basic_letter_share_low": "few texts", "no_such_threshold": "x"})
    assert read_profile(path, "nl") == FULL
    written = path.read_text(encoding="utf-8")
    assert "basic_letter_share_low = 0.4  # few texts\n" in written
    assert max(map(len, written.splitlines())) <= 120
    assert written.index("[thresholds]") > written.index("unsettled")


def test_every_field_has_a_comment():
    lines = FULL.to_toml().splitlines()
    for name in LanguageProfile.model_fields:
        (place,) = [number for number, line in enumerate(lines) if line.startswith((f"{name} =", f"[{name}]"))]
        assert lines[place - 1].startswith("# "), name


words = st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=12), max_size=30).map(tuple)


@given(
    words,
    st.dictionaries(
        st.text(alphabet="ab_.é ", min_size=1, max_size=5), st.floats(allow_nan=False, allow_infinity=False)
    ),
)
def test_any_profile_survives_toml(found, thresholds):
    profile = LanguageProfile(language="xx", function_words=found, thresholds=thresholds)
    assert LanguageProfile.model_validate(tomllib.loads(profile.to_toml())) == profile


def test_wrong_files_name_every_problem(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text('language = "nl"\nletters = 3\nunknown = 1\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_profile(path, "nl")
    assert [(problem.code, problem.key) for problem in caught.value.problems] == [
        ("MT220", "letters"),
        ("MT220", "unknown"),
    ]
    path.write_text("language = ", encoding="utf-8")
    with pytest.raises(InputError, match="MT220"):
        read_profile(path, "nl")
    FULL.write(path)
    with pytest.raises(InputError, match="MT221"):
        read_profile(path, "fy")


def test_thresholds_do_not_count_as_facts():
    other = FULL.model_copy(update={"thresholds": {}, "unsettled": ()})
    assert other.facts_digest() == FULL.facts_digest()
    assert FULL.model_copy(update={"letters": "x"}).facts_digest() != FULL.facts_digest()


@pytest.mark.parametrize(
    ("language", "mode"), [("nl", "spaces"), ("th", "characters"), ("ja", "characters"), ("qaa", "spaces")]
)
def test_the_neutral_profile_settles_nothing(language, mode):
    profile = neutral_profile(language)
    assert profile.segmentation == mode
    assert not profile.thresholds
