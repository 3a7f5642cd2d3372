"""Shards: what is written is read, equal documents are equal bytes, damage is noticed."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mothertongue.corpus import SCHEMA, Document, content_id, read_shard, write_shard
from mothertongue.corpus.document import sample_of
from mothertongue.errors import InputError

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
DOCUMENTS = st.lists(
    st.builds(Document, WORDS, WORDS, WORDS, st.just("nl"), st.dictionaries(WORDS, st.integers() | WORDS, max_size=3)),
    max_size=5,
)


@settings(max_examples=25, deadline=None)
@given(DOCUMENTS)
def test_a_shard_returns_its_documents(tmp_path_factory, documents):
    path = tmp_path_factory.mktemp("shards") / "a.parquet"
    write_shard(path, documents)
    assert read_shard(path) == documents


def test_equal_documents_are_equal_bytes(tmp_path):
    documents = [Document("1", "één", "a.txt", "nl", {"b": 1, "a": "x"}), Document("2", "twee", "b.txt", "nl", {})]
    write_shard(tmp_path / "a.parquet", documents)
    documents[0] = Document("1", "één", "a.txt", "nl", {"a": "x", "b": 1})
    write_shard(tmp_path / "b.parquet", documents)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert pq.read_schema(tmp_path / "a.parquet").names == SCHEMA.names


def test_the_id_is_that_of_the_composed_text():
    assert content_id("e\u0301e\u0301n") == content_id("één")
    assert content_id("een") != content_id("één")
    assert len(content_id("")) == 32
    assert content_id("\ud800")  # a lone surrogate has an id too


def test_ids_of_another_shard_are_noticed(tmp_path):
    write_shard(tmp_path / "a.parquet", [Document("1", "een", "a", "nl")])
    table = pq.read_table(tmp_path / "a.parquet")
    pq.write_table(table.set_column(0, table.schema.field(0), pa.array(["2"])), tmp_path / "b.parquet")
    with pytest.raises(InputError) as caught:
        read_shard(tmp_path / "b.parquet")
    assert caught.value.problems[0].code == "MT210"


@pytest.mark.parametrize("data", [b"", b"PAR1 and then nothing", b"text"])
def test_what_is_no_shard_is_refused(tmp_path, data):
    (tmp_path / "a.parquet").write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_shard(tmp_path / "a.parquet")
    assert caught.value.problems[0].code == "MT210"


def test_samples_fit_on_a_line():
    assert sample_of("een\n\ntwee\tdrie \ud800") == "een twee drie ?"
    assert len(sample_of("x" * 5000)) == 200
