"""Looks at events on both databases: kept once, listed in order, and who was seen how."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from vpp.dispatch.tracking.delivery_state import DeliveryState
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.tracking_records import ActionKind, TrackingAction, TrackingTick

MINUTE = timedelta(minutes=1)


def look(samples: SimpleNamespace, number: int, **changes: object) -> TrackingTick:
    due_at = samples.event.delivery.start + number * MINUTE
    tick = TrackingTick(
        event_id="evening",
        due_at=due_at,
        looked_at=due_at + timedelta(seconds=1),
        modification_number=number,
        target_kw=(150.0, 150.0),
        instructed_kw=(150.0, 0.1 + 0.2),
        delivered_kw=(-1.5, 0.0),
        expected_kw=(149.9, 150.0),
        metered_ratio=(1 / 3, 0.0),
        present_target_kw=150.0,
        present_delivered_kw=149.9,
        target_energy_kwh=12.5,
        delivered_energy_kwh=-0.1,
        planned_energy_kwh=75.0,
        expected_energy_kwh=74.975,
        reserve_kw=1e-9,
        site_counts={DeliveryState.ON_TARGET: 2, DeliveryState.OUT: 1},
        changed_states={"north-1": DeliveryState.ON_TARGET},
        actions=(
            TrackingAction(ActionKind.TOP_UP, "north-1", "ups", (0.0, 50.3), "evening-b1-m1"),
            TrackingAction(ActionKind.HOLD, "north-1", offset_s=900.0),
        ),
    )
    return replace(tick, **changes)


@pytest.fixture
def followed(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace, seed: Callable[[UnitOfWorkFactory], None]
) -> UnitOfWorkFactory:
    """Units of work on a database that knows an event."""
    del seed
    with seeded() as uow:
        uow.auctions.add("evening", samples.tender)
        uow.events.add("evening", samples.event)
        uow.commit()
    return seeded


def test_a_look_comes_back_to_the_last_bit(followed: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    with followed() as uow:
        assert uow.tracking.newest("evening") is None
        assert uow.tracking.add(look(samples, 1))
        uow.commit()
    with followed(write=False) as uow:
        assert uow.tracking.newest("evening") == look(samples, 1)
        assert uow.tracking.is_made("evening", look(samples, 1).due_at)
        assert not uow.tracking.is_made("evening", look(samples, 2).due_at)


def test_a_look_is_kept_once(followed: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    with followed() as uow:
        assert uow.tracking.add(look(samples, 1))
        assert not uow.tracking.add(look(samples, 1, reserve_kw=7.0))
        uow.commit()
    with followed(write=False) as uow:
        assert uow.tracking.page("evening") == [look(samples, 1)]


def test_looks_are_listed_in_order_and_states_add_up(
    followed: UnitOfWorkFactory, samples: SimpleNamespace
) -> None:
    second = look(
        samples, 2, changed_states={"north-1": DeliveryState.UNDER, "north-2": DeliveryState.SILENT}
    )
    with followed() as uow:
        for tick in (second, look(samples, 1), look(samples, 3, changed_states={}, actions=())):
            uow.tracking.add(tick)
        uow.commit()
    with followed(write=False) as uow:
        assert [tick.modification_number for tick in uow.tracking.page("evening")] == [1, 2, 3]
        after = uow.tracking.page("evening", after=look(samples, 1).due_at, limit=1)
        assert after == [second]
        assert uow.tracking.states("evening") == {
            "north-1": DeliveryState.UNDER,
            "north-2": DeliveryState.SILENT,
        }
        assert uow.tracking.states("other") == {}
        newest = uow.tracking.newest("evening")
        assert newest is not None
        assert newest.modification_number == 3
