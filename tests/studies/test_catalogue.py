"""Sixty sound rows, a search with known answers, and a status that follows the files."""

import subprocess
import sys
from pathlib import Path

import pytest

from mothertongue import studies
from mothertongue.errors import InputError, codes
from mothertongue.studies import citations, pages, ranking
from mothertongue.studies.catalogue import (
    Vocabulary,
    findings,
    load_methods,
    method,
    result_name,
    row_problems,
    search,
    status,
    vocabulary,
)
from mothertongue.studies.finding import Finding, Statistic, write_finding
from mothertongue.studies.study import STUDIES, Scale, load_study, study_modules, study_problems

WORDS = Vocabulary({"corpus": "text"}, {"target_text": "text"}, {"cpu_minutes": "soon"})
ROW = {
    **dict.fromkeys(("slug", "title", "room", "summary", "avoid_when", "claim"), "words"),
    **{"family": "corpus", "cost": "cpu_minutes", "needs": ["target_text"], "good_for": ["x"], "reported": ["1 %"]},
}


def test_sixty_methods_each_with_a_name_of_its_own():
    rows = load_methods()
    assert [row.number for row in rows] == list(range(1, 61))
    assert len({row.slug for row in rows}) == len({row.title for row in rows}) == 60
    assert {need for row in rows for need in row.needs} == set(vocabulary().needs)
    assert {row.family for row in rows} == set(vocabulary().families)
    assert all(row.slug == row.slug.lower() and " " not in row.slug for row in rows)


def test_texts_of_the_catalogue_are_whole_sentences():
    for row in load_methods():
        for text in (row.summary, row.avoid_when, row.claim):
            assert text.endswith("."), row.number
            assert text == " ".join(text.split()), row.number
        assert len(row.good_for) >= 3, row.number


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"family": "cooking"}, "7.family"),
        ({"needs": ["luck"]}, "7.needs"),
        ({"cost": "free"}, "7.cost"),
        ({"summary": " "}, "7.summary"),
        ({"reported": []}, "7.reported"),
        ({"status": "reproduced"}, "7.status"),  # a status is never typed
    ],
)
def test_an_unsound_row_is_named(change, key):
    assert row_problems("7", ROW, WORDS) == []
    assert [problem.key for problem in row_problems("7", {**ROW, **change}, WORDS)] == [key]
    missing = {name: value for name, value in ROW.items() if name != "claim"}
    assert [problem.key for problem in row_problems("7", missing, WORDS)] == ["7.claim"]


@pytest.mark.parametrize(
    ("query", "expected", "top"),
    [
        ("new language, small corpus, chat model", {46, 1}, 3),
        ("new language small corpus chat model", {46}, 3),
        ("speech", {9, 55, 57}, 3),
        ("spoken recordings", {9, 57}, 3),
        ("merge instruct weights", {39}, 1),
        ("poor tokenizer", {1, 46}, 2),
        ("the model forgets instructions", {39}, 3),
        ("clean a web crawl, deduplication", {49}, 1),
        ("longer context window", {22}, 1),
        ("grammar book", {34}, 1),
        ("facts from private documents", {26}, 1),
        ("code-switching", {13, 38}, 2),
        ("bilingual dictionary", {15, 38, 52}, 3),
        ("unsupervised parsing", {51}, 1),
        ("learn from human feedback", {10, 56}, 3),
        ("few labels classification", {7, 8, 21}, 5),
    ],
)
def test_a_search_finds_what_a_person_would_name(query, expected, top):
    assert expected <= {hit.method.number for hit in search(query, top)}


def test_every_method_is_found_by_its_own_title_and_phrases():
    for row in load_methods():
        assert row.number in {hit.method.number for hit in search(row.title, 3)}, row.title
        for phrase in row.good_for:
            same = [other for other in load_methods() if phrase in other.good_for]
            found = {hit.method.number for hit in search(phrase, max(10, 2 * len(same)))}
            assert row.number in found, (row.number, phrase)


def test_hits_say_why():
    best = search("new language, small corpus, chat model")[0]
    assert best.reasons == ('"new language"', '"small corpus"', '"chat model"')
    (why,) = search("asr", 1)[0].reasons
    assert "for asr (good for" in why


def test_a_search_is_deterministic_and_may_find_nothing():
    assert search("chat model", 60) == search("chat model", 60)
    assert search("zymurgy") == []
    assert "No method" in pages.render_hits([])
    for empty in ("", " , ", "what is the"):
        with pytest.raises(InputError, match="MT907"):
            search(empty)


def test_forms_of_a_word_are_one():
    assert len({ranking.stem(word) for word in ("merge", "merges", "merged", "merging")}) == 1
    assert len({ranking.stem(word) for word in ("tokenizer", "tokenizers", "tokenisation", "tokens")}) == 1
    assert ranking.stem("order") == "order"
    assert ranking.words("Low-resource, NLP!") == ["low-resource", "low", "resource", "nlp"]


def test_a_synonym_is_worth_less_than_the_word():
    records = {1: {"text": ["a chat"]}, 2: {"text": ["an assistant"]}, 3: {"text": ["a crawl"]}}
    index = ranking.Index(records, {"text": 1.0}, "text", [["chat", "assistant"]], ["a", "an"])
    matches = index.search("chat", 5)
    assert [match.key for match in matches] == [1, 2]
    assert matches[1].score == pytest.approx(0.6 * matches[0].score)


