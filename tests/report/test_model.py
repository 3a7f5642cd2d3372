"""report.json: strict, finite, and equal after reading back."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from pydantic import ValidationError

from mothertongue.report import Report
from mothertongue.report.model import BitsPerByte, Interval

from .example import example, example_data


def test_reading_back_gives_the_same_report() -> None:
    report = example()
    assert Report.model_validate(json.loads(json.dumps(report.model_dump(mode="json")))) == report


def test_the_keys_of_the_contract_are_there() -> None:
    data = example().model_dump(mode="json")
    assert set(data) >= {
        *("language", "base", "stages", "measures", "retention", "cost", "samples", "versions", "warnings")
    }
    assert set(data["stages"][0]) >= {"name", "seconds", "fingerprint"}
    assert set(data["measures"]) == {"bits_per_byte", "characters_per_token", "tasks"}
    row = data["measures"]["bits_per_byte"]["sample stories"]
    assert set(row) == {"before", "after", "interval", "change_percent", "documents", "bytes", "role"}
    assert set(data["cost"]) >= {"seconds", "tokens", "bytes", "peak_memory_bytes", "energy_watt_hours_estimate"}
    assert set(data["measures"]["tasks"]["village questions"]) >= {
        *("metric", "before", "after", "interval", "n", "won", "lost")
    }


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 0.0])
def test_impossible_bits_per_byte_are_refused(value: float) -> None:
    with pytest.raises(ValidationError):
        BitsPerByte(before=value, after=1, interval=Interval(low=0, high=0), documents=1, bytes=1)


def test_unknown_keys_and_turned_intervals_are_refused() -> None:
    with pytest.raises(ValidationError, match="langauge"):
        Report.model_validate({**example_data(), "langauge": "nl"})
    with pytest.raises(ValidationError, match="above high"):
        Interval(low=2, high=1)


def test_change_is_computed_from_before_and_after() -> None:
    row = BitsPerByte(before=2.0, after=1.5, interval=Interval(low=-0.6, high=-0.4), documents=9, bytes=9)
    assert row.change_percent == -25.0
    assert row.percent(-0.6) == -30.0


def test_intervals_of_another_room_are_read_by_their_attributes() -> None:
    other = SimpleNamespace(estimate=-0.1, low=-0.2, high=0.0)
    assert Interval.model_validate(other) == Interval(estimate=-0.1, low=-0.2, high=0.0)
