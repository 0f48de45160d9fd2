"""Clearings put together by hand, for checks that must not depend on the engine."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from vpp.auction.bid import Bid, Offer, PriceStep, StepOffer
from vpp.auction.book import Book
from vpp.auction.result import (
    Award,
    BidReason,
    Clearing,
    ClearingStatus,
    PriceBranch,
    SolverRun,
    ZonePrice,
)
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import SolverName

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOTHING = Decimal(0)

Row = Sequence[float]


def bid(bid_id: str, offer: Offer, **fields: object) -> Bid:
    """A bid of a site of its own in zone Z1."""
    made = Bid(bid_id, f"site-{bid_id}", "load", "Z1", NOON, 1.0, offer)
    return replace(made, **fields)  # type: ignore[arg-type]  # one helper for every field


def steps(bid_id: str, *offers: tuple[float, float] | None, **fields: object) -> Bid:
    """A bid of at most one step, kW and price, in each interval."""
    intervals = tuple(() if one is None else (PriceStep(one[0], Decimal(str(one[1]))),) for one in offers)
    return bid(bid_id, StepOffer(intervals), **fields)


def book(target_kw: tuple[float, ...], *bids: Bid, recovery: int = 0, **fields: object) -> Book:
    """A book of hourly intervals."""
    made = Book("hand", NOON, timedelta(hours=1), target_kw, recovery, Decimal(5000), None, bids)
    return replace(made, **fields)  # type: ignore[arg-type]  # one helper for every field


def cleared(
    of: Book,
    awarded: Mapping[str, tuple[Row, Row]],
    *,
    objective: str,
    prices: Mapping[str, Row] | Row,
    **fields: object,
) -> Clearing:
    """A clearing as the engine would tell it.

    `awarded` holds reduction and rebound of each accepted bid, an empty rebound for none; prices
    are by zone or those of every zone, over the horizon. All others are rejected as not needed.
    """
    delivery, horizon = of.delivery_interval_count, of.horizon_interval_count
    zones = sorted({one.zone for one in of.bids})
    by_zone = prices if isinstance(prices, Mapping) else dict.fromkeys(zones, prices)
    exact = {zone: tuple(Decimal(str(value)) for value in row) for zone, row in by_zone.items()}
    assert all(len(row) == horizon for row in exact.values())
    awards = tuple(_award(of, one, awarded, exact) for one in sorted(of.bids, key=lambda one: one.bid_id))
    made = Clearing(
        auction_id=of.auction_id,
        start=of.start,
        step=of.step,
        pay_rule=PayRule.AS_CLEAR,
        target_kw=of.target_kw,
        awards=awards,
        price_per_mwh=next(iter(exact.values()), (NOTHING,) * delivery)[:delivery],
        price_rule=tuple(PriceBranch.MARGINAL if kw else PriceBranch.NO_TARGET for kw in of.target_kw),
        shortfall_kw=(0.0,) * delivery,
        objective=Decimal(objective),
        bound=Decimal(objective),
        gap_ratio=0.0,
        status=ClearingStatus.OPTIMAL,
        solver=SolverRun(SolverName.HIGHS, "", 0.0),
        input_hash="",
        direction=of.direction,
        zone_prices=tuple(ZonePrice(zone, row) for zone, row in sorted(exact.items())),
    )
    return replace(made, **fields)  # type: ignore[arg-type]  # one helper for every field


def changed(clearing: Clearing, bid_id: str, **fields: object) -> Clearing:
    """The same clearing with one award changed."""
    awards = tuple(
        replace(award, **fields) if award.bid_id == bid_id else award  # type: ignore[arg-type]
        for award in clearing.awards
    )
    return replace(clearing, awards=awards)


def _award(
    of: Book, one: Bid, awarded: Mapping[str, tuple[Row, Row]], prices: Mapping[str, tuple[Decimal, ...]]
) -> Award:
    delivery, horizon = of.delivery_interval_count, of.horizon_interval_count
    reduction_kw, rebound_kw = awarded.get(one.bid_id, ((), ()))
    factor = Decimal(repr(one.delivery_ratio)) if one.direction is of.direction else Decimal(-1)
    paid = tuple(price * factor for price in prices[one.zone][:delivery])
    return Award(
        bid_id=one.bid_id,
        site_id=one.site_id,
        resource_id=one.resource_id,
        reduction_kw=tuple(float(kw) for kw in reduction_kw) or (0.0,) * delivery,
        rebound_kw=tuple(float(kw) for kw in rebound_kw) or (0.0,) * horizon,
        price_per_mwh=paid if reduction_kw else (NOTHING,) * delivery,
        make_whole=NOTHING,
        reason=BidReason.ACCEPTED_IN_PART if reduction_kw else BidReason.REJECTED_NOT_NEEDED,
        detail="by hand",
        delivery_ratio=one.delivery_ratio,
    )
