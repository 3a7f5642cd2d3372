"""The confusion table: how well an identifier does on labelled lines, per language and per pair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from mothertongue.corpus.identify.calibration import expected_calibration_error, reliability
from mothertongue.corpus.identify.identifier import Identifier

_PAIRS_SHOWN: Final = 10
BATCH: Final = 512


@dataclass(frozen=True)
class Score:
    """What became of the lines of one language; shares are 0 where there is nothing to share."""

    lines: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Confusion:
    """Precision, recall and F1 per language, what was mistaken for what, and how true the probabilities are."""

    scores: Mapping[str, Score]
    """Language -> score, by tag; only languages that have lines."""
    pairs: tuple[tuple[str, str, int], ...]
    """(language, label given, lines), most lines first."""
    calibration_error: float
    """Expected calibration error of the first label's probability, over ten bins."""
    reliability: tuple[Mapping[str, float], ...]
    """Share of lines, mean probability and accuracy of each bin."""

    @property
    def macro_f1(self) -> float:
        """The mean F1 over languages."""
        return sum(score.f1 for score in self.scores.values()) / max(len(self.scores), 1)

    @property
    def accuracy(self) -> float:
        """The share of lines with the right label."""
        lines = sum(score.lines for score in self.scores.values())
        return sum(score.recall * score.lines for score in self.scores.values()) / max(lines, 1)

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON types."""
        return {
            "macro_f1": self.macro_f1,
            "accuracy": self.accuracy,
            "calibration_error": self.calibration_error,
            "languages": {tag: asdict(score) for tag, score in self.scores.items()},
            "pairs": [list(pair) for pair in self.pairs],
            "reliability": [dict(row) for row in self.reliability],
        }

    def __str__(self) -> str:
        head = "language    lines  precision  recall      F1"
        rows = [
            f"{tag:10} {score.lines:6} {score.precision:10.3f} {score.recall:7.3f} {score.f1:7.3f}"
            for tag, score in self.scores.items()
        ]
        pairs = [f"  {count} lines of {tag} taken for {label}" for tag, label, count in self.pairs[:_PAIRS_SHOWN]]
        ends = [f"macro F1 {self.macro_f1:.4f}, calibration error {self.calibration_error:.4f}"]
        return "\n".join([head, *rows, *ends, *(["most confused:", *pairs] if pairs else [])])


def confusion(identifier: Identifier, labelled: Iterable[tuple[str, str]]) -> Confusion:
    """Return the table of an identifier over (language, line) pairs; `und` for a line that is in none of its labels."""
    rows = list(labelled)
    given: list[tuple[str, float]] = []
    for start in range(0, len(rows), BATCH):
        given += [ranking[0] for ranking in identifier.identify([line for _, line in rows[start : start + BATCH]])]
    return tabulate([tag for tag, _ in rows], given)


def tabulate(truth: Sequence[str], given: Sequence[tuple[str, float]]) -> Confusion:
    """Return the table of right tags and of (label, probability) given."""
    pairs = Counter((tag, label) for tag, (label, _) in zip(truth, given, strict=True))
    of_language, of_label = Counter(truth), Counter(label for label, _ in given)
    scores = {}
    for tag in sorted(of_language):
        right = pairs[tag, tag]
        precision, recall = right / max(of_label[tag], 1), right / of_language[tag]
        scores[tag] = Score(of_language[tag], precision, recall, 2 * right / (of_label[tag] + of_language[tag]))
    wrong = [(tag, label, count) for (tag, label), count in pairs.items() if tag != label]
    confidence = [probability for _, probability in given]
    hits = [tag == label for tag, (label, _) in zip(truth, given, strict=True)]
    return Confusion(
        scores,
        tuple(sorted(wrong, key=lambda row: (-row[2], row[0], row[1]))),
        expected_calibration_error(confidence, hits),
        tuple(reliability(confidence, hits)),
    )
