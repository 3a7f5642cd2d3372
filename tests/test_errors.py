"""Refusals have one form, every code has a help text, and every help text is reachable."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import mothertongue
from mothertongue.errors import InputError, Interrupted, MothertongueError, Problem, WorkError, codes, explain, render

SOURCE = Path(mothertongue.__file__).parent


def test_a_problem_is_shown_as_place_found_message_allowed_and_remedy():
    problem = Problem(
        "MT104",
        "is not a known key; nearest: pretrain.learning_rate",
        where="recipe.yaml",
        line=12,
        key="pretrain.lerning_rate",
        value="3e-4",
        allowed="a number above 0, default 2e-4",
        do="rename the key, or run  mothertongue schema pretrain",
    )
    assert render([problem]) == (
        "error MT104 recipe.yaml:12  pretrain.lerning_rate = 3e-4\n"
        "  is not a known key; nearest: pretrain.learning_rate\n"
        "  allowed: a number above 0, default 2e-4\n"
        "  do: rename the key, or run  mothertongue schema pretrain"
    )


def test_empty_fields_leave_no_trace():
    assert render([Problem("MT801", "write failed")]) == "error MT801\n  write failed"
    assert render([Problem("MT801", "x", where="a b")]) == "error MT801 a b\n  x"
    assert render([Problem("MT801", "x", key="seed")]) == "error MT801  seed\n  x"


def test_problems_are_sorted_by_file_and_line_and_at_most_twenty_are_shown():
    problems = [Problem("MT801", "x", where=file, line=line) for line in range(30, 0, -1) for file in ("b", "a")]
    lines = render(problems).splitlines()
    heads = [line for line in lines if line.startswith("error")]
    assert heads == [f"error MT801 a:{line}" for line in range(1, 21)]
    assert lines[-1] == "and 40 more problems"
    assert render(problems[:21]).endswith("and 1 more problem")


def test_an_error_takes_one_problem_or_many_and_knows_its_exit_code():
    one = Problem("MT801", "x")
    assert InputError(one).problems == (one,)
    assert InputError([one, one]).problems == (one, one)
    assert [kind.exit_code for kind in (InputError, WorkError, Interrupted, MothertongueError)] == [2, 1, 130, 1]
    assert str(WorkError(one)) == "error MT801\n  x"


def test_the_last_line_of_an_interruption_is_the_command_that_continues():
    assert str(Interrupted("mothertongue teach --run a")).splitlines()[-1] == "mothertongue teach --run a"
    assert str(Interrupted()) == "interrupted"


def test_every_code_in_the_source_has_a_row_and_every_row_is_used():
    files = list(SOURCE.rglob("*.py"))
    used = {code for path in files for code in re.findall(r"[\"'](MT\d{3})\b", path.read_text(encoding="utf-8"))}
    assert used - set(codes()) == set(), "codes without a row in data/codes"
    assert set(codes()) - used == set(), "rows that no code uses"


def test_no_code_stands_in_two_files():
    rows = [
        re.findall(r"^\[(MT\d{3})\]", path.read_text(), re.M) for path in sorted((SOURCE / "data/codes").glob("*.toml"))
    ]
    flat = [code for row in rows for code in row]
    assert len(flat) == len(set(flat))


@pytest.mark.parametrize("code", sorted(codes()))
def test_every_code_is_explained_with_title_and_remedy(code):
    row = codes()[code]
    assert set(row) == {"title", "explain", "remedy"}
    assert all(value.strip() for value in row.values())
    assert explain(code.lower()).startswith(f"{code}: {row['title']}\n")
    assert explain(code).splitlines()[-1].startswith("do: ") or "\ndo: " in explain(code)


def test_an_unknown_code_names_the_nearest_one():
    with pytest.raises(InputError, match=r"nearest: MT8\d\d") as caught:
        explain("MT80")
    assert caught.value.exit_code == 2
    with pytest.raises(InputError, match="is not a known code\n"):
        explain("banana")
