"""One bid of every kind, and terms of every kind, for tests of what carries them."""

from datetime import UTC, datetime
from decimal import Decimal

from vpp.auction.bid import (
    Bid,
    BlockOffer,
    Migration,
    Offer,
    PriceStep,
    Rebound,
    ReboundProfile,
    RunLimits,
    StepOffer,
    StoreOffer,
)
from vpp.auction.buyer import BuyerTerms, FeederLimit, PathLimit, SiteLimit, ZoneLimit
from vpp.foundation.direction import Direction

ENTERED_AT = datetime(2026, 3, 4, 11, 30, 0, 250_000, tzinfo=UTC)
STEPS = StepOffer(
    steps=(
        (PriceStep(10.0, Decimal("1.5")), PriceStep(0.1, Decimal("99.999999999"))),
        (),
        (PriceStep(1e7, Decimal(-3)),),
    )
)
BLOCK = BlockOffer((5.0, -2.5, 0.0), Decimal(80), Decimal("12.34"), 0.25)
UPS = StoreOffer(200.0, 0.0, 400.0, 150.0, 400.0, 150.0, Decimal("75.25"))
CHILLER = StoreOffer(
    80.0, 40.0, 0.0, -120.5, 0.0, 0.0, Decimal("-0.5"), 0.95, 0.9, hold_ratio=0.9375, cycle_limit_kwh=120.5
)


def bid(bid_id: str, offer: Offer, **changes: object) -> Bid:
    """Make a bid of site north, with the changes that a kind needs."""
    fields: dict[str, object] = {
        "bid_id": bid_id,
        "site_id": "north",
        "resource_id": "ups",
        "zone": "Z1",
        "submitted_at": ENTERED_AT,
        "delivery_ratio": 0.9,
        "offer": offer,
    }
    return Bid(**(fields | changes))  # type: ignore[arg-type]  # as its signature


EVERY_KIND = {
    one.bid_id: one
    for one in (
        bid("steps", STEPS),
        bid("limited", STEPS, energy_limit_kwh=0.5, rebound=Rebound(1.1, 8, 50.0)),
        bid("profile", STEPS, rebound=ReboundProfile((0.5, 0.0, 0.75))),
        bid("block", BLOCK),
        bid("linked", BLOCK, parent_bid_id="block"),
        bid("grouped", BLOCK, exclusive_group="either"),
        bid("plain-block", BlockOffer((5.0,), Decimal(80))),
        bid("ups", UPS),
        bid("chiller", CHILLER),
        bid(
            "committed",
            STEPS,
            rebound=Rebound(1.0, 2, 20.0),
            run_limits=RunLimits(5.0, 2, 3, 1, 2, Decimal("4.5")),
        ),
        bid("resting", STEPS, run_limits=RunLimits(rest_intervals=2)),
        bid("moving", STEPS, migration=Migration("Z2", 1.0625)),
    )
}
"""What the hub takes, by bid id; three intervals of a quarter hour."""

ONLY_IN_BOOKS = {
    one.bid_id: one
    for one in (
        bid("upward", STEPS, direction=Direction.LOAD_UP),
        bid("ready", STEPS, availability_price_per_kw_h=Decimal("0.015")),
    )
}
"""What a book can hold and the hub refuses."""

TERMS = BuyerTerms(
    allows_over_delivery=False,
    margin_ratio=0.05,
    has_loss_reserve=True,
    min_site_count=2,
    max_start_ramp_kw=500.0,
    max_release_ramp_kw=0.0,
    activation_ratio=0.75,
    zones=(
        ZoneLimit("Z1", (10.0, 0.0, 10.5), (900.0,) * 5, (100.0, 100.0, 100.0, 0.0, 50.0)),
        ZoneLimit("Z2"),
    ),
    feeders=(FeederLimit("F 1/east", ("north", "south"), (400.0,) * 5), FeederLimit("F 2", ("west",))),
    sites=(SiteLimit("north", "owner-1", (60.0,) * 5), SiteLimit("south")),
    paths=(PathLimit("Z1", "Z2", (25.0, 25.0, 0.0)),),
)
"""Every term there is, for three delivery and two recovery intervals."""
