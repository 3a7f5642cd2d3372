"""Rule sets: read, joined, refused with every problem at once, and applied in their order."""

import pyarrow as pa
import pytest

from mothertongue.corpus.checked_rules import check_rules, threshold_text
from mothertongue.corpus.decide import decide
from mothertongue.corpus.expression import parse
from mothertongue.corpus.profile import LanguageProfile, neutral_profile
from mothertongue.corpus.rules import EditRule, Rule, RuleSet, read_rules, rules_from, shipped_rules
from mothertongue.corpus.tagger import SPANS
from mothertongue.corpus.taggers import make_tagger
from mothertongue.errors import InputError

COLUMNS = {
    "gopher": pa.schema({"words": pa.int64(), "mean": pa.float64(), "bullets": pa.float64()}),
    "c4": pa.schema({"curly": pa.bool_(), "lines": SPANS, "kind": pa.string()}),
}
PROFILE = LanguageProfile(language="nl", thresholds={"low": 3.0, "high": 10.0}, unsettled=("words",))


def refused(call, *arguments):
    with pytest.raises(InputError) as caught:
        call(*arguments)
    return sorted(caught.value.problems, key=lambda problem: (problem.line or 0, problem.key))


def table(**columns):
    return pa.table({name.replace("__", "."): column for name, column in columns.items()})


def test_a_file_is_read_with_its_includes_and_later_rules_take_the_place_of_earlier_ones(tmp_path):
    (tmp_path / "base.toml").write_text(
        'minimum_characters = 30\n[[rule]]\nreason = "short"\nkeep = "gopher.words >= 50"\n'
        '[[rule]]\nreason = "curly"\nkeep = "not c4.curly"\n[[edit]]\nspans = "c4.lines"\ndelete = true\nbelow = 0.5\n'
    )
    (tmp_path / "own.toml").write_text(
        'include = ["base.toml"]\n[[rule]]\nreason = "short"\nkeep = "gopher.words >= 5"\nnote = "poems"\n'
        '[[edit]]\nspans = "c4.lines"\nreplace = "\\n"\n'
    )
    found = read_rules([tmp_path / "own.toml"], {"bullets": "gopher.bullets <= 0.9"})
    assert [(rule.reason, str(rule.keep), rule.note) for rule in found.rules] == [
        ("short", "gopher.words >= 5", "poems"),
        ("curly", "not c4.curly", ""),
        ("bullets", "gopher.bullets <= 0.9", ""),
    ]
    assert found.edits == (EditRule("c4.lines", "\n"),)
    assert found.minimum_characters == 30
    assert found.taggers == ("c4", "gopher")


def test_values_and_files_return_the_same_rules(tmp_path):
    rules = RuleSet(
        (Rule("a", parse("1 <= gopher.words <= 9 or c4.kind in ['x', 'y']"), "why"),),
        (EditRule("c4.lines", "<x>", 0.5, 0.9), EditRule("c4.others")),
        12,
    )
    assert rules_from(rules.value()) == rules
    (tmp_path / "own.toml").write_text(rules.to_toml())
    assert read_rules([tmp_path / "own.toml"]) == rules


def test_an_expression_of_a_recipe_takes_its_attributes_as_reason():
    (rule,) = read_rules([], ["gopher.words >= 5 and gopher.mean < 3"]).rules
    assert rule.reason == "gopher.words, gopher.mean"


