"""The corpus of the benchmarks: the help pages of LibreOffice in seventeen languages, one page a document, about 88 MB.

    python benchmarks/corpus.py FOLDER

The pages are parallel, so every language gives the same work; they hold menus, tables and lists as well as prose, and
many repeat each other. Packages come from the Debian archive (MPL 2.0) through `apt-get download` and are kept below
FOLDER; a corpus that is there is not made again. Other benchmarks call `corpus_files` or `corpus_texts`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from mothertongue import durability
from mothertongue.corpus.document import Document
from mothertongue.corpus.readers.html import HtmlReader

LANGUAGES = {
    "cs": "Slavic, Latin letters with many accents",
    "de": "long compounds",
    "el": "Greek letters",
    "en-us": "the language that the peers' constants were made for",
    "es": "Romance; inverted marks open sentences",
    "eu": "Basque, an isolate with long endings",
    "fi": "Finnic, very long words",
    "fr": "spaces before marks, apostrophes inside words",
    "hi": "Devanagari; the danda ends sentences",
    "hu": "agglutinating",
    "ja": "no spaces, three scripts",
    "km": "no spaces, many marks",
    "ko": "Hangul with spaces",
    "ru": "Cyrillic letters",
    "tr": "agglutinating; dotted and dotless i",
    "vi": "short syllables apart, stacked accents",
    "zh-cn": "no spaces, one script",
}
"""Suffix of the package and tag of the language -> why it is here."""


def corpus_files(folder: Path) -> list[Path]:
    """Return the files of the corpus (.jsonl.gz with id, text, source, added), made first where they are missing."""
    texts = folder / "texts"
    waiting = [(folder, language) for language in LANGUAGES if not _file(texts, language).is_file()]
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(_make, waiting))
    return [_file(texts, language) for language in LANGUAGES]


def corpus_texts(folder: Path) -> Iterator[dict[str, str]]:
    """Yield the documents of the corpus as records with id, text, source (the language) and added."""
    for file in corpus_files(folder):
        with gzip.open(file, "rt", encoding="utf-8") as stream:
            yield from map(json.loads, stream)


def _file(texts: Path, language: str) -> Path:
    return texts / f"{language}.jsonl.gz"


def _make(job: tuple[Path, str]) -> None:
    folder, language = job
    records = [_record(page, language) for page in _pages(folder, language)]
    lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records if record)
    file = _file(folder / "texts", language)
    durability.write_bytes(file, gzip.compress("".join(lines).encode(), compresslevel=6, mtime=0))


def _pages(folder: Path, language: str) -> list[Path]:
    """Return the HTML pages of a language, unpacked from its package."""
    target = folder / "packages" / language
    name = f"libreoffice-help-{language}"
    if not list(target.glob("*.deb")):
        target.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "-q", name], cwd=target, check=True, capture_output=True)
    unpacked = target / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    subprocess.run(["dpkg-deb", "-x", *map(str, target.glob("*.deb")), str(unpacked)], check=True)
    return sorted(unpacked.rglob("*.html"), key=lambda page: page.relative_to(unpacked).as_posix())


def _record(page: Path, language: str) -> dict[str, str] | None:
    [document] = HtmlReader(language).read(page)
    if not isinstance(document, Document) or not document.text.strip():
        return None
    # The ids of content are equal for equal pages, and peers join by id.
    name = page.as_posix().partition("/unpacked/")[2]
    return {"id": name, "text": document.text, "source": language, "added": "2024-01-01T00:00:00.000Z"}


def main() -> None:
    """Makes the corpus and says how large it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    texts = [record["text"] for record in corpus_texts(parser.parse_args().folder)]
    print(f"{len(texts)} documents, {sum(len(text.encode()) for text in texts) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
