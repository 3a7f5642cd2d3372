"""The audit sheet: what is shown, what a spreadsheet may do to it, and when a verdict moves a threshold."""

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus.curations import build, words

from mothertongue.corpus.card.sheet import COLUMNS, Verdict, cell, read_audit, sheet, write_audit
from mothertongue.corpus.card.verdicts import apply_audit, best_threshold, chance_of_move, errors, move_thresholds
from mothertongue.corpus.checked_rules import check_rules
from mothertongue.corpus.curation import Curation, read_curation
from mothertongue.corpus.decide import decide_task
from mothertongue.corpus.document import Document
from mothertongue.corpus.profile import LanguageProfile, read_profile
from mothertongue.corpus.rules import read_rules
from mothertongue.corpus.work import Work
from mothertongue.errors import InputError

PROFILE = LanguageProfile(language="nl", thresholds={"minimum_words": 50.0})
KEEP = {"short": "a.words >= profile.minimum_words", "odd": "0.1 <= a.share <= 0.9", "curly": "not a.curly"}


def corpus(shards=2, each=100):
    """Documents of 0 to 99 words; a share that is odd for every tenth; some with a curly brace."""
    numbers = [[(place * 7 + shard) % 100 for place in range(each)] for shard in range(shards)]
    documents = [
        [Document(f"id{shard}-{n}", f"{n} " + words(n % 5, "woord"), f"web/{n}.txt", "nl") for n in row]
        for shard, row in enumerate(numbers)
    ]
    columns = {
        "words": numbers,
        "share": [[0.95 if n % 10 == 0 else 0.01 if n % 10 == 5 else 0.5 for n in row] for row in numbers],
        "curly": [[n % 33 == 1 for n in row] for row in numbers],
    }
    return documents, {"a": columns}


def curated(folder, keep=KEEP, **sizes):
    documents, attributes = corpus(**sizes)
    places = build(folder, documents, attributes, PROFILE)
    rules = read_rules([], keep)
    tasks = [decide_task(number, places[number], rules, language="nl") for number in range(len(documents))]
    work = Work(folder)
    work.run(tasks, "deciding")
    found = {name: (path.rpartition("/")[0], key) for name, (path, key) in places[0].items()}
    Curation(folder, "nl", len(documents), found, rules).write()
    return work


def rows_of(path):
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter="\t"))


def judged(rows, verdict):
    """Return a sheet with the verdict that `verdict` gives to each row."""
    return sheet([row | {"verdict": verdict(row)} for row in rows])


def test_a_sheet_shows_both_sides_of_every_condition_near_the_threshold_and_at_random(tmp_path):
    rows = rows_of(write_audit(curated(tmp_path)))
    assert list(rows[0]) == list(COLUMNS)
    short = [row for row in rows if row["reason"] == "short"]
    by_side = {side: [int(row["value"]) for row in short if row["side"] == side] for side in ("kept", "dropped")}
    assert {side: len(values) for side, values in by_side.items()} == {"kept": 20, "dropped": 20}
    assert set(by_side["dropped"]) >= {45, 46, 47, 48, 49}, "both shards hold each of them"
    assert min(by_side["dropped"]) < 30, "some at random"
    assert all(value >= 50 for value in by_side["kept"])
    odd = [row for row in rows if row["reason"] == "odd" and row["side"] == "dropped"]
    assert {(row["condition"], row["threshold"]) for row in odd} == {
        ("0.1 <= a.share", ">= 0.1"),
        ("a.share <= 0.9", "<= 0.9"),
    }
    assert {row["value"] for row in odd} == {"0.01", "0.95"}
    assert all(row["verdict"] == "" for row in rows)
    keys = [row["row"] for row in rows]
    assert len(set(keys)) == len(keys)


def test_the_sheet_is_the_same_however_documents_are_cut_into_shards(tmp_path):
    documents, attributes = corpus()
    sheets = []
    for name, cuts in (("a", [200]), ("b", [50, 150]), ("c", [1, 1, 198])):
        flat = [document for shard in documents for document in shard]
        columns = {key: [one for shard in values for one in shard] for key, values in attributes["a"].items()}
        borders = [(sum(cuts[:n]), sum(cuts[: n + 1])) for n in range(len(cuts))]
        shards = [flat[low:high] for low, high in borders]
        cut = {"a": {key: [values[low:high] for low, high in borders] for key, values in columns.items()}}
        places = build(tmp_path / name, shards, cut, PROFILE)
        rules, work = read_rules([], KEEP), Work(tmp_path / name)
        work.run([decide_task(n, places[n], rules, language="nl") for n in range(len(cuts))], "deciding")
        Curation(tmp_path / name, "nl", len(cuts), {"a": ("attributes/a@1", "a@1")}, rules).write()
        sheets.append(write_audit(work).read_bytes())
    assert sheets[0] == sheets[1] == sheets[2]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1", "\r\n=2", '=HYPERLINK("http://x")'])
