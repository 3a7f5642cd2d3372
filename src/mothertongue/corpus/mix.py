"""The mix: from decided shards to the final set, in shares of tokens, with an account of every source.

Two passes over sizes, none over texts but the one that writes them: kept tokens are summed by group, shares are
allocated (`shares`), each group gets the strength at which it has its tokens (`selection`), and every shard writes what
that strength takes. The same folder, options and seed give the same bits with any number of workers (card 14).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from mothertongue import durability
from mothertongue.corpus.document import shard_checksum
from mothertongue.corpus.expression import parse
from mothertongue.corpus.ledger_of_sources import ledger_of_sources
from mothertongue.corpus.mix_shards import META, REPLAY, SOURCE, measure_shard, select_shard, weigh_shard, weighed
from mothertongue.corpus.rules import Rule, RuleSet
from mothertongue.corpus.selection import Weighed, find_strengths
from mothertongue.corpus.shares import allocate, proportions
from mothertongue.corpus.work import Task, Work, file_hash, total
from mothertongue.errors import InputError, Problem
from mothertongue.fingerprint import digest

VERSION: Final = 1
LEDGER: Final = "ledger.json"
MOST_GROUPS: Final = 1_000
MOST_REPEATS: Final = 64


@dataclass(frozen=True)
class MixOptions:
    """What the final set is made of. The defaults keep every kept document once."""

    tokens: str = "words"
    """What shares are counted in: characters, words, or the path of a tokenizer.json."""
    group: str = SOURCE
    """What tells groups apart: source, meta.KEY, or an attribute such as domain.domain."""
    temperature: float = 1.0
    """1 keeps the shares that are there; higher ones raise small groups (share ~ tokens^(1/T)), a very high one makes
    all groups equal."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Group -> factor on its share; 0 leaves it out. Groups without one have 1."""
    caps: Mapping[str, float] = field(default_factory=dict)
    """Group -> largest share of the mix (without replay), between 0 and 1."""
    maximum_repeats: int = 4
    """How often a document may be there at most."""
    target_tokens: int | None = None
    """Tokens of the whole mix with replay; null takes as many as are kept."""
    clusters: str = ""
    """Where the size of a document's cluster of duplicates stands, an attribute (near.cluster_size) or meta.KEY: a
    document is repeated as often as it was found. Empty: it is there once."""
    replay: tuple[str, ...] = ()
    """Document shards (paths) of another set that is mixed in, so that what a model knew is kept."""
    replay_share: float = 0.0
    """Share of the replayed set in the tokens of the whole mix."""
    seed: int = 0

    def problems(self) -> list[Problem]:
        """Return everything that is out of range."""
        checks = (
            ("temperature", self.temperature, self.temperature > 0, "a number above 0"),
            (
                "maximum_repeats",
                self.maximum_repeats,
                1 <= self.maximum_repeats <= MOST_REPEATS,
                f"1 to {MOST_REPEATS}",
            ),
            ("target_tokens", self.target_tokens, self.target_tokens is None or self.target_tokens > 0, "at least 1"),
            ("replay_share", self.replay_share, 0 <= self.replay_share < 1, "from 0 to below 1"),
            ("replay", self.replay, bool(self.replay) or not self.replay_share, "document shards, for a share above 0"),
            *((f"weights.{name}", value, value >= 0, "at least 0") for name, value in self.weights.items()),
            *((f"caps.{name}", value, 0 < value <= 1, "above 0, at most 1") for name, value in self.caps.items()),
        )
        return [_problem(key, str(value), allowed) for key, value, is_good, allowed in checks if not is_good]


