"""The mix: shares as asked, laws of interventions (card 14), an exact ledger, the same bits from any executor."""

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus.curations import build, spans, tokenizer, words

from mothertongue.corpus.counters import make_counter
from mothertongue.corpus.decide import decide_task, decisions_key
from mothertongue.corpus.document import Document, read_shard, write_shard
from mothertongue.corpus.executors import Inline, Processes
from mothertongue.corpus.mix import MixOptions, MixShard, age_rules, mix, read_ledger
from mothertongue.corpus.mix_shards import FILES, REPLAY, source_of
from mothertongue.corpus.profile import read_profile
from mothertongue.corpus.rules import EditRule, RuleSet, read_rules
from mothertongue.corpus.selection import BUCKETS, Weighed, copies, find_strengths, places_of
from mothertongue.corpus.shares import allocate, proportions
from mothertongue.corpus.work import Work
from mothertongue.errors import InputError

RULES = RuleSet(read_rules([], {"short": "a.words >= 3"}).rules, (EditRule("a.spans"),))


def corpus():
    """Two shards of documents from three sources of very different size, some with spans, some too short."""
    shards, number = [[], []], 0
    for source, count in (("web", 60), ("books", 20), ("news", 8)):
        for _place in range(count):
            text = words(2 + (number * 7) % 9, f"w{number}")
            meta = {"domain": "prose" if source == "books" else "other", "year": 2000 + number % 20}
            shards[number % 2].append(Document(f"id{number}", text, f"{source}/{number}.txt", "nl", meta))
            number += 1
    return shards


def attributes(shards):
    return {
        "a": {
            "words": [[len(d.text.split()) for d in shard] for shard in shards],
            "spans": [[spans((0, 2)) if len(d.text.split()) == 5 else [] for d in shard] for shard in shards],
        },
        "near": {"cluster_size": [[1 + place % 3 for place in range(len(shard))] for shard in shards]},
        "date": {"year": [[d.meta["year"] if d.meta["year"] != 2003 else None for d in s] for s in shards]},
    }


def decided(folder, shards=None, rules=RULES, executor=None):
    shards = shards or corpus()
    places = build(folder, shards, attributes(shards))
    tasks = [decide_task(number, places[number], rules, language="nl") for number in range(len(shards))]
    work = Work(folder, executor or Inline())
    work.run(tasks, "deciding")
    key = decisions_key(rules, read_profile(folder / "profile.toml", "nl"))
    return work, [
        MixShard(f"documents/{number:05d}.parquet", (f"decisions/{number:05d}.parquet", key), places[number])
        for number in range(len(shards))
    ]


def mixed(folder):
    return [document for path in sorted((folder / "mixed").glob("*.parquet")) for document in read_shard(path)]


def run(folder, **options):
    work, shards = decided(folder)
    return mix(work, shards, MixOptions(**options)), mixed(folder)


# --- laws -------------------------------------------------------------------------------------------------------------


def test_a_mix_without_wishes_changes_nothing(tmp_path):
    ledger, found = run(tmp_path)
    kept = [d for shard in corpus() for d in shard if len(d.text.split()) >= 3]
    expected = {d.id: (d.text[2:] if len(d.text.split()) == 5 else d.text, d.source, d.language) for d in kept}
    assert {d.id: (d.text, d.source, d.language) for d in found} == expected
    assert len(found) == len(kept)
    assert ledger["total"]["given"] == ledger["total"]["edited"]
    assert all(
        row["wanted"] == pytest.approx(row["given"]) == pytest.approx(row["found"]) for row in ledger["shares"].values()
    )


def test_meta_says_where_a_document_came_from(tmp_path):
    _, found = run(tmp_path, weights={"news": 50.0})
    shards = corpus()
    for document in found:
        place = document.meta["mix"]
        assert shards[place["shard"]][place["row"]].id == document.id
        assert place["group"] == document.source.split("/")[0]
    repeats = Counter(document.id for document in found)
    copies_told = Counter(document.id for document in found if "copy" in document.meta["mix"])
    assert {one: number - 1 for one, number in repeats.items() if number > 1} == copies_told
    assert copies_told


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": 3.0},
        {"target_tokens": 120},
        {"weights": {"web": 0.3, "news": 2.0}},
        {"caps": {"web": 0.4}},
        {"temperature": 2.0, "target_tokens": 200, "tokens": "characters"},
        {"group": "meta.domain", "temperature": 1e9},
        {"clusters": "near.cluster_size", "target_tokens": 260},
    ],
)
def test_shares_are_within_one_document_of_what_was_asked(tmp_path, options):
    ledger, found = run(tmp_path, **options)
    count = make_counter(options.get("tokens", "words"))
    largest = max(count([document.text])[0] for document in found)
    for row in ledger["shares"].values():
        assert abs(row["given_tokens"] - row["wanted_tokens"]) <= largest
    assert max(Counter(d.id for d in found).values()) <= 4


