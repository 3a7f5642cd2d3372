"""A file is the old one or the new one, whatever step fails; only one module writes."""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mothertongue
from mothertongue import durability, faults
from mothertongue.errors import WorkError

ERRNOS = ("ENOSPC", "EIO", "EDQUOT", "EACCES", "EMFILE")


def write_folder(target: Path, content: str) -> None:
    with durability.writing_folder(target) as folder:
        (folder / "a").write_text(content)


def write_by_library(target: Path, content: str) -> None:
    with durability.writing(target) as path:
        path.write_text(content)


def failure(action) -> str | None:
    """The message of the WorkError of an action; None when it succeeds."""
    try:
        action()
    except WorkError as error:
        return str(error)
    return None


def read(target: Path) -> str:
    return (target / "a").read_text() if target.is_dir() else target.read_text()


@pytest.mark.parametrize("kind", ERRNOS)
@pytest.mark.parametrize("write", [durability.write_text, write_by_library, write_folder])
def test_a_write_that_fails_at_any_step_leaves_the_old_or_the_new_content(tmp_path, inject, kind, write):
    target = tmp_path / "x" / "file.txt"
    write(target, "old")
    for ordinal in range(1, 20):
        evidence = inject(f"{kind}:{ordinal}")
        message = failure(lambda: write(target, "new"))
        assert len(evidence()) == (message is not None)
        if message is None:
            break
        assert str(tmp_path) in message
        assert read(target) in ("old", "new")
        assert not any(durability.is_temporary(path.name) for path in target.parent.iterdir())
        inject("")
        write(target, "old")
    assert ordinal >= 4
    assert read(target) == "new"


def test_the_steps_of_a_file_are_write_sync_rename_and_sync_of_the_folder(tmp_path):
    faults.FAULTS.names = []
    durability.write_bytes(tmp_path / "x", b"1")
    assert faults.FAULTS.names == ["write", "fsync", "rename", "fsync_folder"]
    faults.FAULTS.names = None


@pytest.mark.parametrize(
    ("kind", "code"), [("ENOSPC", "MT802"), ("EACCES", "MT803"), ("EMFILE", "MT804"), ("EIO", "MT801")]
)
def test_a_failed_step_names_path_cause_needed_and_free_bytes(tmp_path, inject, kind, code):
    inject(f"{kind}:1")
    with pytest.raises(WorkError) as caught:
        durability.write_bytes(tmp_path / "file.bin", b"x" * 12345)
    text = str(caught.value)
    number = getattr(__import__("errno"), kind)
    assert text.startswith(f"error {code} {tmp_path / 'file.bin'}\n")
    assert os.strerror(number) in text
    assert "12,345 bytes were needed" in text
    assert "bytes are free" in text
    assert "\n  do: " in text


def test_a_fault_can_last_for_ever(tmp_path, inject):
    evidence = inject("ENOSPC:3:forever")
    for _ in range(3):
        with pytest.raises(WorkError):
            durability.write_text(tmp_path / "x", "y")
    assert [line.split()[1] for line in evidence()] == ["3", "4", "5"]
    assert list(tmp_path.glob("*x*")) == []


@pytest.mark.parametrize("text", ["kill", "kill:x", "EBANANA:1", "kill:1:twice", "int:1:forever:2"])
def test_a_fault_of_another_form_is_refused(text):
    with pytest.raises(ValueError):
        faults.Fault.parse(text)


def test_a_replaced_folder_is_the_new_one_alone(tmp_path):
    write_folder(tmp_path / "f", "one")
    (tmp_path / "f" / "b").write_text("gone")
    write_folder(tmp_path / "f", "two")
    assert [path.name for path in (tmp_path / "f").iterdir()] == ["a"]
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def half_then_fail(path: Path) -> None:
    path.write_text("half")
    raise KeyError("library")


def test_an_error_of_the_library_leaves_nothing_and_passes_through(tmp_path):
    with pytest.raises(KeyError), durability.writing(tmp_path / "x.bin") as path:
        half_then_fail(path)
    with pytest.raises(FileNotFoundError), durability.writing_folder(tmp_path / "f") as path:
        (path / "missing").read_text()
    assert list(tmp_path.iterdir()) == []


def test_a_temporary_name_keeps_the_suffix_and_fits_the_file_system(tmp_path):
    name = "ü" * 120 + ".parquet"
    with durability.writing(tmp_path / name) as path:
        assert path.suffix == ".parquet"
        path.write_text("x")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_failed_append_leaves_no_half_line(tmp_path, monkeypatch):
    path = tmp_path / "m.jsonl"
    durability.append_line(path, "one")
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:2]) and _full())
    with pytest.raises(WorkError, match="No space left"):
        durability.append_line(path, "two")
    monkeypatch.undo()
    durability.append_line(path, "three\n")
    assert path.read_bytes() == b"one\nthree\n"


def _full():
    raise OSError(28, "No space left on device")


def test_a_short_write_is_continued(tmp_path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:3]))
    durability.write_bytes(tmp_path / "x", bytes(range(100)))
    monkeypatch.undo()
    assert (tmp_path / "x").read_bytes() == bytes(range(100))


