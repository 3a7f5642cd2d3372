"""Every tagger keeps the contract of `corpus.tagger`: one row per tagger in `taggers/samples.py`, none without."""

import pickle
from pathlib import Path

import pyarrow as pa
import pytest
from tests.corpus.hostile import hostile_texts
from tests.corpus.taggers.samples import MIXED, ROWS, batch_of, empty_batch, settings_of, texts_in

from mothertongue.corpus.profile import LanguageProfile, neutral_profile
from mothertongue.corpus.tagger import SPANS, Tagger, attribute_key
from mothertongue.corpus.taggers import TAGGERS, make_tagger
from mothertongue.errors import InputError

LANGUAGES = ("en", "th", "ar", "zh")
KINDS = {pa.float64(), pa.int64(), pa.bool_(), pa.string(), SPANS}
META = {"url": "https://www.voorbeeld.nl/2020/03/stuk", "created": "2019-05-01"}
HOSTILE = 300


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


def tagger_of(name: str, folder: Path, language: str) -> Tagger:
    return make_tagger(name, settings_of(name, folder, language))


def batch_for(name: str, language: str) -> pa.RecordBatch:
    return batch_of([*ROWS[name].texts, *MIXED, "", " ", texts_in(language, 1), texts_in("en", 2)], language, **META)


def check(tagger: Tagger, batch: pa.RecordBatch, profile: LanguageProfile) -> pa.RecordBatch:
    """Return the attributes of a batch after checking columns, rows and spans."""
    tagged = tagger.tag(batch, profile)
    assert tagged.schema == tagger.columns
    assert tagged.num_rows == batch.num_rows
    tagged.validate(full=True)
    for name, field in zip(tagged.schema.names, tagged.schema, strict=True):
        if field.type == SPANS:
            for text, spans in zip(batch.column("text").to_pylist(), tagged.column(name).to_pylist(), strict=True):
                check_spans(text, spans)
    return tagged


def check_spans(text, spans):
    borders = [place for span in spans or () for place in (span["start"], span["end"])]
    assert borders == sorted(borders), spans
    assert all(span["start"] < span["end"] for span in spans or ())
    assert not borders or (borders[0] >= 0 and borders[-1] <= len(text))


def test_every_tagger_has_its_row():
    assert sorted(ROWS) == sorted(TAGGERS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(TAGGERS))
def test_rows_columns_and_spans(name, language, folder):
    tagger, batch, profile = tagger_of(name, folder, language), batch_for(name, language), neutral_profile(language)
    assert tagger.name == name
    assert tagger.version >= 1
    assert {field.type for field in tagger.columns} <= KINDS
    tagged = check(tagger, batch, profile)
    assert tagger.tag(batch, profile) == tagged
    assert make_tagger(name, tagger.settings).tag(batch, profile) == tagged
    assert pickle.loads(pickle.dumps(tagger)).tag(batch, profile) == tagged


@pytest.mark.parametrize("name", sorted(TAGGERS))
def test_batches_of_any_size_give_the_same_rows(name, folder):
    tagger, batch, profile = tagger_of(name, folder, "en"), batch_for(name, "en"), neutral_profile("en")
    whole = tagger.tag(batch, profile)
    single = [tagger.tag(batch.slice(row, 1), profile) for row in range(batch.num_rows)]
    assert pa.Table.from_batches(single).combine_chunks() == pa.Table.from_batches([whole]).combine_chunks()
    assert check(tagger, empty_batch(), profile).num_rows == 0


@pytest.mark.parametrize("name", sorted(TAGGERS))
def test_settings_make_the_tagger_again(name, folder):
    tagger, profile = tagger_of(name, folder, "en"), neutral_profile("en")
    again = make_tagger(name, tagger.settings)
    assert again == tagger
    assert dict(again.settings) == dict(tagger.settings)
    assert attribute_key(again, profile) == attribute_key(tagger, profile)
    with pytest.raises(InputError, match="MT275"):
        make_tagger(name, {"no_such_setting": 1})


@pytest.mark.parametrize("name", sorted(TAGGERS))
def test_a_rich_profile_changes_no_column(name, folder):
    profile = LanguageProfile(
        language="en",
        scripts=("Latn",),
        letters="etaoinshrdlu",
        function_words=("the", "and", "de", "het"),
        line_ends=(".", "!", "?"),
        foreign_words=("de", "het"),
        toxic_words=("rotzak", "rot op"),
        boilerplate=("menu", "meer lezen"),
        thresholds={"x": 1.0},
    )
    check(tagger_of(name, folder, "en"), batch_for(name, "en"), profile)


@pytest.mark.parametrize("name", sorted(TAGGERS))
def test_hostile_texts_come_through(name, folder):
    tagger, profile = tagger_of(name, folder, "en"), neutral_profile("en")
    texts = list(hostile_texts(7, HOSTILE))
    batch = batch_of([text for text in texts if len(text) < 100_000], "en")
    check(tagger, batch, profile)


def test_a_name_that_is_no_tagger_is_refused_with_the_nearest():
    with pytest.raises(InputError, match="nearest: length"):
        make_tagger("lenght")


def test_all_wrong_settings_are_told_at_once():
    with pytest.raises(InputError) as caught:
        make_tagger("length", {"bytes_per_token": -1.0, "seed": "x"})
    assert sorted(problem.key for problem in caught.value.problems) == ["length.bytes_per_token", "length.seed"]


@pytest.mark.parametrize("name", ["fluency", "quality"])
def test_a_model_that_is_not_named_is_missed(name):
    with pytest.raises(InputError, match=rf"MT275 +{name}\.model"):
        make_tagger(name)


@pytest.mark.parametrize("name", ["fluency", "quality"])
def test_a_model_of_another_language_is_refused_before_any_text(name, folder):
    tagger = tagger_of(name, folder, "en")
    with pytest.raises(InputError, match="MT279"):
        tagger.tag(empty_batch(), neutral_profile("th"))
    assert tagger.tag(empty_batch(), neutral_profile("en-GB")).num_rows == 0


def test_files_count_by_their_content(tmp_path, folder):
    settings = settings_of("fluency", folder, "en")
    copy = tmp_path / "copy"
    copy.write_bytes(Path(settings["model"]).read_bytes())
    here, there = make_tagger("fluency", settings), make_tagger("fluency", {"model": str(copy)})
    profile = neutral_profile("en")
    assert attribute_key(here, profile) == attribute_key(there, profile)
    with pytest.raises(InputError, match="MT276"):
        make_tagger("fluency", {"model": str(copy), "model_sha256": "0" * 64})