def test_a_document_is_repeated_as_often_as_it_was_found(tmp_path):
    _, found = run(tmp_path, clusters="near.cluster_size")
    repeats = Counter(document.id for document in found)
    sizes = {d.id: 1 + place % 3 for shard in corpus() for place, d in enumerate(shard) if len(d.text.split()) >= 3}
    assert repeats == sizes


def test_the_size_of_a_cluster_may_stand_in_the_meta(tmp_path):
    shards = corpus()
    for shard in shards:
        for place, document in enumerate(shard):
            document.meta["size"] = 1 + place % 3
    work, decided_shards = decided(tmp_path, shards)
    mix(work, decided_shards, MixOptions(clusters="meta.size"))
    repeats = Counter(document.id for document in mixed(tmp_path))
    assert repeats == {d.id: d.meta["size"] for shard in shards for d in shard if len(d.text.split()) >= 3}


def test_leaving_out_what_is_not_there_changes_nothing_and_is_said(tmp_path):
    _, before = run(tmp_path / "a")
    ledger, after = run(tmp_path / "b", weights={"radio": 0.0})
    assert before == after
    assert ledger["notes"] == ["radio has a weight or a cap, and no document"]


def test_leaving_out_a_source_leaves_the_others_as_they_are(tmp_path):
    _, before = run(tmp_path / "a")
    ledger, after = run(tmp_path / "b", weights={"web": 0.0})
    assert after == [document for document in before if not document.source.startswith("web/")]
    assert ledger["groups"]["web"]["left_out"] == ledger["groups"]["web"]["edited"]


def test_a_smaller_target_takes_a_part_of_what_a_larger_one_takes(tmp_path):
    taken = [{d.id for d in run(tmp_path / str(target), target_tokens=target)[1]} for target in (50, 120, 300)]
    assert taken[0] < taken[1] < taken[2]


def test_the_replayed_set_has_its_share_of_the_whole(tmp_path):
    other = [Document(f"old{n}", words(4, f"o{n}"), "old.jsonl:1", "en") for n in range(100)]
    write_shard(tmp_path / "old.parquet", other)
    ledger, found = run(tmp_path / "a", replay=(str(tmp_path / "old.parquet"),), replay_share=0.25)
    old = sum(4 for document in found if document.language == "en")
    whole = sum(len(document.text.split()) for document in found)
    assert abs(old - 0.25 * whole) <= 4
    assert ledger["shares"][REPLAY]["given"] == pytest.approx(0.25, abs=0.02)
    again, _ = run(tmp_path / "b", replay=(str(tmp_path / "old.parquet"),), replay_share=0.25, target_tokens=200)
    assert again["total"]["given"]["tokens"] == pytest.approx(200, abs=20)


def test_a_target_beyond_what_there_is_gives_everything_at_most_and_says_so(tmp_path):
    ledger, found = run(tmp_path, target_tokens=10**9, maximum_repeats=2)
    assert set(Counter(d.id for d in found).values()) == {2}
    assert "within 2 repeats" in ledger["notes"][0]


# --- ledger -----------------------------------------------------------------------------------------------------------


def test_the_sums_of_the_ledger_are_exact(tmp_path):
    ledger, found = run(tmp_path, temperature=2.0, weights={"news": 3.0})
    for table in ("sources", "groups"):
        for unit in ("documents", "bytes", "tokens"):
            for row in ledger[table].values():
                dropped = sum(amount[unit] for amount in row["dropped"].values())
                assert row["in"][unit] == row["kept"][unit] + dropped
                assert row["edited"][unit] == row["left_out"][unit] + row["used"][unit]
                assert row["given"][unit] == row["used"][unit] + row["repeated"][unit]
            assert sum(row["given"][unit] for row in ledger[table].values()) == ledger["total"]["given"][unit]
    assert ledger["total"]["given"] == {
        "documents": len(found),
        "bytes": sum(len(d.text.encode()) for d in found),
        "tokens": sum(len(d.text.split()) for d in found),
    }
    documents = [d for shard in corpus() for d in shard]
    assert ledger["total"]["in"]["documents"] == len(documents)
    assert ledger["total"]["in"]["bytes"] == sum(len(d.text.encode()) for d in documents)
    assert ledger["total"]["dropped"]["short"]["documents"] == sum(len(d.text.split()) < 3 for d in documents)
    assert read_ledger(tmp_path) == json.loads(json.dumps(ledger))