def test_truncation_cuts_back_and_never_grows(tmp_path):
    path = tmp_path / "m"
    durability.append_line(path, "123456")
    durability.truncate_file(path, 3)
    durability.truncate_file(path, 100)
    durability.truncate_file(tmp_path / "absent", 0)
    assert path.read_bytes() == b"123"
    assert durability.sync_file(path) == 3
    assert durability.sync_file(tmp_path / "absent") == 0


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()), st.lists, max_leaves=8
    )
)
def test_every_json_value_is_written_as_valid_utf8(value):
    data = durability.encode(json.dumps(durability.plain(value), ensure_ascii=False, allow_nan=False))
    json.loads(data.decode("utf-8"))


def test_json_knows_paths_sets_dataclasses_and_has_no_nan(tmp_path):
    value = {"p": Path("a/b"), "s": {2, 1}, "d": durability.FileEntry("x", 1, "y"), "n": float("nan"), 3: (1, 2)}
    durability.write_json(tmp_path / "x.json", value)
    expected = {"p": "a/b", "s": [1, 2], "d": {"path": "x", "size": 1, "sha256": "y"}, "n": None, "3": [1, 2]}
    assert json.loads((tmp_path / "x.json").read_bytes()) == expected
    with pytest.raises(TypeError, match="object cannot be written"):
        durability.plain(object())


def test_lone_surrogates_become_the_replacement_character(tmp_path):
    durability.write_text(tmp_path / "x", "a\ud800b")
    assert (tmp_path / "x").read_text(encoding="utf-8") == "a\ufffdb"


def test_a_manifest_lists_size_and_hash_of_every_finished_file(tmp_path):
    durability.write_text(tmp_path / "b" / "c", "abc")
    durability.write_text(tmp_path / "a", "")
    (tmp_path / f".x{durability.TEMPORARY}").write_text("unfinished")
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    entry = durability.FileEntry
    assert durability.folder_manifest(tmp_path) == [entry("a", 0, empty), entry("b/c", 3, abc)]
    assert durability.remove_temporary(tmp_path) == 1
    with pytest.raises(WorkError, match="read failed: No such file"):
        durability.sha256_file(tmp_path / "absent")


def test_space_is_asked_for_before_it_is_needed(tmp_path):
    durability.require_space(tmp_path / "new" / "file", 1)
    with pytest.raises(WorkError, match=r"1,000,000,000,000,000,000 bytes are needed, [\d,]+ are free"):
        durability.require_space(tmp_path, 10**18)


def test_a_fence_is_asked_before_names_change_below_its_folder(tmp_path):
    asked = []
    with durability.fence(tmp_path / "run", lambda: asked.append(1)):
        durability.write_text(tmp_path / "elsewhere", "x")
        durability.write_text(tmp_path / "running", "x")
        assert asked == []
        durability.write_text(tmp_path / "run" / "a", "x")
        durability.append_line(tmp_path / "run" / "a", "x")
        durability.truncate_file(tmp_path / "run" / "a", 1)
        durability.remove(tmp_path / "run" / "a")
        assert len(asked) == 4
    durability.write_text(tmp_path / "run" / "a", "x")
    assert len(asked) == 4


def test_a_link_or_copy_has_the_same_content(tmp_path):
    durability.write_text(tmp_path / "m" / "n" / "a", "x")
    durability.link_or_copy(tmp_path / "m", tmp_path / "copy")
    durability.link_or_copy(tmp_path / "m" / "n" / "a", tmp_path / "a")
    assert durability.folder_manifest(tmp_path / "copy") == durability.folder_manifest(tmp_path / "m")
    assert (tmp_path / "a").read_text() == "x"


# faults.py writes the evidence of a fault beside the counted steps; lease.py gives its own file back.
WRITERS = {"durability.py", "faults.py", "lease.py"}
SYSTEM = {
    "rename",
    "replace",
    "remove",
    "unlink",
    "makedirs",
    "mkdir",
    "rmtree",
    "copy",
    "copyfile",
    "copytree",
    "move",
}


def written_without_durability(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    blocks = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.With) and any("writing" in ast.unparse(item.context_expr) for item in node.items)
    ]
    inside = {id(node) for block in blocks for node in ast.walk(block)}
    return [
        f"{path.name}:{node.lineno}: {ast.unparse(node)[:80]}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and id(node) not in inside and writes(node)
    ]


def writes(call: ast.Call) -> bool:
    text = ast.unparse(call.func)
    base, _, name = text.rpartition(".")
    if name == "open" and base not in ("os", "webbrowser"):
        modes = [*call.args[: 1 if base else 2][-1:], *(word.value for word in call.keywords if word.arg == "mode")]
        if not base and len(call.args) < 2:
            modes = [word.value for word in call.keywords if word.arg == "mode"]
        return any(isinstance(mode, ast.Constant) and set("wax+") & set(str(mode.value)) for mode in modes)
    if text == "os.open":
        return "O_CREAT" in ast.unparse(call)
    if name in ("write_text", "write_bytes"):
        return base != "durability"
    return base in ("os", "shutil") and name in SYSTEM


def test_only_durability_writes():
    source = Path(mothertongue.__file__).parent
    files = [path for path in source.rglob("*.py") if path.name not in WRITERS]
    assert len(files) > 10
    assert [line for path in files for line in written_without_durability(path)] == []


@pytest.mark.parametrize(
    "line",
    [
        "open('x', 'w')",
        "p.open('ab')",
        "open(p, mode='x')",
        "p.write_text('x')",
        "os.replace(a, b)",
        "shutil.rmtree(a)",
    ],
)
def test_the_search_for_writers_finds_them(tmp_path, line):
    (tmp_path / "x.py").write_text(f"def f():\n    {line}\n")
    assert len(written_without_durability(tmp_path / "x.py")) == 1
