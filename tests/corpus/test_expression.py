"""The language of rules: what it says, what it refuses, and that it agrees with a plain evaluator on any input."""

import random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mothertongue.corpus import expression_nodes as nodes
from mothertongue.corpus.evaluate import evaluate, kind_faults, kind_of
from mothertongue.corpus.expression import LONGEST, ExpressionError, parse
from mothertongue.corpus.profile import LanguageProfile
from mothertongue.corpus.tagger import SPANS

PROFILE = LanguageProfile(
    language="nl", scripts=("Latn",), thresholds={"low": 2.0, "high": 3.0, "lost": 9.0}, unsettled=("lost",)
)
TABLE = pa.table(
    {
        "a.x": pa.array([1, 2, None, 4]),
        "a.z": pa.array([0.0, float("nan"), 1.0, 2.0]),
        "a.b": pa.array([True, False, None, True]),
        "a.s": pa.array(["nl", "af", None, "it's"]),
        "a.p": pa.array([[{"start": 0, "end": 1, "score": 1.0}], [], None, []], SPANS),
    }
)
KINDS = {name: kind_of(TABLE.schema.field(name).type) for name in TABLE.column_names}
UNKNOWN = None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.x >= 2", [False, True, UNKNOWN, True]),
        ("1 < a.x <= 2", [False, True, UNKNOWN, False]),
        ("2 <= a.x", [False, True, UNKNOWN, True]),
        ("a.x + 1 == 2 * 1", [True, False, UNKNOWN, False]),
        ("10 - 2 - 3 == a.x + 1", [False, False, UNKNOWN, True]),
        ("a.x / a.z > 1", [UNKNOWN, UNKNOWN, UNKNOWN, True]),
        ("a.z < 100", [True, UNKNOWN, True, True]),
        ("-a.x < -1", [False, True, UNKNOWN, True]),
        ("a.b", [True, False, UNKNOWN, True]),
        ("not a.b", [False, True, UNKNOWN, False]),
        ("a.b == false", [False, True, UNKNOWN, False]),
        ("a.b or a.x > 3", [True, False, UNKNOWN, True]),
        ("a.x > 3 and a.b", [False, False, UNKNOWN, True]),
        ("a.b or true", [True, True, True, True]),
        ("a.b and false", [False, False, False, False]),
        ("a.b or a.x < 3 and a.z > 5", [True, UNKNOWN, UNKNOWN, True]),
        ("(a.b or a.x < 3) and a.z > 5", [False, UNKNOWN, False, False]),
        ("a.s in ['nl', \"it's\"]", [True, False, UNKNOWN, True]),
        ("a.s not in ['nl']", [False, True, UNKNOWN, True]),
        ("a.x in [1, -2, 4.0]", [True, False, UNKNOWN, True]),
        ("a.s == profile.language", [True, False, UNKNOWN, False]),
        ("a.s in profile.scripts", [False, False, UNKNOWN, False]),
        ("profile.low <= a.x <= profile.high", [False, True, UNKNOWN, False]),
        ("a.x > profile.lost", [UNKNOWN] * 4),
        ("a.x > profile.absent", [UNKNOWN] * 4),
        ("a.s in profile.neighbours", [UNKNOWN] * 4),
        ("known(a.x)", [True, True, False, True]),
        ("not known(a.x) or a.x > 3", [False, False, True, True]),
        ("count(a.p) <= 0", [False, True, UNKNOWN, True]),
        ("a.x > .5e1", [False, False, UNKNOWN, False]),
        ("not not a.x > 3", [False, False, UNKNOWN, True]),
        ("true", [True] * 4),
    ],
)
def test_an_answer_worked_out_by_hand(text, expected):
    expression = parse(text)
    assert kind_faults(expression, KINDS) == []
    assert evaluate(expression, TABLE, PROFILE).to_pylist() == expected
    assert parse(str(expression)) == expression, "what is printed means the same"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", 0),
        ("a.x >", 5),
        ("a.x >= 2 a.b", 9),
        ("a.x > 2)", 7),
        ("(a.x > 2", 8),
        ("a.x = 2", 4),
        ("word > 2", 0),
        ("a.b.c > 2", 0),
        ("a.x in []", 8),
        ("a.x in [a.z]", 11),
        ("a.x not 5", 8),
        ("a.s == 'open", 7),
        ("a.x > 1e999", 6),
        ("a.x > 5x", 6),
        ("__import__('os')", 0),
        ("a.x ** 2 > 1", 5),
        ("lambda: 1", 6),
        ("a.x > 2; a.b", 7),
        ("a.x if a.b else 2", 4),
        ("a.s == f'{1}'", 7),
        ("known(5)", 6),
        ("a.x > 2 \x00", 8),
        ("a.x > ½", 6),
    ],
)
def test_what_is_no_expression_is_refused_where_it_goes_wrong(text, place):
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.place == place


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1_000 + "a.b" + ")" * 1_000,
        "+".join(["1"] * 900) + " > 2",
        "a.b and " * 400 + "a.b",
        "a.b " * 5_000,
        "a.b and (" * 60 + "a.b" + ")" * 60,
        "1" * 1_900 + " > a.x",
    ],
)
def test_long_and_deep_texts_are_refused(text):
    with pytest.raises(ExpressionError):
        parse(text)