def test_every_executor_writes_the_same_bits_and_a_second_run_writes_nothing(tmp_path):
    run(tmp_path / "inline", temperature=2.0)
    work, shards = decided(tmp_path / "processes", executor=Processes(2))
    mix(work, shards, MixOptions(temperature=2.0))
    names = ["decisions/00000.parquet", "mixed/00000.parquet", "mixed/00001.parquet", "ledger.json"]
    bits = [(tmp_path / "inline" / name).read_bytes() for name in names]
    assert bits == [(tmp_path / "processes" / name).read_bytes() for name in names]
    before = (tmp_path / "processes/mixed/00000.parquet").stat().st_mtime_ns
    mix(Work(tmp_path / "processes"), shards, MixOptions(temperature=2.0))
    assert (tmp_path / "processes/mixed/00000.parquet").stat().st_mtime_ns == before


def test_another_seed_takes_other_documents_in_another_order(tmp_path):
    one, two = (run(tmp_path / str(seed), seed=seed, target_tokens=100)[1] for seed in (0, 1))
    assert {d.id for d in one} != {d.id for d in two}
    _, everything = run(tmp_path / "all", seed=1)
    _, other = run(tmp_path / "other", seed=2)
    assert [d.id for d in everything] != [d.id for d in other]
    assert sorted(d.id for d in everything) == sorted(d.id for d in other)


# --- rules of age, groups, counters, refusals ------------------------------------------------------------------------


def test_the_age_window_drops_with_the_year_as_value(tmp_path):
    rules = RULES.then(age_rules(2005, 2010, undated=False))
    work, shards = decided(tmp_path, rules=rules)
    ledger = mix(work, shards, MixOptions())
    assert {d.meta["year"] for d in mixed(tmp_path)} == set(range(2005, 2011))
    assert set(ledger["total"]["dropped"]) == {"short", "undated", "too_old", "too_new"}
    assert [rule.reason for rule in age_rules(2005, None).rules] == ["too_old"]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("web/a/b.txt", "web"),
        ("news.jsonl:12", "news.jsonl"),
        ("a.txt", FILES),
        ("web/rows.jsonl:4", "web"),
        ("hf:owner/name/train:4", "hf:owner/name"),
        ("hf:owner/name#4", "hf:owner/name"),
        ("b.epub:cover", FILES),
    ],
)
def test_a_source_is_a_collection(source, name):
    assert source_of(source) == name


def test_counters_count(tmp_path):
    assert make_counter("characters")(["één", ""]) == [3, 0]
    assert make_counter("words")(["Eén, twee!", "漢字", ""]) == [2, 2, 0]
    from tokenizers import Tokenizer

    path = tokenizer(tmp_path / "tokenizer.json")
    texts = ["Een zin.", "nog een zin met meer woorden", ""]
    expected = [len(Tokenizer.from_file(path).encode(text, add_special_tokens=False).ids) for text in texts]
    assert make_counter(path)(texts) == expected


def test_a_mix_counted_by_a_tokenizer(tmp_path):
    path = tokenizer(tmp_path / "tokenizer.json")
    ledger, found = run(tmp_path, tokens=path, target_tokens=200)
    assert sum(make_counter(path)([d.text for d in found])) == ledger["total"]["given"]["tokens"]
    assert str(tmp_path) not in json.dumps(ledger)


def refused(call):
    with pytest.raises(InputError) as caught:
        call()
    return [(problem.code, problem.key) for problem in caught.value.problems]


def test_what_cannot_be_mixed_is_refused_all_at_once(tmp_path):
    bad = {"temperature": 0.0, "maximum_repeats": 0, "weights": {"a": -1.0}, "caps": {"b": 2.0}, "replay_share": 0.5}
    keys = [key for code, key in refused(lambda: run(tmp_path, **bad)) if code == "MT255"]
    assert keys == ["mix.temperature", "mix.maximum_repeats", "mix.replay", "mix.weights.a", "mix.caps.b"]
    caps = {"web": 0.1, "books": 0.1, "news": 0.1}
    assert refused(lambda: run(tmp_path, caps=caps)) == [("MT255", "mix.caps")]
    assert refused(lambda: run(tmp_path, group="b.name")) == [("MT255", "mix.group")]
    assert refused(lambda: run(tmp_path, tokens="no/tokenizer.json")) == [("MT258", "tokens")]
    (tmp_path / "bad.json").write_text("{}")
    assert refused(lambda: run(tmp_path, tokens=str(tmp_path / "bad.json"))) == [("MT258", "tokens")]


