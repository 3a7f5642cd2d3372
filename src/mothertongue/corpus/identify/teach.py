"""Teaching a language to the identifier, from 200 to 500 of its lines and what is known of its neighbours.

The language becomes one more class of naive Bayes in the feature space of the seed. Its probabilities are a mixture:
the n-grams counted in its lines, the columns of the nearest languages of the seed, and an even share for the unseen.
The weights of the mixture are those under which held-out lines are most probable (deleted interpolation by
expectation-maximisation), so few lines lean on the neighbours and many stand for themselves. Nothing here is random.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mothertongue.corpus.identify.calibration import (
    Labelled,
    expected_calibration_error,
    fit,
    rounded,
    usual,
    usual_shift,
    with_share,
)
from mothertongue.corpus.identify.identifier import NO_LANGUAGE
from mothertongue.corpus.identify.profile import LineProfile, build_profile, usable_lines
from mothertongue.corpus.identify.space import Bags, Seed, joined, py3langid_seed
from mothertongue.corpus.identify.taught import TaughtIdentifier
from mothertongue.corpus.identify.words import Words
from mothertongue.errors import InputError, Problem

FOLDS: Final = 5
NEAREST: Final = 12
"""Languages of the seed that a new one may lean on."""
UNKNOWN_SHARE: Final = 0.05
"""Share of texts in none of the languages for which "none of these" is calibrated."""
_ROUNDS = 40
_SAME_LINES = 0.5
_LEAST_WEIGHT = 0.001
_RIVAL = 0.05
"""Weight in the mixture from which a language of the seed is near enough to be mistaken for the taught one."""
Floats = NDArray[np.float64]


def teach_identifier(
    language: str,
    lines: Sequence[str] | LineProfile,
    *,
    neighbours: Mapping[str, Sequence[str] | LineProfile] | None = None,
    seed_identifier: Seed | None = None,
    unknown_share: float = UNKNOWN_SHARE,
) -> TaughtIdentifier:
    """Return an identifier that knows the languages of the seed, the neighbours, and `language`.

    `neighbours`: tag -> lines or a profile of its lines; useful for languages that the seed does not know, and those
    that are easily mistaken for the taught one. `seed_identifier` is `py3langid_seed()` unless given. Raises InputError
    MT243 for too few lines, MT244 when two languages have the same tag or lines, MT242 for a profile made with another
    seed.
    """
    seed = seed_identifier or py3langid_seed()
    given = {language: lines, **(neighbours or {})}
    _refuse_same(language, neighbours or {}, given)
    profiles = [_profile(tag, value, seed) for tag, value in sorted(given.items())]
    columns = [
        Column.learn(profile.language, part, words, seed)
        for profile in profiles
        for part, words in zip(profile.parts, profile.words, strict=True)
    ]
    taught = next(profile for profile in profiles if profile.language == language)
    facts = {"language": language, "seed": seed.name, "nearest": nearest_languages(taught, seed)}
    return _assemble(facts, seed, columns, unknown_share)


@dataclass(frozen=True, eq=False)
class Column:
    """One class learned from lines: a mixture of their counts, of columns of the seed, and of an even share."""

    tag: str
    lines: Bags
    words: Bags
    """The words of the same lines."""
    own: float
    """Weight of the counts."""
    near: tuple[int, ...]
    """Columns of the seed."""
    weights: Floats
    """Their weights, and that of the even share."""

    @staticmethod
    def learn(tag: str, lines: Bags, words: Bags, seed: Seed, barred: str = NO_LANGUAGE) -> Column:
        """Return the class of some lines; it does not lean on the language `barred`."""
        from mothertongue.corpus.identify.kernels import mixture

        usable = np.array([name not in (NO_LANGUAGE, barred) for name in seed.tags])
        likelihood = np.where(usable, lines.scores(seed.table).sum(0, dtype=np.float64), -np.inf)
        near = tuple(np.argsort(-likelihood, kind="stable")[: min(NEAREST, int(usable.sum()))].tolist())
        parts = [np.exp(seed.table[lines.features, column].astype(np.float64)) for column in near]
        even = np.full(len(lines.features), 1 / seed.automaton.features)
        mixed = np.stack([_left_out(lines, seed.automaton.size), *parts, even], axis=1)
        shares = mixture(mixed, lines.weights, _ROUNDS)
        return Column(tag, lines, words, float(shares[0]), near, shares[1:])

    def basis(self, seed: Seed, lined: Collection[str]) -> Basis:
        """Return what its probabilities rest on beside its own counts; `lined` languages have lines of their own."""
        even = 1 / seed.automaton.features
        mixed = np.full(seed.automaton.size, self.weights[-1] * even)
        rival = np.zeros(seed.automaton.size)
        for column, weight in zip(self.near, self.weights, strict=False):
            probability = np.exp(seed.table[:, column].astype(np.float64))
            mixed += weight * probability
            if weight >= _RIVAL and seed.tags[column] not in lined:
                np.maximum(rival, probability, out=rival)
        return Basis(self.own, mixed, np.where(rival > even, rival * np.e, np.inf))


@dataclass(frozen=True, eq=False)
class Basis:
    """The part of a column that its lines do not change, and the limit of each of its probabilities."""

    own: float
    mixed: Floats
    limit: Floats
    """A feature that a near language knows too is at most e times as probable here as there.

    More than that is the subject of the lines rather than their language: the near language has its probabilities
    from other texts. Near languages with lines of their own set no limit.
    """

    def table(self, counts: Floats) -> NDArray[np.float32]:
        """Return the log-probabilities of all features from counts."""
        return _as_kept(np.minimum(self.mixed + self.own * counts / max(counts.sum(), 1e-9), self.limit))


def _as_kept(probabilities: Floats) -> NDArray[np.float32]:
    """Return logarithms as precise as a file keeps them, so that a written identifier is the same identifier."""
    kept: NDArray[np.float32] = np.log(probabilities).astype(np.float16).astype(np.float32)
    return kept


def folds_of(lines: Bags) -> NDArray[np.int64]:
    """Return the fold of each line: lines are sorted, so those with the same beginning are held out together."""
    return np.arange(len(lines)) * FOLDS // max(len(lines), 1)


def _left_out(lines: Bags, size: int) -> Floats:
    """Return the probability of each entry by counts of the lines outside its fold."""
    fold = folds_of(lines)[lines.texts]
    counts = lines.counts(size)
    found = np.zeros(len(lines.features))
    for number in range(FOLDS):
        inside = fold == number
        held = np.bincount(lines.features[inside], weights=lines.weights[inside], minlength=size)
        rest = np.maximum(counts - held, 0)
        found[inside] = rest[lines.features[inside]] / max(rest.sum(), 1e-9)
    return found


def _assemble(facts: dict[str, Any], seed: Seed, columns: Sequence[Column], unknown_share: float) -> TaughtIdentifier:
    """Return the identifier over the seed's columns and the learned ones."""
    tags = (*seed.tags, *(column.tag for column in columns))
    order = sorted(range(len(tags)), key=lambda number: (tags[number], number))
    names = tuple(dict.fromkeys(tags[number] for number in order))
    background = background_of(seed)
    lined = {column.tag for column in columns}
    bases = [column.basis(seed, lined) for column in columns]
    held = _held_out(seed, columns, bases, names, background)
    expected = _expected(seed, background, names, held)
    calibration = with_share(fit(held, expected, usual()), unknown_share)
    probabilities = calibration.probabilities(held.scores, held.background, held.mass, expected)
    facts |= {"lines": _lines(columns), "held_out": _confused(probabilities, held.truth, names)}
    size = seed.automaton.size
    learned = [basis.table(column.lines.counts(size)) for column, basis in zip(columns, bases, strict=True)]
    table = np.concatenate([seed.table, np.stack(learned, axis=1)], axis=1)
    complete = np.concatenate([table[:, order], background[:, None]], axis=1)
    sorted_tags = tuple(tags[number] for number in order)
    words = _words([(column.tag, column.words) for column in columns])
    complete = np.ascontiguousarray(complete)
    return TaughtIdentifier(seed.automaton, sorted_tags, complete, expected, calibration, words, facts)