@dataclass(frozen=True)
class MixShard:
    """One decided shard: its documents, its decisions and its attributes, as paths in the folder with their keys."""

    documents: str
    decisions: tuple[str, str] | None = None
    """Path and key of the decision shard; None keeps everything."""
    attributes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Tagger (or kind of duplicates) -> path and key of its shard."""


def age_rules(first: int | None, last: int | None, *, undated: bool = True, year: str = "date.year") -> RuleSet:
    """Return rules that keep documents written from year `first` to `last` (both included; None: no bound).

    `undated` says whether documents without a year are kept. The window is a rule like any other, so that what lies
    outside stays readable with its year.
    """
    bounds = [(first, "too_old", ">="), (last, "too_new", "<=")]
    rules = [Rule(reason, parse(f"{year} {sign} {bound}")) for bound, reason, sign in bounds if bound is not None]
    return RuleSet((*([] if undated else [Rule("undated", parse(f"known({year})"))]), *rules))


def mix(work: Work, shards: Sequence[MixShard], options: MixOptions) -> dict[str, Any]:
    """Write `mixed/00000.parquet` and on, and `ledger.json`; return the ledger.

    Raises InputError MT255 for options out of range, MT256 for more than 1,000 groups, MT258 for a bad tokenizer.
    """
    if problems := options.problems():
        raise InputError(problems)
    plan = _Plan(work, [*shards, *_replayed(work, options.replay)], len(shards), options)
    work.run([plan.measure(number) for number in plan.numbers], "counting tokens", "shards")
    offered = total(work.run([plan.weigh(number) for number in plan.numbers], "weighing sources", "shards"))
    wanted = wanted_tokens(offered["groups"], options)
    strengths = find_strengths(plan.weighed, wanted["tokens"], options.maximum_repeats)
    tasks = [plan.select(number, strengths) for number in plan.numbers]
    taken = total(work.run(tasks, "writing the mix", "shards"))
    ledger = ledger_of_sources(offered, taken, wanted, _described(options))
    durability.write_json(work.path(LEDGER), ledger)
    return ledger


def wanted_tokens(groups: Mapping[str, Any], options: MixOptions) -> dict[str, dict[str, float]]:
    """Return the wanted shares and tokens of each group from what they offer, and from the options.

    `shares` are those asked for, of the whole mix; `tokens` those that limits on repeats and caps allow.
    """
    if len(groups) > MOST_GROUPS:
        raise InputError(_too_many(options.group, len(groups)))
    once = {name: float(row["offered"]["tokens"]) for name, row in groups.items()}
    most = {name: float(row["edited"]["tokens"]) * options.maximum_repeats for name, row in groups.items()}
    main = {name: tokens for name, tokens in once.items() if name != REPLAY}
    shares = proportions(main, options.weights, options.temperature)
    _check_caps(shares, options.caps)
    rest = 1 - options.replay_share
    whole = sum(tokens for name, tokens in main.items() if shares[name] > 0)
    wished = options.target_tokens * rest if options.target_tokens is not None else whole
    given = allocate(wished, shares, options.caps, {name: most[name] for name in main})
    if REPLAY in once:
        shares = {name: share * rest for name, share in shares.items()} | {REPLAY: options.replay_share}
        given[REPLAY] = min(sum(given.values()) * options.replay_share / rest, most[REPLAY])
    return {"shares": shares, "tokens": given}


def _check_caps(shares: Mapping[str, float], caps: Mapping[str, float]) -> None:
    present = [name for name, share in shares.items() if share > 0]
    if present and all(name in caps for name in present) and sum(caps[name] for name in present) < 1 - 1e-9:
        found = ", ".join(f"{name}: {caps[name]:g}" for name in present)
        raise InputError(_problem("caps", found, "caps that add up to at least 1, or a group without one"))


def _replayed(work: Work, paths: Sequence[str]) -> list[MixShard]:
    """Return the shards of the other set, linked or copied into the folder."""
    names = [f"replay/{number:05d}.parquet" for number in range(len(paths))]
    for source, name in zip(paths, names, strict=True):
        shard_checksum(Path(source))
        durability.link_or_copy(Path(source), work.path(name))
    return [MixShard(name) for name in names]


def _described(options: MixOptions) -> dict[str, Any]:
    """Return the options as the ledger tells them; paths of files outside the folder stay out of it."""
    values = durability.plain(asdict(options))
    return {**values, "tokens": _counter(options.tokens)["counter"], "replay": len(options.replay)}


def _counter(name: str) -> dict[str, str]:
    """Return what identifies a counter: its name, or the hash of its file."""
    is_file = name not in ("characters", "words") and Path(name).is_file()
    return {"counter": f"{Path(name).name} {file_hash(Path(name))}" if is_file else name}


@dataclass(frozen=True)
class _Plan:
    """The tasks of one mix; shards from `own` on are replayed."""

    work: Work
    shards: Sequence[MixShard]
    own: int
    options: MixOptions

    @property
    def numbers(self) -> range:
        return range(len(self.shards))

    @cached_property
    def counter(self) -> dict[str, str]:
        return _counter(self.options.tokens)

    def group(self, number: int) -> str:
        return self.options.group if number < self.own else REPLAY

    def measure(self, number: int) -> Task:
        shard, place = self.shards[number], self.sizes(number)
        attribute = self.attribute(number, self.group(number))
        arguments = {
            "version": VERSION,
            "documents": shard.documents,
            "target": place,
            "group": self.group(number),
            "attribute": attribute,
            **self.counter,
        }
        inputs = (shard.documents, *((attribute["path"],) if attribute else ()))
        return self.task("mix/sizes", number, measure_shard, arguments, inputs, place["path"])

    def weigh(self, number: int) -> Task:
        files = {**self.files(number), "sizes": self.sizes(number), "target": self.weights(number)}
        kind, _, key = self.options.clusters.partition(".")
        clusters = {META: key} if kind == META else self.attribute(number, self.options.clusters)
        if clusters:
            files["clusters"] = clusters
        arguments = {
            "version": VERSION,
            "documents": self.shards[number].documents,
            "files": files,
            "seed": self.options.seed,
            "most": self.options.maximum_repeats,
            **self.counter,
        }
        inputs = [self.shards[number].documents, *_paths(files)]
        return self.task("mix/weights", number, weigh_shard, arguments, inputs, files["target"]["path"])

    def select(self, number: int, strengths: Mapping[str, float]) -> Task:
        target = f"mixed/{number:05d}.parquet"
        files = {**self.files(number), "weights": self.weights(number), "target": {"path": target}}
        arguments = {
            "version": VERSION,
            "number": number,
            "documents": self.shards[number].documents,
            "files": files,
            "strengths": dict(strengths),
            "most": self.options.maximum_repeats,
            "seed": self.options.seed,
        }
        inputs = [self.shards[number].documents, *_paths(files)]
        return self.task("mix/select", number, select_shard, arguments, inputs, target, counts=False)

    def task(
        self,
        step: str,
        number: int,
        function: Any,
        arguments: Mapping[str, Any],
        inputs: Sequence[str],
        output: str,
        *,
        counts: bool = True,
    ) -> Task:
        is_file = "counter" in arguments and arguments["counter"] != self.options.tokens
        places = {"tokenizer": self.options.tokens} if counts and is_file else {}
        call = f"{function.__module__}:{function.__name__}"
        return Task(step, number, call, arguments, tuple(inputs), (output,), places=places)

    def files(self, number: int) -> dict[str, dict[str, str]]:
        decisions = self.shards[number].decisions
        return {"decisions": {"path": decisions[0], "key": decisions[1]}} if decisions else {}

    def sizes(self, number: int) -> dict[str, str]:
        identity = digest({**self.counter, "group": self.group(number)})[:12]
        return {"path": f"mix/sizes/{number:05d}.parquet", "key": f"sizes@{VERSION}-{identity}"}

    def weights(self, number: int) -> dict[str, str]:
        return {"path": f"mix/weights/{number:05d}.parquet", "key": f"weights@{VERSION}"}

    def attribute(self, number: int, name: str) -> dict[str, str] | None:
        """Return the place of an attribute, None for a name of another kind or of a shard that is replayed."""
        tagger, dot, column = name.partition(".")
        if not dot or tagger == META or number >= self.own:
            return None
        places = self.shards[number].attributes
        if tagger not in places:
            raise InputError(_problem("group", name, "source, meta.KEY, or an attribute of " + ", ".join(places)))
        return {"path": places[tagger][0], "key": places[tagger][1], "column": column}

    def weighed(self) -> Iterator[Weighed]:
        for number, shard in enumerate(self.shards):
            place = self.weights(number)
            yield weighed(self.work.path(place["path"]), place["key"], shard_checksum(self.work.path(shard.documents)))


def _paths(files: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the files that are read."""
    return [place["path"] for kind, place in files.items() if kind != "target" and "path" in place]


def read_ledger(folder: Path) -> dict[str, Any]:
    """Return the ledger of a finished mix."""
    value: dict[str, Any] = json.loads((folder / LEDGER).read_bytes())
    return value


def _problem(key: str, value: str, allowed: str) -> Problem:
    return Problem(
        "MT255", "cannot have this value", key=f"mix.{key}", value=value, allowed=allowed, do="choose another value"
    )


def _too_many(group: str, count: int) -> Problem:
    message = f"tells {count:,} groups apart; shares can be given to at most {MOST_GROUPS:,}"
    allowed = "source, a key of meta with few values, or an attribute such as domain.domain"
    return Problem("MT256", message, key="mix.group", value=group, allowed=allowed, do="group by something else")
