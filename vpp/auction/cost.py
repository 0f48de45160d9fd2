"""What bids ask for their awards, exactly."""

from decimal import Decimal
from itertools import pairwise

import numpy as np

from vpp.auction.bid import StepOffer
from vpp.auction.dispatch import Dispatch
from vpp.auction.market.canonical import is_block

_MICRO = 1_000_000
_LARGEST = 2**62


def costs(dispatch: Dispatch) -> list[Decimal]:
    """Return what each bid asks for its award, with fixed and start costs, in currency.

    Powers are whole micro-kW and prices whole micro-units, so that sums are exact.

    Args:
        dispatch: What is bought.

    Returns:
        One cost per bid, in canonical order; 0 if nothing is awarded. Shape (B,).
    """
    canonical = dispatch.canonical
    energy = _step_costs(dispatch)
    unit = Decimal(round(canonical.book.step.total_seconds())) / Decimal(3600 * 1000 * _MICRO * _MICRO)
    found = []
    for place, bid in enumerate(canonical.bids):
        offer = bid.offer
        if not dispatch.taken[place]:
            found.append(Decimal(0))
            continue
        if isinstance(offer, StepOffer):
            cost = energy[place] * unit
            if bid.run_limits is not None:
                cost += bid.run_limits.start_cost * dispatch.starts.get(place, 0)
        else:
            price = canonical.effective_price(bid, offer.price_per_mwh)
            amount = int(np.rint(dispatch.reduction_kw[place] * _MICRO).astype(np.int64).sum())
            cost = amount * micro(price) * unit
            if is_block(offer):
                cost += offer.fixed_cost
        found.append(cost)
    return found


def micro(price: Decimal) -> int:
    """Return a price in whole micro-units."""
    return int(price * _MICRO)


def _step_costs(dispatch: Dispatch) -> list[int]:
    """Fill each interval's steps from the cheapest on; in micro-kW times micro-units. Shape (B,)."""
    canonical = dispatch.canonical
    table, count = canonical.steps, len(canonical.bids)
    if not len(table.bid):
        return [0] * count
    awarded = np.rint(dispatch.reduction_kw[table.bid, table.interval] * _MICRO).astype(np.int64)
    offered = np.rint(table.quantity_kw * _MICRO).astype(np.int64)
    running = np.cumsum(offered)
    first = table.position == 0
    before = running - offered
    before -= np.repeat(before[first], np.diff(np.append(np.flatnonzero(first), len(first))))
    part = np.clip(awarded - before, 0, offered)
    price = np.rint(table.price * _MICRO).astype(np.int64)
    largest = int(part.max()) * int(np.abs(price).max()) * max(1, int(np.bincount(table.bid).max()))
    if largest < _LARGEST:
        ends = np.searchsorted(table.bid, np.arange(count + 1))
        summed = np.concatenate(
            ([0], np.cumsum(part * price, dtype=object if largest * count >= _LARGEST else np.int64))
        )
        return [int(summed[b] - summed[a]) for a, b in pairwise(ends)]
    total = [0] * count
    for bid, kw, one in zip(table.bid.tolist(), part.tolist(), price.tolist(), strict=True):
        total[bid] += kw * one
    return total
