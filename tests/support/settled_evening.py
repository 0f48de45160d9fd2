"""An evening at a small market: cleared, delivered and settled, and readings that come late."""

from datetime import timedelta

import numpy as np
from support.market import EVENING, FIVE, GATE, NOON, Market


def clear_evening(market: Market, *, bids: dict[str, tuple[float, str]] | None = None) -> None:
    """Open an auction over 150 kW, bid, and clear it."""
    market.open_auction(150.0)
    for site_id, (kw, price) in (bids or {"north-1": (100.0, "60"), "north-2": (100.0, "90")}).items():
        market.bid(site_id, kw, price)
    market.advance(GATE + timedelta(minutes=1))


def deliver(market: Market, reductions_kw: dict[str, float]) -> None:
    """Meter the evening: each site draws its 1000 kW less what it reduces."""
    for site_id, reduction_kw in reductions_kw.items():
        load = np.full(int((EVENING.end - NOON) / FIVE), 1000.0)
        load[int((EVENING.start - NOON) / FIVE) :] -= reduction_kw
        market.meter(site_id, 1000, NOON, load)


def settle_evening(
    market: Market,
    reductions_kw: dict[str, float],
    *,
    bids: dict[str, tuple[float, str]] | None = None,
) -> None:
    """Clear, deliver what is given and let the first statements be written."""
    clear_evening(market, bids=bids)
    market.advance(EVENING.end)
    deliver(market, reductions_kw)
    market.advance(EVENING.end + timedelta(hours=4))
