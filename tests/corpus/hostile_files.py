"""Hostile files from a seed, for every reader: valid files, hostile texts in them, damaged files, known attacks."""

import bz2
import gzip
import html
import io
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

try:  # the benchmark puts this folder on the path
    from tests.corpus.hostile import Draw, hostile_texts
except ImportError:
    from hostile import Draw, hostile_texts

PLAIN = (
    "De veerpont vaart weer.\n\nSchipper Visser is blij, de mensen ook.",
    "Één alinea met tekst & meer <tekens>.",
    "ทุกเช้าวันเสาร์ แม่ค้าพายเรือ",
    "Ziwa la Chumvi ni ziwa dogo.",
)
BOMB = 40_000_000

Build = Callable[[list[str]], bytes]


def _utf8(text: str) -> bytes:
    """Return WTF-8: lone surrogates stay three bytes each, as careless programs write them."""
    return text.encode("utf-8", "surrogatepass")


def text_file(texts: list[str]) -> bytes:
    return _utf8("\n\n".join(texts))


def markdown_file(texts: list[str]) -> bytes:
    marks = ("", "- ", "> ", "1. ", "| ", "# ", "    ")
    blocks = [marks[(len(text) + number) % len(marks)] + text for number, text in enumerate(texts)]
    return _utf8("---\ntitle: weg\n---\n" + "\n\n".join(blocks))


def html_file(texts: list[str]) -> bytes:
    body = "".join(f"<p class='{i}'>{text if i % 2 else html.escape(text)}</p>" for i, text in enumerate(texts))
    return _utf8(f"<!DOCTYPE html><html lang=nl><head><meta charset=utf-8><title>{texts[0][:99]}</title></head>{body}")


def jsonl_file(texts: list[str]) -> bytes:
    rows = [{"id": str(i), "text": text, "date": "2024-01-01"} for i, text in enumerate(texts)]
    rows.append({"messages": [{"role": "user", "content": texts[0]}]})
    # The first rows hold escapes (\ud800), the last raw bytes.
    return b"\n".join(_utf8(json.dumps(row, ensure_ascii=i % 2 == 0)) for i, row in enumerate(rows))


def parquet_file(texts: list[str]) -> bytes:
    clean = [text.encode("utf-8", "replace").decode() for text in texts]
    out = io.BytesIO()
    pq.write_table(pa.table({"text": clean, "n": list(range(len(clean)))}), out)
    return out.getvalue()


def xml_file(texts: list[str]) -> bytes:
    body = "".join(f"<p>{text if i % 2 else html.escape(text)}</p>" for i, text in enumerate(texts))
    return _utf8(f'<page xmlns="http://projectmallard.org/1.0/" id="x"><title>T</title>{body}</page>')


