"""The data card: exact numbers, the same from any shards, and pages that no text of a document can change."""

import itertools
import json

import pytest
from tests.corpus.curations import PROFILE, build, spans, tokenizer, words
from tests.report.attacks import PAYLOADS, outline

from mothertongue.corpus.card.gather import gather
from mothertongue.corpus.card.histogram import histogram
from mothertongue.corpus.card.sheet import write_audit
from mothertongue.corpus.curation import Curation, read_curation
from mothertongue.corpus.decide import decide_task
from mothertongue.corpus.document import Document
from mothertongue.corpus.mix import MixOptions, mix
from mothertongue.corpus.rules import EditRule, RuleSet, read_rules
from mothertongue.corpus.work import Work
from mothertongue.errors import InputError
from mothertongue.report.audit_form import write_form
from mothertongue.report.data_card import write_card
from mothertongue.report.data_card_markdown import escape
from mothertongue.report.data_card_model import DataCard

KEEP = {
    "near_duplicate": "near.duplicate == 0",
    "short": "a.words >= profile.minimum_words",
    "lost": "a.words >= profile.nowhere",
    "curly": "not a.curly",
}
RULES = RuleSet(read_rules([], KEEP).rules, (EditRule("a.spans", "<x>"),))


def corpus(hostile=""):
    numbers = [list(range(0, 40)), list(range(40, 60))]
    documents = [
        [
            Document(f"i{n}", f"{n} {words(n % 9, 'woord')} {hostile}", f"{'web' if n % 3 else 'boek'}/{n}.txt", "nl")
            for n in row
        ]
        for row in numbers
    ]
    attributes = {
        "a": {
            "words": [[n % 9 for n in row] for row in numbers],
            "curly": [[n % 10 == 8 for n in row] for row in numbers],
            "spans": [[spans((0, 1)) if n == 8 else [] for n in row] for row in numbers],
        },
        "near": {
            "duplicate": [[int(n % 15 == 1) for n in row] for row in numbers],
            "cluster_size": [[2 if n % 15 in (0, 1) else 1 for n in row] for row in numbers],
        },
        "language": {"label": [["nl" if n % 4 else "af" for n in row] for row in numbers]},
        "date": {"year": [[2000 + n % 3 for n in row] for row in numbers]},
        "licence": {"licence": [[hostile or "CC0-1.0" if n % 2 else None for n in row] for row in numbers]},
    }
    return documents, attributes


def curated(folder, hostile="", keep=KEEP, mixed=True):
    documents, attributes = corpus(hostile)
    places = build(folder, documents, attributes, PROFILE)
    rules = RuleSet(read_rules([], keep).rules, RULES.edits)
    work = Work(folder)
    work.run([decide_task(n, places[n], rules, language="nl") for n in range(len(documents))], "deciding")
    found = {name: (path.rpartition("/")[0], key) for name, (path, key) in places[0].items()}
    Curation(folder, "nl", len(documents), found, rules, {"wrong_encoding": 3}).write()
    if mixed:
        mix(work, list(read_curation(folder).mix_shards()), MixOptions())
    return work


def test_the_numbers_of_a_card_are_exact(tmp_path):
    card = gather(curated(tmp_path), {"tiny": tokenizer(tmp_path / "tokenizer.json")})
    near = {n for n in range(60) if n % 15 == 1}
    short = {n for n in range(60) if n % 9 < 5} - near
    curly = {n for n in range(60) if n % 10 == 8} - near - short
    firsts = {row["reason"]: row["first"]["documents"] for row in card["reasons"]}
    assert firsts == {"near_duplicate": len(near), "short": len(short), "curly": len(curly)}
    documents, _ = corpus()
    texts = [document.text for shard in documents for document in shard]
    assert card["totals"]["in"] == {
        "documents": 60,
        "bytes": sum(len(text.encode()) for text in texts),
        "characters": sum(map(len, texts)),
    }
    kept = 60 - len(near | short | curly)
    assert card["totals"]["kept"]["documents"] == card["totals"]["mixed"]["documents"] == kept
    assert sum(row["in"]["documents"] for row in card["sources"].values()) == 60
    assert {name: row["kept"] + row["dropped"] for name, row in card["names"]["language.label"].items()} == {
        "nl": 45,
        "af": 15,
    }
    for source in card["sources"].values():
        gone = sum(amount["documents"] for amount in source["dropped"].values())
        assert source["in"]["documents"] == source["kept"]["documents"] + gone
    assert set(card["names"]["date.year"]) == {"2000", "2001", "2002"}
    assert card["clusters"] == {"near": {"1": 52, "2": 4}}
    assert [row["reason"] for row in card["not_applied"]] == ["lost"]
    (fertility,) = card["fertility"]
    assert fertility["documents"] == kept
    assert fertility["tokens_per_word"] >= 1
    assert sum(bar["kept"] + bar["dropped"] for row in card["distributions"] for bar in row["bins"]) == 60 * len(
        card["distributions"]
    )
    assert set(card["costs"]) >= {"decide", "card", "mix/select"}


