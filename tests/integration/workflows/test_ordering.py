"""Ordered events on a real database: shared, dispatched at once, measured, never settled."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from support.market import EVENING, FIVE, NOON, OPERATOR, RULES, Market, agent_of

from vpp.dispatch.event import Event, EventState
from vpp.dispatch.instruction import InstructionState
from vpp.dispatch.purpose import EventPurpose
from vpp.foundation.direction import Direction
from vpp.foundation.errors import AlreadyExists, InvalidInput
from vpp.foundation.interval import Interval
from vpp.workflows.delivery_contents import InstructionContent
from vpp.workflows.forecast_records import ForecastRecord
from vpp.workflows.modifying import cancel_event, update_event
from vpp.workflows.ordering import OrderedCall, create_ordered_event
from vpp.workflows.ports import DueKind
from vpp.workflows.responding import open_deliveries
from vpp.workflows.viewing import get_event

CALL = OrderedCall(EventPurpose.MANDATORY, "example-peak-shaving", "north", EVENING, (90.0,) * 8)
STAGGERED = replace(RULES, start_spread=timedelta(minutes=1), release_spread=timedelta(minutes=5))


def order(
    market: Market, call: OrderedCall = CALL, *, event_id: str = "order", request_id: str = ""
) -> Event:
    stored = create_ordered_event(
        market.units, OPERATOR, STAGGERED, call, event_id=event_id, request_id=request_id
    )
    return stored.value


def test_an_order_is_shared_by_what_sites_can_shed_and_told_at_once(market: Market) -> None:
    market.enrol("small", days=1)
    with market.units() as uow:
        stored = uow.resources.get("small/battery")
        assert stored is not None
        envelope = replace(stored.value.envelope, max_reduction_kw=50.0)
        uow.resources.update(
            "small/battery", replace(stored.value, envelope=envelope), revision=stored.revision
        )
        uow.commit()
    event = order(market)
    assert (event.state, event.purpose) == (EventState.OFFERED, EventPurpose.MANDATORY)
    assert event.awarded_reduction_kw == pytest.approx((90.0,) * 8)
    told = {item.site_id: item for item in market.instructions("order")}
    assert {site: item.target_reduction_kw[0] for site, item in told.items()} == pytest.approx(
        {"north-1": 40.0, "north-2": 40.0, "small": 10.0}
    )
    assert {item.purpose for item in told.values()} == {EventPurpose.MANDATORY}
    assert len({item.start_offset for item in told.values()}) == 3
    assert max(item.release_offset for item in told.values()) < timedelta(minutes=5)
    [owed] = open_deliveries(market.units, "small")
    assert isinstance(owed.content, InstructionContent)
    with market.units(write=False) as uow:
        assert {due.kind for due in uow.due.open() if due.subject_id == "order"} == {
            DueKind.BASELINE_FREEZE,
            DueKind.EVENT_START,
        }


def test_the_energy_of_a_store_bounds_what_it_is_asked_for(market: Market) -> None:
    """800 kWh over ten hours are 80 kW, whatever the 200 kW of its inverter."""
    delivery = Interval(EVENING.start, EVENING.start + timedelta(hours=10))
    long = replace(CALL, delivery=delivery, target_reduction_kw=(1000.0,) * 40)
    event = order(market, long)
    assert event.awarded_reduction_kw == pytest.approx((160.0,) * 40)


def test_a_test_names_its_sites_and_others_hear_nothing(market: Market) -> None:
    event = order(market, replace(CALL, purpose=EventPurpose.TEST, site_ids=("north-2",)))
    assert event.site_ids == ("north-2",)
    assert [item.site_id for item in market.instructions("order")] == ["north-2"]
    assert open_deliveries(market.units, "north-1") == []
    assert get_event(market.units, agent_of("north-2"), "order").value.site_ids == ("north-2",)
    assert get_event(market.units, agent_of("north-1"), "order").value.site_ids == ()


def test_a_repeat_orders_once_and_other_content_is_refused(market: Market) -> None:
    first = order(market, event_id="", request_id="one")
    assert order(market, event_id="", request_id="one") == first
    assert first.event_id == "mandatory-example-peak-shaving-20260305-1700-c2d3f57658-1"
    assert order(market, event_id="", request_id="two").event_id.endswith("c2d3f57658-2")
    with pytest.raises(AlreadyExists, match="request_id"):
        order(market, replace(CALL, zone="south"), event_id="", request_id="one")
    with market.units(write=False) as uow:
        assert len(uow.events.page()) == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"purpose": EventPurpose.MARKET}, "purpose is MARKET"),
        ({"product_id": "nothing"}, "known product"),
        ({"site_ids": ("north-1", "south-1")}, "sites are south-1"),
        ({"target_reduction_kw": (90.0,) * 7}, "7 values, expected 8"),
        ({"target_reduction_kw": (float("nan"),) * 8}, "expected 0 or more"),
        ({"target_reduction_kw": (0.0,) * 8}, "zero throughout"),
        ({"delivery": Interval(NOON, NOON + timedelta(hours=2))}, "expected an instant after"),
    ],
)
def test_bad_orders_are_refused_and_change_nothing(
    market: Market, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        order(market, replace(CALL, **changes))  # type: ignore[arg-type]  # fields of the call
    with market.units(write=False) as uow:
        assert uow.events.page() == []


def test_a_products_notice_binds_no_order(market: Market) -> None:
    soon = Interval(NOON + timedelta(minutes=15), NOON + timedelta(minutes=30))
    event = order(market, replace(CALL, delivery=soon, target_reduction_kw=(90.0,)))
    assert event.state is EventState.OFFERED


def test_an_order_that_nobody_can_serve_fails_with_a_reason(market: Market) -> None:
    event = order(market, replace(CALL, zone="south"))
    assert (event.state, event.failure_reason) == (EventState.FAILED, "NO_CAPACITY")
    with market.units(write=False) as uow:
        assert uow.due.open() == [due for due in uow.due.open() if due.subject_id != "order"]


@pytest.mark.parametrize("purpose", [EventPurpose.MANDATORY, EventPurpose.DRY_RUN])
def test_an_order_is_measured_and_stands_on_no_statement(market: Market, purpose: EventPurpose) -> None:
    order(market, replace(CALL, purpose=purpose))
    for item in market.instructions("order"):
        market.report(item, InstructionState.ACCEPTED)
    assert market.event("order").state is EventState.SCHEDULED
    market.advance(EVENING.end)
    for site_id in ("north-1", "north-2"):
        load = np.full(int((EVENING.end - NOON) / FIVE), 1000.0)
        load[int((EVENING.start - NOON) / FIVE) :] -= 45.0
        market.meter(site_id, 1000, NOON, load)
    market.advance(EVENING.end + timedelta(hours=5))
    assert market.event("order").state is EventState.SETTLED
    with market.units(write=False) as uow:
        assert uow.statements.page() == []
        [measured] = [record for record in uow.audit.page() if record.action == "measure"]
        assert not [due for due in uow.due.open() if due.kind is DueKind.SETTLEMENT]
    figures = {key: Decimal(measured.detail[key]) for key in ("target_kwh", "delivered_kwh")}
    assert figures == {"target_kwh": Decimal(180), "delivered_kwh": Decimal(180)}


def test_an_order_is_lowered_and_cancelled_like_any_event(market: Market) -> None:
    order(market)
    update_event(
        market.units,
        OPERATOR,
        "order",
        target_reduction_kw=(45.0,) * 8,
        delivery=None,
        etag="",
        request_id="",
    )
    newest = [item for item in market.instructions("order") if item.modification_number == 1]
    assert [item.target_reduction_kw[0] for item in newest] == pytest.approx([22.5, 22.5])
    assert {item.purpose for item in newest} == {EventPurpose.MANDATORY}
    market.advance(EVENING.start + timedelta(minutes=20))
    cancel_event(market.units, OPERATOR, "order", etag="", request_id="")
    with market.units(write=False) as uow:
        assert not [due for due in uow.due.open() if due.kind is DueKind.SETTLEMENT]


def test_an_order_to_raise_load_is_shared_by_what_connections_leave(market: Market) -> None:
    market.enrol_in("example-surplus", "north-1", "north-2")
    high_kw = (2950.0,) * 96  # of a limit of 3,000 kW
    day = EVENING.start.replace(hour=0)
    record = ForecastRecord(
        "north-1", NOON, Interval(day, day + timedelta(days=1)), 900, "test", high_kw, high_kw, high_kw
    )
    with market.units() as uow:
        uow.forecasts.add(record)
        uow.commit()
    wanted = replace(CALL, product_id="example-surplus", target_reduction_kw=(100.0,) * 8)
    event = order(market, wanted)
    assert event.direction is Direction.LOAD_UP
    told = {item.site_id: item for item in market.instructions("order")}
    assert {item.direction for item in told.values()} == {Direction.LOAD_UP}
    # 50 kW of the one and 200 kW of the other: a fifth and four fifths.
    assert {site: item.target_reduction_kw for site, item in told.items()} == {
        "north-1": pytest.approx((20.0,) * 8),
        "north-2": pytest.approx((80.0,) * 8),
    }
