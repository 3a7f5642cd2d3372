"""The documentation is true: its examples run, its commands exist, its tables and counts are those of the code.

`python tests/test_docs.py` writes the generated part of docs/recipe.md.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mothertongue.recipe import Recipe, describe_keys

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = [
    *sorted(DOCS.glob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "llms.txt")),
]
PAGES = [page for page in PAGES if page.is_file()]
ROOMS = ("corpus", "vocabulary", "models", "training", "generation", "prompting", "evaluation", "report", "run")
BEGIN, END = "<!-- keys: written by `make docs` -->", "<!-- end of keys -->"
OTHER_PROGRAMS = {"pip", "pipx", "uv", "make", "git", "cd", "python", "python3", "export", "source"}


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its language, its text, and the line it begins in."""

    page: Path
    line: int
    language: str
    text: str


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    language, begin, lines = "", 0, list[str]()
    for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
        fence = re.fullmatch(r"```(\w*)", line.strip())
        if fence and not begin:
            language, begin, lines = fence[1], number, []
        elif fence:
            yield Block(page, begin, language, "\n".join(lines))
            begin = 0
        elif begin:
            lines.append(line)
    assert not begin, f"{page.name}: the block of line {begin} has no end"


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


# ---- examples


RUNNABLE = [page for page in PAGES if any(block.language == "python" for block in blocks(page))]