def test_every_problem_of_every_file_is_told_at_once_with_its_line(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(
        'rules = 1\nminimum_characters = 0\n\n[[rule]]\nreason = "a"\nkeep = "gopher.words >"\n[[rule]]\nreason = "a"\n'
        'keep = "gopher.words > 1"\n[[rule]]\nreson = "b"\nkeep = 5\n[[edit]]\nspans = "c4.lines"\n'
        '[[rule]]\nreason = "b"\nkeep = "c4.curly"\n[[rule]]\nreason = "b"\nkeep = "c4.curly"\n'
    )
    found = refused(read_rules, [path, "usuel", tmp_path / "missing.toml"])
    assert {(p.code, p.line, p.key) for p in found} == {
        ("MT253", None, "rules"),
        ("MT253", None, "minimum_characters"),
        ("MT251", 4, "a.keep"),
        ("MT253", 10, "rule 3.reson"),
        ("MT253", 10, "rule 3.reason"),
        ("MT253", 10, "rule 3.keep"),
        ("MT253", 13, "edit 1.delete"),
        ("MT253", 18, "reason"),
        ("MT254", None, "corpus.rules"),
        ("MT253", None, ""),
    }
    by_key = {problem.key: problem for problem in found}
    assert "nearest: rule" in by_key["rules"].message
    assert "nearest: usual" in by_key["corpus.rules"].message
    assert "at character 15" in by_key["a.keep"].message


@pytest.mark.parametrize(
    "text", ["rule = 5", "include = 5", "[[rule", "\x00", 'include = ["own.toml"]', "a = " + "[" * 5_000, "taggers = 5"]
)
def test_what_is_no_rule_set_is_refused(tmp_path, text):
    (tmp_path / "own.toml").write_text(text)
    assert {problem.code for problem in refused(read_rules, [tmp_path / "own.toml"])} == {"MT253"}


def test_unknown_attributes_are_told_with_the_nearest_and_all_at_once():
    rules = read_rules([], {"a": "gopher.wrods > 1", "b": "gohper.words > 1 and c4.nothing", "c": "c4.kind > 1"})
    rules = RuleSet(rules.rules, (EditRule("gopher.words"), EditRule("c4.line")))
    found = refused(check_rules, rules, COLUMNS, PROFILE)
    told = {(p.code, p.value.split(" ")[0], p.message.partition("nearest: ")[2]) for p in found}
    assert told == {
        ("MT250", "gopher.wrods", "gopher.words"),
        ("MT250", "gohper.words", "gopher.words"),
        ("MT250", "c4.nothing", ""),
        ("MT250", "c4.line", "c4.lines"),
        ("MT252", "c4.kind", ""),
        ("MT252", "gopher.words", ""),
    }


def test_a_rule_with_an_unsettled_threshold_is_not_applied_and_that_is_said():
    rules = read_rules(
        [], {"short": "gopher.words >= profile.words", "odd": "gopher.mean <= profile.hihg", "m": "c4.curly"}
    )
    checked = check_rules(rules, COLUMNS, PROFILE)
    assert [rule.reason for rule in checked.rules] == ["m"]
    assert [(one.reason, one.why) for one in checked.not_applied] == [
        ("short", "the reference text could not settle profile.words"),
        ("odd", "the profile does not hold profile.hihg (nearest: high)"),
    ]


def test_the_first_rule_that_fails_gives_the_reason_the_value_and_its_own_half_of_the_threshold():
    keep = {
        "mean": "profile.low <= gopher.mean <= profile.high",
        "curly": "not c4.curly",
        "kind": "c4.kind in ['x']",
        "either": "gopher.words > 5 or gopher.bullets < 0.5",
        "rate": "gopher.bullets / gopher.words <= 0.25",
    }
    checked = check_rules(read_rules([], keep), COLUMNS, PROFILE)
    decided = decide(
        table(
            gopher__mean=[2.5, 12.0, 5.0, None, 5.0, 5.0, 10.000000001],
            gopher__words=[1, 1, 9, 9, 3, 7, 9],
            gopher__bullets=[0.9, 0.0, 0.0, None, 0.9, 3.5, 0.0],
            c4__curly=[True, False, True, None, False, False, False],
            c4__kind=["x", "y", "y", "y", "x", "x", "x"],
        ),
        checked,
    )
    rows = list(zip(decided.keep.tolist(), decided.reason, decided.value, decided.threshold, strict=True))
    assert rows == [
        (False, "mean", "2.5", ">= 3"),
        (False, "mean", "12", "<= 10"),
        (False, "curly", "true", "false"),
        (False, "kind", "y", 'in ["x"]'),
        (False, "either", "gopher.words=3, gopher.bullets=0.9", "gopher.words > 5 or gopher.bullets < 0.5"),
        (False, "rate", "0.5", "gopher.bullets / gopher.words <= 0.25"),
        (False, "mean", "10.000000001", "<= 10"),
    ]
    assert decided.fails["curly"].tolist() == [True, False, True, False, False, False, False]


def test_unknown_values_pass_and_no_rules_keep_everything():
    checked = check_rules(read_rules([], {"a": "gopher.words > 5"}), COLUMNS, PROFILE)
    assert decide(table(gopher__words=pa.array([None, 1, 9], pa.int64())), checked).keep.tolist() == [True, False, True]
    nothing = check_rules(RuleSet(), COLUMNS, PROFILE)
    assert decide(table(gopher__words=[1, 2]), nothing).keep.tolist() == [True, True]


def test_stricter_thresholds_never_keep_more():
    words = table(gopher__words=[(7 * number) % 100 for number in range(100)])
    kept = [
        decide(words, check_rules(read_rules([], {"a": f"gopher.words >= {bound}"}), COLUMNS, PROFILE)).keep.sum()
        for bound in range(0, 101, 10)
    ]
    assert kept == sorted(kept, reverse=True)
    assert (kept[0], kept[-1]) == (100, 0)


def test_a_filter_and_its_inverse_partition_the_corpus():
    words = table(gopher__words=list(range(50)))
    direct, inverse = (
        decide(words, check_rules(read_rules([], {"a": f"gopher.words {sign} 20"}), COLUMNS, PROFILE)).keep
        for sign in ("<", ">=")
    )
    assert (direct ^ inverse).all()


def test_the_threshold_text_fills_in_the_profile():
    profile = LanguageProfile(language="nl", scripts=("Latn",), thresholds={"low": 3.0, "lower": 4.0})
    rules = read_rules([], {"a": "gopher.mean > profile.lower - profile.low", "b": "c4.kind in profile.scripts"})
    checked = check_rules(rules, COLUMNS, profile)
    assert [threshold_text(rule.parts[0], profile) for rule in checked.rules] == ["> 4 - 3", "in [Latn]"]


@pytest.mark.parametrize("name", shipped_rules())
def test_shipped_rules_name_attributes_that_exist(name):
    rules = read_rules([name])
    assert rules.rules
    columns = {tagger: make_tagger(tagger).columns for tagger in rules.taggers}
    checked = check_rules(rules, columns, neutral_profile("nl"))
    assert len(checked.rules) + len(checked.not_applied) == len(rules.rules)
