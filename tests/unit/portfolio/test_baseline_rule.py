from datetime import time, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from support.rule_cases import HOUR, SOURCE, before, days_of, high, rule_of

from vpp.portfolio.baseline_rule import Adjustment, BaselineRule, ClockWindow, DayClass, DayPool, EventWindow
from vpp.portfolio.day_kind import DayKind

WORKDAY = {"kinds": ["workday"], "average": 4, "candidates": 5}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"candidates": 3}, "candidates is 3, expected at least average 4"),
        ({"fewest": 6}, "fewest is 6, expected at most candidates 5"),
        ({"weights": [0.5, 0.5]}, "weights has 2 values, expected average = 4"),
        ({"weights": [0.4, 0.3, 0.2, 0.2]}, "expected 1"),
        ({"kinds": []}, "at least 1 item"),
        ({"average": 0}, "greater than or equal to 1"),
    ],
)
def test_a_class_of_days_must_make_sense(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DayClass.model_validate(WORKDAY | fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"classes": [WORKDAY, WORKDAY]}, "hold a kind of day twice"),
        ({"shortage": ["extend_lookback"]}, "goes with the shortage step extend_lookback"),
        ({"extended_lookback_days": 90}, "goes with the shortage step extend_lookback"),
        ({"extended_lookback_days": 30, "shortage": ["extend_lookback"]}, "is below lookback_days"),
        ({"latest_day_offset": 0}, "greater than or equal to 1"),
        ({"low_use_ratio": 1.5}, "less than or equal to 1"),
    ],
)
def test_a_pool_of_days_must_make_sense(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DayPool.model_validate(days_of() | fields)


def test_a_kind_of_day_belongs_to_one_class_or_none() -> None:
    pool = DayPool.model_validate({"classes": [WORKDAY], "lookback_days": 45})
    assert pool.class_of(DayKind.WORKDAY) == pool.classes[0]
    assert pool.class_of(DayKind.HOLIDAY) is None


@pytest.mark.parametrize(
    ("anchor", "begin_h", "end_h", "message"),
    [
        ("start", -1, -4, "is not after begin"),
        ("start", -1, 1, "reaches into the event"),
        ("end", -1, 2, "reaches into the event"),
    ],
)
def test_a_window_lies_outside_the_event(anchor: str, begin_h: int, end_h: int, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        EventWindow.model_validate({"anchor": anchor, "begin": begin_h * HOUR, "end": end_h * HOUR})


def test_an_adjustment_has_a_window() -> None:
    with pytest.raises(ValidationError, match="expected a window"):
        Adjustment(kind="additive")


def test_days_go_with_the_methods_that_look_for_days() -> None:
    with pytest.raises(ValidationError, match=r"method x_of_y: expected a group \[days\]"):
        rule_of({"kind": "x_of_y", "pick": "high"})
    with pytest.raises(ValidationError, match=r"method nominated: expected no group \[days\]"):
        rule_of({"kind": "nominated"}, days=days_of())


AFTER = {"anchor": "end", "begin": HOUR, "end": 2 * HOUR}


@pytest.mark.parametrize(
    ("method", "fields", "looks"),
    [
        ({"kind": "around_event", "before": HOUR, "after": timedelta(0)}, {}, False),
        ({"kind": "around_event", "before": HOUR, "after": HOUR}, {}, True),
        ({"kind": "nearest_days", "by": "other_hours"}, {"days": days_of()}, True),
        ({"kind": "nearest_days", "by": "temperature"}, {"days": days_of()}, False),
        ({"kind": "control_group", "fewest_sites": 1, "match": HOUR}, {}, True),
        ({"kind": "nominated"}, {"adjustment": before(4, 1)}, False),
        ({"kind": "nominated"}, {"adjustment": {"kind": "ratio", "windows": [AFTER]}}, True),
        (
            {"kind": "nominated"},
            {"adjustment": {"kind": "ratio", "clock_windows": [ClockWindow(start=time(22), end=time(0))]}},
            True,
        ),
    ],
)
def test_a_rule_tells_whether_it_reads_past_the_start(
    method: dict[str, Any], fields: dict[str, Any], *, looks: bool
) -> None:
    assert rule_of(method, **fields).looks_past_start is looks


def test_a_digest_tells_two_contents_of_one_version_apart() -> None:
    rule, same, other = high(), high(), high(lookback_days=46)
    assert rule.digest == same.digest
    assert rule.digest != other.digest
    assert rule.version == other.version
    assert len(rule.digest) == 64
    assert BaselineRule.model_validate_json(rule.model_dump_json()).digest == rule.digest


@pytest.mark.parametrize(
    ("tag", "unverified", "verified"), [("S", [], True), ("S", ["days"], False), ("M", [], False)]
)
def test_a_rule_tells_whether_it_was_checked(tag: str, unverified: list[str], *, verified: bool) -> None:
    assert high(source=SOURCE | {"tag": tag, "unverified": unverified}).is_verified is verified


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        rule_of({"kind": "nominated", "by_whom": "the site"})
