"""Readers: running text out of every format, and a named reason for everything that cannot be read."""

import gzip
import json
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from mothertongue.corpus import Document, Dropped, Limits
from mothertongue.corpus.readers import READERS, known_suffixes, reader_for


def read(path: Path, limits: Limits | None = None) -> list[Document | Dropped]:
    return list(reader_for(path, "nl", limits).read(path))


def written(tmp_path: Path, name: str, data: bytes | str) -> Path:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def reasons(items: list[Document | Dropped]) -> list[str]:
    return [item.reason if isinstance(item, Dropped) else "" for item in items]


MALLARD = """<?xml version="1.0" encoding="utf-8"?>
<page xmlns="http://projectmallard.org/1.0/" xmlns:if="http://projectmallard.org/if/1.0/" type="topic" xml:lang="nl">
  <info><desc>Samenvatting</desc><credit><name>Wie</name></credit><license><p>Licentie</p></license></info>
  <title>De <app>klok</app></title>
  <p>Druk op <keyseq><key>Ctrl</key> <key>C</key></keyseq> of kies
     <guiseq><gui>Bestand</gui><gui>Sluiten</gui></guiseq>.</p>
  <steps><item><p>Eerst <code>ls</code>.</p></item><item><p>Dan.</p><note><p>Let op.</p></note></item></steps>
  <code>rm -rf</code><media type="image"><p>Plaatje</p></media>
  <if:choose><if:when><p>Zo.</p></if:when><if:when><p>Anders.</p></if:when></if:choose>
  <section><title>Meer</title><p>Klaar op <media type="image">knop</media>.</p></section>
</page>"""
MALLARD_TEXT = (
    "De klok\n\nDruk op Ctrl+C of kies Bestand > Sluiten.\n\nEerst ls.\nDan.\nLet op.\n\nZo.\n\nMeer\n\nKlaar op knop."
)
DOCBOOK = """<?xml version="1.0"?>
<!DOCTYPE book PUBLIC "-//OASIS//DTD DocBook XML V4.5//EN" "http://localhost:9/never.dtd" [<!ENTITY app "gedit">]>
<book lang="nl"><bookinfo><title>Boek</title><legalnotice><para>Recht</para></legalnotice></bookinfo>
<chapter><title>Start &app;</title><para>Kies <menuchoice><guimenu>Bestand</guimenu><guimenuitem>Nieuw</guimenuitem>
</menuchoice>&nbsp;nu.</para><itemizedlist><listitem><para>Een</para></listitem><listitem><para>Twee</para></listitem>
</itemizedlist><programlisting>int main;</programlisting></chapter></book>"""
DOCBOOK_TEXT = "Start gedit\n\nKies Bestand > Nieuw nu.\n\nEen\nTwee"
HTML = """<!DOCTYPE html><html lang="nl"><head><title>Kop</title><style>p{}</style></head><body>
<nav><a href=x>Menu</a></nav><header><p>Site</p></header><div class="breadcrumb">Hier &gt; daar</div>
<h1><a href=x>De kop</a></h1><p>Een <b>alinea</b>&nbsp;met<br>tekst &amp; meer.</p>
<ul><li>Punt een</li><li><p>Punt twee</p></li></ul><p><a href=a>Lees</a> <a href=b>verder</a></p>
<table><tr><td>Getal</td><td>Acht</td></tr><tr><td>Kleur</td><td>Rood</td></tr></table>
<p hidden>weg</p><script>var a = "<p>nee</p>";</script><footer>Voet</footer></body></html>"""
HTML_TEXT = (
    "De kop\n\nEen alinea met\ntekst & meer.\n\nPunt een\nPunt twee\n\nLees verder\n\nGetal | Acht\nKleur | Rood"
)
MARKDOWN = """---
title: weg
---
# Kop *schuin*

Een [koppeling](http://x) met `code`
over twee regels. ![plaatje](a.png)

- punt een
- punt **twee**

```python
weg = 1
```

<div>weg</div>

> citaat
"""
MARKDOWN_TEXT = "Kop schuin\n\nEen koppeling met code over twee regels.\n\npunt een\npunt twee\n\ncitaat"