@pytest.mark.parametrize("page", RUNNABLE, ids=name_of)
def test_the_examples_of_a_page_run_in_order(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that holds texts/ and recipe.yaml, with one namespace for the page."""
    if page.parent == ROOT:
        offer_inputs(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOTHERTONGUE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    module = type(sys)("example")  # dataclasses look their module up by name
    monkeypatch.setitem(sys.modules, "example", module)
    for block in blocks(page):
        if block.language == "python":
            source = "\n" * block.line + block.text  # so that a failure names the line of the page
            exec(compile(source, str(page), "exec"), module.__dict__)  # noqa: S102 our own pages


def offer_inputs(folder: Path) -> None:
    """What the examples of the README may name: a folder of text, a recipe, a tiny base."""
    from mothertongue import testing

    (folder / "texts").mkdir()
    for number, text in enumerate(testing.TEXTS):
        (folder / "texts" / f"{number}.txt").write_text(text * 5, "utf-8")
    testing.tiny_folder(folder / "tiny")
    (folder / "recipe.yaml").write_text("language: nl\nbase: ./tiny\ncorpus:\n  sources: [texts]\n", "utf-8")


def test_every_room_has_its_page_with_an_example() -> None:
    for room in ROOMS:
        page = DOCS / f"{room}.md"
        text = page.read_text("utf-8")
        assert any(block.language == "python" for block in blocks(page)), room
        for needed in ("**Enters**", "**Leaves**", "## Limits", "## Options", "## Laws"):
            assert needed in text, f"{page.name} has no {needed}"
        assert f"({room}.md)" in (DOCS / "index.md").read_text("utf-8")


# ---- command lines


def command_lines() -> Iterator[tuple[Block, list[str]]]:
    """Every command of a console block as words; where some lines begin with `$ `, only those are commands."""
    for page in PAGES:
        for block in blocks(page):
            if block.language in ("console", "bash", "sh"):
                lines = block.text.replace("\\\n", " ").splitlines()
                prompts = [line[2:] for line in lines if line.startswith("$ ")]
                for line in prompts or lines:
                    words = shlex.split(line, comments=True)
                    if words:
                        yield block, words


def verbs() -> dict[str, set[str]]:
    """Verb -> its options."""
    import typer

    from mothertongue.cli import app

    group: Any = typer.main.get_command(app)
    return {
        name: {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
        for name, command in group.commands.items()
    }


def test_every_command_begins_with_a_verb_that_exists_and_has_its_options() -> None:
    known, keys = verbs(), {key for key, *_ in describe_keys()}
    seen = 0
    for block, words in command_lines():
        place = f"{name_of(block.page)}:{block.line}: {' '.join(words)}"
        if words[0] != "mothertongue":
            assert Path(words[0]).name in OTHER_PROGRAMS, place
            continue
        seen += 1
        if words[1] in ("--help", "-h", "--version"):
            continue
        assert words[1] in known, place
        for word in words[2:]:
            if word.startswith("--"):
                assert word.partition("=")[0] in known[words[1]] | {"--help"}, place
            elif re.match(r"[a-z_]+(\.[a-z_]+)?=", word):
                assert word.partition("=")[0] in keys, place
    assert seen > 10


def test_the_page_of_the_command_line_names_every_verb_and_option() -> None:
    text = (DOCS / "cli.md").read_text("utf-8")
    for verb, options in verbs().items():
        assert f"`{verb}`" in text, verb
        for option in options - {"--help"}:
            assert re.search(rf"{option}\b", text), f"{verb} {option}"


def test_every_key_code_and_method_that_a_page_names_exists() -> None:
    from mothertongue.errors import codes
    from mothertongue.vocabulary.initialize import INITIALIZERS

    keys = {key for key, *_ in describe_keys()}
    sections = "|".join(Recipe.SECTIONS)
    files = (r"md", r"json", r"html", r"yaml", r"jsonl", r"parquet")
    for page in PAGES:
        if page.name == "methods.md":
            continue
        text = page.read_text("utf-8")
        for found in re.findall(rf"`((?:{sections})\.[a-z_]+)(?=[`:= ])", text):
            assert found in keys or found.rpartition(".")[2] in files, f"{page.name}: {found}"
        assert not set(re.findall(r"\bMT\d{3}\b", text)) - set(codes()), page.name
    vocabulary = (DOCS / "vocabulary.md").read_text("utf-8")
    assert all(f"| `{name}` |" in vocabulary for name in INITIALIZERS)


# ---- links and words


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        if path == "README.md" or path == "../README.md":
            continue  # the front page belongs to the whole repository
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_page_names_a_path_of_one_machine(page: Path) -> None:
    for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
        assert not re.search(r"(?<![\w.~/-])/(tmp|work|home|root|Users|mnt|opt)/", line), f"{number}: {line}"


# ---- generated and counted parts


def recipe_tables() -> str:
    """The tables of docs/recipe.md: one for the top, one for each section; texts are those of the recipe's classes."""
    groups: dict[str, list[str]] = {}
    for key, allowed, default, text in describe_keys():
        head = key.partition(".")[0] if "." in key else ""
        cells = (f"`{key}`", default if default == "required" else f"`{default}`", allowed, text)
        groups.setdefault(head, []).append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    parts = []
    for head, rows in groups.items():
        about = (Recipe.SECTIONS[head].__doc__ or "").strip() if head else "Everything that is in no section."
        title = head or "The top"
        parts.append(
            "\n".join(
                [f"## {title}", "", about, "", "| key | default | allowed | what it is |", "|---|---|---|---|", *rows]
            )
        )
    return "\n\n".join(parts)


def with_tables(page: str) -> str:
    """The page with its generated part made anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{recipe_tables()}\n\n{END}{after}"


def test_the_table_of_keys_is_the_one_of_the_code() -> None:
    page = (DOCS / "recipe.md").read_text("utf-8")
    assert page == with_tables(page), "run make docs"


def rows_of_reliability() -> dict[str, str]:
    """The R-number of each row of docs/reliability.md -> the row with those that continue it."""
    rows: dict[str, str] = {}
    name = ""
    for line in (DOCS / "reliability.md").read_text("utf-8").splitlines():
        if line.startswith("| "):
            first = line.split("|")[1].strip()
            name = first or name
            for number in re.findall(r"R\d+", name):
                rows[number] = rows.get(number, "") + line
    return rows


def test_the_tests_that_name_a_hazard_are_those_of_the_page() -> None:
    rows, page = rows_of_reliability(), (DOCS / "reliability.md").read_text("utf-8")
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        head = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        if path != Path(__file__) and re.search(r"\bR\d+\b", head):
            assert f"[{path.stem}](" in page, f"{path.name} is not in docs/reliability.md"
    for number, row in rows.items():
        assert re.search(r"\]\(\.\./tests/", row), number


# What the counts of docs/reliability.md stand on: hazard, text in its row, test file, texts that the file must hold.
COUNTED = [
    ("R1", "12 kills, 1 chain of 4", "faults/test_kills.py", ("CASES = 12", "for _ in range(4)", "kill:40")),
    ("R1", "15 kills, 1 signal, 2 disks", "stages/test_kill.py", ("KILLS = 12", "(40, 60, 75)", '["ENOSPC", "EIO"]')),
    ("R4", " 6 ", "faults/test_signals.py", ('"int:50", "term:80", "hup:110", "int:60:forever"', '"--deaf"')),
    ("R9", " 6 ", "faults/test_two_writers.py", ()),
    ("R18", " 20 ", "faults/test_background.py", ("WAYS = (by_writer_at_the_end, by_writer_between,",)),
    ("R20", " 60 ", "faults/test_why_rerun.py", ("range(30)",)),
    ("R29", " 216 ", "prompting/test_chat.py", ("3 templates x 8 contexts x 3 specials x 3 messages = 216",)),
    (
        "R38",
        " 1,200 refusals ",
        "test_recipe.py",
        ("range(20)", "range(block * 60, block * 60 + 60)", "PROCESSES = 12"),
    ),
    ("R42", " 556 pages ", "report/test_inert.py", ("== 200", "sample(PLACES, 60)", "PAYLOADS[::17]")),
    ("R44", " 300 requests or more ", "report/test_web.py", ("len(cases) >= 300",)),
    ("R21", " 150 ", "corpus/test_readers.py", ("max_examples=150",)),
    ("R33", "1,000 mutations", "models/test_gguf.py", ("range(1000)",)),
    ("R32", " 500 ", "models/doctor/test_headers.py", ("range(500)",)),
    ("R35", " 230 ", "models/doctor/test_hostile.py", ("range(40)",)),
]
TABLES = [
    ("R39", " 16 refusals ", "corpus/test_curate.py", "WRONG", 16),
    ("R39", " 37 ", "corpus/test_readers.py", "WRONG", 37),
    ("R30", " 12 ", "prompting/test_chat.py", "BAD_TEMPLATES", 12),
    ("R38", " 23 ", "test_recipe.py", "HOSTILE", 18),
    ("R18", " 20 ", "faults/test_background.py", "ERRORS", 5),
    ("R39", " 17 mistakes ", "stages/test_bad_input.py", "CASES", 17),
    ("R17", "4 edits", "models/test_save.py", "EDITS", 4),
    ("R34", "9 kinds of pickle", "models/test_bases.py", "PICKLES", 9),
    ("R37", "52 paths", "models/test_bases.py", "PATH_LIKE", 52),
    ("R37", "13 that are no id", "models/test_bases.py", "NO_HUB_ID", 13),
    ("R42", "8 tables", "report/attacks.py", "NAMED", 8),
]


@pytest.mark.parametrize(("number", "text", "file", "needed"), COUNTED, ids=lambda value: str(value)[:20])
def test_counts_stand_on_the_tests(number: str, text: str, file: str, needed: tuple[str, ...]) -> None:
    source = (ROOT / "tests" / file).read_text("utf-8")
    assert text in rows_of_reliability()[number]
    for part in needed:
        assert part in source, f"{file} no longer has {part!r}: count again in docs/reliability.md"


@pytest.mark.parametrize(("number", "text", "file", "table", "count"), TABLES, ids=lambda value: str(value)[:20])
def test_tables_of_cases_have_the_length_that_the_page_says(
    number: str, text: str, file: str, table: str, count: int
) -> None:
    assert text in rows_of_reliability()[number]
    for node in ast.parse((ROOT / "tests" / file).read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == table:
            assert isinstance(node.value, ast.List | ast.Tuple | ast.Set)
            assert len(node.value.elts) == count
            return
    raise AssertionError(f"{file} has no table {table}")


def test_a_short_run_has_the_steps_that_the_page_says(quick_path: Path) -> None:
    from harness import launch, program

    steps = launch(program(quick_path / "run"), notes=quick_path / "notes").steps
    assert steps is not None
    for_ever = sum(len(range(1 + kind, steps, 29)) for kind in range(5))
    row = rows_of_reliability()["R5"]
    assert f"each of the {steps} steps fails once; {for_ever} steps fail for ever" in row
    assert f" {steps + for_ever + 2} " in row
    page = (DOCS / "reliability.md").read_text("utf-8")
    assert f"({2 * steps} kills)" in page
    assert f"({10 * steps:,} faults)" in page


if __name__ == "__main__":
    from mothertongue import durability

    os.chdir(ROOT)
    durability.write_text(DOCS / "recipe.md", with_tables((DOCS / "recipe.md").read_text("utf-8")))
