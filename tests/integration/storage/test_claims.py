"""Who is claimed when: events by time, what they bought, and many sites' forecasts at once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from vpp.dispatch.event import Event, EventState
from vpp.foundation.clock import ManualClock
from vpp.foundation.interval import Interval
from vpp.workflows.claim_ports import Claim
from vpp.workflows.forecast_records import ForecastKind
from vpp.workflows.ports import Due, DueKind, UnitOfWorkFactory

HOUR = timedelta(hours=1)


def at(event: Event, hours: float, length: timedelta = HOUR, **changes: object) -> Event:
    start = event.delivery.start + hours * HOUR
    delivery = Interval(start, start + length)
    name = f"event{hours:+.2f}"
    return replace(event, event_id=name, auction_id=None, delivery=delivery, **changes)  # type: ignore[arg-type]  # fields of Event


def test_events_are_found_by_what_their_delivery_shares_with_a_span(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace
) -> None:
    events = [
        at(samples.event, -24.0),
        at(samples.event, -1.0),  # ends as the span begins
        at(samples.event, -0.5),
        at(samples.event, 0.0, state=EventState.ACTIVE),
        at(samples.event, 1.5, state=EventState.FAILED),
        at(samples.event, 2.0),  # begins as the span ends
        at(samples.event, -3.0, 10 * HOUR),
    ]
    with seeded() as uow:
        uow.events.add_all({event.event_id: event for event in events})
        uow.commit()
    start: datetime = samples.event.delivery.start
    span = Interval(start, start + 2 * HOUR)
    with seeded(write=False) as uow:
        found = [event.event_id for event in uow.claims.events_during(span)]
        assert found == sorted(events[n].event_id for n in (2, 3, 4, 6))
        under_way = uow.claims.events_during(span, [EventState.ACTIVE, EventState.ENDED])
        assert under_way == [events[3]]
        assert uow.claims.events_during(span, []) == []


def test_what_events_bought(seeded: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    with seeded() as uow:
        uow.auctions.add("evening", samples.tender)
        uow.events.add("evening", samples.event)
        uow.bids.add(samples.bid.bid.bid_id, samples.bid)
        uow.awards.add(samples.award.award_id, samples.award)
        uow.commit()
    with seeded(write=False) as uow:
        assert uow.claims.claims_of(["evening", "unknown"]) == [Claim("evening", "north-1", "ups")]
        assert uow.claims.awards_of(["evening", "unknown"]) == [samples.award]
        assert uow.claims.claims_of([]) == uow.claims.awards_of([]) == []


def test_the_forecasts_of_many_sites_are_those_of_each(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace
) -> None:
    first = samples.forecast
    day = first.horizon.duration
    later = replace(first, made_at=first.made_at + HOUR, kind=ForecastKind.INTRADAY)
    other = replace(first, site_id="north-2", made_at=first.made_at - HOUR)
    tomorrow = replace(first, horizon=Interval(first.horizon.end, first.horizon.end + day))
    with seeded() as uow:
        uow.sites.add("north-2", replace(samples.site, site_id="north-2"))
        for record in (first, later, other, tomorrow):
            uow.forecasts.add(record)
        uow.commit()
    sites = ["north-1", "north-2", "unknown"]
    with seeded(write=False) as uow:
        for instant in (
            first.horizon.start - HOUR,
            first.horizon.start,
            first.horizon.end - HOUR,
            first.horizon.end,
        ):
            one_by_one = {site_id: uow.forecasts.covering(site_id, instant) for site_id in sites}
            expected = {site_id: record for site_id, record in one_by_one.items() if record is not None}
            assert uow.forecasts.covering_all(sites, instant) == expected
        assert uow.forecasts.covering_all(sites, first.horizon.start) == {"north-1": later, "north-2": other}


@pytest.fixture
def claimed(units: UnitOfWorkFactory, clock: ManualClock) -> Callable[[], list[Due]]:
    def claim() -> list[Due]:
        with units() as uow:
            found = uow.due.claim(clock.now(), HOUR, 10)
            uow.commit()
            return found

    return claim


def test_a_released_claim_is_anothers_from_then_on(
    units: UnitOfWorkFactory, clock: ManualClock, claimed: Callable[[], list[Due]]
) -> None:
    due = Due(DueKind.CLEARING, "evening", clock.now())
    with units() as uow:
        uow.due.add(due)
        uow.commit()
    assert claimed() == [due]
    again_at = clock.now() + timedelta(seconds=5)
    with units() as uow:
        uow.due.release(due, again_at)
        uow.commit()
    assert claimed() == []
    with units(write=False) as uow:
        assert uow.due.next_at() == again_at
        assert uow.due.is_open(DueKind.CLEARING, "evening")
        assert not uow.due.is_open(DueKind.GATE_CLOSURE, "evening")
    clock.advance_to(again_at)
    assert claimed() == [due]


def test_a_release_leaves_a_deadline_that_was_moved_meanwhile(
    units: UnitOfWorkFactory, clock: ManualClock, claimed: Callable[[], list[Due]]
) -> None:
    due = Due(DueKind.MEASUREMENT, "evening", clock.now())
    with units() as uow:
        uow.due.add(due)
        uow.commit()
    assert claimed() == [due]
    moved = replace(due, due_at=due.due_at + HOUR)
    with units() as uow:
        uow.due.add(moved)
        uow.due.release(due, due.due_at + 10 * HOUR)
        uow.due.done_all([due])
        uow.commit()
    clock.advance_to(moved.due_at)
    assert claimed() == [moved]


def test_what_is_done_together_is_done_for_good(
    units: UnitOfWorkFactory, clock: ManualClock, claimed: Callable[[], list[Due]]
) -> None:
    dues = [Due(DueKind.GATE_CLOSURE, f"auction-{n}", clock.now()) for n in range(3)]
    with units() as uow:
        for due in dues:
            uow.due.add(due)
        uow.commit()
    assert claimed() == dues
    with units() as uow:
        uow.due.done_all(dues[:2])
        uow.due.done_all([])
        uow.commit()
    with units(write=False) as uow:
        assert uow.due.open() == dues[2:]


def test_restoring_opens_what_is_not_open_and_moves_nothing(
    units: UnitOfWorkFactory, clock: ManualClock
) -> None:
    done, cancelled, open_one, unknown = (
        Due(DueKind.EVENT_END, name, clock.now()) for name in ("done", "cancelled", "open", "unknown")
    )
    with units() as uow:
        for due in (done, cancelled, open_one):
            uow.due.add(due)
        uow.due.done(done)
        uow.due.cancel(cancelled.kind, cancelled.subject_id)
        uow.commit()
    with units() as uow:
        assert not uow.due.restore(done, even_if_done=False)
        assert uow.due.restore(cancelled, even_if_done=False)
        assert uow.due.restore(unknown, even_if_done=False)
        assert not uow.due.restore(replace(open_one, due_at=clock.now() + HOUR), even_if_done=True)
        assert uow.due.open() == [cancelled, open_one, unknown]
        assert uow.due.restore(done, even_if_done=True)
        assert uow.due.open() == [cancelled, done, open_one, unknown]


def test_a_clock_that_went_back_makes_nobody_look_before_the_deadline(
    units: UnitOfWorkFactory, clock: ManualClock, claimed: Callable[[], list[Due]]
) -> None:
    due = Due(DueKind.EVENT_START, "evening", clock.now())
    with units() as uow:
        uow.due.add(due)
        uow.commit()
    assert claimed() == [due]
    with units() as uow:  # the clock shows two hours less by now
        uow.due.release(due, clock.now() - 2 * HOUR)
        uow.commit()
    with units(write=False) as uow:
        assert uow.due.next_at() == due.due_at
    assert claimed() == [due]
