"""When, how often and how long: limits that contradict each other do not load."""

from datetime import timedelta

import pytest
from pydantic import ValidationError
from support.products import shipped_products

from vpp.portfolio.call_rules import Activation, CallRules

HOUR = timedelta(hours=1)


def rules_with(**fields: object) -> CallRules:
    document = shipped_products()["example-peak-shaving"].call.model_dump(mode="json")
    return CallRules.model_validate(document | fields)


def test_limits_that_are_not_given_are_none() -> None:
    rules = rules_with()
    assert (rules.notice_max, rules.max_events_per_year, rules.max_hours_per_year) == (None, None, None)
    assert rules.calendar.is_open
    assert rules.activation is Activation.INSTRUCTED


def test_bidding_ends_with_the_notice_or_before_it() -> None:
    assert rules_with().bidding_ends == 2 * HOUR
    assert rules_with(gate_close="PT24H").bidding_ends == 24 * HOUR


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_duration": "PT15M"}, "max_duration 0:15:00 is below min_duration 0:30:00"),
        ({"notice_max": "PT1H"}, "notice_max is 1:00:00, expected at least 2:00:00"),
        ({"notice_max": "PT3H", "gate_close": "PT4H"}, "notice_max is 3:00:00, expected at least 4:00:00"),
        ({"gate_close": "PT1H"}, "gate_close is 1:00:00, expected at least notice_min 2:00:00"),
        ({"trigger": "emergency", "gate_close": "PT4H"}, "emergency has no gate"),
        ({"max_hours_per_year": 0.25}, "max_hours_per_year is 0.25, expected at least the shortest event"),
        ({"max_hours_per_year": 0}, "max_hours_per_year"),
        ({"max_events_per_year": 0}, "max_events_per_year"),
        ({"activation": "remote"}, "activation"),
    ],
)
def test_a_contradiction_is_named(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        rules_with(**fields)


def test_all_contradictions_are_told_at_once() -> None:
    with pytest.raises(ValidationError, match=r"max_duration .*; notice_max .*; gate_close "):
        rules_with(max_duration="PT15M", notice_max="PT1H", gate_close="PT1H")
