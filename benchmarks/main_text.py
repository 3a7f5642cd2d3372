"""Main text of HTML pages: this project's reader beside Resiliparse alone and trafilatura, in one run.

    python benchmarks/main_text.py [--help-pages FOLDER] [--json FILE]

Pages with a known text: those of `tests/corpus/pages`, and with `--help-pages` an unpacked `libreoffice-help-*`
package (its text is all that stands in its display area, with the usual one of two hidden keys and without listings).
Precision, recall and F1 are means over pages of runs of four words, or of four letters where words are not spaced.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from resiliparse.extract.html2text import extract_plain_text
from selectolax.lexbor import LexborHTMLParser

from mothertongue import durability
from mothertongue.corpus.readers.html import html_text
from mothertongue.corpus.readers.streams import USUAL_LIMITS
from mothertongue.ledger import versions

PAGES = Path(__file__).parent.parent / "tests" / "corpus" / "pages"
RUN = 4
Page = tuple[str, str]
"""Source of a page and its text."""


def contestants() -> dict[str, Callable[[str], str]]:
    """Return the extractors by name; trafilatura only where it is installed."""
    found: dict[str, Callable[[str], str]] = {
        "ours": lambda source: html_text(source, USUAL_LIMITS)[0],
        "Resiliparse": lambda source: extract_plain_text(
            source, main_content=True, list_bullets=False, alt_texts=False
        ),
    }
    try:
        import trafilatura
    except ImportError:
        return found
    found["trafilatura"] = lambda source: trafilatura.extract(source, include_comments=False) or ""
    found["trafilatura fast"] = lambda source: trafilatura.extract(source, include_comments=False, fast=True) or ""
    return found


def runs(text: str) -> Counter[tuple[str, ...]]:
    """Return how often each run of four words stands in a text; signs between cells and items do not count."""
    words = [word for word in text.split() if any(map(str.isalnum, word))]
    if words and statistics.mean(map(len, words)) > 20:
        words = list("".join(words))
    return Counter(tuple(words[place : place + RUN]) for place in range(max(1, len(words) - RUN + 1)))


def help_page(source: str) -> str | None:
    """Return the text of a page of LibreOffice help, found by its own marks, or None when it has too little."""
    tree = LexborHTMLParser(source)
    area = tree.css_first("#DisplayArea")
    if area is None:
        return None
    for node in area.css("pre, .relatedtopics, script, .switchinline > :not([id^=default])"):
        node.decompose()
    text = " ".join(area.text(separator="").split())
    return text if len(text) > 200 else None


def measure(extract: Callable[[str], str], pages: Sequence[Page]) -> dict[str, float]:
    """Return precision, recall, F1 and pages a second of processor time."""
    started = time.process_time()
    texts = [extract(source) for source, _ in pages]
    seconds = time.process_time() - started
    pairs = [(runs(wanted), runs(text)) for (_, wanted), text in zip(pages, texts, strict=True)]
    shared = [(sum((a & b).values()), sum(a.values()), sum(b.values())) for a, b in pairs]
    return {
        "precision": statistics.mean(both / max(found, 1) for both, _, found in shared),
        "recall": statistics.mean(both / wanted for both, wanted, _ in shared),
        "f1": statistics.mean(2 * both / (wanted + found) for both, wanted, found in shared),
        "pages_per_second": len(pages) / seconds,
    }


def main() -> None:
    """Measures every contestant on every set of pages and prints one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--help-pages", type=Path)
    parser.add_argument("--most", type=int, default=300)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    sets: dict[str, list[Page]] = {
        "typical pages": [
            (p.read_text("utf-8"), p.with_suffix(".txt").read_text("utf-8")) for p in PAGES.glob("*.html")
        ]
    }
    if options.help_pages:
        files = sorted(options.help_pages.rglob("text/**/*.html"))
        random.Random(0).shuffle(files)
        sources = [file.read_text("utf-8") for file in files[: options.most]]
        sets["LibreOffice help"] = [(source, text) for source in sources if (text := help_page(source))]
    results: dict[str, Any] = {}
    for name, pages in sets.items():
        measured = {contestant: measure(extract, pages) for contestant, extract in contestants().items()}
        for contestant, values in measured.items():
            values["ours_is_faster_by"] = measured["ours"]["pages_per_second"] / values["pages_per_second"]
            print(f"{name}, {len(pages)} pages, {contestant:17}", *(f"{k} {v:.3f}" for k, v in values.items()))
        results[name] = {"pages": len(pages), "contestants": measured}
    if options.json:
        durability.write_json(options.json, {"results": results, "versions": versions()})


if __name__ == "__main__":
    main()
