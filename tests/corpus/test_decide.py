"""Decision shards: counts are exact, edits are decided with the texts, and nothing is joined to other documents."""

import pyarrow.parquet as pq
import pytest
from tests.corpus.curations import PROFILE, build, spans

from mothertongue.corpus.attributes import read_attributes
from mothertongue.corpus.decide import EDITED, decide_task, decisions_key
from mothertongue.corpus.document import Document, shard_checksum
from mothertongue.corpus.rules import EditRule, RuleSet, read_rules
from mothertongue.corpus.work import Work, total
from mothertongue.errors import InputError

TEXTS = ["mail a@b.nl nu", "één twee", "x@y.nl", "drie vier vijf", "zes"]
DOCUMENTS = [Document(str(n), text, f"{n}.txt", "nl") for n, text in enumerate(TEXTS)]
ATTRIBUTES = {
    "a": {"words": [[9, 9, 9, 3, 1]], "curly": [[False, True, False, None, True]]},
    "pii": {"email": [[spans((5, 11)), [], spans((0, 6)), spans((0, 2)), []]]},
}
KEEP = {"short": "a.words >= profile.minimum_words", "curly": "not a.curly"}
RULES = RuleSet(read_rules([], KEEP).rules, (EditRule("pii.email"),), 3)


def decided(folder, rules=RULES, shards=1):
    places = build(
        folder, [DOCUMENTS] * shards, {t: {c: v * shards for c, v in cs.items()} for t, cs in ATTRIBUTES.items()}
    )
    tasks = [decide_task(number, places[number], rules, language="nl") for number in range(shards)]
    return Work(folder).run(tasks, "deciding"), tasks


def rows(folder, rules=RULES):
    checksum = shard_checksum(folder / "documents/00000.parquet")
    key = decisions_key(rules, PROFILE)
    return read_attributes(folder / "decisions/00000.parquet", key=key, checksum=checksum).to_pylist()


def test_decisions_and_counts_worked_out_by_hand(tmp_path):
    (counts,), _ = decided(tmp_path)
    found = rows(tmp_path)
    assert [(row["keep"], row["reason"], row["value"], row["threshold"]) for row in found] == [
        (True, None, None, None),
        (False, "curly", "true", "false"),
        (False, EDITED, "0", ">= 3"),
        (False, "short", "3", ">= 5"),
        (False, "short", "1", ">= 5"),
    ]
    assert [row["edits"] for row in found] == [[{"start": 5, "end": 11, "replacement": ""}], None, None, None, None]
    assert (counts["documents"], counts["bytes"]) == (5, sum(len(text.encode()) for text in TEXTS))
    assert counts["kept"] == {"documents": 1, "bytes": 14}
    assert counts["edited"] == {"documents": 1, "spans": 1, "characters_removed": 6}
    amounts = {
        reason: {kind: one["documents"] for kind, one in row.items()} for reason, row in counts["reasons"].items()
    }
    assert amounts == {
        "short": {"first": 2, "failing": 2, "only": 1},
        "curly": {"first": 1, "failing": 2, "only": 1},
        EDITED: {"first": 1, "failing": 1, "only": 1},
    }
    assert counts["reasons"]["curly"]["first"]["bytes"] == len("één twee".encode())


def test_counts_of_reasons_and_of_what_is_kept_add_up(tmp_path):
    counts, _ = decided(tmp_path, shards=3)
    both = total(counts)
    for unit in ("documents", "bytes"):
        dropped = sum(row["first"][unit] for row in both["reasons"].values())
        assert dropped + both["kept"][unit] == both[unit]


def test_another_threshold_is_decided_again_and_an_equal_one_is_not(tmp_path):
    decided(tmp_path)
    before = (tmp_path / "decisions/00000.parquet").stat().st_mtime_ns
    decided(tmp_path)
    assert (tmp_path / "decisions/00000.parquet").stat().st_mtime_ns == before
    looser = RuleSet(read_rules([], KEEP | {"short": "a.words >= 3"}).rules, RULES.edits, 3)
    (counts,), _ = decided(tmp_path, looser)
    assert counts["reasons"]["short"]["first"]["documents"] == 1
    assert rows(tmp_path, looser)[3] == {
        "keep": True,
        "reason": None,
        "value": None,
        "threshold": None,
        "edits": [{"start": 0, "end": 2, "replacement": ""}],
    }


def test_attributes_of_other_documents_are_refused(tmp_path):
    _, (task,) = decided(tmp_path)
    other = tmp_path / "other"
    build(other, [[*DOCUMENTS[:4], Document("9", "zes", "9.txt", "nl")]], ATTRIBUTES)
    path = task.arguments["attributes"]["a"]["path"]
    (tmp_path / path).write_bytes((other / path).read_bytes())
    with pytest.raises(InputError) as caught:
        Work(tmp_path).run([task], "deciding")
    assert caught.value.problems[0].code == "MT222"


def test_without_rules_everything_is_kept(tmp_path):
    build(tmp_path, [DOCUMENTS, []], {})
    tasks = [decide_task(number, {}, RuleSet(), language="nl") for number in range(2)]
    counts = Work(tmp_path).run(tasks, "deciding")
    assert [one["kept"]["documents"] for one in counts] == [5, 0]
    assert pq.read_table(tmp_path / "decisions/00001.parquet").num_rows == 0
