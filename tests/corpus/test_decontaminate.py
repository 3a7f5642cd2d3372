"""What an evaluation asks is found in texts: runs of tokens, whole short items, edited copies, and their places."""

import json

import pyarrow as pa
import pytest
from tests.corpus.texts import text

from mothertongue.corpus.decontaminate import Evaluation
from mothertongue.corpus.document import SCHEMA, Document, to_table
from mothertongue.corpus.profile import neutral_profile
from mothertongue.corpus.taggers import make_tagger
from mothertongue.corpus.taggers.contamination import read_items
from mothertongue.errors import InputError

LONG = "Waarom staat de molenaar van het dorp elke ochtend zo vroeg op de dijk bij de rivier?"
SHORT = "Wie bakt het brood hier?"


def item(name: str, body: str) -> Document:
    return Document(name, body, "vragen.jsonl", "nl")


def evaluation(**options) -> Evaluation:
    return Evaluation([item("lang", LONG), item("kort", SHORT), item("ja", "Ja")], **options)


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        (text(1, 80), ()),
        (f"{text(1, 40)} {LONG.upper()} {text(2, 40)}", ("lang",)),
        (f"{text(1, 40)} wie BAKT het brood, hier; {text(2, 40)}", ("kort",)),
        (f"Lees: {' '.join(LONG.split()[:12])} morgen {text(1, 30)}", ()),
        (f"Lees: {' '.join(LONG.split()[2:15])} {text(1, 30)}", ("lang",)),
        (" ".join(LONG.split()[3:9]), ("lang",)),
        ("staat de molenaar van", ()),
        ("ja!", ("ja",)),
        ("Ja, dat klopt, zei hij toen.", ()),
        ("", ()),
    ],
)
def test_hits_by_hand(body, ids):
    assert evaluation().hits(body).ids == ids
    assert bool(evaluation().hits(body)) == bool(ids)


def test_places_are_code_points_of_whole_tokens():
    body = f"Ééń 😀 woord. {SHORT} En {SHORT} Einde."
    found = evaluation().hits(body)
    assert [body[start:end] for start, end, _ in found.spans] == [SHORT[:-1], SHORT[:-1]]


def test_an_edited_copy_is_found_by_similarity():
    known = text(5, 200)
    words = known.split(" ")
    words[::40] = ["anders"] * len(words[::40])
    strict = Evaluation([item("a", known)], tokens=150)
    found = strict.hits(text(6, 100) + " ".join(words))
    assert found.ids == ("a",)
    assert 0.7 <= found.similarity < 1
    assert not found.spans
    assert not Evaluation([item("a", known)], tokens=150, threshold=0.95).hits(" ".join(words))


def test_a_text_without_spaces_is_compared_by_characters():
    asked = "磨坊主每天早上沿着堤坝走到他的磨坊吗"
    known = Evaluation([item("a", asked)], characters=True)
    assert known.hits(f"书上说{asked}是的").ids == ("a",)
    assert not known.hits("面包师在夜里烤面包村里的人都喜欢他的黑麦饼")


def test_nothing_to_keep_out_is_refused():
    for items in ([], [item("a", "?!")]):
        with pytest.raises(InputError, match="MT235"):
            Evaluation(items)


def test_the_tagger_reads_items_from_files(tmp_path):
    rows = [
        {
            "id": "v1",
            "nl": {"question": LONG, "answer": "Ja", "distractors": ["Nee", "Omdat hij daar graag alleen is."]},
        },
        {"nl": {"question": SHORT}},
    ]
    path = tmp_path / "vragen.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert [(one.id, one.text) for one in read_items(path)] == [
        ("v1", LONG),
        ("v1", "Omdat hij daar graag alleen is."),
        ("vragen.jsonl:2", SHORT),
    ]
    tagger = make_tagger("contamination", {"items": str(path)})
    bodies = [text(1, 80), f"x {LONG} y Omdat hij daar graag alleen is. {SHORT}"]
    batch = to_table([item(str(n), body) for n, body in enumerate(bodies)]).to_batches()[0]
    one, two = tagger.tag(batch, neutral_profile("nl")).to_pylist()
    assert (one["hits"], one["items"], one["shared"]) == (0, "", [])
    assert (two["hits"], two["items"]) == (2, "v1 vragen.jsonl:2")
    assert len(two["shared"]) == 3
    empty = make_tagger("contamination").tag(pa.RecordBatch.from_pylist([], SCHEMA), neutral_profile("nl"))
    assert empty.num_rows == 0


def test_items_from_plain_text(tmp_path):
    path = tmp_path / "vragen.txt"
    path.write_text(f"{LONG}\n\n{SHORT}\n", encoding="utf-8")
    assert [(one.id, one.text) for one in read_items(path)] == [("vragen.txt:1", LONG), ("vragen.txt:3", SHORT)]