def test_no_cell_is_a_formula(text):
    assert cell(text)[0] == "'"
    assert cell("-0.5") == "'-0.5"


def test_a_cell_is_one_line_without_characters_that_do_harm():
    assert cell("een\r\n  twee\u2028drie\tvier") == "een \u23ce twee \u23ce drie vier"
    assert cell("a\x00b\u202ec\ud800d") == "a\ufffdb\ufffdc\ufffdd"


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_any_text_makes_one_cell_of_one_row(text):
    row = dict.fromkeys(COLUMNS, "x") | {"text": text}
    lines = list(csv.reader(io.StringIO(sheet([row]).decode("utf-8-sig"), newline=""), delimiter="\t"))
    assert [len(line) for line in lines] == [len(COLUMNS)] * 2
    assert not lines[1][COLUMNS.index("text")].startswith(("=", "+", "-", "@", "\t"))


def test_verdicts_come_back_through_what_spreadsheets_do(tmp_path):
    work = curated(tmp_path)
    path = write_audit(work)
    rows = rows_of(path)
    marked = [row | {"verdict": "Keep " if n % 2 else "drop"} for n, row in enumerate(rows)]
    expected = [(row["reason"], row["condition"], row["id"], row["verdict"].strip().lower()) for row in marked]
    mangled = [row | {"value": "01-Feb", "id": "1,2E+30"} for row in reversed(marked)]
    plain = sheet(marked).decode("utf-8-sig")
    with_commas = io.StringIO()
    csv.writer(with_commas, delimiter=";").writerows(csv.reader(io.StringIO(plain, newline=""), delimiter="\t"))
    for data in (sheet(marked), sheet(mangled), plain.encode("utf-16"), with_commas.getvalue().encode()):
        (tmp_path / "back.tsv").write_bytes(data)
        found = read_audit(tmp_path / "back.tsv", tmp_path)
        assert [(one.reason, one.condition, one.id, one.verdict) for one in found] == expected
        assert [one.value for one in found] == [row["value"].removeprefix("'") for row in rows]


def refused(path, folder):
    with pytest.raises(InputError) as caught:
        read_audit(path, folder)
    return [(problem.code, problem.line, problem.key) for problem in caught.value.problems]


def test_everything_that_is_wrong_with_a_sheet_is_told_at_once(tmp_path):
    path = write_audit(curated(tmp_path))
    rows = rows_of(path)[:4]
    rows[0]["verdict"] = "good"
    rows[1] |= {"verdict": "keep", "row": "r00"}
    rows[2]["verdict"] = "keep"
    rows[3] |= {"verdict": "drop", "row": rows[2]["row"]}
    path.write_bytes(sheet(rows))
    assert refused(path, tmp_path) == [("MT257", 2, "verdict"), ("MT257", 3, "row"), ("MT257", 5, "verdict")]
    for data in (b"", b"a\tb\n1\t2\n", b"\xff\xfe\x00", b"\xe9\n", b'row\tverdict\n"open'):
        path.write_bytes(data)
        assert {code for code, _, _ in refused(path, tmp_path)} == {"MT257"}
    assert refused(tmp_path / "missing.tsv", tmp_path)[0][0] == "MT257"
    path.write_bytes(sheet(rows[:1]))
    (tmp_path / "audit.json").unlink()
    assert refused(path, tmp_path)[0][0] == "MT259"


# --- thresholds -------------------------------------------------------------------------------------------------------


def verdicts(values, condition, reason="short"):
    return [Verdict(reason, condition, f"{n}", f"{value}", word) for n, (value, word) in enumerate(values)]


def moved(values, keep="a.words >= 50", fewest=10, profile=PROFILE, condition=""):
    import pyarrow as pa

    rules = read_rules([], {"short": keep})
    checked = check_rules(rules, {"a": pa.schema({"words": pa.int64(), "share": pa.float64()})}, profile)
    return move_thresholds(verdicts(values, condition or keep), rules, checked, fewest)


FROM_30 = [(value, "keep" if value >= 30 else "drop") for value in range(11, 90, 2)]


def test_a_threshold_moves_to_where_the_verdicts_put_it():
    rules, _, (move,) = moved(FROM_30)
    assert move.moved
    assert str(rules.rules[0].keep) == "a.words >= 30"
    assert (move.old, move.new, move.errors_before, move.errors_after) == (50, 30, 10, 0)
    assert (move.lowest, move.highest) == (29, 31)
    assert move.chance == pytest.approx(2**-10)


def test_a_threshold_of_the_profile_moves_in_the_profile():
    rules, profile, (move,) = moved(FROM_30, "profile.minimum_words <= a.words")
    assert move.moved
    assert str(rules.rules[0].keep) == "profile.minimum_words <= a.words"
    assert profile.thresholds["minimum_words"] == 30
    assert PROFILE.thresholds["minimum_words"] == 50