def test_too_many_groups_are_refused(tmp_path):
    shards = [[Document(f"i{n}", words(4, f"w{n}"), "a.txt", "nl", {"year": 2001, "url": str(n)}) for n in range(1001)]]
    work, places = decided(tmp_path, shards)
    assert refused(lambda: mix(work, places, MixOptions(group="meta.url"))) == [("MT256", "mix.group")]


# --- the arithmetic ---------------------------------------------------------------------------------------------------


def test_proportions_and_allocation_worked_out_by_hand():
    assert proportions({"a": 100, "b": 400, "c": 0}, {}, 2.0) == pytest.approx({"a": 1 / 3, "b": 2 / 3, "c": 0})
    assert proportions({"a": 100, "b": 400}, {"a": 4.0}, 1.0) == pytest.approx({"a": 0.5, "b": 0.5})
    thirds = {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}
    assert allocate(90, thirds, {}, {"a": 10, "b": 100, "c": 100}) == pytest.approx({"a": 10, "b": 40, "c": 40})
    assert allocate(100, {"a": 0.5, "b": 0.5}, {"a": 0.2}, {"a": 99, "b": 99}) == pytest.approx({"a": 20, "b": 80})
    # b has 10 tokens at most, so that a cap of one half on a leaves 20 in all.
    assert allocate(100, {"a": 0.5, "b": 0.5}, {"a": 0.5}, {"a": 99, "b": 10}) == pytest.approx(
        {"a": 10, "b": 10}, abs=1
    )


GROUPS = st.dictionaries(st.sampled_from("abcde"), st.integers(1, 1000), min_size=1)


@settings(max_examples=100, deadline=None)
@given(GROUPS, st.integers(1, 5000), st.floats(0.2, 5), st.dictionaries(st.sampled_from("abcd"), st.floats(0.3, 1)))
def test_no_allocation_breaks_a_limit(available, target, temperature, caps):
    shares = proportions(available, {}, temperature)
    assert sum(shares.values()) == pytest.approx(1)
    most = {group: 4.0 * tokens for group, tokens in available.items()}
    given = allocate(target, shares, caps, most)
    whole = sum(given.values())
    assert whole <= target + 1e-6
    for group, tokens in given.items():
        assert -1e-9 <= tokens <= min(most[group], caps.get(group, 1.0) * (whole + 1)) + 1e-6
    if not caps:
        assert whole == pytest.approx(min(target, sum(most.values())), abs=1)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 30), st.integers(1, 3)), min_size=1, max_size=40),
    st.floats(0, 1.2),
    st.integers(0, 9),
)
def test_the_strength_found_takes_what_an_exhaustive_search_would_take(rows, share, seed):
    places = places_of([str(number) for number in range(len(rows))], seed)
    groups = np.array([group for group, _, _ in rows], object)
    tokens, weights = (np.array([row[column] for row in rows], np.int64) for column in (1, 2))
    halves = [slice(0, len(rows) // 2), slice(len(rows) // 2, None)]
    wanted = {group: share * 4 * int(tokens[groups == group].sum()) for group in "ab" if (groups == group).any()}
    found = find_strengths(lambda: [Weighed(groups[h], tokens[h], places[h], weights[h]) for h in halves], wanted, 4)
    for group, goal in wanted.items():
        here = groups == group
        taken = int((copies(places[here], weights[here], found[group], 4) * tokens[here]).sum())
        every = [(k - u) / c for u, c in zip(places[here], weights[here], strict=True) for k in range(1, 5)]
        sums = [int((copies(places[here], weights[here], s, 4) * tokens[here]).sum()) for s in (0.0, *every)]
        assert abs(taken - goal) <= min(abs(total - goal) for total in sums) + 1e-6


def test_the_places_of_ids_are_spread_evenly_and_known():
    places = places_of((str(number) for number in range(20_000)), 7)
    assert ((places >= 0) & (places < 1)).all()
    counts = np.histogram(places, 20, (0, 1))[0]
    assert (abs(counts - 1000) < 5 * np.sqrt(1000)).all()
    assert places_of(["a"], 0)[0] == pytest.approx(places_of(["a"], 0)[0])
    assert places_of(["a"], 0)[0] != places_of(["a"], 1)[0]
    assert BUCKETS > 1