def _words(lines: Sequence[tuple[str, Bags]]) -> Words:
    """Return what the words of lines say, given as one collection or several of each language."""
    tags = dict.fromkeys(tag for tag, _ in lines)
    return Words.learn({tag: joined([found for owner, found in lines if owner == tag]) for tag in tags})


def background_of(seed: Seed) -> NDArray[np.float32]:
    """Return the log of the average probability over the languages of the seed."""
    chosen = [number for number, tag in enumerate(seed.tags) if tag != NO_LANGUAGE]
    mean = np.zeros(len(seed.table))
    for column in chosen:
        mean += np.exp(seed.table[:, column].astype(np.float64)) / len(chosen)
    return _as_kept(mean)


def _expected(seed: Seed, background: NDArray[np.float32], names: Sequence[str], held: Labelled) -> Floats:
    """Return for each label by how many nats per feature its texts beat the average of all languages.

    Measured on held-out lines where there are some; else the relative entropy of the column, less what real text is
    known to fall short of it.
    """
    beaten = {tag: value + usual_shift() for tag, value in entropies(seed, background).items()}
    own = held.scores[np.arange(len(held.truth)), held.truth]
    for label in np.unique(held.truth).tolist():
        mine = held.truth == label
        beaten[names[label]] = float(np.mean((own[mine] - held.background[mine]) / held.mass[mine]))
    return np.array([rounded(beaten[name]) for name in names])


def entropies(seed: Seed, background: NDArray[np.float32]) -> dict[str, float]:
    """Return the relative entropy of each language of the seed to the average of all, the least of its columns."""
    found: dict[str, float] = {}
    for number, tag in enumerate(seed.tags):
        column = seed.table[:, number].astype(np.float64)
        value = float((np.exp(column) * (column - background)).sum())
        found[tag] = min(found.get(tag, value), value)
    return found