@pytest.mark.parametrize(
    ("name", "source", "text"),
    [
        ("a.txt", "Een.\r\n\r\nTwee é.", "Een.\r\n\r\nTwee é."),
        ("a.page", MALLARD, MALLARD_TEXT),
        ("a.xml", MALLARD, MALLARD_TEXT),
        ("a.docbook", DOCBOOK, DOCBOOK_TEXT),
        ("a.HTML", HTML, HTML_TEXT),
        ("a.md", MARKDOWN, MARKDOWN_TEXT),
        ("a.jsonl", json.dumps({"text": "één"}), "één"),
    ],
)
def test_running_text_of_each_format(tmp_path, name, source, text):
    (found,) = read(written(tmp_path, name, source))
    assert found.text == text
    assert found.language == "nl"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks_name_the_encoding(tmp_path, encoding):
    (found,) = read(written(tmp_path, "a.txt", "Één regel".encode(encoding)))
    assert found.text == "Één regel"


def test_a_page_may_declare_its_own_encoding(tmp_path):
    page = '<html><head><meta charset="iso-8859-1"></head><body><p>Één alinea van de pagina</p></body></html>'
    (found,) = read(written(tmp_path, "a.html", page.encode("cp1252")))
    assert found.text == "Één alinea van de pagina"


def test_rows_with_their_facts(tmp_path):
    rows = [
        {"id": "x-1", "text": "een", "date": "2024-01-01", "genre": "letter", "nested": {"no": 1}},
        {"id": 7, "messages": [{"role": "user", "content": "Hoi"}, {"role": "assistant", "content": "Dag"}]},
        {"text": "drie", "meta": {"split": "held_out"}},
    ]
    lines = "\n".join(json.dumps(row) for row in rows).encode()
    for name, data in [
        ("a.jsonl", lines),
        ("a.jsonl.gz", gzip.compress(lines)),
        ("a.jsonl.zst", zstandard.compress(lines)),
    ]:
        first, second, third = read(written(tmp_path, name, data))
        assert (first.id, first.text, first.meta) == ("x-1", "een", {"date": "2024-01-01", "genre": "letter"})
        assert (second.id, second.text, second.meta["messages"]) == ("7", "Hoi\n\nDag", rows[1]["messages"])
        assert third.meta == {"split": "held_out"}
        assert third.source.endswith(f"{name}:3")


def test_parquet_rows(tmp_path):
    pq.write_table(pa.table({"id": ["a", None], "text": ["een", "twee"], "genre": ["x", "y"]}), tmp_path / "a.parquet")
    first, second = read(tmp_path / "a.parquet")
    assert (first.id, first.text, first.meta) == ("a", "een", {"genre": "x"})
    assert (len(second.id), second.text) == (32, "twee")


