"""A standing bid stays open when a later version of its product no longer takes it; it is not called."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from support.market import NOON, OPERATOR, RULES, Market, make_enrolled_market, step_bid
from support.products import changed_product, shipped_products

from vpp.dispatch.event import Event, EventState
from vpp.foundation.interval import Interval
from vpp.workflows.emergencies import create_emergency_event
from vpp.workflows.records import BidState

EMERGENCY = "example-emergency"


def call(market: Market, name: str, start_h: int) -> Event:
    start = NOON + timedelta(hours=start_h)
    return create_emergency_event(
        market.units,
        OPERATOR,
        market.pool,
        RULES,
        event_id=name,
        product_id=EMERGENCY,
        zone="north",
        delivery=Interval(start, start + timedelta(minutes=15)),
        target_reduction_kw=(80.0,),
        price_cap_per_mwh=Decimal(2000),
        currency="GBP",
        request_id="",
    ).value


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bid": {"max_bid_kw": 90.0}}, "is 100.0, expected at most 90.0 kW per interval, as version 9 of"),
        ({"bid": {"min_bid_kw": 150.0}}, "is 100.0, expected at least 150.0 kW per interval, as version 9"),
        ({"telemetry_interval": "PT1M"}, "0:05:00, expected at most the product's telemetry_interval of"),
    ],
)
def test_what_the_present_version_does_not_take_is_not_called(
    tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    market = make_enrolled_market(tmp_path)
    bid = step_bid("north-1", 100.0, "90", intervals=1)
    bid_id = market.bid(
        "north-1", 100.0, "90", bid=bid, auction_id=None, product_id=EMERGENCY
    ).value.bid.bid_id
    with market.units() as uow:
        uow.products.add(changed_product(shipped_products()[EMERGENCY], version=9, **changes))
        uow.commit()
    assert call(market, "first", 1).failure_reason == "NO_AWARDS"
    with market.units() as uow:
        stored = uow.bids.get(bid_id)
        uow.products.add(changed_product(shipped_products()[EMERGENCY], version=10))
        uow.commit()
    assert stored is not None
    assert stored.value.state is BidState.SUBMITTED
    assert reason in stored.value.reason_detail
    assert call(market, "second", 6).state is EventState.OFFERED
