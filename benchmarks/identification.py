"""Language identification beside py3langid and lingua: F1, calibration and lines per second, one run, same lines.

    python benchmarks/identification.py [--json FILE] [--folder DIR] [--calibrate]

The lines are those of the Debian package gnome-user-docs (Mallard pages in 42 languages), fetched with apt-get. A line
that equals an English one is not translated and is left out; pages, not lines, are split into the 300 lines that teach
and those that are held out, and no held-out line is also a taught one. Lines have 20 characters or more (10 in Chinese,
Japanese and Korean). `pt_BR` counts as pt, `sr@latin` as sr. What the languages of the seed are tested by is never
taken out of them: where a language is "not known", the seed has lost its columns and the n-grams most typical of it.
Languages that the seed has really never met are taught from strings of Firefox (see firefox_strings.py).

`--calibrate` prints the numbers of data/identification.toml, fitted on the lines that teach.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import firefox_strings
import numpy as np

from mothertongue import durability
from mothertongue.corpus.document import Document
from mothertongue.corpus.identify.calibration import FACTS, Calibration, Labelled, fit, rounded
from mothertongue.corpus.identify.confusion import Confusion, confusion, tabulate
from mothertongue.corpus.identify.identifier import UNKNOWN, Identifier
from mothertongue.corpus.identify.profile import usable_lines
from mothertongue.corpus.identify.py3langid import Py3LangId, model
from mothertongue.corpus.identify.space import Seed, bags, joined, py3langid_seed
from mothertongue.corpus.identify.taught import TaughtIdentifier
from mothertongue.corpus.identify.teach import background_of, entropies, teach_identifier
from mothertongue.corpus.readers.xml import XmlReader
from mothertongue.ledger import versions

PACKAGE = "gnome-user-docs"
TAUGHT, HELD_OUT, FEWEST = 300, 200, 50
SHORTEST = 20
SHORTEST_OF = {"ja": 10, "ko": 10, "zh_CN": 10}
TAGS = {"C": "en", "pt_BR": "pt", "sr@latin": "sr", "zh_CN": "zh"}
TWINS = {"bs": "hr", "sr": "hr", "nn": "no", "da": "da", "ms": "id"}
"""Twins as one label: Serbo-Croatian, Norwegian, Malay and Indonesian."""
UNSEEN = {
    "ach": ["xh"],
    "ast": ["es-es", "gl", "ca"],
    "cak": ["es-es"],
    "dsb": ["hsb", "pl", "cs"],
    "fur": ["it", "lij"],
    "hsb": ["dsb", "cs", "pl"],
    "ia": ["it", "es-es", "fr"],
    "rm": ["it", "fr", "de"],
    "sat": ["hi-in"],
    "sc": ["it", "es-es"],
    "sco": ["en-gb"],
    "skr": ["ur"],
    "son": ["fr"],
    "szl": ["pl", "cs"],
    "trs": ["es-es"],
}
"""Languages of Firefox that the seed does not know, and what a user would give as neighbours."""
CODES = {"es-es": "es", "en-gb": "en", "hi-in": "hi"}
UNKNOWN_SHARE = 0.05
LANGUAGE_FOR_UNKNOWN = 6
"""Every sixth language is hidden from both sides where "none of these" is measured."""
Lines = dict[str, list[str]]
Pages = dict[str, list[str]]


def fetch(folder: Path) -> Path:
    """The help pages of the package, one folder per language."""
    root = folder / "unpacked"
    if not root.exists():
        subprocess.run(["apt-get", "download", PACKAGE], cwd=folder, check=True, capture_output=True)
        package = next(folder.glob(f"{PACKAGE}_*.deb"))
        subprocess.run(["dpkg-deb", "-x", str(package), str(root)], check=True)
    return root / "usr/share/help"


def pages(folder: Path) -> Pages:
    """Page -> its lines, as the reader of this project gives them."""
    reader, found = XmlReader("und"), {}
    for path in sorted(folder.glob("*/*.page")):
        texts = [item.text for item in reader.read(path) if isinstance(item, Document)]
        found[path.relative_to(folder).as_posix()] = [line.strip() for text in texts for line in text.split("\n")]
    return found


def read(root: Path) -> tuple[Lines, Lines]:
    """Language -> taught lines, and language -> held-out lines."""
    english = {line for lines in pages(root / "C").values() for line in lines}
    taught: dict[str, list[list[str]]] = {}
    held: dict[str, list[list[str]]] = {}
    for folder in sorted(root.iterdir()):
        first, second = split(folder.name, pages(folder), set() if folder.name == "C" else english)
        if len(first) >= FEWEST and len(second) >= FEWEST:
            tag = TAGS.get(folder.name, folder.name)
            taught.setdefault(tag, []).append(first)
            held.setdefault(tag, []).append(second)
    return shared(taught, TAUGHT), shared(held, HELD_OUT)


def split(name: str, found: Pages, english: set[str]) -> tuple[list[str], list[str]]:
    """Lines of two disjoint sets of pages, each line once."""
    draw = random.Random(name)
    names = sorted(found)
    draw.shuffle(names)
    shortest = SHORTEST_OF.get(name, SHORTEST)
    seen: set[str] = set(english)
    usable: list[list[str]] = []
    for page in names:
        fresh = [line for line in found[page] if len(line) >= shortest and any(map(str.isalpha, line))]
        usable.append([line for line in dict.fromkeys(fresh) if line not in seen])
        seen.update(fresh)
    total, first, second = sum(map(len, usable)), [], []
    for lines in usable:
        (first if len(first) < min(TAUGHT, total / 2) else second).extend(lines)
    draw.shuffle(first)
    draw.shuffle(second)
    return first, second


def shared(parts: Mapping[str, Sequence[list[str]]], number: int) -> Lines:
    return {
        tag: [line for lines in several for line in lines[: number // len(several)]]
        for tag, several in sorted(parts.items())
    }


def pairs(lines: Lines) -> list[tuple[str, str]]:
    return [(tag, line) for tag, own in lines.items() for line in own]


def merged(identifier: Identifier, rows: Sequence[tuple[str, str]]) -> Confusion:
    """The table with twins as one label."""
    given = [ranking[0] for ranking in identifier.identify([line for _, line in rows])]
    return tabulate([TWINS.get(tag, tag) for tag, _ in rows], [(TWINS.get(tag, tag), p) for tag, p in given])


def known_languages(taught: Lines, held: Lines) -> tuple[dict[str, Any], TaughtIdentifier]:
    """Macro-F1 over the languages that py3langid knows, of py3langid, of lingua, and of ours after being taught."""
    rows = pairs({tag: lines for tag, lines in held.items() if tag in Py3LangId().labels})
    first, *rest = sorted(taught)
    ours = teach_identifier(first, taught[first], neighbours={tag: taught[tag] for tag in rest})
    found = {}
    for name, identifier in (("py3langid", Py3LangId()), ("ours, 300 lines of each", ours)):
        table = confusion(identifier, rows)
        found[name] = {**table.to_json(), "macro_f1_twins_merged": merged(identifier, rows).macro_f1}
        print(f"known languages, {name:24} macro F1 {table.macro_f1:.4f}")
    return found, ours


def new_languages(taught: Lines, held: Lines) -> dict[str, Any]:
    """F1 of each language when the seed has never seen it, with and without lines of the other languages."""
    rows, seed = pairs(held), py3langid_seed()
    found: dict[str, Any] = {}
    for tag in sorted(taught):
        without = seed.without([tag])
        others = {other: lines for other, lines in taught.items() if other != tag}
        alone = teach_identifier(tag, taught[tag], seed_identifier=without)
        beside = teach_identifier(tag, taught[tag], neighbours=others, seed_identifier=without)
        tables = {"neighbours_from_the_seed": alone, "neighbours_taught_too": beside}
        found[tag] = {name: confusion(made, rows).scores[tag].f1 for name, made in tables.items()}
        found[tag]["twins_merged"] = merged(beside, rows).scores[TWINS.get(tag, tag)].f1
        found[tag]["nearest"] = [list(pair) for pair in alone.facts["nearest"][:3]]
        print(f"new language {tag:3}", " ".join(f"{key} {value}" for key, value in found[tag].items()))
    return found


def summary(new: Mapping[str, Any]) -> dict[str, Any]:
    """Mean, median and number above 0.95 of each way."""
    found = {}
    for way in ("neighbours_from_the_seed", "neighbours_taught_too", "twins_merged"):
        values = [row[way] for row in new.values() if way in row]
        if not values:
            continue
        found[way] = {
            "mean": statistics.mean(values),
            "median": statistics.median(values),
            "above_0.95": sum(value > 0.95 for value in values),
            "languages": len(values),
        }
        print(f"languages, {way:24}", found[way])
    return found


def unseen_languages(folder: Path, held: Lines) -> dict[str, Any]:
    """F1 of each language that the seed has never met, alone and with lines of neighbours.

    Among the lines are those of all languages held out above, and of the neighbours. A neighbour that the seed has not
    met either is there when it was taught, too.
    """
    codes = sorted({*UNSEEN, *(code for near in UNSEEN.values() for code in near)})
    both = {code: split(f"unseen/{code}", firefox_strings.translated(folder, code), set()) for code in codes}
    taught = {CODES.get(code, code): first[:TAUGHT] for code, (first, _) in both.items()}
    held_out = {CODES.get(code, code): second[:HELD_OUT] for code, (_, second) in both.items()}
    rows = pairs(held) + pairs({tag: lines for tag, lines in held_out.items() if tag not in UNSEEN})
    met = py3langid_seed().labels & set(UNSEEN)
    if met:
        raise SystemExit(f"the seed knows {sorted(met)}: choose other languages")
    found: dict[str, Any] = {}
    for tag, near in UNSEEN.items():
        neighbours = {other: taught[other] for other in (CODES.get(code, code) for code in near)}
        beside = pairs({other: held_out[other] for other in neighbours if other in UNSEEN})
        own = rows + pairs({tag: held_out[tag]})
        alone = confusion(teach_identifier(tag, taught[tag]), own)
        helped = confusion(teach_identifier(tag, taught[tag], neighbours=neighbours), own + beside)
        found[tag] = {
            "neighbours_from_the_seed": alone.scores[tag].f1,
            "neighbours_taught_too": helped.scores[tag].f1,
            "neighbours": sorted(neighbours),
            "taught": len(taught[tag]),
            "held_out": len(held_out[tag]),
            "confused": [list(pair) for pair in helped.pairs if tag in pair[:2]][:5],
        }
        print(f"unseen language {tag:3}", " ".join(f"{key} {value}" for key, value in found[tag].items()))
    return found


def none_of_these(taught: Lines, held: Lines) -> dict[str, Any]:
    """Calibration and the decision "none of these", with every sixth language unknown and 5 % of such lines."""
    hidden = sorted(taught)[::LANGUAGE_FOR_UNKNOWN]
    seed = py3langid_seed().without(hidden)
    shown = {tag: lines for tag, lines in taught.items() if tag not in hidden}
    known = pairs({tag: lines for tag, lines in held.items() if tag not in hidden})
    foreign = [(UNKNOWN, line) for tag in hidden for line in held[tag]]
    number = round(UNKNOWN_SHARE / (1 - UNKNOWN_SHARE) * len(known))
    rows = known + random.Random(0).sample(foreign, min(number, len(foreign)))
    first, *rest = sorted(shown)
    ways = {
        "all taught": teach_identifier(
            first, shown[first], neighbours={tag: shown[tag] for tag in rest}, seed_identifier=seed
        ),
        "one taught": teach_identifier("gl", shown["gl"], seed_identifier=seed),
    }
    found: dict[str, Any] = {"hidden": hidden}
    for name, made in ways.items():
        table = confusion(made, rows)
        found[name] = {
            "calibration_error": table.calibration_error,
            "reliability": [dict(row) for row in table.reliability],
            "none": vars(table.scores[UNKNOWN]),
            "accuracy": table.accuracy,
        }
        print(f"none of these, {name}: calibration error {table.calibration_error:.4f}", found[name]["none"])
    table = confusion(Py3LangId(), rows)
    found["py3langid"] = {"calibration_error": table.calibration_error, "accuracy": table.accuracy}
    print(f"none of these, py3langid: calibration error {table.calibration_error:.4f}")
    return found


def speed(ours: TaughtIdentifier, held: Lines, turns: int) -> dict[str, Any]:
    """Lines per second in turns on one process, and the median ratio to ours."""
    lines = [line for _, line in pairs(held)]
    random.Random(0).shuffle(lines)
    package = model()
    contestants: dict[str, Callable[[Sequence[str]], Any]] = {
        "ours": ours.identify,
        "py3langid": lambda texts: [package.classify(text) for text in texts],
        **lingua(),
    }
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    for run in contestants.values():
        run(lines[:50])
    for _ in range(turns):
        for name, run in contestants.items():
            sample = lines[:2000] if name != "ours" else lines
            start = time.perf_counter()
            run(sample)
            rates[name].append(len(sample) / (time.perf_counter() - start))
    found = {}
    for name in contestants:
        ratio = statistics.median(mine / theirs for mine, theirs in zip(rates["ours"], rates[name], strict=True))
        found[name] = {"lines_per_second": statistics.median(rates[name]), "ours_is_faster_by": ratio}
        print(f"speed, {name:24} {found[name]['lines_per_second']:10.0f} lines/s, ours is {ratio:.1f} times as fast")
    return found


def lingua() -> dict[str, Callable[[Sequence[str]], Any]]:
    from lingua import LanguageDetectorBuilder

    detector = LanguageDetectorBuilder.from_all_languages().with_preloaded_language_models().build()
    return {"lingua": lambda texts: [detector.detect_language_of(text) for text in texts]}


def calibrate(taught: Lines, seed: Seed) -> None:
    """Prints the usual calibration, fitted on taught lines scored by the columns of the seed alone."""
    lines = {tag: usable_lines(own) for tag, own in taught.items() if tag in seed.labels}
    names = tuple(sorted(set(seed.tags)))
    found = joined([bags(own, seed.automaton) for own in lines.values()])
    truth = np.concatenate([np.full(len(own), names.index(tag), np.int64) for tag, own in lines.items()])
    background = background_of(seed)
    columns = found.scores(np.concatenate([seed.table, background[:, None]], axis=1)).astype(np.float64)
    scores = np.full((len(truth), len(names)), -np.inf)
    for place, tag in enumerate(seed.tags):
        label = names.index(tag)
        scores[:, label] = np.maximum(scores[:, label], columns[:, place])
    labelled = Labelled(scores, columns[:, -1], found.mass.astype(np.float64), truth)
    plain = entropies(seed, background)
    expected = np.array([plain[name] for name in names])
    beaten = (scores[np.arange(len(truth)), truth] - labelled.background) / labelled.mass - expected[truth]
    shift = rounded(float(np.mean([beaten[truth == label].mean() for label in np.unique(truth)])))
    made = fit(labelled, expected + shift, Calibration(1.0, (0.0,) * FACTS), ridge=0.01)
    print(f"[calibration]\nscale = {made.scale}\nshift = {shift}\nunknown = {list(made.unknown)}")


def main() -> None:
    """Measures everything and prints it; with --calibrate prints the usual calibration instead."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--folder", type=Path, help="where the package is kept; a temporary folder unless given")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--calibrate", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        taught, held = read(fetch(folder))
        print(f"{len(taught)} languages, {sum(map(len, taught.values()))} lines to teach, {len(pairs(held))} held out")
        if options.calibrate:
            calibrate(taught, py3langid_seed())
            return
        unseen = unseen_languages(folder, held)
    known, ours = known_languages(taught, held)
    new = new_languages(taught, held)
    results = {
        "languages": {tag: {"taught": len(taught[tag]), "held_out": len(held[tag])} for tag in taught},
        "known_languages": known,
        "new_languages": {"summary": summary(new), "each": new},
        "unseen_languages": {"summary": summary(unseen), "each": unseen},
        "none_of_these": none_of_these(taught, held),
        "speed": speed(ours, held, options.turns),
    }
    if options.json:
        durability.write_json(options.json, {"results": results, "versions": versions()})


if __name__ == "__main__":
    main()
