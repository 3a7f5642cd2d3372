"""Archives and books: WARC, EPUB, PDF and gettext catalogues, each with its facts and its reasons."""

import gzip
import struct
from pathlib import Path

import polib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader as Pdf
from pypdf import PdfWriter
from tests.corpus.hostile_files import (
    PACK,
    attacks,
    epub_file,
    http_answer,
    mo_file,
    pdf_file,
    po_file,
    warc_record,
)

from mothertongue.corpus import Document, Dropped, Limits
from mothertongue.corpus.readers import reader_for
from mothertongue.corpus.readers.gettext import mo_messages, without_key
from mothertongue.corpus.readers.pdf import paragraphs


def read(path: Path, data: bytes, limits: Limits | None = None) -> list[Document | Dropped]:
    path.write_bytes(data)
    return list(reader_for(path, "nl", limits).read(path))


def reasons(items: list[Document | Dropped]) -> list[str]:
    return [item.reason if isinstance(item, Dropped) else "" for item in items]


ANSWER = "application/http; msgtype=response"
RECORDS = [
    warc_record("warcinfo", b"software: x\r\n", "application/warc-fields"),
    warc_record("request", b"GET / HTTP/1.1\r\n\r\n", "application/http; msgtype=request"),
    warc_record("response", http_answer("<html lang=nl><title>T</title><h1>Kop</h1><p>Één.</p>".encode()), ANSWER),
    warc_record("response", http_answer(gzip.compress(b"<p>ingepakt</p>"), Content_Encoding="gzip"), ANSWER),
    warc_record("response", http_answer(b"5\r\n<p>ab\r\n0\r\n\r\n", Transfer_Encoding="chunked"), ANSWER),
    warc_record("response", http_answer("één".encode("cp1252"), "text/plain; charset=ISO-8859-1"), ANSWER),
    warc_record("response", http_answer(b"<p>weg", status="404 Not Found"), ANSWER),
    warc_record("response", http_answer(b"\x89PNG", "image/png"), ANSWER),
    warc_record("conversion", b"Platte tekst.", "text/plain", WARC_Identified_Content_Language="nld"),
    warc_record("resource", b"<p>Bron</p>", "text/html"),
]


@pytest.mark.parametrize("packed", ["", *PACK])
def test_pages_of_a_web_archive(tmp_path, packed):
    pack = PACK.get(packed, lambda data: data)
    items = read(tmp_path / f"a.warc{packed}", b"".join(map(pack, RECORDS)))
    texts = [item.text for item in items if isinstance(item, Document)]
    assert texts == ["Kop\n\nÉén.", "ingepakt", "ab", "één", "Platte tekst.", "Bron"]
    assert [item.reason for item in items if isinstance(item, Dropped)] == ["http_status", "content_type"]
    assert items[0].source.endswith(f"a.warc{packed}:3")
    assert items[0].meta == {
        "title": "T",
        "declared_language": "nl",
        "url": "https://dorp.example/pont",
        "date": "2023-02-01",
        "content_type": "text/html",
    }
    assert items[6].meta["declared_language"] == "nld"


def test_what_stands_before_a_cut_is_kept(tmp_path):
    whole = b"".join(map(gzip.compress, RECORDS))
    cut = sum(len(gzip.compress(record)) for record in RECORDS[:4]) + 40
    items = read(tmp_path / "a.warc.gz", whole[:cut])
    assert [item.text for item in items[:-1]] == ["Kop\n\nÉén.", "ingepakt"]
    assert items[-1].reason == "truncated"


def test_a_bomb_inside_an_answer_is_stopped(tmp_path):
    body = gzip.compress(b"a" * 30_000_000)
    items = read(tmp_path / "a.warc", warc_record("response", http_answer(body, Content_Encoding="gzip"), ANSWER))
    assert reasons(items) == ["too_large"]


@pytest.mark.parametrize("data", [b"", b"hallo\r\n" * 99, RECORDS[0]])
def test_an_archive_without_pages_says_so(tmp_path, data):
    assert reasons(read(tmp_path / "a.warc", data)) in (["no_text"], ["damaged"])


