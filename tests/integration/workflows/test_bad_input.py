"""Bad input is refused by name, and nothing that was stored changes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from support.market import EVENING, FIVE, GATE, NOON, OPERATOR, QUARTER, RULES, Market, agent_of, step_bid

from vpp.foundation.errors import (
    AlreadyExists,
    InvalidInput,
    NotFound,
    NotPermitted,
    StaleWrite,
    VppError,
    WrongState,
)
from vpp.foundation.interval import Interval
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.auctions import cancel_auction
from vpp.workflows.bidding import create_bid, withdraw_bid
from vpp.workflows.emergencies import create_emergency_event
from vpp.workflows.enrolling import create_enrolment, create_resource, update_site
from vpp.workflows.ingesting import backfill
from vpp.workflows.modifying import cancel_event, update_event


def everything(market: Market) -> tuple[object, ...]:
    """All that bad input could have changed."""
    with market.units(write=False) as uow:
        return (
            uow.sites.page(),
            uow.resources.page(),
            uow.auctions.page(),
            uow.events.page(),
            uow.bids.page(),
            uow.enrolments.page(),
            uow.due.open(),
            uow.outbox.open_all(),
            uow.telemetry.held_sequence("north-1"),
            uow.requests.page(),
        )


def refused(market: Market, error: type[VppError], message: str, call: Callable[[], object]) -> None:
    before = everything(market)
    with pytest.raises(error, match=message):
        call()
    assert everything(market) == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"delivery": Interval(NOON - timedelta(hours=2), NOON)}, "start_time is 2026-03-04T10:00"),
        ({"gate_closes_at": NOON - timedelta(minutes=1)}, "gate_closure_time is 2026-03-04T11:59"),
        ({"gate_closes_at": EVENING.start - timedelta(hours=1)}, "gate_closure_time"),
        ({"target_reduction_kw": (1.0,) * 7}, "7 values, expected 8"),
        ({"target_reduction_kw": (float("nan"),) * 8}, r"target_reduction_kw\[0\] is nan"),
        ({"target_reduction_kw": (0.0,) * 8}, "zero throughout"),
        ({"price_cap_per_mwh": Decimal(9000)}, "cap_price_per_mwh is 9000"),
        ({"currency": "JPY"}, "cap_price_per_mwh is in JPY, expected GBP"),
        ({"product_id": "nothing"}, "product is 'nothing'"),
        ({"product_id": "example-emergency"}, "set in motion by emergency"),
        ({"auction_id": "3E2"}, "auction_id is '3E2'"),
        ({"delivery": Interval(EVENING.start + FIVE, EVENING.end + FIVE)}, "on the grid of"),
        ({"delivery": Interval(EVENING.start, EVENING.start + QUARTER)}, "lasts 0:15:00"),
    ],
)
def test_an_auction_that_breaks_the_products_rules(
    market: Market, changes: dict[str, Any], message: str
) -> None:
    refused(market, InvalidInput, message, lambda: market.open_auction(**changes))


@pytest.mark.parametrize("text", ["2026-03-05T17:00", "2026-03-05T17:00+01:00"], ids=["naive", "offset"])
def test_times_that_are_not_utc(text: str) -> None:
    bound = datetime.fromisoformat(text)
    with pytest.raises(InvalidInput, match="not in UTC"):
        Interval(bound, bound + timedelta(hours=1))


def test_an_auction_of_a_taken_name_and_a_reused_request(market: Market) -> None:
    request_id = "7e7aa53e-6c1f-4b8b-9e0e-1d1c0f6a4c11"
    first = market.open_auction(request_id=request_id)
    assert market.open_auction(request_id=request_id) == first
    refused(market, AlreadyExists, "request_id", lambda: market.open_auction(10.0, request_id=request_id))
    refused(market, AlreadyExists, "evening", market.open_auction)


@pytest.mark.parametrize(
    ("kw", "price", "changes", "error", "message"),
    [
        (201.0, "50", {}, InvalidInput, "200"),
        (float("nan"), "50", {}, InvalidInput, "nan"),
        (-5.0, "50", {}, InvalidInput, "-5"),
        (5.0, "50", {}, InvalidInput, "10"),
        (50.5, "50", {}, InvalidInput, "50.5"),
        (50.0, "9000", {}, InvalidInput, "9000"),
        (50.0, "50", {"currency": "JPY"}, InvalidInput, "JPY"),
        (50.0, "50", {"auction_id": "nowhere"}, NotFound, "auctions/nowhere"),
        (50.0, "50", {"auction_id": None}, InvalidInput, "exactly one"),
        (50.0, "50", {"bid": step_bid("north-1", 50.0, "50", intervals=3)}, InvalidInput, "3"),
        (50.0, "50", {"bid": replace(step_bid("north-1", 50.0, "50"), resource_id="none")}, NotFound, "none"),
        (
            50.0,
            "50",
            {"bid": replace(step_bid("north-1", 50.0, "50"), parent_bid_id="b")},
            InvalidInput,
            "parent",
        ),
        (50.0, "50", {"bid": step_bid("north-2", 50.0, "50")}, NotPermitted, "north-2"),
        (50.0, "50", {"bid": step_bid("south-9", 50.0, "50")}, NotPermitted, "south-9"),
    ],
)
def test_a_bid_that_cannot_be_taken(  # noqa: PLR0913, PLR0917  one per column of the table
    market: Market, kw: float, price: str, changes: dict[str, Any], error: type[VppError], message: str
) -> None:
    market.open_auction()
    refused(market, error, message, lambda: market.bid("north-1", kw, price, **changes))


def test_a_bid_after_gate_closure(market: Market) -> None:
    market.open_auction()
    early = market.bid("north-2", 50.0, "50").value.bid.bid_id
    market.clock.advance_to(GATE)
    refused(market, WrongState, "gate closed", lambda: market.bid("north-1", 50.0, "50"))
    refused(
        market,
        WrongState,
        "gate closed",
        lambda: withdraw_bid(market.units, agent_of("north-2"), early, request_id=""),
    )


def test_one_resource_in_overlapping_auctions(market: Market) -> None:
    market.open_auction()
    market.open_auction(
        auction_id="rival",
        delivery=Interval(EVENING.start + timedelta(hours=1), EVENING.end),
        target_reduction_kw=(50.0,) * 4,
    )
    market.bid("north-1", 100.0, "50")
    rival = {"auction_id": "rival", "bid": step_bid("north-1", 50.0, "50", intervals=4)}
    refused(market, WrongState, "auctions/evening", lambda: market.bid("north-1", 50.0, "50", **rival))
    market.bid("north-2", 100.0, "50")
    market.advance(GATE)
    later = market.open_auction(auction_id="later", gate_closes_at=GATE + timedelta(hours=1)).value
    again = {"auction_id": later.auction_id}
    refused(market, WrongState, "twice", lambda: market.bid("north-1", 50.0, "50", **again))


def test_a_site_that_is_not_enrolled_in_the_product(market: Market) -> None:
    market.open_auction()
    with market.units() as uow:
        stored = uow.enrolments.get("north-1-example-peak-shaving")
        assert stored is not None
        from vpp.portfolio.enrolment import EnrolmentState  # noqa: PLC0415  only here

        uow.enrolments.update(
            stored.value.enrolment_id,
            replace(stored.value, state=EnrolmentState.SUSPENDED),
            revision=stored.revision,
        )
        uow.commit()
    refused(market, WrongState, "SUSPENDED, expected ACTIVE", lambda: market.bid("north-1", 50.0, "50"))


@pytest.mark.parametrize(
    ("values", "start", "sequence", "message"),
    [
        ([float("nan")], NOON - FIVE, 900, r"net_power_kw\[0\] is nan"),
        ([float("inf")], NOON - FIVE, 900, "inf"),
        ([1e12], NOON - FIVE, 900, "is 1000000000000.0, expected a finite value from -3000 to 4500 kW"),
        ([-9000.0], NOON - FIVE, 900, "-9000"),
        ([], NOON - FIVE, 900, "at least 1"),
        ([1.0], NOON - FIVE, 0, "sequence"),
        ([1.0], NOON + timedelta(days=365), 900, "at most"),
        ([1.0], datetime.fromisoformat("1970-01-01T00:00:00+00:00"), 900, "at least"),
        ([1.0], NOON - timedelta(minutes=7), 900, "multiple of"),
    ],
)
def test_readings_that_no_meter_showed(
    market: Market, values: list[float], start: datetime, sequence: int, message: str
) -> None:
    bad = TelemetryBatch("north-1", sequence, start, FIVE, np.array(values), MeterQuality.OK)
    good = TelemetryBatch("north-1", 800, NOON - 2 * FIVE, FIVE, np.array([1.0]), MeterQuality.OK)
    batches = [bad] if sequence == 0 else [good, bad]
    refused(
        market,
        InvalidInput,
        message,
        lambda: backfill(market.units, agent_of("north-1"), "north-1", batches),
    )


def test_somebody_elses_site(market: Market) -> None:
    other = agent_of("north-2")
    batch = TelemetryBatch("north-1", 900, NOON - FIVE, FIVE, np.array([1.0]), MeterQuality.OK)
    refused(market, NotPermitted, "north-1", lambda: backfill(market.units, other, "north-1", [batch]))
    refused(
        market,
        NotPermitted,
        "north-1",
        lambda: create_enrolment(
            market.units, other, "north-1", "example-gb-dfs", request_id="", automatic_approval=True
        ),
    )
    with market.units(write=False) as uow:
        battery = uow.resources.page()[0].value
    refused(
        market,
        NotPermitted,
        "north-1",
        lambda: create_resource(market.units, other, replace(battery, resource_id="ups"), request_id=""),
    )
    ghost = agent_of("ghost")
    refused(market, NotPermitted, "ghost", lambda: backfill(market.units, other, "ghost", [batch]))
    refused(market, NotFound, "ghost", lambda: backfill(market.units, ghost, "ghost", [batch]))


def test_a_write_on_an_old_copy(market: Market) -> None:
    market.open_auction()
    refused(
        market,
        StaleWrite,
        "etag is 99",
        lambda: cancel_auction(market.units, OPERATOR, "evening", etag="99", request_id=""),
    )
    refused(
        market,
        StaleWrite,
        "etag",
        lambda: update_site(
            market.units,
            agent_of("north-1"),
            "north-1",
            display_name="x",
            import_limit_kw=None,
            etag="99",
            request_id="",
        ),
    )


def test_an_emergency_without_notice_or_in_the_past(market: Market) -> None:
    def call(start: datetime) -> object:
        return create_emergency_event(
            market.units,
            OPERATOR,
            market.pool,
            RULES,
            event_id="now",
            product_id="example-emergency",
            zone="north",
            delivery=Interval(start, start + timedelta(hours=1)),
            target_reduction_kw=(50.0,) * 4,
            price_cap_per_mwh=Decimal(2000),
            currency="GBP",
            request_id="",
        )

    refused(market, InvalidInput, "start_time", lambda: call(NOON - timedelta(hours=1)))
    market.clock.advance_to(NOON + FIVE)
    refused(market, InvalidInput, "at least 0:15:00 after", lambda: call(NOON + QUARTER))


def test_a_standing_bid_of_the_wrong_shape(market: Market) -> None:
    for changes, message in (
        ({"product_id": "nothing"}, "nothing"),
        ({"bid": step_bid("north-1", 50.0, "50")}, "8 entries, expected 1"),
        ({"expires_at": NOON - FIVE}, "expire_time"),
    ):
        request = {
            "bid": step_bid("north-1", 50.0, "50", intervals=1),
            "auction_id": None,
            "product_id": "example-emergency",
            "currency": "GBP",
            "expires_at": None,
            "request_id": "",
        } | changes
        refused(
            market,
            InvalidInput,
            message,
            lambda request=request: create_bid(market.units, agent_of("north-1"), **request),
        )


def test_an_event_that_is_over_or_unknown(market: Market) -> None:
    market.open_auction()
    market.advance(GATE)  # nobody bid, so it failed
    for call in (
        lambda: cancel_event(market.units, OPERATOR, "evening", etag="", request_id=""),
        lambda: update_event(
            market.units, OPERATOR, "evening", target_reduction_kw=None, delivery=None, etag="", request_id=""
        ),
    ):
        refused(market, WrongState, "FAILED", call)
    refused(
        market,
        NotFound,
        "events/none",
        lambda: cancel_event(market.units, OPERATOR, "none", etag="", request_id=""),
    )
