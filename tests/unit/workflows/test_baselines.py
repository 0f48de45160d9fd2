from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from support.market import RULES
from support.products import shipped_products, shipped_rules

from vpp.dispatch.event import Event, EventState
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_terms import BaselineTerms
from vpp.portfolio.product import ProductProfile
from vpp.workflows.baselines import freeze_at

HOUR = timedelta(hours=1)
NOON = datetime(2026, 7, 1, 16, tzinfo=UTC)  # 12:00 in New York
ALLOWANCE = RULES.telemetry_allowance


def product(rule_id: str, *named: str) -> ProductProfile:
    """A New York product that is settled by a rule."""
    rules = shipped_rules()
    terms = BaselineTerms(rule=rules[rule_id], named=tuple(rules[name] for name in named))
    return shipped_products()["example-us-emergency-30min"].model_copy(update={"baseline": terms})


def event(start: datetime, hours: int) -> Event:
    return Event(
        event_id="e",
        product_id="example-us-emergency-30min",
        product_version=2,
        zone="z",
        delivery=Interval(start, start + hours * HOUR),
        target_reduction_kw=(1.0,) * hours,
        awarded_reduction_kw=(),
        price_cap_per_mwh=Decimal(1),
        operator_party_id="o",
        auction_id=None,
        state=EventState.CLEARED,
    )


def test_it_waits_for_what_the_named_rule_reads() -> None:
    evening = event(NOON + 6 * HOUR, 2)  # 18:00; the economic rule adjusts by the hours to 17:00
    drop = product("pjm-guaranteed-load-drop", "pjm-economic")
    assert freeze_at(NOON, RULES, evening, drop) == NOON + 5 * HOUR + ALLOWANCE
    assert freeze_at(NOON, RULES, evening, product("pjm-firm-service-level")) == NOON


@pytest.mark.parametrize(
    ("told_at", "frozen_at"),
    [(NOON - 14 * HOUR, NOON - 8 * HOUR + ALLOWANCE), (NOON - 2 * HOUR, NOON - 2 * HOUR)],
)
def test_an_event_past_midnight_waits_for_the_night_before(told_at: datetime, frozen_at: datetime) -> None:
    # 22:00 to 04:00 in New York: the night before ends at 04:00 on the event's own day, 8 h before noon.
    night = event(NOON + 10 * HOUR, 6)
    assert freeze_at(told_at, RULES, night, product("kr-mid-6-of-10")) == frozen_at < night.delivery.start


def test_late_word_freezes_at_once() -> None:
    assert freeze_at(NOON, RULES, event(NOON - HOUR, 2), product("pjm-firm-service-level")) == NOON