def test_chapters_of_a_book(tmp_path):
    items = read(tmp_path / "a.epub", epub_file(["Een &amp; twee.", "<ul><li>Drie</li></ul>"]))
    assert [item.text for item in items] == ["Een & twee.", "Drie"]
    assert items[1].source.endswith("a.epub:2")
    assert items[0].meta == {"title": "Het boek", "declared_language": "nl", "date": "1890-05"}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (attacks(".epub")[0], ["missing"]),
        (attacks(".epub")[1], ["missing"]),
        (attacks(".epub")[3], ["too_large"]),
        (attacks(".epub")[5], ["encrypted"]),
        (attacks(".epub")[6], ["entities"]),
        (attacks(".epub")[7], ["too_deep"]),
        (attacks(".epub")[8], ["too_deep"]),
        (epub_file(["x"])[:-30], ["damaged"]),
        (b"PK", ["damaged"]),
        (epub_file(["x"], **{"META-INF_container.xml": b"<container/>"}), ["malformed"]),
    ],
)
def test_books_that_cannot_be_read(tmp_path, data, expected):
    assert reasons(read(tmp_path / "a.epub", data)) == expected


def test_a_book_of_many_bombs_ends_at_the_ratio(tmp_path):
    items = read(tmp_path / "a.epub", attacks(".epub")[4])
    assert reasons(items)[-1] == "decompression_bomb"


def test_an_encrypted_member_is_named(tmp_path):
    data = bytearray(epub_file(["x"]))
    place = data.rindex(b"OPS/c0.xhtml") - 46
    data[place + 8] |= 1
    assert reasons(read(tmp_path / "a.epub", bytes(data))) == ["encrypted"]


def test_too_many_chapters(tmp_path):
    assert reasons(read(tmp_path / "a.epub", epub_file(["x"] * 5), Limits(pages=4))) == ["too_many_pages"]


PAGE = (
    "De veerpont tussen Oeverdorp en Zandwijk vaart weer na een over-\nkomst van drie maanden, zegt schipper Jan "
    "Visser uit het\ndorp.\nKop\nEen regel van een alinea die wel lang genoeg is voor een regel,\nen ophoudt.\n12"
)
PAGE_TEXT = (
    "De veerpont tussen Oeverdorp en Zandwijk vaart weer na een overkomst van drie maanden, zegt schipper Jan Visser "
    "uit het dorp.\n\nKop\n\nEen regel van een alinea die wel lang genoeg is voor een regel, en ophoudt."
)


def test_text_of_a_pdf(tmp_path):
    (found,) = read(tmp_path / "a.pdf", pdf_file([PAGE, "", "Tweede bladzijde."]))
    assert found.text == f"{PAGE_TEXT}\n\nTweede bladzijde."
    assert found.meta == {"title": "Titel", "date": "2024-01-31", "declared_language": "nl"}
    assert found.source.endswith("a.pdf")


def test_a_long_pdf_becomes_several_documents(tmp_path):
    items = read(tmp_path / "a.pdf", pdf_file(["een " * 20, "twee " * 20, "drie " * 20]), Limits(part_bytes=120))
    assert [item.source.rpartition("a.pdf")[2] for item in items] == [":1", ":3"]


def test_broken_pages_do_not_end_a_pdf(tmp_path):
    items = read(tmp_path / "a.pdf", pdf_file([], streams=[b"BT (x) Tj " * 30_000, b"BT /F1 9 Tf (goed) Tj ET"]))
    assert reasons(items) == ["too_large", ""]
    assert items[0].source.endswith("a.pdf:1")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (pdf_file([""]), ["no_text"]),
        (b"%PDF-1.4 niets", ["damaged"]),
        (b"", ["damaged"]),
        (attacks(".pdf")[0], ["damaged"]),
    ],
)
def test_a_pdf_that_cannot_be_read(tmp_path, data, expected):
    assert reasons(read(tmp_path / "a.pdf", data)) == expected


def test_a_locked_pdf(tmp_path):
    (tmp_path / "open.pdf").write_bytes(pdf_file(["Tekst."]))
    for password, expected in (("geheim", ["encrypted"]), ("", [""])):
        writer = PdfWriter(Pdf(tmp_path / "open.pdf"))
        writer.encrypt(user_password=password, owner_password="eigenaar", algorithm="RC4-128")
        writer.write(tmp_path / "a.pdf")
        assert reasons(read(tmp_path / "a.pdf", (tmp_path / "a.pdf").read_bytes())) == expected


def test_a_page_that_is_repeated_is_read_once(tmp_path):
    (found,) = read(tmp_path / "a.pdf", pdf_file(["Eens."], kids="5 0 R " * 300))
    assert found.text == "Eens."


@given(st.text(alphabet="ab-. \n漢1", max_size=80))
def test_paragraphs_lose_nothing_but_spaces_hyphens_and_page_numbers(text):
    kept = "".join(paragraphs(text).split()).replace("-", "")
    whole = "".join(text.split()).replace("-", "")
    assert whole.endswith(kept) or kept in whole
    assert len(whole) - len(kept) <= 16


