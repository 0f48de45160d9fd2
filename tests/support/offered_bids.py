"""A bid, and every way in which another may differ from it."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from vpp.auction.bid import (
    Bid,
    BlockOffer,
    Migration,
    PriceStep,
    Rebound,
    ReboundProfile,
    RunLimits,
    StepOffer,
    StoreOffer,
)
from vpp.foundation.direction import Direction

AT = datetime(2026, 3, 4, 12, tzinfo=UTC)
BID = Bid(
    bid_id="north-1",
    site_id="north",
    resource_id="battery",
    zone="z",
    submitted_at=AT,
    delivery_ratio=0.9,
    offer=StepOffer(((PriceStep(50.0, Decimal("120.50")),), ())),
)

CHANGED = (
    replace(BID, offer=StepOffer(((PriceStep(50.0, Decimal("120.51")),), ()))),
    replace(BID, offer=StepOffer(((PriceStep(50.1, Decimal("120.50")),), ()))),
    replace(BID, offer=StepOffer(((), (PriceStep(50.0, Decimal("120.50")),)))),
    replace(BID, offer=BlockOffer((50.0, -10.0), Decimal(7))),
    replace(BID, offer=BlockOffer((50.0, -10.0), Decimal(7), fixed_cost=Decimal(3))),
    replace(BID, offer=BlockOffer((50.0, -10.0), Decimal(7), min_acceptance_ratio=0.5)),
    replace(BID, offer=StoreOffer(50.0, 1.0, 2.0, 3.0, 4.0, 5.0, Decimal(7))),
    replace(BID, offer=StoreOffer(50.0, 1.0, 2.0, 3.0, 4.0, 5.0, Decimal(7), cycle_limit_kwh=9.0)),
    replace(BID, bid_id="north-2"),
    replace(BID, site_id="south"),
    replace(BID, resource_id="ups"),
    replace(BID, zone="y"),
    replace(BID, submitted_at=AT.replace(microsecond=1)),
    replace(BID, delivery_ratio=0.8),
    replace(BID, energy_limit_kwh=10.0),
    replace(BID, rebound=Rebound(0.5, 2, 10.0)),
    replace(BID, rebound=ReboundProfile((0.5, 0.1))),
    replace(BID, exclusive_group="g"),
    replace(BID, parent_bid_id="p"),
    replace(BID, direction=Direction.LOAD_UP),
    replace(BID, run_limits=RunLimits(max_calls=1)),
    replace(BID, run_limits=RunLimits(start_cost=Decimal(1))),
    replace(BID, migration=Migration("south", 1.1)),
    replace(BID, availability_price_per_kw_h=Decimal(1)),
)
