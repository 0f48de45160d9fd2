from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from vpp.dispatch.event import Event, EventState
from vpp.foundation.interval import Interval
from vpp.workflows.ports import Stored
from vpp.workflows.settlement_events import (
    is_near_the_turn,
    month_of,
    period_of,
    revisions_of,
    waiting_reason,
)

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVENT = Event(
    event_id="evening",
    product_id="peak",
    product_version=1,
    zone="north",
    delivery=Interval(NOON + 5 * HOUR, NOON + 7 * HOUR),
    target_reduction_kw=(100.0,),
    awarded_reduction_kw=(),
    price_cap_per_mwh=Decimal(2000),
    operator_party_id="grid",
    auction_id=None,
    state=EventState.SCHEDULED,
)


def stored(**changes: object) -> Stored[Event]:
    return Stored(replace(EVENT, **changes), 3, NOON, NOON)  # type: ignore[arg-type]  # as its fields


def test_a_period_is_the_utc_month_of_the_start() -> None:
    late = replace(EVENT, delivery=Interval(NOON + 11 * HOUR, NOON + 13 * HOUR))
    assert (
        period_of(late),
        period_of(replace(late, delivery=Interval(NOON + 12 * HOUR, NOON + 13 * HOUR))),
    ) == (
        "2026-03",
        "2026-04",
    )
    assert month_of("2026-12") == Interval(
        datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("at", "near"),
    [
        (datetime(2026, 3, 1, 23, tzinfo=UTC), True),
        (datetime(2026, 3, 2, tzinfo=UTC), False),
        (datetime(2026, 3, 30, 23, tzinfo=UTC), False),
        (datetime(2026, 3, 31, tzinfo=UTC), True),
    ],
)
def test_only_near_the_turn_of_the_month_places_may_differ(at: datetime, *, near: bool) -> None:
    assert is_near_the_turn(replace(EVENT, delivery=Interval(at, at + HOUR))) is near


@pytest.mark.parametrize(
    ("state", "waits"),
    [
        (EventState.OFFERED, True),
        (EventState.ACCEPTED, True),
        (EventState.SCHEDULED, True),
        (EventState.ACTIVE, True),
        (EventState.ENDED, True),
        (EventState.MEASURED, False),
        (EventState.SETTLED, False),
        (EventState.CANCELLED, False),
        (EventState.OPEN, False),
    ],
)
def test_what_will_be_measured_today_is_waited_for(state: EventState, *, waits: bool) -> None:
    reason = waiting_reason([stored(state=state)], NOON)
    assert reason == (f"events/evening is {state.name}, and its lines belong to this run" if waits else "")


def test_tomorrow_s_event_is_not_waited_for_unless_it_is_under_way() -> None:
    tomorrow = Interval(NOON + 24 * HOUR, NOON + 25 * HOUR)
    assert not waiting_reason([stored(delivery=tomorrow)], NOON)
    assert waiting_reason([stored(delivery=tomorrow, state=EventState.ACTIVE)], NOON)


def test_revisions_tell_whether_anything_happened() -> None:
    assert revisions_of([stored()]) == {"evening": 3}