def test_lines_of_wide_scripts_join_without_a_space():
    assert paragraphs("今日は天気がいいですね\nと村長が言った") == "今日は天気がいいですねと村長が言った"


PO = """# titel
msgid ""
msgstr ""
"Project-Id-Version: klok 3\\n"
"Language: nl\\n"
"PO-Revision-Date: 2020-07-05 12:00+0200\\n"
"Content-Type: text/plain; charset=UTF-8\\n"

msgid "_Open file"
msgstr "Bestand _openen"

#, fuzzy
msgid "Close"
msgstr "Sluit"

msgid "Empty"
msgstr ""

msgctxt "verb"
msgid "%d day"
msgid_plural "%d days"
msgstr[0] "%d dag"
msgstr[1] "%d dagen"

#~ msgid "Old"
#~ msgstr "Oud"
"""


def test_finished_translations_of_a_catalogue(tmp_path):
    (found,) = read(tmp_path / "nl.po", PO.encode())
    assert found.text == "Bestand openen\n\n%d dag\n\n%d dagen"
    assert found.meta == {"title": "klok 3", "declared_language": "nl", "date": "2020-07-05"}


def test_a_compiled_catalogue_gives_the_same_as_its_source(tmp_path):
    (tmp_path / "nl.po").write_text(PO, encoding="utf-8")
    (source,) = read(tmp_path / "nl.po", PO.encode())
    polib.pofile(str(tmp_path / "nl.po")).save_as_mofile(str(tmp_path / "nl.mo"))
    (compiled,) = read(tmp_path / "nl.mo", (tmp_path / "nl.mo").read_bytes())
    assert set(compiled.text.split("\n\n")) == set(source.text.split("\n\n"))
    assert compiled.meta == source.meta


@settings(max_examples=30)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(str.strip), max_size=5))
def test_compiled_messages_agree_with_polib(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("mo") / "a.mo"
    path.write_bytes(mo_file(texts))
    reference = [(entry.msgid, entry.msgstr) for entry in polib.mofile(str(path))]
    messages, header = mo_messages(path.read_bytes())
    assert sorted(messages) == sorted(reference)
    assert header["Language"] == "nl"


@pytest.mark.parametrize(
    ("original", "translation", "expected"),
    [
        ("_Open", "_Openen", "Openen"),
        ("Save _as", "Op_slaan als", "Opslaan als"),
        ("~Close", "~Sluiten", "Sluiten"),
        ("_File", "ファイル(_F)", "ファイル"),
        ("&File", "Bestand (&F)", "Bestand"),
        ("file_name", "de file_name", "de file_name"),
        ("R&D", "R&D", "R&D"),
        ("A & B", "A & B", "A & B"),
        ("plain", "een_twee", "een_twee"),
        ("a_b c_d", "x_y", "x_y"),
        ("_Open", "&Openen", "&Openen"),
    ],
)
def test_marks_of_keys_go(original, translation, expected):
    assert without_key(original, translation) == expected


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.pot", PO.encode(), ["no_text"]),
        ("a.po", b'msgid ""\nmsgstr ""\n', ["no_text"]),
        ("a.po", b"geen catalogus", ["malformed"]),
        ("a.po", b'msgid "a"\nmsgstr "\xe9"\n', ["wrong_encoding"]),
        ("a.po", b'msgid ""\nmsgstr "Content-Type: charset=klingon\\n"\n', ["wrong_encoding"]),
        ("a.mo", b"niets", ["damaged"]),
        ("a.mo", mo_file(["tekst"])[:-20], ["truncated"]),
        ("a.mo", struct.pack("<IIIIIII", 0x950412DE, 0, 2**31, 28, 28, 0, 0), ["truncated"]),
        ("a.mo", mo_file([]), ["no_text"]),
        ("a.po.gz", gzip.compress(po_file(["tekst"])), [""]),
    ],
)
def test_catalogues_without_translations(tmp_path, name, data, expected):
    assert reasons(read(tmp_path / name, data)) == expected


@pytest.mark.parametrize("suffix", [".pdf", ".epub", ".warc", ".mo", ".po"])
def test_a_file_that_is_gone_is_named(tmp_path, suffix):
    path = tmp_path / f"gone{suffix}"
    (row,) = reader_for(path, "nl").read(path)
    assert (row.reason, row.source) == ("unreadable", str(path))
