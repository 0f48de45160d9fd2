"""Scores of sites, and whether the database takes a write, on both databases."""

from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from vpp.dispatch.purpose import EventPurpose
from vpp.dispatch.reliability import Shown
from vpp.dispatch.site_score import ErrorSource, SiteScore
from vpp.foundation.clock import ManualClock
from vpp.foundation.errors import AlreadyExists, BrokenPromise, InvalidInput
from vpp.workflows.looking_after import look_after
from vpp.workflows.outbox_ports import MessageKind
from vpp.workflows.ports import Due, DueKind, UnitOfWorkFactory
from vpp.workflows.score_ports import ScorePlace

DAY = timedelta(days=1)


def score(start: datetime, event_id: str = "evening", **changes: object) -> SiteScore:
    whole = SiteScore(
        event_id=event_id,
        site_id="north-1",
        purpose=EventPurpose.TEST,
        delivery_start_at=start,
        target_kw=0.1 + 0.2,
        event_observed_ratio=0.5,
        month_observed_ratio=1 / 3,
        error_kw=12.5,
        error_source=ErrorSource.QUIET_HOURS,
        doubtful_ratio=0.25,
        reached_ratio=0.8,
        response_delay=timedelta(minutes=1),
        full_delay=None,
        ramp_kw_per_min=None,
        steadiness_ratio=0.9,
        observability_ratio=1 / 3,
        measurability_ratio=0.6,
        controllability_ratio=0.7,
    )
    return replace(whole, **changes)  # type: ignore[arg-type]  # fields of SiteScore


@pytest.fixture
def events(seeded: UnitOfWorkFactory, samples: SimpleNamespace) -> UnitOfWorkFactory:
    with seeded() as uow:
        for n in range(4):
            uow.events.add(f"event-{n}", replace(samples.event, event_id=f"event-{n}", auction_id=None))
        uow.commit()
    return seeded


def test_scores_come_back_as_they_were(events: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    start = samples.event.delivery.start
    kept = [score(start - n * DAY, f"event-{n}") for n in range(3)]
    other = score(start, "event-3", purpose=EventPurpose.MARKET, error_source=ErrorSource.NONE)
    with events() as uow:
        uow.scores.add_all([*kept, other])
        uow.commit()
    with events(write=False) as uow:
        everyone = uow.scores.newest(None, after=None, limit=10)
        assert everyone == [kept[0], other, *kept[1:]]
        assert uow.scores.newest(["north-1"], after=None, limit=2) == everyone[:2]
        place = ScorePlace(other.delivery_start_at, other.score_id)
        assert uow.scores.newest(["north-1"], after=place, limit=10) == everyone[2:]
        assert uow.scores.newest(["unknown"], after=None, limit=10) == []
        assert uow.scores.scored_sites("event-1") == frozenset({"north-1"})
        assert uow.scores.scored_sites("evening") == frozenset()


def test_what_was_not_seen_is_not_counted(events: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    start = samples.event.delivery.start
    with events() as uow:
        uow.scores.add_all([score(start - n * DAY, f"event-{n}") for n in range(3)])
        uow.commit()
    with events(write=False) as uow:
        shown = uow.scores.shown_since(start - DAY, ["north-1", "unknown"])
        assert set(shown) == {"north-1"}
        assert set(shown["north-1"]) == {Shown(start - DAY, 0.4), Shown(start, 0.4)}
        assert uow.scores.shown_since(start, []) == {}


def test_a_score_is_written_once(events: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    one = score(samples.event.delivery.start, "event-0")
    with events() as uow:
        uow.scores.add_all([one])
        uow.commit()
    with events() as uow, pytest.raises(AlreadyExists):
        uow.scores.add_all([replace(one, reached_ratio=1.0)])


def test_a_score_is_a_number(events: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    with events() as uow, pytest.raises(InvalidInput, match="nan"):
        uow.scores.add_all([score(samples.event.delivery.start, "event-0", error_kw=float("nan"))])


def test_looking_after_a_hub_tells_what_is_owed_and_what_is_due(
    seeded: UnitOfWorkFactory, clock: ManualClock
) -> None:
    nothing = look_after(seeded)
    assert (nothing.open_count, nothing.oldest, nothing.next_due_at) == (0, None, None)
    committed_at = clock.now()
    for _ in range(2):
        with seeded() as uow:
            uow.outbox.append("north-1", MessageKind.INVITATION, "evening")
            uow.due.add(Due(DueKind.CLEARING, "evening", committed_at + DAY))
            uow.due.add(Due(DueKind.FORECAST, "day", committed_at))  # no hurry: not looked at
            uow.commit()
        clock.advance_to(clock.now() + DAY)
    seen = look_after(seeded)
    assert (seen.open_count, seen.oldest, seen.next_due_at) == (2, committed_at, committed_at + DAY)
    with seeded() as uow:
        uow.outbox.acknowledge("north-1", 1)
        uow.commit()
    assert look_after(seeded).oldest == committed_at + DAY


def test_a_probe_is_a_write(seeded: UnitOfWorkFactory) -> None:
    with seeded(write=False) as uow, pytest.raises(BrokenPromise, match="read only"):
        uow.health.probe()
