"""A new dump against all before: the same new documents stay as when both come at once."""

import json
import random
from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.corpus.deduplication.curations import OFF, contents, deduplicated, doc, removed, rows_of, spans
from tests.corpus.texts import text

from mothertongue.corpus.deduplication import DuplicateTables
from mothertongue.corpus.document import Document
from mothertongue.errors import InputError

KINDS = ("url", "exact", "near")


def changed(body: str, words: int, draw: random.Random) -> str:
    parts = body.split(" ")
    for place in draw.sample(range(len(parts)), words):
        parts[place] = f"nieuw{draw.random()}"
    return " ".join(parts)


def dump(seed: int, number: int, name: str) -> list[Document]:
    """Documents from a small world: exact copies, near copies, copies of copies, and shared addresses."""
    draw = random.Random(seed)
    documents = []
    for place in range(number):
        body = changed(text(draw.randrange(9), 60), draw.choice([0, 0, 0, 1, 2, 4, 8]), draw)
        documents.append(doc(f"{name}{place:02d}", body, url=f"http://w.nl/{draw.randrange(40)}"))
    return documents


def stay(folder: Path, tables: DuplicateTables, kind: str, older: Iterable[str] = ()) -> set[str]:
    """Return the documents that stay where older ones always do: one of each cluster without any of them."""
    rows, known = rows_of(folder, tables, kind), set(older)
    taken = {row["representative"] for name, row in rows.items() if name in known}
    return {row["representative"] for row in rows.values()} - taken - known


@pytest.mark.parametrize("verify", ["shingles", "signature", "off"])
@pytest.mark.parametrize("kind", KINDS)
def test_of_a_second_dump_the_same_documents_stay_as_of_both_at_once(tmp_path, kind, verify):
    """Equal are the documents that stay of the second dump, for each kind; no document of the first is taken away."""
    options = {**OFF, kind: "sorted" if kind == "url" else True, "near_verify": verify}
    known = 0
    for seed in range(4):
        first, second, where = dump(seed, 16, "a"), dump(100 + seed, 16, "b"), tmp_path / str(seed)
        one = deduplicated(where / "1", first, index=where / "index", dump="first", **options)
        two = deduplicated(where / "2", second, index=where / "index", dump="second", **options)
        both = deduplicated(where / "3", [*first, *second], **options)
        gone = removed(where / "2", two, kind)
        older = {document.id for document in first}
        assert {document.id for document in second} - gone.keys() == stay(where / "3", both, kind, older)
        assert stay(where / "3", both, kind) & older <= stay(where / "1", one, kind)
        known += len(older & set(gone.values()))
    assert known >= 3


def test_paragraphs_of_earlier_dumps_are_known_both_ways(tmp_path):
    lines = [text(n, 12) for n in range(6)]
    for way in ("sorted", "bloom"):
        options = {**OFF, "paragraphs": way, "paragraph_characters": 10}
        where = tmp_path / way
        deduplicated(
            where / "1", [doc("a", lines[0] + "\n" + lines[1])], index=where / "i", dump="1", shards=1, **options
        )
        deduplicated(where / "2", [doc("b", lines[2])], index=where / "i", dump="2", shards=1, **options)
        documents = [doc("c", lines[3] + "\n" + lines[2] + "\n" + lines[4] + "\n" + lines[0])]
        tables = deduplicated(where / "3", documents, index=where / "i", dump="3", shards=1, **options)
        body = documents[0].text
        repeated = [body[start:end].strip() for start, end in spans(where / "3", tables, "paragraphs")["c"]]
        assert repeated == [lines[2].strip(), lines[0].strip()]


def test_a_dump_that_comes_again_is_no_duplicate_of_itself_and_takes_its_place(tmp_path):
    index = tmp_path / "index"
    first, second = dump(1, 12, "a"), dump(2, 12, "b")
    one = deduplicated(tmp_path / "1", first, index=index, dump="a")
    before = contents(tmp_path / "1", one)
    two = contents(tmp_path / "2", deduplicated(tmp_path / "2", second, index=index, dump="b"))
    assert contents(tmp_path / "1", deduplicated(tmp_path / "1", first, index=index, dump="a")) == before
    assert contents(tmp_path / "2", deduplicated(tmp_path / "2", second, index=index, dump="b")) == two
    value = json.loads((index / "index.json").read_text())
    assert [(entry["name"], entry["documents"]) for entry in value["dumps"]] == [("a", 12), ("b", 12)]
    other = deduplicated(tmp_path / "1b", first[:6], index=index, dump="a", exact=False)
    assert not removed(tmp_path / "1b", other, "url").keys() & {document.id for document in second}


def test_without_an_index_the_name_of_a_dump_changes_nothing(tmp_path):
    documents = dump(3, 12, "a")
    plain = contents(tmp_path / "1", deduplicated(tmp_path / "1", documents))
    assert plain == contents(tmp_path / "2", deduplicated(tmp_path / "2", documents, dump="x"))


def test_an_index_that_does_not_fit_is_refused(tmp_path):
    index, documents = tmp_path / "index", dump(1, 4, "a")
    with pytest.raises(InputError, match="MT231"):
        deduplicated(tmp_path / "1", documents, index=index)
    deduplicated(tmp_path / "1", documents, index=index, dump="a", exact=False)
    for options in ({"seed": 1, "exact": False}, {"near_threshold": 0.8, "exact": False}, {}):
        with pytest.raises(InputError, match="MT232"):
            deduplicated(tmp_path / "2", documents, index=index, dump="b", **options)
    for broken in ("{", '{"format": 9, "dumps": []}', '{"format": 1}', '{"format": 1, "dumps": [{}]}'):
        (index / "index.json").write_text(broken)
        with pytest.raises(InputError, match="MT232"):
            deduplicated(tmp_path / "2", documents, index=index, dump="b")