def test_status_follows_the_files(tmp_path: Path):
    (tmp_path / "results").mkdir()
    assert status(8, tmp_path) == "planned"
    (tmp_path / "s08_pcp.py").write_text("", "utf-8")
    assert study_modules(tmp_path) == {8: "s08_pcp"}
    assert status(8, tmp_path) == "implemented"
    for scale, gains, verdict in (
        ("smoke", (1.0, 1.1), "inconclusive"),
        ("mini", (1.0, 1.1), "reproduced"),
        ("laptop", (-1.0, -1.1), "contradicted"),
    ):
        write_finding(tmp_path / "results" / result_name(8, scale), fake_finding(scale, gains))
        assert status(8, tmp_path) == verdict
    assert status(9, tmp_path) == "planned"


def fake_finding(scale, gains):
    return Finding.of(
        study=8,
        title="PCP",
        claim="It helps.",
        scale=scale,
        seeds=tuple(range(len(gains))),
        arms={"gain": gains},
        statistic=Statistic(arm="gain"),
        seconds=1.0,
        versions={},
        command="mothertongue reproduce 8",
    )


def test_a_changed_finding_has_no_status(tmp_path: Path):
    (tmp_path / "results").mkdir()
    (tmp_path / "s08_pcp.py").write_text("", "utf-8")
    path = tmp_path / "results" / "08-mini.json"
    write_finding(path, fake_finding("mini", (-0.1, 0.1)))
    path.write_text(path.read_text("utf-8").replace('"inconclusive"', '"reproduced"'), "utf-8")
    with pytest.raises(InputError, match="MT904"):
        status(8, tmp_path)


def test_every_study_file_belongs_to_its_row():
    problems = [
        problem
        for number, module in study_modules().items()
        for problem in study_problems(load_study(number), method(number).slug, module)
    ]
    assert problems == []


def test_every_committed_finding_belongs_to_a_study_and_kept_its_time():
    for path in sorted((STUDIES / "results").glob("*.json")):
        number = int(path.name[:2])
        study = load_study(number)
        for finding in findings(number):
            limit = Scale(finding.scale).limit_seconds
            assert limit is None or finding.seconds <= limit, path
            assert (finding.study, finding.title, finding.statistic) == (
                number,
                method(number).title,
                study.statistic,
            ), path
        assert path.name in {result_name(number, scale) for scale in Scale}, path


def test_unknown_numbers_and_studies_are_refused():
    for number in (0, 61, -1):
        with pytest.raises(InputError, match="MT901"):
            method(number)
    unwritten = next(number for number in range(60, 0, -1) if number not in study_modules())
    with pytest.raises(InputError, match="MT902"):
        load_study(unwritten)
    for code in ("MT901", "MT902", "MT903", "MT904", "MT905", "MT906", "MT907", "MT908"):
        assert set(codes()[code]) == {"title", "explain", "remedy"}


SOURCE = '''
"""A room. It does (card 46, step 6). More."""

RATE = 3
"""The rate (cards 01, 22 and 50)."""

_HIDDEN = 4
"""Hidden (card 02)."""

class Rows:
    """Rows without a source."""

    def make(self):
        """New rows (card 39, 7 steps)."""

    def _inner(self):
        """Inner (card 03)."""
'''


def test_citations_are_read_from_docstrings(tmp_path: Path):
    package = tmp_path / "src" / "room"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(SOURCE, "utf-8")
    (package / "_private.py").write_text('"""Private (card 04)."""', "utf-8")
    found = {citation.name: (citation.cards, citation.sentence) for citation in citations.citations(package)}
    assert found == {
        "room": ((46,), "A room"),
        "room.RATE": ((1, 22, 50), "The rate (cards 01, 22 and 50)"),
        "room.Rows.make": ((39,), "New rows (card 39, 7 steps)"),
    }
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "a.yaml").write_text("# as in card 46\nlanguage: nl\n", "utf-8")
    assert citations.cited_recipes(46, package) == ["recipes/a.yaml"]
    assert citations.cited_recipes(39, package) == []


def test_what_is_shown_fits_the_terminal():
    shown = [pages.render_table(load_methods()), pages.render_hits(search("new language, small corpus", 60))]
    shown += [pages.render_method(number) for number in range(1, 61)]
    assert max(len(line) for text in shown for line in text.splitlines()) <= pages.WIDTH
    assert len(shown[0].splitlines()) == 61
    assert "mothertongue.models.arithmetic" in pages.render_method(39)


def test_a_finding_is_shown_with_its_arms_interval_and_verdict():
    shown = " ".join(pages.render_finding(fake_finding("mini", (1.0, 1.1))).split())
    for words in ("gain: 1, 1.1", "reproduced at scale mini", "0.4147 to 1.685", "greater than 0", "reproduce 8"):
        assert words in shown


def test_json_says_the_same_as_the_table():
    rows = pages.methods()
    assert [row["number"] for row in rows] == list(range(1, 61))
    assert {"number", "slug", "title", "family", "status"} == set(rows[0])
    values = pages.method_values(46)
    assert values["good_for"] == method(46).good_for
    assert {"status", "findings", "objects", "recipes"} <= set(values)
    assert pages.hit_values(search("speech", 1))[0]["number"] in (9, 55, 57)


def test_the_committed_page_is_the_generated_one():
    page = Path(__file__).resolve().parents[2] / "docs" / "methods.md"
    assert page.read_text("utf-8") == pages.docs_page(), "run `make docs`"


def test_the_public_names_are_those_promised_and_load_no_torch():
    assert set(studies.__all__) == {name for names in studies._HOMES.values() for name in names}
    assert not set(studies.__all__) & {path.stem for path in STUDIES.glob("*.py")}  # a module would hide the name
    assert all(getattr(studies, name) for name in studies.__all__)
    script = "import sys; from mothertongue.studies import *; render_method(46); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