def test_samples_show_both_sides_of_a_rule(tmp_path):
    card = gather(curated(tmp_path))
    (short,) = [row for row in card["reasons"] if row["reason"] == "short"]
    assert {one["value"] for one in short["dropped"]} <= {"0", "1", "2", "3", "4"}
    assert all(int(one["value"]) >= 5 for one in short["kept"])
    assert short["thresholds"] == [">= 5"]
    assert [len(short[side]) for side in ("kept", "dropped")] == [5, 5]
    for one in short["dropped"]:
        assert one["text"].startswith(one["id"][1:] + " ")


def test_the_funnel_adds_up_and_the_card_is_what_the_report_room_reads(tmp_path):
    value = gather(curated(tmp_path))
    card = DataCard.model_validate(json.loads(json.dumps(value)))
    steps = card.funnel()
    assert steps[0] == ("", 60, 3)
    for (_, before, _), (_, after, dropped) in itertools.pairwise(steps):
        assert before - after == dropped > 0
    assert steps[-1][1] == card.totals.kept.documents


def test_an_empty_curation_has_a_card(tmp_path):
    PROFILE.write(tmp_path / "profile.toml")
    Curation(tmp_path, "nl", 0, {}, RuleSet()).write()
    gather(Work(tmp_path))
    write_card(tmp_path)
    assert "0 of 0" in (tmp_path / "card.md").read_text()


@pytest.mark.parametrize("language", ["en", "nl"])
def test_pages_are_whole_and_ask_nothing_of_the_network(tmp_path, language):
    work = curated(tmp_path)
    gather(work)
    write_audit(work)
    write_card(tmp_path, language)
    write_form(tmp_path, language)
    for name in ("card.html", "audit.html"):
        text = (tmp_path / name).read_text()
        found = outline(text)
        assert all(address.startswith("#") or address == "data:," for address in found.addresses)
        assert "default-src &#x27;none&#x27;" in text
        assert len(found.ids) == len(set(found.ids))
    assert "card-reasons" in outline((tmp_path / "card.html").read_text()).ids
    assert "prefers-color-scheme: dark" in (tmp_path / "card.html").read_text()


def shapes(folder, hostile):
    work = curated(folder, hostile, mixed=False)
    gather(work)
    write_audit(work)
    write_card(folder)
    write_form(folder)
    return [outline((folder / name).read_text()).shape for name in ("card.html", "audit.html")]


def test_no_text_of_a_document_changes_a_page(tmp_path):
    plain = shapes(tmp_path / "plain", "plain")
    odd = [
        *PAYLOADS[::25],
        "\u202eabc\u2066",
        "a\x00b\x1b[31m",
        "\ud800".encode("utf-8", "replace").decode(),
        "| a | b |\n# c",
    ]
    everything = " ".join(odd)
    assert shapes(tmp_path / "hostile", everything) == plain
    markdown = (tmp_path / "hostile/card.md").read_text()
    assert "<" not in markdown.replace("\\<", "")
    assert not any(mark in markdown for mark in "\u202e\u2066\x00\x1b")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>", "\\<script\\>"),
        ("a\n# b", "a \\# b"),
        ("|x|", "\\|x\\|"),
        ("http://a.b www.c.d e@f.g", "http\\://a.b www\\.c.d e\\@f.g"),
        ("- a", "\\- a"),
        ("12. a - b", "12\\. a - b"),
        ("![x](y) **z** `c` \\", "!\\[x\\](y) \\*\\*z\\*\\* \\`c\\` \\\\"),
    ],
)
def test_markdown_shows_a_text_as_it_stands(text, shown):
    assert escape(text) == shown


def test_a_card_that_is_none_is_refused(tmp_path):
    for content in (None, "{", '{"format": 2}'):
        if content is not None:
            (tmp_path / "card.json").write_text(content)
            (tmp_path / "audit.json").write_text(content)
        for write in (write_card, write_form):
            with pytest.raises(InputError) as caught:
                write(tmp_path)
            assert {problem.code for problem in caught.value.problems} == {"MT701"}


def test_histograms_count_every_value_and_show_every_bound():
    few = histogram([(1.0, True), (3.0, False), (3.0, True)])
    assert few == [
        {"low": 1.0, "high": 2.0, "kept": 1, "dropped": 0},
        {"low": 2.0, "high": 3.0, "kept": 0, "dropped": 0},
        {"low": 3.0, "high": 4.0, "kept": 1, "dropped": 1},
    ]
    many = [(float(n * n) / 7, n % 2 == 0) for n in range(1, 500)]
    for pairs, bounds in (
        (many, [5.0, 90_000.0]),
        ([(0.5, True)] * 9, []),
        ([(n / 999, True) for n in range(99)], [0.2]),
    ):
        bars = histogram(pairs, bounds)
        assert sum(bar["kept"] + bar["dropped"] for bar in bars) == len(pairs)
        assert all(left["high"] == right["low"] for left, right in itertools.pairwise(bars))
        assert all(bars[0]["low"] <= bound <= bars[-1]["high"] for bound in bounds)
        for value, _ in pairs:
            assert bars[0]["low"] <= value <= bars[-1]["high"]
