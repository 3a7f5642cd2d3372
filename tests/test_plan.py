"""The plan: sums and ranges worked out by hand, and plan against actual."""

from __future__ import annotations

import json

import pytest

from mothertongue.plan import Plan, StageActual, StageEstimate, compare, render, size, table, time_range

STAGES = (
    StageEstimate("corpus", 2, 4, memory_bytes=200_000_000, disk_bytes=1_000_000, why="1 MB of text"),
    StageEstimate("pretrain", 100, 140, tokens=49_000, memory_bytes=1_500_000_000, disk_bytes=550_000_000),
)
PLAN = Plan("nl", "smollm2-135m-instruct", "runs/x", STAGES, ("no probe was run",), settings={"pretrain.steps": "96"})


def test_totals_add_time_and_disk_and_take_the_peak_of_memory() -> None:
    assert PLAN.seconds == (102, 144)
    assert PLAN.memory_bytes == 1_500_000_000
    assert PLAN.disk_bytes == 551_000_000


def test_finished_stages_cost_no_more_time() -> None:
    assert Plan("nl", "b", "r", STAGES, finished=("pretrain",)).seconds == (2, 4)


def test_the_table_says_everything_and_fits_ascii() -> None:
    text = render(PLAN)
    assert text.isascii()
    assert "1 min 40 s to 2 min 20 s" in text
    for words in ("49,000", "1.5 GB", "551 MB", "no probe was run", "pretrain.steps = 96", "Ctrl-C"):
        assert words in text


def test_json_holds_stages_and_totals() -> None:
    value = json.loads(json.dumps(PLAN.as_json()))
    assert value["total"] == {
        "seconds_low": 102,
        "seconds_high": 144,
        "memory_bytes": 1_500_000_000,
        "disk_bytes": 551_000_000,
    }
    assert [stage["stage"] for stage in value["stages"]] == ["corpus", "pretrain"]


def test_compare_keeps_the_order_and_shows_both_kinds_of_surprise() -> None:
    rows = compare(STAGES, [StageActual("pretrain", 150), StageActual("restore", 7)])
    assert [(row.stage, row.inside, row.ratio) for row in rows] == [
        ("corpus", False, 0.0),
        ("pretrain", False, 1.25),
        ("restore", False, 0.0),
    ]
    assert compare(STAGES, [StageActual("corpus", 3)])[0].inside


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "-"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (9_960, "10 kB"),
        (999_400, "999 kB"),
        (999_500, "1.0 MB"),
        (2 * 10**15, "2000 TB"),
    ],
)
def test_sizes_for_people(count: int, text: str) -> None:
    assert size(count) == text


def test_a_range_that_reads_the_same_is_one_value() -> None:
    assert time_range(3.0, 3.2) == "3 s"


def test_columns_line_up() -> None:
    assert table([("a", "bb"), ("ccc", "d")]) == ["a    bb", "---  --", "ccc  d"]