def test_what_is_flat_may_be_long():
    text = " and ".join(["a.x > 0"] * 150)
    assert len(text) < LONGEST
    assert len(parse(text).conjuncts) == 150
    assert parse("not " * 300 + "a.b") == parse("a.b")
    assert parse("a.x > " + "-" * 301 + "1") == parse("a.x > -1")


@pytest.mark.parametrize(
    "text",
    [
        "a.x",
        "a.x > 'nl'",
        "a.s + 1 > 2",
        "a.b > a.b",
        "not a.x",
        "a.x and a.b",
        "a.p == 1",
        "count(a.x) > 1",
        "a.x in ['nl']",
        "a.x in [1, 'nl']",
        "a.x in profile.scripts",
        "a.s in profile.language",
        "profile.scripts == 'Latn'",
        "a.s > 1 or a.b",
        "a.p",
    ],
)
def test_kinds_that_cannot_be_joined_are_found_before_any_table_is(text):
    assert kind_faults(parse(text), KINDS)


def test_names_are_known_from_the_expression():
    found = parse("a.x > profile.low and (b.y or not a.x == 1) and known(c.d) and a.s in profile.scripts")
    assert found.attributes == ("a.x", "b.y", "c.d", "a.s")
    assert found.profile_names == ("low", "scripts")
    assert found.taggers == ("a", "b", "c")


def test_an_empty_table_has_no_truth():
    assert evaluate(parse("a.x > 2 and a.b"), TABLE.slice(0, 0), PROFILE).to_pylist() == []


# --- agreement with an evaluator that is as plain as can be


def plain(node, row):
    """Return the value of a node for one row by the tables of Kleene and the words of the language."""
    if isinstance(node, nodes.Constant):
        return node.value
    if isinstance(node, nodes.Name):
        return row[node.name]
    if isinstance(node, nodes.Not):
        value = plain(node.part, row)
        return None if value is None else not value
    if isinstance(node, nodes.AllOf | nodes.AnyOf):
        stop = isinstance(node, nodes.AnyOf)
        found = [plain(part, row) for part in node.parts]
        return stop if stop in found else None if None in found else not stop
    if isinstance(node, nodes.Member):
        value = plain(node.item, row)
        return None if value is None else (value in [one.value for one in node.choices]) != node.negated
    left, right = plain(node.left, row), plain(node.right, row)
    if left is None or right is None or (node.operator == "/" and right == 0):
        return None
    operations = {
        "+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right, "/": lambda: left / right,
        "<": lambda: left < right, "<=": lambda: left <= right, ">": lambda: left > right, ">=": lambda: left >= right,
        "==": lambda: left == right, "!=": lambda: left != right,
    }  # fmt: skip
    return operations[node.operator]()


NUMBERS = st.recursive(
    st.builds(nodes.Constant, st.sampled_from([-2.0, -0.5, 0.0, 1.0, 3.0]))
    | st.builds(nodes.Name, st.sampled_from(["a.x", "a.z"])),
    lambda inner: st.builds(nodes.Arithmetic, st.sampled_from("+-*/"), inner, inner),
    max_leaves=4,
)
TRUTHS = st.recursive(
    st.builds(nodes.Name, st.just("a.b"))
    | st.builds(nodes.Comparison, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), NUMBERS, NUMBERS)
    | st.builds(nodes.Member, NUMBERS, st.just((nodes.Constant(1.0), nodes.Constant(0.0))), st.booleans()),
    lambda inner: st.one_of(
        st.builds(nodes.Not, inner),
        st.builds(lambda parts: nodes.AllOf(tuple(parts)), st.lists(inner, min_size=2, max_size=3)),
        st.builds(lambda parts: nodes.AnyOf(tuple(parts)), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=6,
)


def rows_of(seed):
    draw = random.Random(seed)
    values = {"a.x": [None, -2.0, 0.0, 1.0, 3.0], "a.z": [None, -0.5, 0.0, 2.0], "a.b": [None, True, False]}
    return [{name: draw.choice(found) for name, found in values.items()} for _ in range(20)]


@settings(max_examples=150, deadline=None)
@given(TRUTHS, st.integers(0, 1_000))
def test_tables_and_rows_agree(node, seed):
    rows = rows_of(seed)
    table = pa.table({name: pa.array([row[name] for row in rows]) for name in ("a.x", "a.z", "a.b")})
    expected = [plain(node, row) for row in rows]
    assert evaluate(node, table, PROFILE).to_pylist() == expected
    again = parse(str(node)).node
    assert evaluate(again, table, PROFILE).to_pylist() == expected


PIECES = ["a.x", "(", ")", "not", "in", "[", "]", ",", "and", "or", ">", "1", "'x'", "-"]


def place_of_fault(text):
    """Return where a text stops being an expression, or its end when it is one that prints itself as its equal."""
    try:
        expression = parse(text)
    except ExpressionError as error:
        return error.place
    assert parse(str(expression)) == expression
    return len(text)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.lists(st.sampled_from(PIECES)).map(" ".join))
def test_any_text_is_parsed_or_refused_with_a_place(text):
    assert 0 <= place_of_fault(text) <= len(text)
