"""From a book and its clearing to the sheet of drawings."""

from collections import defaultdict

import numpy as np

from vpp.auction.book import Book
from vpp.auction.result import Clearing
from vpp.cli.auction.kinds import kind_of
from vpp.cli.auction.offers import busiest_interval, offer_parts
from vpp.cli.auction.summary import margins_kw
from vpp.cli.charts.auction_kinds import ResourceKind
from vpp.cli.charts.auction_merit import MeritOrder
from vpp.cli.charts.auction_price import PriceTrace
from vpp.cli.charts.auction_sheet import draw_auction
from vpp.cli.charts.auction_stack import AwardStack, Powers
from vpp.cli.charts.auction_style import unit_for
from vpp.cli.charts.auction_time import Horizon
from vpp.foundation.direction import Direction
from vpp.portfolio.money_rules import PayRule

_TRIFLE_KW = 1e-3
_PRICE_LABELS = {
    PayRule.AS_CLEAR: "clearing price",
    PayRule.AS_BID: "marginal price (each is paid its own)",
    PayRule.FIXED: "fixed price",
}


def draw(book: Book, clearing: Clearing) -> bytes:
    """Draw a clearing.

    Args:
        book: The book; it says what kind each bid is.
        clearing: Its clearing.

    Returns:
        A PNG.
    """
    horizon = Horizon(book.start, book.step, book.delivery_interval_count, book.horizon_interval_count)
    served, against = counted_by_kind(book, clearing)
    largest_kw = max([*book.target_kw, *sum(served.values(), np.zeros(horizon.horizon_count))], default=0.0)
    unit, what = unit_for(largest_kw), "increase" if book.direction is Direction.LOAD_UP else "reduction"
    margin_kw = np.array(margins_kw(clearing), dtype=np.float64)
    interval = busiest_interval(book, clearing)
    currency = book.currency.replace("$", r"\$")  # to a drawing, a plain dollar begins a formula
    title = f"Auction {clearing.auction_id}: {clearing.status.value}, {len(book.bids):,} bids"
    return draw_auction(
        title,
        MeritOrder(
            title=f"Offers of {horizon.label(interval)}, the dearest interval"
            if horizon.delivery_count > 1
            else f"Offers of {horizon.label(interval)}",
            parts=offer_parts(book, clearing, interval),
            target_kw=book.target_kw[interval] + margin_kw[interval],
            target_label="target with margin" if margin_kw[interval] else "target",
            shortfall_kw=clearing.shortfall_kw[interval],
            price_per_mwh=float(clearing.price_per_mwh[interval]),
            price_label=_PRICE_LABELS[clearing.pay_rule],
            currency=currency,
            unit=unit,
            what=what,
        ),
        AwardStack(
            horizon=horizon,
            served_kw=served,
            against_kw=against,
            target_kw=np.array(book.target_kw, dtype=np.float64),
            margin_kw=margin_kw,
            shortfall_kw=np.array(clearing.shortfall_kw, dtype=np.float64),
            unit=unit,
            what=what,
        ),
        _price_trace(book, clearing, horizon, currency),
    )


def counted_by_kind(
    book: Book, clearing: Clearing
) -> tuple[dict[ResourceKind, Powers], dict[ResourceKind, Powers]]:
    """Add awards up by kind of resource, as they count towards the target.

    Returns:
        What moves the buyer's way and what moves the other way, kW, shape (T,) each; kinds
        without either are left out.
    """
    delivery, horizon = book.delivery_interval_count, book.horizon_interval_count
    nothing = lambda: np.zeros(horizon)  # noqa: E731  a default, named
    served: dict[ResourceKind, Powers] = defaultdict(nothing)
    against: dict[ResourceKind, Powers] = defaultdict(nothing)
    bids = {bid.bid_id: bid for bid in book.bids}
    for award in clearing.awards:
        bid = bids.get(award.bid_id)
        if bid is None or not (any(award.reduction_kw) or any(award.rebound_kw)):
            continue
        kind = kind_of(bid, book.direction)
        reduction, rebound = np.array(award.reduction_kw), np.array(award.rebound_kw)
        if kind is ResourceKind.OPPOSITE:
            against[kind][:delivery] += reduction
            served[kind][: len(rebound)] += rebound
            continue
        served[kind][:delivery] += bid.delivery_ratio * reduction
        against[kind][: len(rebound)] += rebound
        if bid.migration is not None:
            against[kind][:delivery] += bid.migration.receiving_ratio * reduction
    return _without_nothing(served), _without_nothing(against)


def _without_nothing(powers: dict[ResourceKind, Powers]) -> dict[ResourceKind, Powers]:
    return {kind: power for kind, power in powers.items() if power.max(initial=0.0) > _TRIFLE_KW}


def _price_trace(book: Book, clearing: Clearing, horizon: Horizon, currency: str) -> PriceTrace:
    zones = np.array(
        [[float(price) for price in zone.price_per_mwh] for zone in clearing.zone_prices], dtype=np.float64
    )
    return PriceTrace(
        horizon=horizon,
        price_per_mwh=np.array([float(price) for price in clearing.price_per_mwh], dtype=np.float64),
        lowest_per_mwh=zones.min(axis=0) if zones.size else np.zeros(0),
        highest_per_mwh=zones.max(axis=0) if zones.size else np.zeros(0),
        is_unserved=np.array([kw > _TRIFLE_KW for kw in clearing.shortfall_kw], dtype=bool),
        cap_per_mwh=float(book.price_cap_per_mwh),
        currency=currency,
    )