def warc_record(kind: str, body: bytes, content_type: str, **headers: str) -> bytes:
    lines = {
        "WARC-Type": kind,
        "WARC-Record-ID": "<urn:uuid:00000000-0000-0000-0000-000000000001>",
        "WARC-Target-URI": "https://dorp.example/pont",
        "WARC-Date": "2023-02-01T10:00:00Z",
        "Content-Type": content_type,
        **{name.replace("_", "-"): value for name, value in headers.items()},
        "Content-Length": str(len(body)),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"WARC/1.0\r\n{head}\r\n".encode() + body + b"\r\n\r\n"


def http_answer(
    body: bytes, content_type: str = "text/html; charset=utf-8", status: str = "200 OK", **headers: str
) -> bytes:
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n{head}\r\n".encode() + body


def warc_file(texts: list[str]) -> bytes:
    records = [warc_record("warcinfo", b"software: x\r\n", "application/warc-fields")]
    for number, text in enumerate(texts):
        if number % 2:
            records.append(warc_record("conversion", _utf8(text), "text/plain"))
        else:
            records.append(
                warc_record("response", http_answer(html_file([text])), "application/http; msgtype=response")
            )
    return b"".join(records)


CONTAINER = '<container><rootfiles><rootfile full-path="{}"/></rootfiles></container>'
PACKAGE = """<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">
<metadata><dc:title>Het boek</dc:title><dc:language>nl</dc:language><dc:date>1890-05</dc:date></metadata>
<manifest>{items}</manifest><spine>{spine}</spine></package>"""


def epub_file(
    texts: list[str], *, names: list[str] | None = None, package: str = "OPS/book.opf", **extra: bytes
) -> bytes:
    """Return a book with one chapter per text; `names` are the hrefs, `extra` further members (`_` for `/`)."""
    names = names or [f"c{number}.xhtml" for number in range(len(texts))]
    items = "".join(
        f'<item id="i{n}" href="{html.escape(name)}" media-type="application/xhtml+xml"/>'
        for n, name in enumerate(names)
    )
    spine = "".join(f'<itemref idref="i{n}"/>' for n in range(len(names)))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        members = {
            "mimetype": b"application/epub+zip",
            "META-INF/container.xml": CONTAINER.format(package).encode(),
            package: PACKAGE.format(items=items, spine=spine).encode(),
        }
        for name, text in zip(names, texts, strict=False):
            page = f'<?xml version="1.0"?><html><head><title/></head><body><p>{text}</p><a id="x"/></body></html>'
            members[f"OPS/{name}"] = _utf8(page)
        for name, data in (members | {name.replace("_", "/"): data for name, data in extra.items()}).items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def pdf_file(
    texts: list[str], *, streams: list[bytes] | None = None, kids: str | None = None, **objects: bytes
) -> bytes:
    """Return a PDF with one page per text, or with the given content streams; `objects` replaces `o1`, `o2`, ..."""
    streams = streams or [_pdf_text(text) for text in texts]
    pages = " ".join(f"{5 + 2 * n} 0 R" for n in range(len(streams)))
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (nl) >>",
        f"<< /Type /Pages /Kids [{kids or pages}] /Count {len(streams)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Title (Titel) /CreationDate (D:20240131120000Z) >>",
    ]
    for number, stream in enumerate(streams):
        packed = zlib.compress(stream)
        parts.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {6 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        parts.append(f"<< /Length {len(packed)} /Filter /FlateDecode >>\nstream\n".encode() + packed + b"\nendstream")
    for name, data in objects.items():
        parts[int(name[1:]) - 1] = data
    return _pdf_with(parts)


def _pdf_with(parts: list[bytes]) -> bytes:
    out, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + part + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(parts) + 1
    return (
        out
        + b"xref\n0 %d\n0000000000 65535 f \n" % size
        + table
        + b"trailer\n<< /Size %d /Root 1 0 R /Info 4 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(out))
    )


def _pdf_text(text: str) -> bytes:
    lines = text.encode("cp1252", "replace").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    shown = b" ".join(b"(" + line + b") Tj T*" for line in lines.split(b"\n"))
    return b"BT /F1 12 Tf 72 720 Td 14 TL " + shown + b" ET"


def po_file(texts: list[str]) -> bytes:
    head = 'msgid ""\nmsgstr ""\n"Language: nl\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    entries = [f"msgid {json.dumps(f'_Text {n}')}\nmsgstr {_quoted(text)}\n" for n, text in enumerate(texts)]
    return _utf8("\n".join([head, *entries]))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def mo_file(texts: list[str]) -> bytes:
    header = b"Language: nl\nContent-Type: text/plain; charset=UTF-8\n"
    pairs = [(b"", header), *((b"Text %d" % n, _utf8(text)) for n, text in enumerate(texts))]
    count, place = len(pairs), 28 + 16 * len(pairs)
    tables, data = [b"", b""], b""
    for column in (0, 1):
        for pair in pairs:
            tables[column] += struct.pack("<II", len(pair[column]), place + len(data))
            data += pair[column] + b"\0"
    return struct.pack("<IIIIIII", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, 0) + b"".join(tables) + data


FORMATS: dict[str, Build] = {
    ".txt": text_file,
    ".md": markdown_file,
    ".html": html_file,
    ".jsonl": jsonl_file,
    ".parquet": parquet_file,
    ".page": xml_file,
    ".warc": warc_file,
    ".epub": epub_file,
    ".pdf": pdf_file,
    ".po": po_file,
    ".mo": mo_file,
}
"""One ending per format and how a valid file of it is made from texts."""

PACK = {".gz": gzip.compress, ".bz2": bz2.compress, ".zst": zstandard.compress}
PACKABLE = (".txt", ".md", ".html", ".jsonl", ".page", ".warc", ".po")

LAUGHS = '<!DOCTYPE page [<!ENTITY l0 "ha">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
PARAMETER_LAUGHS = '<!DOCTYPE page [<!ENTITY % a "x"><!ENTITY % b "%a;%a;%a;"><!ENTITY c "%b;%b;">'


SOUP = b"<b><i><a><p><div><table><tr><td><ul><li><font color=red><svg><foreignObject>"


def _txt_attacks() -> list[bytes]:
    return [
        b"\xff\xfe" + b"\0" * 1001,
        b"\xef\xbb\xbf" * 1000,
        b"\xed\xa0\x80" * 99,
        b"\0\0\xfe\xff" + b"\xff" * 8,
    ]


def _md_attacks() -> list[bytes]:
    return [
        b"[" * 200_000,
        b"*a_" * 100_000,
        b"> " * 50_000 + b"x",
        b"- " * 20_000,
        b"`" * 99_999,
        b"![[](" * 50_000,
    ]


def _html_attacks() -> list[bytes]:
    return [
        b"<div>" * 200_000,
        SOUP * 3000,
        b"<!--" * 200_000,
        b"<a " * 300_000,
        b"<p " + b"a=b " * 200_000,
        b"<font a=%d>" * 50_000,
        b"".join(b"<p><font a=%d>x" % n for n in range(20_000)),
        b"<table>" * 100_000,
        b"<p>x" * 100_000,
        b"<body>" + b"<a href=x>y</a><br>" * 50_000,
        b"<span class=switchinline>" + b"<i id=default hidden>x</i>" * 40_000,
        b'<meta charset="punycode">' + b"a-" * 100_000,
        b"<select><option>" * 50_000,
    ]


def _jsonl_attacks() -> list[bytes]:
    return [
        b"[" * 900_000,
        b'{"a":' * 200_000,
        b'{"n": ' + b"9" * 500_000 + b"}",
        b'{"text": "\\ud800"}',
        b"\n" * 300_000,
    ]


def _parquet_attacks() -> list[bytes]:
    return [parquet_file(["x" * 5_000_000] * 8)]


def _page_attacks() -> list[bytes]:
    return [
        (LAUGHS + "]><page><p>&l9;</p></page>").encode(),
        (PARAMETER_LAUGHS + "]><page><p>&c;</p></page>").encode(),
        b"<page>" + b"<section>" * 200_000,
        b"<page " + b"".join(b"a%d='' " % n for n in range(50_000)) + b"/>",
        b'<!DOCTYPE page SYSTEM "file:///etc/passwd"><page/>',
        b"<page>" + b"<!--x-->" * 100_000 + b"</page>",
    ]


def _warc_attacks() -> list[bytes]:
    return [
        warc_record("response", http_answer(gzip.compress(b"0" * BOMB), Content_Encoding="gzip"), "application/http"),
        warc_record("response", http_answer(b"ffffffffff\r\nx", Transfer_Encoding="chunked"), "application/http"),
        b"WARC/1.0\r\n" + b"A: b\r\n" * 100_000 + b"\r\n",
        b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 18446744073709551615\r\n\r\nx",
        b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: -5\r\n\r\nx",
        warc_record("response", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000 + b"\r\n", "application/http"),
    ]


def _epub_attacks() -> list[bytes]:
    return [
        epub_file(["weg"], names=["../../../../etc/passwd"]),
        epub_file(["weg"], names=["/etc/passwd"]),
        epub_file(["weg"], names=["..%2f..%2fetc%2fpasswd", "c:\\windows", "\0"]),
        epub_file(["a" * BOMB]),
        epub_file(["a" * 1_000_000] * 40),
        epub_file(["x"], package="OPS/x.opf", **{"META-INF_encryption.xml": b'<e><r URI="OPS/c0.xhtml"/></e>'}),
        epub_file(["x"], **{"META-INF_container.xml": (LAUGHS + "]><container>&l9;</container>").encode()}),
        epub_file(["x"], **{"META-INF_container.xml": b"<a>" * 100_000}),
        epub_file(["<div>" * 100_000]),
        epub_file(["x"] * 3000),
    ]


def _pdf_attacks() -> list[bytes]:
    return [
        pdf_file(["x"], kids="2 0 R"),
        pdf_file(["x"], kids="5 0 R " * 5000),
        pdf_file(["x"], o5=b"<< /Type /Page /Parent 5 0 R /Contents 5 0 R >>"),
        pdf_file(["x"], o6=b"<< /Length 6 0 R >>\nstream\nx\nendstream"),
        pdf_file(["x"], o3=b"3 0 R"),
        pdf_file(["x"], o1=b"<< /Type /Catalog /Pages 1 0 R >>"),
        pdf_file(["x"], o1=b"[" * 50_000),
        pdf_file([], streams=[b"0" * BOMB]),
        pdf_file([], streams=[b"BT " + b"(x) Tj " * 100_000]),
        pdf_file([], streams=[b"q " * 200_000]),
        pdf_file([], streams=[b"[" * 100_000]),
        pdf_file([], streams=[b"(" * 100_000]),
        pdf_file(["x"], o6=b"<< /Length 9 /Filter [" + b"/FlateDecode " * 5000 + b"] >>\nstream\nx\nendstream"),
        pdf_file(["x"]).replace(b"startxref", b"startxref\n0\n%"),
        pdf_file(["x"]).replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev 9 /Encrypt 4 0 R"),
        b"%PDF-1.7\n" + b"1 0 obj\n" * 50_000,
    ]


def _po_attacks() -> list[bytes]:
    return [
        b'msgid "' * 50_000,
        b'msgid "a"\nmsgstr "' + b"\\" * 500_000,
        b'"\n' * 200_000,
        b"#, fuzzy\n" * 100_000,
    ]


def _mo_attacks() -> list[bytes]:
    return [
        struct.pack("<IIIIIII", 0x950412DE, 0, 2**31, 28, 28, 0, 0),
        struct.pack("<IIIIIII", 0x950412DE, 0, 9, 0, 0, 0, 0),
    ]


ATTACKS: dict[str, Callable[[], list[bytes]]] = {
    ".txt": _txt_attacks,
    ".md": _md_attacks,
    ".html": _html_attacks,
    ".jsonl": _jsonl_attacks,
    ".parquet": _parquet_attacks,
    ".page": _page_attacks,
    ".warc": _warc_attacks,
    ".epub": _epub_attacks,
    ".pdf": _pdf_attacks,
    ".po": _po_attacks,
    ".mo": _mo_attacks,
}


@cache
def attacks(suffix: str) -> list[bytes]:
    """Return the known attacks on a format."""
    return ATTACKS[suffix]()


@cache
def _bomb(packed: str) -> bytes:
    return PACK[packed](b'{"text": "' + b"a" * BOMB + b'"}')


def bombs(suffix: str) -> list[tuple[str, bytes]]:
    """Return compressed files of a format that become forty megabytes, as (ending, bytes)."""
    return [(suffix + packed, _bomb(packed)) for packed in PACK] if suffix in PACKABLE else []


def _damaged(draw: Draw, data: bytes) -> bytes:
    """Return `data` cut off, with bytes changed, or with a piece moved, repeated or taken out."""
    place = draw.randrange(len(data) + 1)
    kind = draw.randrange(4)
    if kind == 0:
        return data[:place]
    if kind == 1:
        changed = bytearray(data)
        for _ in range(draw.randint(1, 20)):
            if changed:
                changed[draw.randrange(len(changed))] = draw.choice([0, 255, 10, 60, draw.randrange(256)])
        return bytes(changed)
    end = min(len(data), place + draw.randint(1, 200))
    return data[:place] + (data[place:end] * draw.randint(2, 40) if kind == 2 else b"") + data[end:]


def hostile_files(suffix: str, seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield `count` files of a format as (ending of the name, bytes): its attacks, then texts and damage in turn."""
    build = FORMATS[suffix]
    known = [(suffix, data) for data in attacks(suffix)] + bombs(suffix)
    yield from known[:count]
    texts = hostile_texts(seed, count)
    for number, text in enumerate(texts, len(known)):
        if number >= count:
            return
        draw = random.Random(f"{seed}:{suffix}:{number}")
        kind = number % 4
        content = [text, *draw.sample(PLAIN, 2)] if kind < 2 else draw.sample(PLAIN, 3)
        data = build(content)
        if kind == 3 and draw.random() < 0.1:
            data = (
                draw.randbytes(draw.randint(0, 3000))
                if draw.random() < 0.5
                else FORMATS[draw.choice(list(FORMATS))](content)
            )
        packed = draw.choice(list(PACK)) if suffix in PACKABLE and draw.random() < 0.2 else ""
        if packed and kind < 3:
            yield suffix + packed, PACK[packed](data)
        elif packed:
            yield suffix + packed, _damaged(draw, PACK[packed](data))
        else:
            yield suffix, _damaged(draw, data) if kind else data
