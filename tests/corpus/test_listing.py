"""Listing: sorted, hidden files left out, loops of links survived, each real file once."""

import os

from mothertongue.corpus.listing import FoundFile, list_files, shards


def test_files_are_sorted_by_name_and_hidden_ones_left_out(tmp_path):
    for name in ("b.txt", "a/z.txt", "a/b/c.txt", ".hidden", ".git/x.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [file.name for file in list_files(tmp_path)] == ["a/b/c.txt", "a/z.txt", "b.txt"]
    assert [file.name for file in list_files(tmp_path / "b.txt")] == ["b.txt"]


def test_loops_and_second_names_count_once(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/text.txt").write_text("x")
    (tmp_path / "a/loop").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "b.txt").symlink_to(tmp_path / "a/text.txt")
    (tmp_path / "c").symlink_to(tmp_path / "a")
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe.txt")
    files = list_files(tmp_path)
    assert len({file.path.resolve() for file in files}) == len(files) == 1


def test_names_that_are_no_utf8_are_listed(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text("x")
    (file,) = list_files(tmp_path)
    assert file.name == "caf?.txt"
    assert file.path.read_text() == "x"


def test_shards_keep_the_order_and_the_bounds(tmp_path):
    files = [FoundFile(tmp_path / str(size), str(size), size) for size in (4, 5, 2, 9, 1, 1, 1)]
    cut = shards(files, shard_bytes=8, shard_files=2)
    assert [[file.size for file in shard] for shard in cut] == [[4], [5, 2], [9], [1, 1], [1]]
