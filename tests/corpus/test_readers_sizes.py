"""Sizes: texts of any length in parts that join to the whole, and memory that does not grow with the file."""

import random
import tracemalloc
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.corpus.hostile_files import PACK, http_answer, warc_record

from mothertongue.corpus import Document, Dropped, Limits
from mothertongue.corpus.readers import reader_for
from mothertongue.corpus.readers.parts import text_parts

PARAGRAPH = "Eén alinea over de veerpont, die vaart.\n\n"


def read(path: Path, limits: Limits | None = None) -> list[Document | Dropped]:
    return list(reader_for(path, "nl", limits).read(path))


def reasons(items: list[Document | Dropped]) -> list[str]:
    return [item.reason if isinstance(item, Dropped) else "" for item in items]


def test_a_long_text_is_cut_between_paragraphs(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(PARAGRAPH * 100, encoding="utf-8")
    items = read(path, Limits(part_bytes=1000))
    assert "".join(item.text for item in items) == PARAGRAPH * 100
    assert all(item.text.endswith("vaart.\n\n") for item in items)
    data = path.read_bytes()
    for item in items:
        offset = int(item.source.rpartition(":")[2])
        assert data[offset:].startswith(item.text.encode())
        assert len(item.text.encode()) <= 2000


def test_markdown_is_cut_too(tmp_path):
    path = tmp_path / "a.md"
    path.write_text("Een *alinea* van de tekst.\n\n" * 100, encoding="utf-8")
    items = read(path, Limits(part_bytes=1000))
    assert len(items) > 2
    assert "\n\n".join(item.text for item in items) == "\n\n".join(["Een alinea van de tekst."] * 100)


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=300),
    st.integers(4, 60),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
)
def test_parts_join_to_the_text_in_every_encoding(text, size, encoding):
    data = text.replace("\0", "").removeprefix("\ufeff").encode(encoding)
    wanted = data.decode(encoding)
    if wanted and encoding == "utf-8" and sum(character < " " or character == "\x7f" for character in wanted) > 0:
        return  # control bytes make a text binary, which another test covers
    parts = list(text_parts(BytesIO(data), size))
    assert "".join(part for _, part, _ in parts) == wanted
    offsets = [offset for offset, _, _ in parts]
    assert offsets == sorted(offsets)
    assert len(parts) >= 1


def test_a_wrong_byte_is_found_behind_the_parts_before_it(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"a" * 2500 + b"\xff" + b"a" * 2500)
    items = read(path, Limits(part_bytes=1000))
    assert isinstance(items[0], Document)
    assert isinstance(items[-1], Dropped)
    assert items[-1].value.startswith("byte 2500: 0xFF")


def peak(path: Path, limits: Limits) -> int:
    """Return the most bytes that Python held while the documents of a file were read one after another."""
    tracemalloc.start()
    try:
        for _ in reader_for(path, "nl", limits).read(path):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def words(number: int) -> bytes:
    """Return about a thousand bytes that no other number gives, as real text hardly compresses."""
    return random.Random(number).randbytes(500).hex().encode()


def page(number: int) -> bytes:
    return warc_record("response", http_answer(b"<p>" + words(number)), "application/http; msgtype=response")


UNITS = {
    "a.txt": lambda number: words(number) + b"\n\n",
    "a.md": lambda number: words(number) + b"\n\n",
    "a.jsonl": lambda number: b'{"text": "' + words(number) + b'"}\n',
    "a.warc": page,
}


@pytest.mark.parametrize(("name", "packed"), [(name, "") for name in UNITS] + [("a.txt", packed) for packed in PACK])
def test_memory_does_not_grow_with_the_file(tmp_path, name, packed):
    limits = Limits(part_bytes=20_000)
    pack = PACK.get(packed, lambda data: data)
    peaks = []
    for times in (10, 100, 600):
        path = tmp_path / f"{times}{name}{packed}"
        path.write_bytes(pack(b"".join(map(UNITS[name], range(times)))))
        peaks.append(peak(path, limits))
    # The first is for what is imported and compiled at first use.
    assert peaks[2] < peaks[1] + 200_000


def test_wide_rows_of_a_table_are_read_a_few_at_a_time(tmp_path):
    texts = [f"{number}" + "x" * 100_000 for number in range(600)]
    with pq.ParquetWriter(tmp_path / "a.parquet", pa.schema([("text", pa.large_string())])) as writer:
        writer.write_table(pa.table({"text": pa.array(texts, pa.large_string())}), row_group_size=10_000)
    held = peak(tmp_path / "a.parquet", Limits())
    assert held < 12 * 1024 * 1024
    assert [item.text for item in read(tmp_path / "a.parquet")] == texts


def test_a_small_table_of_one_repeated_text_is_a_bomb(tmp_path):
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 3000, pa.int32()), ["x" * 600_000])
    pq.write_table(pa.table({"text": column}), tmp_path / "a.parquet", compression="zstd")
    assert (tmp_path / "a.parquet").stat().st_size < 10_000
    assert reasons(read(tmp_path / "a.parquet")) in (["", "", "", "", "decompression_bomb"], ["", "decompression_bomb"])