def test_one_side_of_a_range_moves_alone():
    values = [(value, "keep" if value <= 70 else "drop") for value in range(40, 95, 2)]
    rules, _, (move,) = moved(values, "20 <= a.words <= 90", condition="a.words <= 90")
    assert move.moved
    assert str(rules.rules[0].keep) == "20 <= a.words and a.words <= 71"


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (FROM_30[:9], "has 9 verdicts; 10 are needed"),
        ([(value, "unsure") for value, _ in FROM_30], "has 0 verdicts"),
        ([(value, "keep" if value >= 50 else "drop") for value in range(20, 80, 2)], "no other place"),
        ([(value, "keep" if value >= 46 else "drop") for value in range(20, 80, 2)], "chance explains too"),
        ([("unknown", "keep")] * 20, "has 0 verdicts"),
    ],
)
def test_a_threshold_stays_without_enough_evidence(values, why):
    rules, profile, (move,) = moved(values)
    assert not move.moved
    assert move.old == move.new == 50
    assert why in move.why
    assert str(rules.rules[0].keep) == "a.words >= 50"
    assert profile == PROFILE


def test_conditions_without_a_number_and_shared_thresholds_that_disagree_stay():
    _, _, (move,) = moved(FROM_30, "a.words >= 50 or a.share > 0.5")
    assert move.why == "has no single number that could move"
    import pyarrow as pa

    keep = {"short": "a.words >= profile.minimum_words", "long": "a.share >= profile.minimum_words"}
    rules = read_rules([], keep)
    checked = check_rules(rules, {"a": pa.schema({"words": pa.int64(), "share": pa.float64()})}, PROFILE)
    given = verdicts(FROM_30, keep["short"]) + verdicts([(60, "keep")] * 12, keep["long"], "long")
    _, profile, moves = move_thresholds(given, rules, checked)
    assert [move.moved for move in moves] == [False, False]
    assert "do not agree" in moves[0].why
    assert profile == PROFILE


VALUES = st.lists(st.tuples(st.integers(0, 12).map(float), st.booleans()), min_size=1, max_size=30)


@settings(max_examples=150, deadline=None)
@given(VALUES, st.sampled_from([">=", ">", "<=", "<"]), st.integers(0, 12).map(float))
def test_no_threshold_makes_fewer_errors_than_the_best(judged_values, operator, old):
    best, low, high = best_threshold(judged_values, operator, old)
    fewest = errors(judged_values, operator, best)
    every = [-1.0, *(n / 2 for n in range(26)), 99.0]
    assert fewest == min(errors(judged_values, operator, threshold) for threshold in every)
    if errors(judged_values, operator, old) == fewest:
        assert best == old
    assert low is None or high is None or low < high


def test_the_sign_test_by_hand():
    between = [(float(value), True) for value in (31, 33, 35)] + [(37.0, False)]
    # Of four documents that the move keeps, three should be kept: P(X >= 3) of B(4, 1/2) = 5 / 16.
    assert chance_of_move([*between, (10.0, False), (60.0, True)], ">=", 50, 30) == pytest.approx(5 / 16)


def test_a_sheet_that_came_back_writes_a_profile_and_rules_that_decide_anew(tmp_path):
    work = curated(tmp_path, {"short": KEEP["short"], "odd": KEEP["odd"]}, each=100)
    path = write_audit(work)
    rows = rows_of(path)

    def opinion(row):
        return "" if row["reason"] != "short" else "keep" if float(row["value"]) >= 20 else "drop"

    path.write_bytes(judged(rows, opinion))
    (move,) = apply_audit(tmp_path, path)
    assert move.moved
    profile = read_profile(tmp_path / "audited/profile.toml", "nl")
    assert 10 < profile.thresholds["minimum_words"] <= 45
    assert read_rules([tmp_path / "audited/rules.toml"]) == read_curation(tmp_path).rules
    told = json.loads((tmp_path / "audited/moves.json").read_text())["moves"]
    assert told[0]["new"] == profile.thresholds["minimum_words"]


def test_a_folder_without_a_curation_is_refused(tmp_path):
    for content in (None, "{}", "[]", "{"):
        if content is not None:
            (tmp_path / "curation.json").write_text(content)
        with pytest.raises(InputError) as caught:
            write_audit(Work(tmp_path))
        assert caught.value.problems[0].code == "MT259"


def test_nobody_is_asked_about_a_rule_that_dropped_nothing(tmp_path):
    rows = rows_of(write_audit(curated(tmp_path, KEEP | {"never": "a.words < 1000"})))
    assert {row["reason"] for row in rows} == set(KEEP)


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=60) | st.text(max_size=60).map(lambda text: ("row\tverdict\n" + text).encode("utf-8", "replace"))
)
def test_any_file_is_read_or_refused(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("sheets")
    (folder / "audit.json").write_text(
        '{"rows": [{"row": "r1", "reason": "a", "condition": "b", "id": "c", "value": "1"}]}'
    )
    (folder / "audit.tsv").write_bytes(data)
    try:
        found = read_audit(folder / "audit.tsv", folder)
    except InputError as error:
        found = error.problems
    assert all(isinstance(one, Verdict) or one.code == "MT257" for one in found)
