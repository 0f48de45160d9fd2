"""Two events at one site and time, on a real database: no kW is paid twice, none is lost."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import numpy as np
from support.market import EVENING, FIVE, GATE, NOON, OPERATOR, QUARTER, RULES, Market, agent_of
from support.products import shipped_products

from vpp.dispatch.event import EventState
from vpp.dispatch.instruction import InstructionState
from vpp.dispatch.purpose import EventPurpose
from vpp.foundation.interval import Interval
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.delivering import delivered_totals_kwh, site_deliveries
from vpp.workflows.enrolling import create_enrolment
from vpp.workflows.identity import Principal, Role
from vpp.workflows.importing_meters import import_readings
from vpp.workflows.ordering import OrderedCall, create_ordered_event
from vpp.workflows.revenue_checks import MeterRun

HOUR = Interval(EVENING.start, EVENING.start + timedelta(hours=1))


def evening(
    market: Market,
    reduction_kw: float | list[float],
    answer: InstructionState = InstructionState.ACCEPTED,
    **changes: object,
) -> dict[str, dict[str, str]]:
    """Sell 100 kW of one site, let it reduce so much per 15 minutes, and return its energy lines by start."""
    market.open_auction(100.0)
    market.bid("north-1", 100.0, "60")
    market.advance(GATE + timedelta(minutes=1))
    for instruction in market.instructions():
        market.report(instruction, answer, **changes)
    market.advance(EVENING.end)
    load = np.full(int((EVENING.end - NOON) / FIVE), 1000.0)
    load[int((EVENING.start - NOON) / FIVE) :] -= np.repeat(np.broadcast_to(reduction_kw, 8), 3)
    market.meter("north-1", 1000, NOON, load)
    market.advance(EVENING.end + timedelta(hours=5))
    with market.units(write=False) as uow:
        [record] = [
            stored.value for stored in uow.statements.page() if stored.value.party_id == "owner-north-1"
        ]
    [name] = [name for name in record.files if name.startswith("statement_") and name.endswith("_v1.csv")]
    rows = csv.DictReader(io.StringIO(record.files[name].decode(), newline=""))
    return {row["interval_start_utc"][11:16]: row for row in rows if row["line_code"] == "ENERGY"}


def order(  # noqa: PLR0913  what is ordered
    market: Market,
    purpose: EventPurpose,
    delivery: Interval,
    kw: float,
    *,
    event_id: str = "order",
    product_id: str = "example-peak-shaving",
) -> None:
    step = shipped_products()[product_id].settlement_interval
    call = OrderedCall(
        purpose, product_id, "north", delivery, (kw,) * (delivery.duration // step), ("north-1",)
    )
    create_ordered_event(market.units, OPERATOR, RULES, call, event_id=event_id, request_id="")
    for instruction in market.instructions(event_id):
        market.report(instruction, InstructionState.ACCEPTED)


def test_what_an_order_takes_is_not_paid_as_well(market: Market) -> None:
    order(market, EventPurpose.MANDATORY, HOUR, 40.0)
    rows = evening(market, 100.0)
    # In the first hour 40 of the 100 kW are the order's, which goes first.
    assert [rows[at]["delivered_kwh"] for at in ("17:00", "17:45", "18:00", "18:45")] == [
        "15.000",
        "15.000",
        "25.000",
        "25.000",
    ]
    first, last = rows["17:00"], rows["18:45"]
    assert "baseline less what counts for order" in first["note"]
    for row in (first, last):
        assert Decimal(row["baseline_kwh"]) - Decimal(row["metered_kwh"]) == Decimal(row["delivered_kwh"])
    assert Decimal(first["adjustment_kwh"]) == 0
    assert market.event("order").state is EventState.SETTLED
    with market.units(write=False) as uow:
        deliveries = site_deliveries(uow, market.event("order"), RULES)
    assert delivered_totals_kwh(deliveries) == (Decimal(40), Decimal(40))


def test_events_that_take_nothing_leave_every_amount_as_it_is(market: Market) -> None:
    after = Interval(EVENING.end, EVENING.end + timedelta(hours=1))
    order(market, EventPurpose.DRY_RUN, HOUR, 40.0, event_id="dry")
    order(market, EventPurpose.MANDATORY, after, 40.0, event_id="after")
    order(market, EventPurpose.TEST, HOUR, 40.0, event_id="test")  # a market goes first
    order(market, EventPurpose.MANDATORY, HOUR, 40.0, event_id="refused")
    [instruction] = market.instructions("refused")
    market.report(instruction, InstructionState.REFUSED)
    rows = evening(market, 100.0)
    assert {row["delivered_kwh"] for row in rows.values()} == {"25.000"}
    assert {row["amount"] for row in rows.values()} == {"1.50"}  # 25 kWh at 60 per MWh
    assert not any("counts for" in row["note"] for row in rows.values())


def delivered_kwh(market: Market, event_id: str) -> Decimal:
    with market.units(write=False) as uow:
        return delivered_totals_kwh(site_deliveries(uow, market.event(event_id), RULES))[1]


def test_who_refused_is_not_paid_for_what_it_delivers_to_another(market: Market) -> None:
    order(market, EventPurpose.TEST, EVENING, 100.0, event_id="test")
    rows = evening(market, 100.0, InstructionState.REFUSED)
    assert {row["delivered_kwh"] for row in rows.values()} == {"0.000"}
    assert {Decimal(row["amount"]) for row in rows.values()} == {Decimal(0)}
    assert delivered_kwh(market, "test") == Decimal(200)


def test_what_was_promised_in_part_is_what_it_counts_for_in_both_events(market: Market) -> None:
    order(market, EventPurpose.TEST, EVENING, 50.0, event_id="test")
    rows = evening(market, 80.0, InstructionState.PARTIAL, accepted_kw=60.0)
    assert {row["delivered_kwh"] for row in rows.values()} == {"15.000"}
    assert delivered_kwh(market, "test") == Decimal(40)


def test_events_of_different_interval_lengths_count_each_kw_once(market: Market) -> None:
    create_enrolment(
        market.units,
        agent_of("north-1"),
        "north-1",
        "example-gb-dfs",
        request_id="",
        automatic_approval=True,
    )
    order(market, EventPurpose.MANDATORY, HOUR, 40.0, product_id="example-gb-dfs")
    rows = evening(market, [0.0, 160.0] * 4)
    # The order has 40 of the 160 kW in every second quarter: 20 kW in the mean of its half-hour.
    assert [rows[at]["delivered_kwh"] for at in ("17:00", "17:15", "17:30", "18:15")] == [
        "0.000",
        "30.000",
        "0.000",
        "40.000",
    ]
    assert delivered_kwh(market, "order") == Decimal(20)
    # A revenue meter that shows the same shares them the same, as finely as it was read.
    meters = Principal("meters", "hub", None, frozenset({Role.METER_DATA_MANAGER}))
    quarters = MeterRun(EVENING.start, QUARTER, np.array([1000.0, 840.0] * 2), MeterQuality.OK)
    import_readings(market.units, meters, "north-1", [quarters], source_name="march.csv")
    assert delivered_kwh(market, "order") == Decimal(20)
    assert delivered_kwh(market, "evening") == Decimal(140)
    half_hours = MeterRun(EVENING.start, 2 * QUARTER, np.array([900.0] * 2), MeterQuality.ESTIMATED)
    import_readings(market.units, meters, "north-1", [half_hours], source_name="march.csv")
    assert delivered_kwh(market, "order") == Decimal(40)  # it cannot tell, and shows 100 kW throughout