# R39 in part: what each reader says of wrong data. Row: name, bytes, reasons in order ("" is a document).
CP1252 = "Één alinea in een oude codering, lang genoeg".encode("cp1252")
BINARY = bytes(range(256)) * 8
GOOD = b'{"text": "goed"}\n'
WRONG = [
    ("a.txt", CP1252, ["wrong_encoding"]),
    ("a.txt", BINARY, ["binary"]),
    ("a.txt", "één".encode("utf-16-le"), ["binary"]),
    ("a.txt", "Eén"[:2].encode()[:2], ["wrong_encoding"]),
    ("a.txt.gz", gzip.compress(b"tekst" * 5000)[:-20], ["truncated"]),
    ("a.txt.gz", b"not gzip", ["damaged"]),
    ("a.txt.gz", gzip.compress(b"een " * 99)[:30] + b"\xff" * 60, ["damaged"]),
    ("a.txt.zst", zstandard.compress(b"tekst" * 5000)[:-8], ["truncated"]),
    ("a.txt.zst", b"not zstd", ["damaged"]),
    ("a.md", CP1252, ["wrong_encoding"]),
    ("a.md", BINARY, ["binary"]),
    ("a.html", b"<p>" + CP1252, ["wrong_encoding"]),
    ("a.html", b'<meta charset="klingon"><p>x', ["wrong_encoding"]),
    ("a.html", b'<meta charset="shift_jis"><p>\x81', ["wrong_encoding"]),
    ("a.html", BINARY, ["binary"]),
    ("a.html", b"<div>" * 5000 + b"x", ["too_deep"]),
    ("a.page", MALLARD.encode()[:400], ["truncated"]),
    ("a.page", b"<page>" + CP1252 + b"</page>", ["malformed"]),
    ("a.page", BINARY, ["malformed"]),
    ("a.page", b"", ["malformed"]),
    ("a.page", b'<?xml version="1.0" encoding="klingon"?><page/>', ["wrong_encoding"]),
    ("a.xml", b"<svg/>", ["unknown_xml"]),
    ("a.xml", b"<article>" + b"<para>" * 100_000, ["too_deep"]),
    ("a.xml", b'<!DOCTYPE page [<!ENTITY e SYSTEM "file:///etc/passwd">]><page><p>a &e; b</p></page>', [""]),
    ("a.jsonl", GOOD + b'{"text": \n' + GOOD, ["", "malformed", ""]),
    ("a.jsonl", GOOD + CP1252 + b"\n" + GOOD, ["", "wrong_encoding", ""]),
    ("a.jsonl", GOOD + b"[" * 100_000 + b"\n" + GOOD, ["", "malformed", ""]),
    ("a.jsonl", GOOD + b'{"n": ' + b"9" * 100_000 + b"}\n" + GOOD, ["", "malformed", ""]),
    ("a.jsonl", GOOD + b"\n  \n[1]\n3\n" + GOOD, ["", "malformed", "malformed", ""]),
    ("a.jsonl", b'{"body": "x", "titel": "y"}\n', ["no_text"]),
    ("a.jsonl", b'{"text": 3}\n{"text": null}\n{"messages": [{"role": "user"}]}\n', ["no_text"] * 3),
    ("a.jsonl", b'{"messages": "hoi"}\n{"messages": []}\n', ["no_text", ""]),
    ("a.jsonl", BINARY, []),
    ("a.jsonl.gz", gzip.compress(GOOD * 3000)[:-30], None),
    ("a.parquet", b"PAR1", ["damaged"]),
    ("a.parquet", BINARY, ["damaged"]),
    ("a.parquet", b"", ["damaged"]),
]


@pytest.mark.parametrize(("name", "data", "expected"), WRONG, ids=[f"{n}-{i}" for i, (n, _, _) in enumerate(WRONG)])
def test_wrong_data_is_named_and_reading_goes_on(tmp_path, name, data, expected):
    items = read(written(tmp_path, name, data))
    if expected is None:
        assert reasons(items)[-1] == "truncated"
    elif name == "a.jsonl" and data is BINARY:
        assert set(reasons(items)) <= {"binary", "wrong_encoding", "malformed"}
    else:
        assert reasons(items) == expected
    for item in items:
        if isinstance(item, Dropped):
            assert item.source.startswith(str(tmp_path / name))
            assert item.value.startswith("byte ")


def test_the_columns_found_are_listed(tmp_path):
    (row,) = read(written(tmp_path, "a.jsonl", '{"body": "x", "titel": "y"}'))
    assert "columns found: body, titel" in row.value
    pq.write_table(pa.table({"body": ["x"], "titel": ["y"]}), tmp_path / "a.parquet")
    (row,) = read(tmp_path / "a.parquet")
    assert "columns found: body, titel" in row.value


def test_an_unreadable_file_is_named(tmp_path):
    (row,) = read(tmp_path / "gone.txt")
    assert (row.reason, row.source) == ("unreadable", str(tmp_path / "gone.txt"))


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
ENTITIES = [
    f'<!DOCTYPE page [<!ENTITY l0 "ha">{LAUGHS}]><page><p>&l9;</p></page>',
    f'<!DOCTYPE page [<!ENTITY a "{"x" * 500_000}">]><page><p>{"&a;" * 1000}</p></page>',
    f'<!DOCTYPE page [<!ENTITY a "{"x" * 900}">]><page><p>{"&a;" * 5000}</p></page>',
    '<!DOCTYPE page [<!ENTITY a "&#60;p&#62;">]><page><p>&a;</p></page>',
]


@pytest.mark.parametrize("source", ENTITIES)
def test_entity_attacks_are_refused_at_once(tmp_path, source):
    start = time.perf_counter()
    (row,) = read(written(tmp_path, "a.page", source))
    # Generous for a busy machine: an expansion would take hours and fill the memory.
    assert time.perf_counter() - start < 1
    assert row.reason == "entities"