def _held_out(
    seed: Seed,
    columns: Sequence[Column],
    bases: Sequence[Basis],
    names: Sequence[str],
    background: NDArray[np.float32],
) -> Labelled:
    """Return the scores of all lines, each by columns that have not seen it."""
    lines = joined([column.lines for column in columns])
    fold = np.concatenate([folds_of(column.lines) for column in columns])
    truth = np.concatenate([np.full(len(column.lines), names.index(column.tag), np.int64) for column in columns])
    known = lines.scores(np.concatenate([seed.table, background[:, None]], axis=1))
    learned = np.zeros((len(lines), len(columns)), np.float32)
    for number in range(FOLDS):
        parts = [
            basis.table(column.lines.take(folds_of(column.lines) != number).counts(seed.automaton.size))
            for column, basis in zip(columns, bases, strict=True)
        ]
        learned[fold == number] = lines.take(fold == number).scores(np.stack(parts, axis=1))
    scores = np.full((len(lines), len(names)), -np.inf)
    every = np.concatenate([known[:, :-1], learned], axis=1)
    for place, tag in enumerate((*seed.tags, *(column.tag for column in columns))):
        label = names.index(tag)
        scores[:, label] = np.maximum(scores[:, label], every[:, place])
    mass, found = lines.mass.astype(np.float64), joined([column.words for column in columns])
    for number in range(FOLDS):
        inside = fold == number
        words = _words([(column.tag, column.words.take(folds_of(column.words) != number)) for column in columns])
        scores[inside] = words.added(scores[inside], mass[inside], names, found.take(inside))
    return Labelled(scores, known[:, -1].astype(np.float64), mass, truth)


def _lines(columns: Sequence[Column]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for column in columns:
        counts[column.tag] += len(column.lines)
    return dict(counts)


def nearest_languages(profile: LineProfile, seed: Seed) -> list[tuple[str, float]]:
    """Return the languages of the seed that explain the most of what lines have not in common, heaviest first.

    The weight of a language is its part in the mixture of `Column`, when the column of the language itself is barred.
    """
    weights: dict[str, float] = {}
    for part, words in zip(profile.parts, profile.words, strict=True):
        column = Column.learn(profile.language, part, words, seed, barred=profile.language)
        for number, weight in zip(column.near, column.weights, strict=False):
            share = float(weight) * len(part) / profile.lines
            weights[seed.tags[number]] = weights.get(seed.tags[number], 0.0) + share
    heavy = [(tag, rounded(weight)) for tag, weight in weights.items() if weight >= _LEAST_WEIGHT]
    return sorted(heavy, key=lambda pair: (-pair[1], pair[0]))


def _confused(probabilities: Floats, truth: NDArray[np.int64], names: Sequence[str]) -> dict[str, Any]:
    """Return accuracy, calibration and confusions of the held-out lines."""
    best = probabilities.argmax(1)
    right = best == truth
    labels = (*names, "und")
    pairs = Counter((labels[true], labels[said]) for true, said in zip(truth, best, strict=True) if true != said)
    error = expected_calibration_error(probabilities.max(1).tolist(), right.tolist())
    return {
        "accuracy": rounded(float(right.mean())),
        "calibration_error": rounded(error),
        "confused": [[*pair, count] for pair, count in sorted(pairs.items(), key=lambda row: (-row[1], row[0]))[:20]],
    }


def _profile(tag: str, value: Sequence[str] | LineProfile, seed: Seed) -> LineProfile:
    if not isinstance(value, LineProfile):
        return build_profile(tag, value, seed_identifier=seed)
    if value.automaton != seed.automaton.digest or value.language != tag:
        found = f"{value.language}, made with " + (
            "this seed" if value.automaton == seed.automaton.digest else "another seed"
        )
        raise InputError(
            Problem(
                "MT242",
                "does not fit this identifier",
                key=tag,
                value=found,
                allowed=f"a profile of {tag} made with {seed.name}",
                do="make the profile again from its lines",
            )
        )
    return value


def _refuse_same(
    language: str, neighbours: Mapping[str, Any], given: Mapping[str, Sequence[str] | LineProfile]
) -> None:
    found = f"{language} is also a neighbour" if language in neighbours else ""
    mine = given[language]
    if not found and not isinstance(mine, LineProfile):
        own = set(usable_lines(mine))
        for tag, value in sorted(neighbours.items()):
            if isinstance(value, LineProfile):
                continue
            theirs = set(usable_lines(value))
            if len(own & theirs) > _SAME_LINES * max(min(len(own), len(theirs)), 1):
                found = f"{len(own & theirs)} lines of {language} are also lines of {tag}"
                break
    if found:
        raise InputError(
            Problem(
                "MT244",
                "two languages are the same",
                key="neighbours",
                value=found,
                allowed="other lines and another tag for each language",
                do="correct the neighbours",
            )
        )
