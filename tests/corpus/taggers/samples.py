"""One row per tagger: the settings it is tried with, and texts in which it has something to find.

Settings may name files; `settings_of` makes these in a folder, for the language that is asked for.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from mothertongue.corpus.classifier import train_classifier
from mothertongue.corpus.common_lines import count_lines
from mothertongue.corpus.document import Document, content_id, to_table, write_shard
from mothertongue.corpus.fluency_training import train_fluency
from mothertongue.corpus.profile import LanguageProfile, neutral_profile
from mothertongue.corpus.taggers import make_tagger
from mothertongue.corpus.unicode import repair

SENTENCES = {
    "nl": "de molenaar loopt naar de haven en koopt verse vis voor zijn oude moeder bij het veer.",
    "en": "the miller walks to the harbour and buys fresh fish for his old mother at the ferry.",
    "ar": "ذهب الطحان إلى الميناء واشترى سمكا طازجا لأمه العجوز عند العبارة في الصباح.",
    "th": "คนโม่แป้งเดินไปที่ท่าเรือและซื้อปลาสดให้แม่ของเขาที่ท่าข้ามในตอนเช้า",
    "zh": "磨坊主走到港口，在渡口为他年老的母亲买了新鲜的鱼。今天早上风很大。",
}
MIXED = (
    "Schrijf naar joe@voorbeeld.nl of bel +31 20 123 4567.\n© 2019 De Uitgever\nNL91 ABNA 0417 1643 00\n",
    "for (int i = 0; i < n; i++) {\n    total += values[i];\n}\nreturn total;\n",
    "Start\nMenu\nContact\nlorem ipsum dolor sit amet\nhttps://example.org/a/b?c=d\n",
    "- een\n- twee\n- twee\n…\nmeer lezen…\n",
)


@dataclass(frozen=True)
class Sample:
    """Settings as they are, settings that name files (option -> file of `FILES`), and texts."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    texts: Sequence[str] = MIXED


ROWS: Mapping[str, Sample] = {
    "basic": Sample(texts=("aaa bbb\naaa bbb\n", "een twee drie vier vijf een twee drie vier vijf")),
    "boilerplate": Sample({"least_documents": 2}, {"common": "lines"}),
    "c4": Sample(),
    "code": Sample(),
    "contamination": Sample(files={"items": "lines"}),
    "date": Sample({"today": "2026-01-31"}),
    "domain": Sample({"names": {"*.md": "notes"}}),
    "fineweb": Sample(),
    "fluency": Sample(files={"model": "fluency"}),
    "gopher": Sample(),
    "language": Sample(),
    "length": Sample({"seed": 3, "bytes_per_token": 3.5}),
    "licence": Sample(
        {"phrases": {"vrij te gebruiken": "LicenseRef-Free"}}, texts=("CC BY-SA 4.0, vrij te gebruiken",)
    ),
    "lines": Sample(),
    "pii": Sample(),
    "quality": Sample(files={"model": "classifier"}),
    "script": Sample(texts=("Pаypal", "ไทย", "漢字とかな")),
    "split": Sample(),
    "toxicity": Sample(files={"words": "words", "model": "classifier"}, texts=("Wat een rotzak. Dag!\nrot op",)),
}


def texts_in(language: str, seed: int, number: int = 4) -> str:
    """Return some sentences in a language, with their words (or characters) in another order for every seed."""
    draw = random.Random(seed)
    sentence = SENTENCES[language]
    gap = " " if language in ("nl", "en", "ar") else ""
    units = sentence.split() if gap else list(sentence)
    lines = [gap.join(draw.sample(units, len(units))) for _ in range(number)]
    return "\n".join([sentence, *lines])


def settings_of(name: str, folder: Path, language: str) -> dict[str, Any]:
    """Return the settings of a row, with its files made in a folder of their language."""
    row = ROWS[name]
    place = folder / language
    place.mkdir(parents=True, exist_ok=True)
    made = {option: str(place / kind) for option, kind in row.files.items()}
    for kind in row.files.values():
        if not (place / kind).exists():
            FILES[kind](place / kind, neutral_profile(language))
    return {**row.settings, **made}


def batch_of(texts: Sequence[str], language: str, **meta: Any) -> pa.RecordBatch:
    """Return texts, repaired as readers do, as one batch of documents."""
    documents = [
        Document(content_id(str(number)), repair(text)[0], f"news/{number}.md", language, dict(meta))
        for number, text in enumerate(texts)
    ]
    return to_table(documents).combine_chunks().to_batches()[0] if documents else empty_batch()


def empty_batch() -> pa.RecordBatch:
    """Return a batch without documents."""
    return to_table([Document("", "", "", "nl")]).to_batches()[0].slice(0, 0)


def _classifier(path: Path, profile: LanguageProfile) -> None:
    good = (texts_in(profile.language, seed) for seed in range(40))
    bad = (texts_in(profile.language, seed)[::-1] for seed in range(100, 140))
    train_classifier(good, bad, profile).write(path)


def _fluency(path: Path, profile: LanguageProfile) -> None:
    train_fluency((texts_in(profile.language, seed) for seed in range(60)), profile, order=3).write(path)


def _lines(path: Path, profile: LanguageProfile) -> None:
    pages = [f"Start\nContact\n{texts_in(profile.language, seed)}" for seed in range(4)]
    shard = path.with_suffix(".parquet")
    write_shard(shard, [Document(content_id(page), page, "a.txt", profile.language) for page in pages])
    count_lines([shard], least_documents=2).write(path)


def _words(path: Path, profile: LanguageProfile) -> None:
    path.write_text(f"# {profile.language}\nrotzak\nrot op\n渡口\nปลา\n", encoding="utf-8")


FILES: Mapping[str, Callable[[Path, LanguageProfile], None]] = {
    "classifier": _classifier,
    "fluency": _fluency,
    "lines": _lines,
    "words": _words,
}


def tag_one(
    name: str,
    text: str,
    profile: LanguageProfile | None = None,
    settings: Mapping[str, Any] | None = None,
    **meta: Any,
) -> dict[str, Any]:
    """Return what a tagger says of one text; spans as (the part itself, score)."""
    own = profile or neutral_profile("nl")
    tagged = make_tagger(name, settings).tag(batch_of([text], own.language, **meta), own)
    (row,) = tagged.to_pylist()
    return {
        column: [(text[span["start"] : span["end"]], round(span["score"], 4)) for span in value]
        if isinstance(value, list)
        else value
        for column, value in row.items()
    }