@pytest.mark.parametrize(
    "declared", ['[<!ENTITY e SYSTEM "{}">]', '[<!ENTITY % p SYSTEM "{}"> %p;]', 'SYSTEM "{}"', 'PUBLIC "x" "{}"']
)
def test_no_file_is_opened_by_an_entity_or_a_dtd(tmp_path, declared):
    secret = written(tmp_path, "secret", '<!ENTITY e "geheim">')
    source = f"<!DOCTYPE page {declared.format(secret.as_uri())}><page><p>a &e; b</p></page>"
    (found,) = read(written(tmp_path, "a.page", source))
    assert "geheim" not in found.text


@pytest.mark.parametrize("name", ["a.txt.gz", "a.jsonl.gz", "a.txt.zst", "a.jsonl.zst"])
def test_bombs_stop_at_the_ratio(tmp_path, name):
    body = b'{"text": "' + b"a" * 30_000_000 + b'"}'
    data = gzip.compress(body) if name.endswith("gz") else zstandard.compress(body)
    assert read(written(tmp_path, name, data))[-1].reason == "decompression_bomb"
    assert read(tmp_path / name, Limits(ratio=1e9))[-1].text.endswith("aaa" if "txt" not in name else '"}')


def test_zstd_frames_with_a_huge_window_are_refused(tmp_path):
    parameters = zstandard.ZstdCompressionParameters(window_log=29, enable_ldm=True)
    body = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    data = body.compress(b"tekst" * 1000) + body.flush()
    (row,) = read(written(tmp_path, "a.txt.zst", data))
    assert row.reason == "damaged"


def test_many_members_of_one_archive_are_read(tmp_path):
    parts = [b'{"text": "een"}\n', b'{"text": "twee"}\n']
    for name, pack in [("a.jsonl.gz", gzip.compress), ("a.jsonl.zst", zstandard.compress)]:
        items = read(written(tmp_path, name, b"".join(map(pack, parts))))
        assert [item.text for item in items] == ["een", "twee"]


@pytest.mark.parametrize("name", ["a.html", "a.page"])
def test_a_record_above_the_cap_is_dropped(tmp_path, name):
    (row,) = read(written(tmp_path, name, "x" * 5000), Limits(record_bytes=4000, markup_bytes=4000))
    assert row.reason in ("too_large", "malformed")
    assert row.reason == "too_large" or name == "a.page"


def test_a_line_above_the_cap_ends_nothing(tmp_path):
    path = written(tmp_path, "a.jsonl", GOOD + b'{"text": "' + b"x" * 200_000 + b'"}\n' + GOOD)
    assert reasons(read(path, Limits(record_bytes=4000))) == ["", "too_large", ""]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["a.txt", "a.md", "a.html", "a.page", "a.jsonl", "a.jsonl.gz", "a.txt.zst", "a.parquet"]),
    st.integers(0, 10_000),
    st.binary(max_size=12),
)
def test_mutated_files_are_documents_or_reasons(tmp_path_factory, name, place, noise):
    folder = tmp_path_factory.mktemp("mutated")
    table = pa.table({"text": ["een", "twee"]})
    pq.write_table(table, folder / "whole.parquet")
    whole = {
        "a.html": HTML.encode(),
        "a.page": MALLARD.encode(),
        "a.jsonl": GOOD * 5,
        "a.jsonl.gz": gzip.compress(GOOD * 50, mtime=0),
        "a.txt.zst": zstandard.compress(b"tekst" * 50),
        "a.parquet": (folder / "whole.parquet").read_bytes(),
    }.get(name, MARKDOWN.encode())
    place %= len(whole)
    path = written(folder, name, whole[:place] + noise + whole[place + len(noise) :])
    for item in read(path):
        assert isinstance(item, Document | Dropped)


def test_every_reader_has_its_suffixes():
    suffixes = [suffix for reader in READERS for suffix in reader("nl").suffixes]
    assert len(set(suffixes)) == len(suffixes)
    assert set(known_suffixes()) < set(suffixes)
    assert {".txt", ".parquet", ".warc", ".epub", ".pdf", ".po"} < set(known_suffixes())
    assert reader_for(Path("crawl.warc.wet.gz"), "nl") is not None
    assert reader_for(Path("a.docx"), "nl") is None
    assert reader_for(Path("a.gz"), "nl") is None
